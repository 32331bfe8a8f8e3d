# SPDX-License-Identifier: Apache-2.0
"""Benchmark 6: what a step costs: a chain of trivial steps, plain and sandboxed. The cost of a run with one step
is taken off, as is the start of ninja, make and the shell (a chain of one)."""

import os
import shutil
import subprocess
import time

NUMBER = 6
TITLE = "Step overhead"
PLAIN, SANDBOXED = 1000, 100


def timed(argv, **more):
    begin = time.monotonic()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **more)
    return time.monotonic() - begin


class Project:
    """A data folder and a repository with a branch for each number of steps."""

    def __init__(self, bench, executor, counts, name=None, init=()):
        self.slipway = os.path.join(bench.build, "src", "cli", "slipway")
        self.dir = bench.scratch("project-" + (name or executor))
        self.repo = os.path.join(self.dir, "repo")
        self.executor = executor
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "SLIPWAY_HOME": os.path.join(self.dir, "home"), "SLIPWAY_LOG": "error"}
        self.commits = {}
        os.makedirs(self.repo)
        self.git("init", "-q", "-b", "main")
        for count in counts:
            with open(os.path.join(self.repo, "slipway.yaml"), "w", encoding="utf-8") as file:
                file.write("slipway: 1\nproject: p\njobs:\n  a:\n    steps:\n" + '      - run: "true"\n' * count)
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "c")
            self.commits[count] = self.git("rev-parse", "HEAD").strip()
        subprocess.run([self.slipway, "init", "--root-key", os.path.join(self.dir, "root.key"), *init], env=self.env, check=True, capture_output=True)
        timed([self.slipway, "run", "--source", self.repo, "--branch", "main", "--executor", executor], env=self.env)

    def git(self, *args):
        env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args], cwd=self.repo, env=env, check=True,
                              capture_output=True, text=True).stdout

    def run(self, count):
        extra = ["--executor", self.executor] if self.executor == "host" else []
        return timed([self.slipway, "run", "--project", "p", "--commit", self.commits[count], *extra], env=self.env)


def chain(folder, name, count):
    """A build file of a chain of trivial steps for ninja or make."""
    path = os.path.join(folder, f"{name}.{count}")
    with open(path, "w", encoding="utf-8") as file:
        if name == "ninja":
            file.write("rule r\n  command = true\n")
            file.writelines(f"build s{i}: r {'s%d' % (i - 1) if i else ''}\n" for i in range(count))
        else:
            file.write(f"all: s{count - 1}\n")
            file.writelines(f"s{i}: {'s%d' % (i - 1) if i else ''}\n\t@true;\n" for i in range(count))
    return path


def net(function, count):
    """Seconds a step: a run of count steps less a run of one."""
    return lambda: max(function(count) - function(1), 1e-9) / (count - 1)


def plain(bench):
    folder = bench.scratch("chains")
    files = {(name, n): chain(folder, name, n) for name in ("ninja", "make") for n in (1, PLAIN)}
    project = Project(bench, "host", (1, PLAIN))
    contenders = [
        ("ours", net(project.run, PLAIN)),
        ("loop", net(lambda n: timed(["sh", "-c", f"i=0; while [ $i -lt {n} ]; do sh -c true; i=$((i+1)); done"]), PLAIN)),
    ]
    if shutil.which("make"):
        contenders.append(("make", net(lambda n: timed(["make", "-s", "-j1", "-f", files["make", n]], cwd=folder), PLAIN)))
    if shutil.which("ninja"):
        contenders.append(("ninja", net(lambda n: timed(["ninja", "-j1", "-f", files["ninja", n], f"s{n - 1}"], cwd=folder), PLAIN)))
    else:
        bench.gap("ninja is not installed")
    rounds = bench.rounds(contenders)
    bench.say(f"A chain of {PLAIN} steps `true`, one at a time, without isolation; each with its log and its row:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name] * 1e6:.0f} us") for name, _ in contenders])
    if shutil.which("ninja"):
        bench.goal("a step, ours by ninja", [one["ours"] / one["ninja"] for one in rounds], at_most=1.15)
    bench.goal("a step, ours by the shell's loop", [one["ours"] / one["loop"] for one in rounds], at_most=1.15)


def sandboxed(bench):
    if shutil.which("bwrap") is None:
        bench.gap("bubblewrap is not installed")
        return
    bwrap = ["bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
             "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "sh", "-c", "true"]
    project = Project(bench, "sandbox", (1, SANDBOXED))

    def alone(count):
        begin = time.monotonic()
        for _ in range(count):
            subprocess.run(bwrap, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin

    rounds = bench.rounds([("ours", net(project.run, SANDBOXED)), ("bwrap", net(alone, SANDBOXED))])
    bench.say(f"{SANDBOXED} sandboxed steps:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name] * 1e3:.2f} ms") for name in ("ours", "bwrap")])
    bench.goal("a sandboxed step, ours by bwrap --unshare-all", [one["ours"] / one["bwrap"] for one in rounds], at_most=1.0)


def run(bench):
    plain(bench)
    sandboxed(bench)
