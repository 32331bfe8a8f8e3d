# SPDX-License-Identifier: Apache-2.0
"""What every benchmark shares: interleaved rounds, probes around them, ratios, verdicts, the report.

A benchmark is a file bench/bench_NN_name.py with NUMBER, TITLE and run(bench). The rules it keeps by using
this module: contenders run interleaved, at least ROUNDS rounds; what is judged is the median of each
round's ratio, with its spread; load, stolen time and two probes are printed around every round and
none is dropped, but marked if a probe is over twice the best; a goal is missed only if the whole
inter-quartile range is worse; an absent peer is a named gap; CPU seconds stand beside wall seconds."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

ROUNDS = int(os.environ.get("ROUNDS", "7"))
NOISY_PROBE = 2.0  # a round is marked if a probe is worse than the best one by this


def stolen_ticks():
    with open("/proc/stat", encoding="ascii") as stat:
        fields = stat.readline().split()
    return int(fields[8])


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


class Bench:
    """One benchmark being run: work folder, report lines, goals."""

    def __init__(self, number, title, build, source, full):
        self.number = number
        self.title = title
        self.build = build
        self.source = source
        self.full = full
        self.lines = []
        self.missed = []
        self.gaps = []
        # On a real disk: a benchmark of syncs in memory says nothing.
        parent = os.environ.get("BENCH_DIR") or os.path.join(build, "bench-work")
        os.makedirs(parent, exist_ok=True)
        self.work = tempfile.mkdtemp(prefix=f"bench-{number}-", dir=parent)

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    # --- report ---------------------------------------------------------------------------------

    def say(self, text=""):
        print(text, flush=True)
        self.lines.append(text)

    def gap(self, what):
        """Something that could not be measured here: said, never passed over."""
        self.gaps.append(what)
        self.say(f"- GAP: {what}")

    def program(self, name):
        return os.path.join(self.build, "bench", "bench_" + name)

    def scratch(self, name):
        """A fresh empty folder."""
        path = os.path.join(self.work, name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        return path

    # --- running --------------------------------------------------------------------------------

    def run_json(self, argv, timeout=600):
        """The JSON object in the last line a program prints."""
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=timeout, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]} exited with {done.returncode}: {done.stderr.strip()[-400:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def probe(self):
        result = self.run_json([self.program("probe"), "--dir", self.work])
        result["load"] = os.getloadavg()[0]
        return result

    def rounds(self, contenders, n_rounds=None):
        """Runs (name, function) in turn, again and again. Returns a list of rounds, each a dict of name to the
        function's result, with "before" and "after" probes, "stolen" ticks and "noisy"."""
        result = []
        for number in range(n_rounds or ROUNDS):
            one = {"number": number + 1, "before": self.probe()}
            stolen = stolen_ticks()
            for name, function in contenders:
                one[name] = function()
            one["stolen"] = stolen_ticks() - stolen
            one["after"] = self.probe()
            result.append(one)
        self.mark_noisy(result)
        return result

    @staticmethod
    def mark_noisy(rounds):
        for key in ("fdatasync_us", "spawn_us"):
            best = min(one[when][key] for one in rounds for when in ("before", "after"))
            for one in rounds:
                worst = max(one["before"][key], one["after"][key])
                one["noisy"] = one.get("noisy", False) or worst > NOISY_PROBE * best

    def table(self, rounds, columns):
        """Every round, with its probes. columns: (heading, function of a round giving text)."""
        self.say("| round | " + " | ".join(heading for heading, _ in columns) +
                 " | load | stolen | fdatasync us | spawn us | |")
        self.say("|---" * (len(columns) + 6) + "|")
        for one in rounds:
            before, after = one["before"], one["after"]
            self.say(f"| {one['number']} | " + " | ".join(column(one) for _, column in columns) +
                     f" | {before['load']:.1f} | {one['stolen']} | {before['fdatasync_us']:.0f} "
                     f"{after['fdatasync_us']:.0f} | {before['spawn_us']:.0f} {after['spawn_us']:.0f} | "
                     f"{'noisy' if one['noisy'] else ''} |")
        self.say()

    # --- judging --------------------------------------------------------------------------------

    def goal(self, what, ratios, at_least=None, at_most=None):
        """Judges the ratios of all rounds. Returns whether the goal is not missed."""
        low, middle, high = quartiles(ratios)
        if at_least is not None:
            wanted, met, missed = f">= {at_least:g}", middle >= at_least, high < at_least
        else:
            wanted, met, missed = f"<= {at_most:g}", middle <= at_most, low > at_most
        verdict = "met" if met else "MISSED" if missed else "not met, but within the spread"
        self.say(f"- {what}: **{middle:.2f}** (quartiles {low:.2f} to {high:.2f}, {len(ratios)} rounds), "
                 f"goal {wanted}: {verdict}")
        if missed:
            self.missed.append(what)
        return not missed

    # --- durability -----------------------------------------------------------------------------

    def count_syncs(self, argv):
        """Calls of fsync, fdatasync, sync_file_range, msync and syncfs, by strace over all of its processes.
        Returns None, and a gap, where strace is not there."""
        if shutil.which("strace") is None:
            self.gap("strace is not installed: syncs are not counted")
            return None
        trace = os.path.join(self.work, "strace.out")
        subprocess.run(["strace", "-f", "-o", trace, "-e",
                        "trace=fsync,fdatasync,sync_file_range,msync,syncfs"] + argv,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=True)
        counts = {}
        with open(trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                for call in ("fsync", "fdatasync", "sync_file_range", "msync", "syncfs"):
                    if f" {call}(" in line:
                        counts[call] = counts.get(call, 0) + 1
        os.unlink(trace)
        return counts

    def acknowledged_before_kill(self, argv, seconds):
        """Starts a program that prints each acknowledged index, kills it with -9. Returns the highest index."""
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        highest = -1
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                line = child.stdout.readline()
                if not line:
                    break
                highest = max(highest, int(line))
        finally:
            os.killpg(child.pid, signal.SIGKILL)
        for line in child.stdout.read().splitlines()[:-1]:  # the last line may be cut
            highest = max(highest, int(line))
        child.wait()
        return highest
