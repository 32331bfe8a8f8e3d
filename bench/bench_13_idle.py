# SPDX-License-Identifier: Apache-2.0
"""Benchmark 13: what a server costs that has nothing to do, and what a long history adds: 100,000 ended runs by 100."""

import statistics
import time

from server import Server

NUMBER = 13
TITLE = "Idle and history"
HISTORY = 100_000
ASKED = 50


def measure(server, runs):
    server.history(runs)
    start = server.start()
    connection = server.connect()
    server.get(connection, "/version")
    took = []
    for path in ("/api/v1/run/list?limit=50", "/runs"):
        for _ in range(ASKED):
            begin = time.monotonic()
            server.get(connection, path)
            took.append((path, time.monotonic() - begin))
    connection.close()
    time.sleep(5)  # workers that have nothing to do end
    wakeups = server.wakeups(10)
    serve, everything = server.resident()
    server.stop()
    median = {path: statistics.median(t for p, t in took if p == path) * 1e3 for path, _ in took}
    return {"start": start * 1e3, "list": median["/api/v1/run/list?limit=50"], "page": median["/runs"], "wakeups": wakeups, "serve": serve,
            "all": everything}


def run(bench):
    rows = [("100 runs", measure(Server(bench, "short"), 100)), (f"{HISTORY:,} runs", measure(Server(bench, "full"), HISTORY))]
    bench.say("| history | start to listening ms | run list ms | its page ms | wakeups in 10 s | serve, PSS MB | all that stay, PSS MB |")
    bench.say("|---|---|---|---|---|---|---|")
    for name, one in rows:
        bench.say(f"| {name} | {one['start']:.1f} | {one['list']:.2f} | {one['page']:.2f} | {one['wakeups']} | {one['serve']:.1f} | {one['all']:.1f} |")
    bench.say()
    empty, full = rows[0][1], rows[1][1]
    bench.goal("serve when idle, PSS MB", [empty["serve"]], at_most=8)
    bench.goal("all resident processes together, PSS MB", [empty["all"]], at_most=12)
    bench.goal("wakeups in 10 s when idle", [empty["wakeups"]], at_most=0)
    bench.goal("start to listening, ms", [empty["start"]], at_most=20)
    bench.goal("start with the whole history, ms", [full["start"]], at_most=50)
    bench.goal("serve with the whole history, PSS MB", [full["serve"]], at_most=16)
    bench.goal("run list with 100,000 runs, ms", [full["list"]], at_most=20)
    bench.goal("run list, long by short history", [full["list"] / empty["list"]], at_most=1.15)
