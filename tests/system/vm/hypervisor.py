# SPDX-License-Identifier: Apache-2.0
"""A libvirt daemon of the test's own with domains that boot the machine of make-guest, under software emulation.

The daemon runs in a mount namespace whose /etc/libvirt, /var/lib/libvirt, /run/libvirt are folders of the test, so that it meets no
other daemon's; needs root. By hand: `python3 hypervisor.py N` starts N domains, prints the address and the domains, and ends at Ctrl-C.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SNAPSHOT = "ready"
QEMU = "/usr/bin/qemu-system-x86_64"
QEMU_CONF = """user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
"""
# The way there in metadata; the agent's channel; a generation number, so that the kernel mixes its random numbers anew at each revert.
DOMAIN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <metadata><slipway:machine xmlns:slipway='urn:slipway:vm:1' address='127.0.0.1:{port}' host-key='{host_key}'/></metadata>
  <memory unit='MiB'>384</memory><vcpu>1</vcpu>
  <genid/>
  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>{guest}/vmlinuz</kernel><initrd>{guest}/initrd</initrd>
  <cmdline>console=ttyS0 quiet panic=-1 random.trust_cpu=on net.ifnames=0 mitigations=off</cmdline></os>
  <features><acpi/></features><cpu mode='maximum'/><clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices><emulator>{qemu}</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap' cache='unsafe'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
    <serial type='file'><source path='{console}'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-netdev'/><qemu:arg value='user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22'/>
    <qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=n0,romfile=,bus=pcie.0,addr=0x1c'/>
  </qemu:commandline>
</domain>
"""


def missing():
    """What this machine lacks for it; None if nothing."""
    for program in ("libvirtd", "virsh", QEMU, "mmdebstrap", "dropbearkey", "qemu-img"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return program
    if os.geteuid() != 0:
        return "root"
    return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Hypervisor:
    def __init__(self, domains=("vm-1",), snapshot=True):
        self.dir = tempfile.mkdtemp(prefix="slipway-vm-", dir="/var/tmp")
        self.guest = subprocess.run([os.path.join(HERE, "make-guest")], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.socket = os.path.join(self.dir, "sock", "libvirt-sock")
        self.uri = "qemu+unix:///system?socket=" + self.socket
        self.domains, self.snapshot, self.daemon = list(domains), snapshot, None
        self.ports = {}
        self.key = os.path.join(self.guest, "id")
        with open(os.path.join(self.guest, "host-key"), encoding="utf-8") as file:
            self.host_key = file.read().strip()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def virsh(self, *args, check=True, timeout=120):
        return subprocess.run(["virsh", "-q", "-c", self.uri, *args], check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=timeout).stdout.strip()

    def state(self, name):
        return self.virsh("domstate", name, check=False)

    def start_daemon(self):
        cache = os.path.join(os.path.dirname(self.guest), "libvirt-cache")  # what it knows of QEMU: 8 s to find out
        own = {"etc": "/etc/libvirt", "lib": "/var/lib/libvirt", "run": "/run/libvirt", "log": "/var/log/libvirt"}
        for name in [*own, "sock", "disks"]:
            os.makedirs(self.path(name), exist_ok=True)
        for folder in [*own.values(), "/var/cache/libvirt", cache]:
            os.makedirs(folder, exist_ok=True)
        with open(self.path("etc", "qemu.conf"), "w", encoding="utf-8") as file:
            file.write(QEMU_CONF)
        with open(self.path("libvirtd.conf"), "w", encoding="utf-8") as file:
            file.write('auth_unix_ro = "none"\nauth_unix_rw = "none"\nunix_sock_group = "root"\nunix_sock_rw_perms = "0700"\n'
                       f'unix_sock_dir = "{self.path("sock")}"\nlog_outputs = "3:file:{self.path("libvirtd.log")}"\n')
        binds = "".join(f"mount --bind '{self.path(name)}' {to}\n" for name, to in own.items()) + f"mount --bind '{cache}' /var/cache/libvirt\n"
        self.daemon = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "slave", "sh", "-ec",
             binds + f"exec libvirtd -f '{self.path('libvirtd.conf')}' -p '{self.path('libvirtd.pid')}'"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while subprocess.run(["virsh", "-c", self.uri, "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            assert time.monotonic() < end and self.daemon.poll() is None, "libvirtd does not answer"
            time.sleep(0.1)

    def define(self, name):
        disk, port = self.path("disks", name + ".qcow2"), free_port()
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", os.path.join(self.guest, "disk.qcow2"), "-F", "qcow2", disk], check=True)
        xml = self.path(name + ".xml")
        with open(xml, "w", encoding="utf-8") as file:
            file.write(DOMAIN.format(name=name, port=port, guest=self.guest, qemu=QEMU, disk=disk, console=self.path(name + ".console"),
                                     host_key=self.host_key))
        self.virsh("define", xml)
        self.ports[name] = port

    def is_ready(self, name):
        return self.console(name).count("VM-READY") > 0

    def console(self, name):
        try:
            with open(self.path(name + ".console"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def ssh(self, name, *command, check=True):
        return subprocess.run(["ssh", "-q", "-F", "/dev/null", "-i", self.key, "-p", str(self.ports[name]), "-o", "StrictHostKeyChecking=no",
                               "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", "root@127.0.0.1", *command], check=check,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def take_snapshots(self):
        for name in self.domains:
            self.virsh("start", name)
        end = time.monotonic() + 120
        for name in self.domains:
            while not self.is_ready(name):
                assert time.monotonic() < end, f"{name} does not boot: {self.console(name)[-500:]}"
                time.sleep(0.1)
            self.virsh("snapshot-create-as", name, SNAPSHOT)
            self.virsh("destroy", name)

    def start(self):
        self.start_daemon()
        for name in self.domains:
            self.define(name)
        if self.snapshot:
            self.take_snapshots()
        return self

    def settings(self, **more):
        values = {"uri": self.uri, "key-file": self.key, **({"snapshot": SNAPSHOT} if self.snapshot else {}), "job-user": "job", **more}
        return {name: value for name, value in values.items() if value is not None}

    def stop(self):
        if self.daemon is not None:
            for name in self.domains:
                self.virsh("destroy", name, check=False)
            self.daemon.terminate()
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Hypervisor([f"vm-{n}" for n in range(1, count + 1)]) as hypervisor:
        print(json.dumps({"settings": hypervisor.settings(), "domains": hypervisor.domains, "dir": hypervisor.dir}), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
