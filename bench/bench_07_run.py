# SPDX-License-Identifier: Apache-2.0
"""Benchmark 7: a trivial run from end to end through our own command line: started, run, durable, visible. The
commit is in the mirror already, so nothing is fetched; the floor is a spawn and three durable commits."""

import os
import shutil
import sqlite3
import subprocess
import time

from bench_06_steps import Project, timed

NUMBER = 7
TITLE = "Trivial run end to end"
RUNS = 20


def average(function):
    def many():
        begin = time.monotonic()
        for _ in range(RUNS):
            function()
        return (time.monotonic() - begin) / RUNS
    return many


def floor(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER)")

    def once():
        subprocess.run(["/bin/sh", "-c", "true"], check=True)
        for i in range(3):
            database.execute("INSERT INTO t VALUES (?)", (i,))
    return once


def run(bench):
    host = Project(bench, "host", (1,))
    contenders = [("host", average(lambda: host.run(1))), ("floor", average(floor(os.path.join(bench.work, "floor.db"))))]
    if shutil.which("bwrap"):
        sandbox = Project(bench, "sandbox", (1,))
        bwrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
        contenders += [("sandbox", average(lambda: sandbox.run(1))), ("bwrap", average(lambda: timed(bwrap)))]
    rounds = bench.rounds(contenders)
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name] * 1e3:.1f} ms") for name, _ in contenders])
    bench.goal("a trivial run with host, ms", [one["host"] * 1e3 for one in rounds], at_most=5)
    bench.goal("a trivial run with host, by the floor of a spawn and three commits", [one["host"] / one["floor"] for one in rounds], at_most=4.5)
    if shutil.which("bwrap"):
        bench.goal("the sandbox's part of a run, by bwrap's own time",
                   [(one["sandbox"] - one["host"]) / one["bwrap"] for one in rounds], at_most=1.0)
    for peer in ("laminarc", "buildbot"):
        if shutil.which(peer) is None:
            bench.gap(f"{peer} is not installed")
