# SPDX-License-Identifier: Apache-2.0
"""Benchmark 1: durable log append against Tessera and the packed floor, and how it grows."""

import os
import shutil
import subprocess

from server import Server, cpu_seconds

NUMBER = 1
TITLE = "Log append, durable"

SECONDS = 1.5
KILL_SECONDS = 1.5
POSTED = 3000


def build_tessera(bench):
    """The peer, built from bench/tessera with the Go tool; None and a gap where that cannot be done."""
    program = os.path.join(bench.build, "bench", "tessera-bench")
    if os.path.exists(program):
        return program
    if shutil.which("go") is None:
        bench.gap("Tessera: no Go tool to build it with")
        return None
    done = subprocess.run(["go", "build", "-trimpath", "-o", program, "."],
                          cwd=os.path.join(bench.source, "bench", "tessera"),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        bench.gap("Tessera: it does not build here (" + done.stderr.strip().splitlines()[-1][:200] + ")")
        return None
    return program


class Contenders:
    """The programs under one workload."""

    def __init__(self, bench, tessera, in_flight, batch):
        self.bench = bench
        self.tessera = tessera
        self.common = ["--in-flight", str(in_flight), "--batch", str(batch)]

    def ours(self, seal="process", seconds=SECONDS, folder="ours"):
        return [self.bench.program("log_append"), "--dir", self.bench.scratch(folder), "--seal", seal,
                "--seconds", str(seconds)] + self.common

    def peer(self, seconds=SECONDS):
        return [self.tessera, "--dir", self.bench.scratch("tessera"), "--age", "1ms",
                "--seconds", str(seconds)] + self.common

    def floor(self, seconds=SECONDS):
        return [self.bench.program("log_floor"), "--dir", self.bench.scratch("floor"),
                "--seconds", str(seconds)] + self.common

    def all(self):
        run = self.bench.run_json
        result = []
        if self.tessera:
            result.append(("tessera", lambda: run(self.peer())))
        result.append(("ours", lambda: run(self.ours())))
        result.append(("floor", lambda: run(self.floor())))
        result.append(("memory", lambda: run(self.ours("memory"))))
        return result


def rate(one, name):
    return one[name]["entries"] / one[name]["seconds"]


def rate_column(name):
    def column(one):
        result = one[name]
        return (f"{rate(one, name):,.0f}/s, p50 {result['p50_us'] / 1000:.2f} ms, "
                f"cpu {result['cpu_seconds'] * 1e6 / result['entries']:.1f} us")
    return column


def columns(tessera):
    result = [("Tessera", rate_column("tessera"))] if tessera else []
    return result + [("ours", rate_column("ours")), ("floor", rate_column("floor")),
                     ("ours, key in memory", rate_column("memory"))]


def many_in_flight(bench, tessera, label, in_flight, batch, to_peer, to_floor):
    bench.say(f"### ({label}) {in_flight} in flight, batches of at most {batch}")
    bench.say()
    contenders = Contenders(bench, tessera, in_flight, batch)
    rounds = bench.rounds(contenders.all())
    bench.table(rounds, columns(tessera))
    if tessera:
        bench.goal(f"({label}) ours / Tessera, entries a second",
                   [rate(one, "ours") / rate(one, "tessera") for one in rounds], at_least=to_peer)
    bench.goal(f"({label}) ours / floor, entries a second",
               [rate(one, "ours") / rate(one, "floor") for one in rounds], at_least=to_floor)
    bench.goal(f"({label}) ours with the key in memory, as the floor has it, / floor",
               [rate(one, "memory") / rate(one, "floor") for one in rounds], at_least=to_floor)
    bench.goal(f"({label}) memory of ours in MB",
               [one["ours"]["rss_kb"] / 1024 for one in rounds], at_most=48)
    bench.say()


def one_writer(bench, tessera):
    bench.say("### (c) one writer")
    bench.say()
    contenders = Contenders(bench, tessera, 1, 256)
    rounds = bench.rounds(contenders.all())
    bench.table(rounds, columns(tessera))
    bench.goal("(c) p50 of a lone entry / p50 of the floor (one sync; ours has two)",
               [one["ours"]["p50_us"] / one["floor"]["p50_us"] for one in rounds], at_most=2.5)
    if tessera:
        bench.goal("(c) p50 of Tessera / p50 of ours",
                   [one["tessera"]["p50_us"] / one["ours"]["p50_us"] for one in rounds], at_least=8)
    bench.say()


def syncs(bench, tessera):
    """Same durability on both sides, by count: syncs for each acknowledged entry."""
    bench.say("### Syncs for each acknowledged entry (strace; starting up included)")
    bench.say()
    for label, in_flight in (("1024 in flight", 1024), ("one writer", 1)):
        contenders = Contenders(bench, tessera, in_flight, 256)
        sides = [("ours", contenders.ours(seconds=1.0)), ("floor", contenders.floor(seconds=1.0))]
        if tessera:
            sides.append(("Tessera", contenders.peer(seconds=1.0)))
        for name, argv in sides:
            counts = bench.count_syncs(argv_with_result(argv, bench))
            if counts is None:
                return
            entries = read_entries(bench)
            total = sum(counts.values())
            bench.say(f"- {label}, {name}: {total} syncs for {entries} entries = {total / entries:.3f} "
                      f"({', '.join(f'{call} {n}' for call, n in sorted(counts.items()))})")
            if name == "ours" and in_flight == 1:
                # Making log and keys costs a fixed number; what matters is each further entry.
                bench.goal("(c) syncs of a lone entry", [(total - STARTUP_SYNCS) / entries],
                           at_most=2.02)
    bench.say()


STARTUP_SYNCS = 40  # of making a log, its folder and five keys; counted generously


def argv_with_result(argv, bench):
    out = os.path.join(bench.work, "result.json")
    return ["sh", "-c", 'out="$1"; shift; exec "$@" > "$out"', "sh", out] + argv


def read_entries(bench):
    import json
    with open(os.path.join(bench.work, "result.json"), encoding="utf-8") as result:
        return json.loads(result.read().strip().splitlines()[-1])["entries"]


def kill_test(bench):
    """An answer given is present after a restart."""
    bench.say("### Killed with -9")
    bench.say()
    contenders = Contenders(bench, None, 64, 256)
    argv = contenders.ours(seconds=60, folder="killed") + ["--acks", "1"]
    folder = argv[argv.index("--dir") + 1]
    highest = bench.acknowledged_before_kill(argv, KILL_SECONDS)
    after = bench.run_json([bench.program("log_append"), "--dir", folder, "--check", "1"])
    bench.say(f"- acknowledged {highest + 1}, present after restart {after['size']}")
    bench.goal("entries present / acknowledged", [after["size"] / max(highest + 1, 1)], at_least=1)
    bench.say()


def growth(bench):
    sizes = (10_000, 100_000, 1_000_000, 10_000_000) if bench.full else (10_000, 100_000, 1_000_000)
    bench.say("### Growth")
    bench.say()
    bench.say("| entries | CPU us an entry | CPU us a proof | open ms | peak MB |")
    bench.say("|---|---|---|---|---|")
    folder = bench.scratch("growth")
    results = []
    for size in sizes:
        result = bench.run_json([bench.program("log_append"), "--dir", folder, "--grow", str(size)],
                                timeout=1800)
        results.append(result)
        bench.say(f"| {result['size']:,} | {result['append_cpu_us']:.2f} | {result['proof_us']:.1f} | "
                  f"{result['open_us'] / 1000:.1f} | {result['rss_kb'] / 1024:.1f} |")
    bench.say()
    small, before, large = results[0], results[-2], results[-1]
    bench.goal("cost of an entry, largest / smallest log",
               [large["append_cpu_us"] / small["append_cpu_us"]], at_most=1.2)
    bench.goal("peak memory in MB at the largest", [large["rss_kb"] / 1024], at_most=48)
    bench.goal("peak memory, largest / ten times smaller", [large["rss_kb"] / before["rss_kb"]],
               at_most=1.5)
    bench.goal("open in ms at the largest", [large["open_us"] / 1000], at_most=100)
    bench.goal("inclusion proof in us at the largest", [large["proof_us"]], at_most=30)
    bench.goal("inclusion proof, largest / ten times smaller",
               [large["proof_us"] / before["proof_us"]], at_most=1.3)
    bench.say()


class Posting:
    """512 connections that post entries: to our Rekor v2 address, which checks each one's signature, and to Tessera."""

    def __init__(self, bench, tessera):
        self.bench, self.sent = bench, 0
        self.server = Server(bench, "posted")
        self.server.command("log", "foreign", "--origin", "bench.example.org", "--per-minute", "0", "--max-entries", "1000000")
        self.server.start()
        self.peer = subprocess.Popen([tessera, "--dir", bench.scratch("tessera-http"), "--http", "--age", "1ms", "--batch", "256", "--in-flight", "512"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) if tessera else None
        self.peer_host = self.peer.stdout.readline().split()[1] if self.peer else None

    def post(self, host, process, *more):
        def once():
            before = cpu_seconds(process.pid)
            result = self.bench.run_json([self.bench.program("entry_load"), "--host", host, "--count", str(POSTED), "--first", str(self.sent), *more])
            self.sent += POSTED
            assert result["refused"] == 0, result
            result["cpu_us"] = (cpu_seconds(process.pid) - before) * 1e6 / POSTED
            return result
        return once

    def stop(self):
        self.server.stop()
        if self.peer:
            self.peer.stdin.close()
            self.peer.wait()


def over_http(bench, tessera):
    bench.say("### (d) 512 connections over HTTP")
    bench.say()
    posting = Posting(bench, tessera)
    contenders = [("ours", posting.post(posting.server.host, posting.server.process))]
    if tessera:
        contenders.append(("Tessera", posting.post(posting.peer_host, posting.peer, "--raw", "1")))
    try:
        rounds = bench.rounds(contenders)
    finally:
        posting.stop()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['per_s']:,.0f}/s, p50 {one[name]['p50_us'] / 1000:.1f} ms, cpu {one[name]['cpu_us']:.0f} us")
                         for name, _ in contenders])
    bench.say("Ours verifies an ECDSA signature an entry and answers with the entry's proof under a signed checkpoint; Tessera is given 256 bytes and answers "
              "with an index, before a checkpoint.")
    bench.say()
    if tessera:
        bench.goal("(d) ours / Tessera, entries a second over HTTP", [one["ours"]["per_s"] / one["Tessera"]["per_s"] for one in rounds], at_least=2)
    bench.say()


def run(bench):
    tessera = build_tessera(bench)
    many_in_flight(bench, tessera, "a", 1024, 256, 5, 0.4)
    if bench.full:
        many_in_flight(bench, tessera, "b", 8192, 4096, 5, 0.4)
    one_writer(bench, tessera)
    over_http(bench, tessera)
    syncs(bench, tessera)
    kill_test(bench)
    growth(bench)
