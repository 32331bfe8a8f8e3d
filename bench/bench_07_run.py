# SPDX-License-Identifier: Apache-2.0
"""Benchmark 7: a trivial run from end to end through our own command line: started, run, durable, visible; by itself, and
through a server. Then 1000 that wait are run down after the server was killed and started again. The commit is in the mirror
already, so nothing is fetched; the floor is a spawn and three durable commits."""

import os
import shutil
import sqlite3
import subprocess
import time

import peer_buildbot
from bench_06_steps import Project, timed
from server import Server

NUMBER = 7
TITLE = "Trivial run end to end"
RUNS = 20
PEER_RUNS = 40
HISTORY = 100_000


def average(function, runs=RUNS):
    def many():
        begin = time.monotonic()
        for _ in range(runs):
            function()
        return (time.monotonic() - begin) / runs
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


def drain(server, count):
    """Queued while the one slot is taken, killed, started again: seconds a run until all have passed. The runs are sandboxed."""
    server.start("--runs", "1")
    server.occupy()
    before = server.count("passed")
    server.load(count, 64, commit=server.commits[1])
    server.stop()
    assert server.count("queued") == count, "an acknowledged run is gone"
    server.start()
    begin = time.monotonic()
    server.wait(lambda: server.count("passed") >= before + count, 120, 0.02)
    return (time.monotonic() - begin) / count


def run(bench):
    queued = 1000 if bench.full else 200
    host, served = Project(bench, "host", (1,)), Server(bench, "served")
    old = Server(bench, "old")
    old.history(HISTORY)
    for server in (served, old):
        server.start()
    contenders = [("host", average(lambda: host.run(1))), ("served", average(lambda: served.run(1))), ("old", average(lambda: old.run(1))),
                  ("start", average(lambda: timed([host.slipway, "version"]))), ("floor", average(floor(os.path.join(bench.work, "floor.db"))))]
    if shutil.which("bwrap"):
        sandbox = Project(bench, "sandbox", (1,))
        bwrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
        contenders += [("sandbox", average(lambda: sandbox.run(1))), ("bwrap", average(lambda: timed(bwrap)))]
    peer = peer_buildbot.start(bench)
    if peer is not None:
        peer.one()  # its first build prepares
        contenders += [("buildbot", peer.one), ("buildbot queued", lambda: peer.drain(PEER_RUNS))]
    rounds = bench.rounds(contenders)
    if peer is not None:
        peer.stop()
    for server in (served, old):
        server.stop()
    drained = drain(served, queued)
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name] * 1e3:.1f} ms") for name, _ in contenders])
    bench.say(f"{queued} queued runs, each in a sandbox, after kill -9 and a start: {drained * 1e3:.2f} ms a run.")
    bench.say()
    bench.goal("a trivial run with host through the server, ms", [one["served"] * 1e3 for one in rounds], at_most=5)
    bench.goal("a trivial run with host and no server, ms", [one["host"] * 1e3 for one in rounds], at_most=5)
    bench.goal("through the server, by the floor of a spawn and three commits", [one["served"] / one["floor"] for one in rounds], at_most=4.5)
    bench.goal(f"through the server with {HISTORY:,} runs before it, by none", [one["old"] / one["served"] for one in rounds], at_most=1.15)
    if shutil.which("bwrap"):
        bench.goal("the sandbox's part of a run, by bwrap's own time",
                   [(one["sandbox"] - one["host"]) / one["bwrap"] for one in rounds], at_most=1.0)
    if peer is not None:
        bench.goal("through the server, faster than Buildbot", [one["buildbot"] / one["served"] for one in rounds], at_least=40)
        bench.goal("queued runs, faster than Buildbot's", [one["buildbot queued"] / drained for one in rounds], at_least=40)
    bench.gap("laminar is no package of Debian 12: it is not measured here")
