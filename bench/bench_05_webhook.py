# SPDX-License-Identifier: Apache-2.0
"""Benchmark 5: from a signed webhook of 8 KiB to its durable acknowledgement, over one connection and over many. The client
is a program in C that has made bodies and signatures before its clock starts. A run that sleeps has the server's one slot,
so that no other run's work is in the numbers."""

import os
import sqlite3
import statistics
import subprocess
import time

import peer_buildbot
from server import Server

NUMBER = 5
TITLE = "Webhook to queued"
ONE, MANY, CONNECTIONS = 300, 3000, 64
QUEUED, DONE = 1000, 100_000


def commits(bench):
    database = sqlite3.connect(os.path.join(bench.work, "floor.db"), isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS t (a INTEGER, b TEXT)")

    def once():
        took = []
        for i in range(ONE):
            begin = time.monotonic()
            database.execute("INSERT INTO t VALUES (?, ?)", (i, "x" * 400))
            took.append(time.monotonic() - begin)
        return statistics.median(took) * 1e6
    return once


class Floor:
    """libmicrohttpd, one HMAC, a fixed answer."""

    def __init__(self, bench, server):
        self.server = server
        self.process = subprocess.Popen([bench.program("hook_floor"), "--secret", server.secret], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.host = self.process.stdout.readline().split()[1]

    def many(self):
        return self.server.load(MANY, CONNECTIONS, host=self.host)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def started(bench, name, queued, done):
    server = Server(bench, name)
    if done:
        server.history(done)
    server.start("--runs", "1")
    server.occupy()
    server.load(max(queued, 100), CONNECTIONS)  # the first ones open connections and threads
    return server


def nothing_waits(server):
    """So that every round measures the same queue."""
    database = sqlite3.connect(os.path.join(server.dir, "home", "slipway.db"), timeout=30)
    database.execute("UPDATE work_run SET state = 'cancelled', ended_at = 1 WHERE state = 'queued'")
    database.commit()
    database.close()


def run(bench):
    empty, full = started(bench, "empty", 0, 0), started(bench, "full", QUEUED, DONE)
    floor = Floor(bench, empty)

    def one_of(server, n_queued):
        def once():
            nothing_waits(server)
            if n_queued:
                server.load(n_queued, CONNECTIONS)
            return server.load(ONE, 1)
        return once

    def many():
        nothing_waits(empty)
        return empty.load(MANY, CONNECTIONS)

    rounds = bench.rounds([("one", one_of(empty, 0)), ("commit", commits(bench)), ("full", one_of(full, QUEUED)), ("many", many), ("floor", floor.many)])
    floor.stop()
    kept = empty.sent - 0
    empty.stop()
    full.stop()
    bench.table(rounds, [("1 connection, p50", lambda one: f"{one['one']['p50_us']} us, cpu {one['one']['cpu_us']:.0f} us"),
                         ("SQLite FULL commit, p50", lambda one: f"{one['commit']:.0f} us"),
                         (f"{QUEUED} queued, {DONE:,} done", lambda one: f"{one['full']['p50_us']} us"),
                         (f"{CONNECTIONS} connections", lambda one: f"{one['many']['per_s']:,.0f}/s, cpu {one['many']['cpu_us']:.0f} us"),
                         ("HTTP floor", lambda one: f"{one['floor']['per_s']:,.0f}/s")])
    bench.goal("one connection, by a commit of SQLite", [one["one"]["p50_us"] / one["commit"] for one in rounds], at_most=1.7)
    bench.goal("many connections, by one commit after the other", [one["many"]["per_s"] * one["commit"] / 1e6 for one in rounds], at_least=10)
    bench.goal("many connections, by the HTTP floor", [one["many"]["per_s"] / one["floor"]["per_s"] for one in rounds], at_least=0.3)
    bench.goal(f"{QUEUED} queued and {DONE:,} done, by an empty server", [one["full"]["p50_us"] / one["one"]["p50_us"] for one in rounds], at_most=1.15)
    bench.say(f"- {kept:,} deliveries were acknowledged in all; none was refused")
    bench.gap("laminar is no package of Debian 12: its queue is not measured here")
    peer = peer_buildbot.start(bench)
    if peer is None:
        return
    try:
        changes = peer.changes(20)
    finally:
        peer.stop()
    bench.say(f"- Buildbot, a change sent to its build request in the database, p50 of 20: {changes['queued_ms']:.1f} ms")
    bench.goal("one connection, faster than Buildbot's change to build request", [changes["queued_ms"] * 1e3 / one["one"]["p50_us"] for one in rounds], at_least=400)
