# SPDX-License-Identifier: Apache-2.0
"""Benchmark 15: a run of ten trivial steps in each executor against the same ten steps by hand: what the engine adds. Ours
goes through a server, from the command line to the durable result; by hand is a shell that does nothing else."""

import os
import shutil

from bench_06_steps import timed
from harness import quartiles
from server import Server

NUMBER = 15
TITLE = "Ten steps in each executor"
STEPS = 10

BWRAP = ("bwrap --unshare-all --new-session --die-with-parent --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib "
         "--symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp sh -c true")


class Runs(Server):
    """One project with a branch an executor."""

    def __init__(self, bench):
        super().__init__(bench, "executors")
        self.machine = os.path.join(bench.source, "tests", "system", "executor-contract", "machine-bwrap")
        self.machines = os.path.join(self.dir, "machines")
        os.makedirs(self.machines)
        self.made = {}
        self.start()
        self.command("pool", "set", "bench", "--executor", "command", "--label", "bench=1", "--slot", "one", "--setting", "program=" + self.machine,
                     "--setting", "folder=" + self.machines)

    def ten_steps(self, executor):
        where = {"host": "", "sandbox": "", "command": "    executor: command\n    labels: { bench: '1' }\n"}[executor]
        self.git("checkout", "-q", "-b", executor)
        with open(os.path.join(self.repo, "slipway.yaml"), "w", encoding="utf-8") as file:
            file.write(f"slipway: 1\nproject: p\njobs:\n  a:\n{where}    steps:\n" + '      - run: "true"\n' * STEPS)
        self.git("commit", "-q", "-a", "--allow-empty", "-m", executor)
        self.made[executor] = self.git("rev-parse", "HEAD").strip()
        timed([self.slipway, "run", "--source", self.repo, "--branch", executor, *self.how(executor)], env=self.env)  # fetched before it is measured

    @staticmethod
    def how(executor):
        return ["--executor", "host"] if executor == "host" else []

    def ours(self, executor):
        return lambda: timed([self.slipway, "run", "--project", "p", "--commit", self.made[executor], *self.how(executor)], env=self.env)

    def by_hand_of_command(self):
        """The calls of the same program: a clean machine, the source in, ten steps, what they left, and it goes."""
        calls = "set -e; M=$1; S=$2; $M acquire one >/dev/null; $M put one $S src; i=0; while [ $i -lt 10 ]; do echo true | $M exec one 3>/dev/null; " \
                "i=$((i+1)); done; $M get one out >/dev/null; $M release one"
        env = {"PATH": "/usr/bin:/bin", "SLIPWAY_SETTING_FOLDER": os.path.join(self.dir, "by-hand")}
        os.makedirs(env["SLIPWAY_SETTING_FOLDER"], exist_ok=True)
        return lambda: timed(["sh", "-c", calls, "sh", self.machine, self.repo], env=env)


def ten_times(command):
    return lambda: timed(["sh", "-c", f"i=0; while [ $i -lt {STEPS} ]; do {command}; i=$((i+1)); done"])


def run(bench):
    runs = Runs(bench)
    by_hand = {"host": ten_times("sh -c true")}
    if shutil.which("bwrap"):
        by_hand.update(sandbox=ten_times(BWRAP), command=runs.by_hand_of_command())
    else:
        bench.gap("bubblewrap is not installed")
    contenders = []
    for executor, hand in by_hand.items():
        runs.ten_steps(executor)
        contenders += [(executor, runs.ours(executor)), (executor + " by hand", hand)]
    try:
        rounds = bench.rounds(contenders)
    finally:
        runs.stop()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name] * 1e3:.1f} ms") for name, _ in contenders])
    for executor in by_hand:
        low, middle, high = quartiles([(one[executor] - one[executor + " by hand"]) * 1e3 for one in rounds])
        ratio = quartiles([one[executor] / one[executor + " by hand"] for one in rounds])[1]
        bench.say(f"- {executor}: the engine adds **{middle:.1f} ms** to ten steps (quartiles {low:.1f} to {high:.1f}), {ratio:.2f} times by hand")
    bench.say("- vm: benchmark 7vm, against virsh and ssh")
