# SPDX-License-Identifier: Apache-2.0
"""The data folder through what happens to folders: backup and restore, an old copy put back, garbage, a full disk, a clock
that goes back."""
import contextlib
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, needs, tree, works  # noqa: E402


def restore(h, backup):
    """A fresh folder from a backup and the keys, which are kept apart."""
    fresh = h.path("fresh")
    shutil.copytree(backup, fresh)
    for name in os.listdir(os.path.join(h.home, "keys")):
        if not os.path.exists(os.path.join(fresh, "keys", name)):
            shutil.copy2(os.path.join(h.home, "keys", name), os.path.join(fresh, "keys"))
    return fresh


def monitored(h):
    """Folds the whole log anew, and compares what the newest release says of it."""
    served = [h.served(version) for version in ("1.1.0", "1.0.0") if os.path.isdir(h.served(version))]
    h.run("log", "monitor", "--trust", h.trust(), *(["--release", served[0]] if served else []))


def dump(h):
    return h.run("admin", "dump").stdout


# ---- backup


def test_a_backup_and_the_keys_make_a_working_folder():
    with Home() as h:
        h.published()
        h.seal("1.1.0")
        backup = h.path("backup")
        h.run("admin", "backup", backup)
        assert not [name for name in os.listdir(os.path.join(backup, "keys")) if name.endswith(".pem")], "private keys"
        before = dump(h)
        h.home = restore(h, backup)
        assert dump(h) == before
        h.clean()
        monitored(h)
        h.request("1.1.0")
        h.approve("alice", "1.1.0")
        h.run("release", "publish", h.release("1.1.0"))
        h.verify(h.served("1.1.0"), h.trust())


def test_a_backup_does_not_overwrite():
    with Home() as h:
        os.mkdir(h.path("backup"))
        h.refused("admin", "backup", h.path("backup"), says=["exists"])


def test_a_backup_without_its_keys_says_what_is_missing():
    with Home() as h:
        h.seal()
        h.run("admin", "backup", h.path("backup"))
        h.home = h.path("backup")
        h.refused("release", "list", says=["keys", "backup"])


# ---- an old copy put back


def put_back(h, work, keep_keys):
    """Copies the folder, works on, and puts the copy back."""
    old = h.path("old")
    shutil.copytree(h.home, old, symlinks=True)
    work()
    if keep_keys:
        shutil.rmtree(os.path.join(old, "keys"))
        shutil.copytree(os.path.join(h.home, "keys"), os.path.join(old, "keys"))
    shutil.rmtree(h.home)
    os.rename(old, h.home)


def test_an_old_copy_is_not_written_to_the_signer_knows_a_longer_log():
    with Home() as h:
        h.seal()
        put_back(h, h.request, keep_keys=True)
        before = tree(os.path.join(h.home, "logs"))
        h.refused("release", "request", h.release(), "--target", "site", says=["older copy", "entries"])
        h.refused("release", "approve", h.release(), "--person", "alice", "--key", h.people["alice"], says=["older copy"])
        assert tree(os.path.join(h.home, "logs")) == before


def test_an_old_copy_is_not_written_to_a_target_knows_a_longer_log():
    """Keys and the signer's record are as old as the rest: what was published is not."""
    with Home() as h:
        h.approved()
        put_back(h, lambda: h.run("release", "publish", h.release()), keep_keys=False)
        h.refused("release", "publish", h.release(), says=["older copy of the folder"])
        assert h.state() == "sealed", "reading goes on"


# ---- rebuild, garbage, monitor


def test_a_rebuild_changes_no_row():
    with Home() as h:
        h.published()
        before, site = dump(h), tree(h.site)
        h.run("admin", "rebuild")
        assert dump(h) == before and tree(h.site) == site
        h.run("release", "publish", h.release())
        assert tree(h.site) == site


def test_a_lost_database_is_made_anew_from_the_log_and_sends_nothing_twice():
    with Home() as h:
        h.published()
        before, site = dump(h), tree(h.site)
        for name in os.listdir(h.home):
            if name.startswith("slipway.db"):
                os.unlink(os.path.join(h.home, name))
        assert dump(h) == before
        h.run("target", "set", "tiny/site", "--type", "directory", "--location", h.site)
        h.run("release", "publish", h.release())
        assert tree(h.site) == site


def test_garbage_is_what_nothing_names():
    with Home() as h:
        h.published()
        h.seal("1.1.0")
        blobs = tree(os.path.join(h.home, "blobs"))
        time.sleep(1.1)
        shown = h.run("admin", "gc", "--min-age", "1").stdout
        kept = tree(os.path.join(h.home, "blobs"))
        assert set(blobs) >= set(kept), shown
        h.clean()
        h.request("1.1.0")
        h.approve("alice", "1.1.0")
        h.run("release", "publish", h.release("1.1.0"))
        h.run("release", "publish", h.release())
        h.verify(h.served("1.1.0"), h.trust())


