# SPDX-License-Identifier: Apache-2.0
"""The thin line (examples/quickstart.sh) crashed everywhere.

  count   runs the line under strace and the watch at once: both must see the same number of calls
  kill    for every number n: runs the step that makes call n, stops everything before that call, then checks
          and finishes the line
  lost    records the line once; for every prefix builds the disk that a loss of power leaves, then checks

After each crash: the next start succeeds, `slipway admin fsck` is clean, every step that was acknowledged is there,
and the line can be finished to a release that verifies.

usage: test_line.py MODE LIBRARY SLIPWAY SOURCE [--stride N] [--first N] [--seeds N] [--finish N] [--keep]
$CRASH_STRIDE, when set, takes the place of --stride; 1 is every crash, some twenty minutes a mode.
"""
import argparse
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import replay

RELEASE = "greeter/main@1.0.0"
STEP_SECONDS = 120
PR_SET_CHILD_SUBREAPER = 36
MAX_SHOWN = 20


class Line:
    """The commands, where they work, and how to see that each has happened."""

    def __init__(self, work, slipway, source):
        self.work, self.slipway, self.source = work, slipway, source
        self.home, self.site = os.path.join(work, "home"), os.path.join(work, "site")
        self.roots = [self.home, self.site, os.path.join(work, "offline")]
        self.env = {"PATH": os.path.dirname(slipway) + ":/usr/bin:/bin", "SLIPWAY_HOME": self.home, "HOME": work,
                    "LC_ALL": "C.UTF-8"}
        alice, root = os.path.join(work, "people/alice.key"), os.path.join(work, "offline/root.key")
        self.alice, self.root = alice, root
        isolated = subprocess.run([slipway, "admin", "isolation"], capture_output=True, check=False).returncode == 0
        roster = ["roster", "set", "greeter", "--person", f"alice={alice}.pub", "--approvals", "1"]
        run = ["run", "--source", os.path.join(work, "greeter"), "--tag", "v1.0.0"]
        self.steps = [
            (["init", "--root-key", root], self.has_root),
            (roster + ([] if isolated else ["--allow-unisolated"]) + ["--root-key", root], self.has_roster),
            (["target", "set", "greeter/site", "--type", "directory", "--location", self.site], self.has_target),
            (run + ([] if isolated else ["--executor", "host"]), self.has_run),
            (["release", "seal", RELEASE], lambda: self.release().get("manifest")),
            (["release", "request", RELEASE, "--target", "site"], lambda: self.release().get("request")),
            (["release", "approve", RELEASE, "--person", "alice", "--key", alice], self.is_approved),
            (["release", "publish", RELEASE], self.is_published),
        ]

    def prepare(self):
        """What exists before the line: a repository, a person's key, empty folders."""
        for name in ("people", "offline"):
            os.makedirs(os.path.join(self.work, name))
        os.makedirs(self.site)
        repository = os.path.join(self.work, "greeter")
        shutil.copytree(os.path.join(self.source, "examples/greeter"), repository)
        git = ["git", "-C", repository, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        env = dict(self.env, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for args in (["init", "-q", "-b", "main", "."], ["add", "-A"], ["commit", "-q", "-m", "greeter 1.0.0"],
                     ["tag", "-a", "v1.0.0", "-m", "greeter 1.0.0"]):
            subprocess.run(git + args, env=env, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([self.slipway, "keys", "new", "--out", self.alice], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)

    def run(self, args, watch=None, wrapper=()):
        """Runs one command and, whatever becomes of it, leaves none of its processes behind."""
        env = watch.environment(self.env) if watch else self.env
        command = list(wrapper) + [self.slipway] + args
        if wrapper and watch:
            env = self.env
            command = list(wrapper) + [f"-E{k}={v}" for k, v in watch.environment({}).items()] + [self.slipway] + args
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True, cwd=self.work)
        try:
            out, err = process.communicate(timeout=STEP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += "(timeout)"
        reap_everybody()
        return process.returncode, out, err

    def ask(self, *args):
        code, out, _ = self.run(list(args) + ["--json"])
        return json.loads(out) if code == 0 else None

    def release(self):
        return self.ask("release", "show", RELEASE) or {}

    def has_root(self):
        answer = self.ask("admin", "fsck") or {"log": {"entries": 0}}
        return answer["log"]["entries"] > 0 and os.path.exists(self.root)

    def is_clean(self):
        return self.run(["admin", "fsck"])[0] == 0

    def has_roster(self):
        return self.run(["roster", "show", "greeter"])[0] == 0

    def has_target(self):
        return any(row["name"] == "site" for row in self.ask("target", "list") or [])

    def has_run(self):
        return any(row["state"] == "passed" for row in self.ask("runs") or [])

    def is_approved(self):
        answer = self.ask("release", "approvals", RELEASE) or {}
        return bool(answer.get("request")) and answer.get("counted", 0) >= 1

    def is_published(self):
        if self.release().get("state") != "published":
            return False
        code, out, _ = self.run(["trust", "export", "--project", "greeter"])
        trust = os.path.join(self.work, "trust.json")
        with open(trust, "w", encoding="utf-8") as stream:
            stream.write(out)
        served = os.path.join(self.site, "greeter/main/1.0.0")
        return code == 0 and self.run(["verify", served, "--trust", trust])[0] == 0

    def problems(self, n_acknowledged):
        """What is wrong after a crash when the first @n_acknowledged steps were answered."""
        found = []
        if n_acknowledged > 0:
            code, out, err = self.run(["admin", "fsck"])
            if code != 0:
                found.append(f"fsck says {code}: {(err or out).strip()}")
        for args, check in self.steps[:n_acknowledged]:
            if not check():
                found.append(f"acknowledged and gone: {' '.join(args[:2])}")
        return found

    def finish(self):
        """Takes up the line where it is; empty when it ends in a release that verifies."""
        for args, check in self.steps:
            if check():
                continue
            code, out, err = self.run(args)
            if not check():
                return [f"cannot go on with '{' '.join(args[:2])}' ({code}): {(err or out).strip()[-300:]}"]
        return [] if self.is_clean() else ["fsck is not clean at the end"]


def reap_everybody():
    """Kills what a stopped command left running: they are our children, for we are their subreaper."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        children = []
        try:
            with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", encoding="ascii") as stream:
                children = [int(pid) for pid in stream.read().split()]
        except OSError:
            return
        if not children:
            return
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


class Report:
    def __init__(self):
        self.n_states, self.n_bad, self.results = 0, 0, []

    def state(self, what, problems):
        self.n_states += 1
        self.n_bad += bool(problems)
        if problems and self.n_bad <= MAX_SHOWN:
            print(f"# {what}: {'; '.join(problems)}", flush=True)

    def result(self, ok, name):
        self.results.append(ok)
        print(f"{'ok' if ok else 'not ok'} {len(self.results)} - {name}", flush=True)

    def end(self):
        print(f"1..{len(self.results)}")
        sys.exit(0 if all(self.results) else 1)


def must(line, args, watch=None, wrapper=()):
    code, out, err = line.run(args, watch, wrapper)
    if code != 0:
        sys.exit(f"Bail out! the line itself does not work: {' '.join(args)} ({code}): {err or out}")


def save(line, into):
    shutil.rmtree(into, ignore_errors=True)
    subprocess.run(["cp", "-a", line.work, into], check=True)


def restore(line, source):
    shutil.rmtree(line.work, ignore_errors=True)
    subprocess.run(["cp", "-a", source, line.work], check=True)


def count(line, options, folder, report):
    total_watch = total_strace = 0
    for number, (args, _) in enumerate(line.steps):
        watch = replay.Watch(os.path.join(folder, "watch"), line.roots, options.library)
        trace = os.path.join(folder, f"trace.{number}")
        must(line, args, watch, replay.strace_command(trace))
        n_watch, n_strace = watch.n_calls(), replay.count_trace(trace, line.roots)
        print(f"# {' '.join(args[:2])}: N = {n_watch}, by strace {n_strace}")
        total_watch += n_watch
        total_strace += n_strace
    print(f"# N = {total_watch}, by strace {total_strace}")
    report.result(total_watch == total_strace and total_watch > 0, "strace counts the same calls")


def kill(line, options, folder, report):
    """Step by step: each is killed at every call it makes, from a copy of the state before it."""
    before, done, base, reached = os.path.join(folder, "before"), os.path.join(folder, "done"), 0, 0
    for index, (args, check) in enumerate(line.steps):
        save(line, before)
        watch = replay.Watch(os.path.join(folder, "watch"), line.roots, options.library)
        must(line, args, watch)
        n_calls = watch.n_calls()
        save(line, done)
        for n in range(1, n_calls + 1):
            if base + n < options.first or (base + n) % options.stride != 0:
                continue
            restore(line, before)
            watch = replay.Watch(os.path.join(folder, "watch"), line.roots, options.library, kill_at=n)
            code, _, _ = line.run(args, watch)
            reached += watch.is_dead()
            problems = line.problems(index + (code == 0))
            if (base + n) // options.stride % options.finish == 0:
                problems += line.finish()
            report.state(f"killed at {base + n} ({' '.join(args[:2])}, call {n} of {n_calls})", problems)
        base += n_calls
        restore(line, done)
    print(f"# N = {base}, {report.n_states} kills, {reached} reached their call, {report.n_bad} left something wrong")
    report.result(report.n_bad == 0 and report.n_states > 0, "after every kill all that was acknowledged is there")


def lost(line, options, folder, report):
    watch = replay.Watch(os.path.join(folder, "watch"), line.roots, options.library, recording=True)
    acknowledged = [(0, 0)]
    for index, (args, _) in enumerate(line.steps):
        must(line, args, watch)
        acknowledged.append((watch.record_size(), index + 1))
    events, disk = replay.read_record(watch.path("record")), replay.Disk()
    ways = [(replay.DROP, 0), (replay.KEEP, 0)] + [(replay.TORN, seed) for seed in range(options.seeds)]
    for step, event in enumerate(events):
        disk.feed(event)
        if step < options.first or step % options.stride != 0:
            continue
        n = max(n for size, n in acknowledged if size <= event.end)
        for way, seed in ways:
            files = disk.crash(way, step * 100 + seed)
            for root in line.roots:
                shutil.rmtree(root, ignore_errors=True)
                replay.write_out(disk, files, root, root)
            if n == 0 and not any(path.startswith(line.home) for path in files):
                shutil.rmtree(line.home, ignore_errors=True)
            problems = line.problems(n)
            if step // options.stride % options.finish == 0:
                problems += line.finish()
            report.state(f"power lost after step {step} ({event}), {way} {seed}", problems)
    print(f"# N = {watch.n_calls()}, {len(events)} steps, {report.n_states} disks, {report.n_bad} had something wrong")
    report.result(report.n_bad == 0 and report.n_states > 0,
                  "after every loss of power all that was acknowledged is there")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["count", "kill", "lost"])
    parser.add_argument("library", type=os.path.abspath)
    parser.add_argument("slipway", type=os.path.abspath)
    parser.add_argument("source", type=os.path.abspath)
    parser.add_argument("--stride", type=int, default=1, help="every Nth crash only")
    parser.add_argument("--first", type=int, default=0, help="none before this one")
    parser.add_argument("--seeds", type=int, default=1, help="torn disks besides the lost and the whole one")
    parser.add_argument("--finish", type=int, default=1, help="finish the line after every Nth crash only")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    options = parser.parse_args()
    options.stride = int(os.environ.get("CRASH_STRIDE", options.stride))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.umask(0o022)
    folder = os.path.realpath(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    os.chmod(folder, 0o755)
    report = Report()
    try:
        line = Line(os.path.join(folder, "work"), options.slipway, options.source)
        os.mkdir(line.work)
        line.prepare()
        {"count": count, "kill": kill, "lost": lost}[options.mode](line, options, folder, report)
    finally:
        if options.keep:
            print(f"# kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report.end()


main()
