# SPDX-License-Identifier: Apache-2.0
"""Benchmark 7vm: a run of ten trivial steps in a virtual machine: revert, start, source, ten steps, power off; against the same by hand
with virsh and ssh. Real QEMU under software emulation (tests/system/vm), one machine."""

import os
import subprocess
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(SOURCE, "tests", "system", "vm"))

import hypervisor  # noqa: E402

NUMBER = "7vm"
TITLE = "Ten steps in a virtual machine"
STEPS, ROUNDS = 10, 5
NAME = "vm-1"


def timed(function):
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


class ByHand:
    """What one would type: every command a process, every step a connection; or all steps over one connection that stays."""

    def __init__(self, machines, folder):
        self.machines, self.folder = machines, folder
        self.options = ["-q", "-F", "/dev/null", "-i", machines.key, "-p", str(machines.ports[NAME]), "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null"]

    def ssh(self, command, *more, **streams):
        subprocess.run(["ssh", *self.options, *more, "root@127.0.0.1", command], check=True, stdout=subprocess.DEVNULL,
                       **{"stdin": subprocess.DEVNULL, **streams})

    def run(self, *more):
        self.machines.virsh("snapshot-revert", NAME, hypervisor.SNAPSHOT, "--running")
        with subprocess.Popen(["tar", "-C", self.folder, "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
            self.ssh("mkdir -p /work && tar -C /work -xf -", *more, stdin=tar.stdout)
        for _ in range(STEPS):
            self.ssh("cd /work && true", *more)
        self.machines.virsh("destroy", NAME)

    def run_kept(self):
        control = os.path.join(self.machines.dir, "ssh-control")
        self.run("-o", "ControlMaster=auto", "-o", f"ControlPath={control}", "-o", "ControlPersist=5")


class Ours:
    def __init__(self, bench, machines):
        self.slipway = os.path.join(bench.build, "src", "cli", "slipway")
        self.dir = bench.scratch("vm")
        self.repo = os.path.join(self.dir, "repo")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "SLIPWAY_HOME": os.path.join(self.dir, "home"), "SLIPWAY_LOG": "error"}
        os.makedirs(self.repo)
        with open(os.path.join(self.repo, "slipway.yaml"), "w", encoding="utf-8") as file:
            file.write("slipway: 1\nproject: p\njobs:\n  a:\n    executor: vm\n    steps:\n" + '      - run: "true"\n' * STEPS)
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "c")
        self.call("init", "--root-key", os.path.join(self.dir, "root.key"))
        settings = [word for name, value in machines.settings().items() for word in ("--setting", f"{name}={value}")]
        self.call("pool", "set", "machines", "--executor", "vm", "--slot", NAME, *settings)

    def git(self, *args):
        env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args], cwd=self.repo, env=env, check=True,
                       capture_output=True)

    def call(self, *args):
        subprocess.run([self.slipway, *args], env=self.env, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def run(self):
        self.call("run", "--source", self.repo, "--branch", "main")


def run(bench):
    missing = hypervisor.missing()
    if missing is not None:
        bench.gap(f"no virtual machines here: there is no {missing}")
        return
    with hypervisor.Hypervisor([NAME]) as machines:
        ours = Ours(bench, machines)
        by_hand = ByHand(machines, ours.repo)
        names = ("ours", "virsh+ssh", "virsh+ssh, one connection")
        rounds = bench.rounds([(names[0], lambda: timed(ours.run)), (names[1], lambda: timed(by_hand.run)),
                               (names[2], lambda: timed(by_hand.run_kept))], ROUNDS)
        bench.say(f"A run of {STEPS} steps `true`, from the snapshot with memory to the power being off; ours with lease, log, clock, limits, "
                  "a control group a step and signed provenance:")
        bench.say()
        bench.table(rounds, [(name, lambda one, name=name: f"{one[name]:.2f} s") for name in names])
        bench.goal("a run, ours by virsh and ssh", [one[names[0]] / one[names[1]] for one in rounds], at_most=1.0)
        bench.goal("a run, ours by virsh and one ssh connection", [one[names[0]] / one[names[2]] for one in rounds], at_most=1.15)