def test_a_monitor_folds_the_whole_log():
    with Home() as h:
        h.published()
        monitored(h)


# ---- the clock


def faketime(shift):
    """Words before a command that shift its clock."""
    library = next((path for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                                      "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1") if os.path.exists(path)), None)
    needs("faketime", library is not None)
    return ["env", f"LD_PRELOAD={library}", f"FAKETIME={shift}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]


def test_a_clock_that_goes_back_raises_an_alarm_and_the_log_goes_on():
    with Home() as h:
        h.seal()
        before = h.show()["changedAt"]
        result = h.run("release", "request", h.release(), "--target", "site", before=faketime("-1h"))
        assert "alarm" in result.stderr and "clock" in result.stderr, result.stderr
        assert h.show()["changedAt"] > before
        result = h.run("release", "request", h.release(), "--target", "site", before=faketime("-2m"))
        assert "alarm" not in result.stderr, result.stderr
        h.request()
        h.approve("alice")
        h.run("release", "publish", h.release())
        h.verify(h.served(), h.trust())
        monitored(h)


# ---- a full disk


class SmallDisk:
    """A file system in memory of @size KiB at @path, and a file that fills it."""

    def __init__(self, path, size):
        self.path = path
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", path], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)

    def fill(self, leave=0):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(b"\0" * 65536) > 0:
                    pass
        free = os.statvfs(self.path)
        take = max(0, leave - free.f_bavail * free.f_frsize)
        size = os.path.getsize(os.path.join(self.path, "filler"))
        os.truncate(os.path.join(self.path, "filler"), max(0, size - take))

    def free(self):
        os.unlink(os.path.join(self.path, "filler"))


def small_disk(h, name, size=65536):
    needs("root", os.geteuid() == 0)
    probe = h.path("probe")
    os.mkdir(probe)
    mounted = works("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", probe)
    subprocess.run(["umount", probe], check=False, stderr=subprocess.DEVNULL)
    needs("tmpfs", mounted)
    return SmallDisk(h.path(name), size)


def on_small_disk():
    """A data folder on a small disk: (Home, disk)."""
    h = Home()
    disk = small_disk(h, "disk")
    shutil.move(h.home, os.path.join(disk.path, "home"))
    h.home = os.path.join(disk.path, "home")
    return h, disk


# How much is left when the disk is full: from nothing to enough for the first writes of each command.
LEFT = (0, 4096, 16384, 40960, 81920, 131072)


def full_then_free(h, disk, step, wanted):
    """@step fails on a full disk with a clear error, loses nothing, and works once there is room."""
    failed = 0
    for left in LEFT:
        disk.fill(left)
        result = step(None)
        disk.free()
        with scratch.label(wanted, "with", left, "bytes left"):
            if result.returncode == 0:
                break
            failed += 1
            assert result.returncode == 1, f"exit {result.returncode}: {result.stderr}"
            said = result.stdout + result.stderr  # a step's own words are on stdout; "failed to write" is git's
            clear = ("No space left", "disk is full", "no space", "no room", "failed to write")
            assert any(text in said for text in clear), f"no clear error: {said}"
            h.clean()
    assert failed > 0, "the disk never was full"
    result = step(None)
    assert result.returncode == 0, result.stderr
    h.clean()


def test_a_full_disk_while_a_run_puts_its_artifacts():
    h, disk = on_small_disk()
    with h, disk:
        h.tag("1.0.0")
        def step(code):
            return h.run("run", "--source", h.path("tiny"), "--tag", "v1.0.0", "--executor", h.executor, code=code)
        full_then_free(h, disk, step, "run")
        h.run("release", "seal", h.release())


def test_a_full_disk_while_facts_are_appended():
    h, disk = on_small_disk()
    with h, disk:
        h.seal()
        def step(code):
            return h.run("release", "request", h.release(), "--target", "site", code=code)
        full_then_free(h, disk, step, "request")
        h.approve("alice")
        h.run("release", "publish", h.release())
        h.verify(h.served(), h.trust())


def test_a_full_disk_while_a_release_is_published():
    h, disk = on_small_disk()
    with h, disk:
        h.approved()
        def step(code):
            return h.run("release", "publish", h.release(), code=code)
        full_then_free(h, disk, step, "publish")
        h.verify(h.served(), h.trust())


def test_a_full_target_shows_nothing():
    with Home() as h, small_disk(h, "place", 1024) as disk:
        h.run("target", "set", "tiny/site", "--type", "directory", "--location", disk.path)
        h.site = disk.path
        h.approved()
        disk.fill()
        result = h.run("release", "publish", h.release(), code=1)
        assert "space" in result.stderr, result.stderr
        assert not os.path.exists(h.served()) and h.state() == "publishing"
        disk.free()
        h.run("release", "publish", h.release())
        h.verify(h.served(), h.trust())


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
