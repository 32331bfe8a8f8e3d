# SPDX-License-Identifier: Apache-2.0
"""Benchmark 5: from a signed webhook of 8 KiB to its durable acknowledgement, over one connection and over many. The client
is Python, on the same machine: its own time is in ours, not in the floor."""

import os
import shutil
import sqlite3
import statistics
import threading
import time

from server import Server

NUMBER = 5
TITLE = "Webhook to queued"
ONE, MANY, CONNECTIONS = 200, 1600, 64


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
        return statistics.median(took)
    return once


class Senders:
    def __init__(self, server):
        self.server, self.next = server, 0

    def take(self, n):
        self.next += n
        return range(self.next - n, self.next)

    def one(self):
        connection, took = self.server.connect(), []
        for number in self.take(ONE):
            begin = time.monotonic()
            self.server.deliver(connection, number)
            took.append(time.monotonic() - begin)
        return statistics.median(took)

    def many(self):
        share = MANY // CONNECTIONS

        def work(numbers):
            connection = self.server.connect()
            for number in numbers:
                self.server.deliver(connection, number)
        threads = [threading.Thread(target=work, args=(self.take(share),)) for _ in range(CONNECTIONS)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return MANY / (time.monotonic() - begin)


def run(bench):
    empty = Server(bench, "empty")
    empty.start("--runs", "1")
    senders = Senders(empty)
    rounds = bench.rounds([("one", senders.one), ("floor", commits(bench)), ("many", senders.many)])
    empty.stop()
    bench.table(rounds, [("1 connection, p50", lambda one: f"{one['one'] * 1e3:.2f} ms"), ("SQLite FULL commit, p50", lambda one: f"{one['floor'] * 1e3:.2f} ms"),
                         (f"{CONNECTIONS} connections", lambda one: f"{one['many']:,.0f}/s")])
    bench.goal("one connection, by a commit of SQLite", [one["one"] / one["floor"] for one in rounds], at_most=1.7)
    bench.goal("many connections, by one commit after the other", [one["many"] * one["floor"] for one in rounds], at_least=10)
    for peer in ("laminarc", "buildbot"):
        if shutil.which(peer) is None:
            bench.gap(f"{peer} is not installed")
