# SPDX-License-Identifier: Apache-2.0
"""Benchmark 3: artifacts into the store: one large file, many small ones, and again what is there already.
The floors do only part of the work: hashing alone, writing alone, or each file without a store."""

import os
import shutil
import subprocess
import time

NUMBER = 3
TITLE = "Artifact ingest"


def make_file(path, size):
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        for i in range(size >> 20):
            file.write(i.to_bytes(8, "big") + block[8:])


def make_tree(path, count):
    os.makedirs(path)
    seed = os.urandom(4096)
    for i in range(count):
        with open(os.path.join(path, f"{i:07d}"), "wb") as file:
            file.write(i.to_bytes(8, "big") + seed[8:])


def warm(path):
    """The kernel may have dropped what was read before: every contender reads from memory."""
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


def timed(command, cwd=None):
    begin = time.monotonic()
    subprocess.run(command, shell=True, cwd=cwd, stdout=subprocess.DEVNULL, check=True)
    return {"seconds": time.monotonic() - begin}


def large(bench, size):
    source = os.path.join(bench.work, "large")
    make_file(source, size)

    def ours():
        warm(source)
        return bench.run_json([bench.program("ingest"), "store", bench.scratch("store"), source])

    def write():
        target = bench.scratch("written")
        warm(source)
        return bench.run_json([bench.program("ingest"), "write", source, os.path.join(target, "f")])

    def hashed():
        warm(source)
        return bench.run_json([bench.program("ingest"), "hash", source])

    def peer():
        target = bench.scratch("copied")
        warm(source)
        return timed(f"sha256sum {source} && cp {source} {target}/f && sync {target}/f")

    rounds = bench.rounds([("ours", ours), ("write", write), ("hash", hashed), ("peer", peer)])
    bench.say(f"One file of {size >> 20} MiB:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['seconds']:.2f} s") for name in ("ours", "write", "hash", "peer")] +
                [("peak", lambda one: f"{one['ours']['rss_kb'] / 1024:.1f} MB")])
    bench.goal("large file: the slower of hash and write, by ours",
               [max(one["hash"]["seconds"], one["write"]["seconds"]) / one["ours"]["seconds"] for one in rounds], at_least=0.85)
    bench.goal("large file: sha256sum && cp && sync, by ours",
               [one["peer"]["seconds"] / one["ours"]["seconds"] for one in rounds], at_least=2.5)
    os.unlink(source)
    return max(one["ours"]["rss_kb"] for one in rounds)


def small(bench, count):
    source = os.path.join(bench.work, "small")
    make_tree(source, count)
    store = os.path.join(bench.work, "store-small")

    def ours():
        shutil.rmtree(store, ignore_errors=True)
        return bench.run_json([bench.program("ingest"), "store", store, source])

    def again():
        return bench.run_json([bench.program("ingest"), "store", store, source])

    def floor():
        return bench.run_json([bench.program("ingest"), "tree", source, bench.scratch("tree")])

    def peer():
        return timed("find . -type f -print0 | xargs -0 sha256sum", cwd=source)

    rounds = bench.rounds([("ours", ours), ("again", again), ("floor", floor), ("peer", peer)])
    bench.say(f"{count} files of 4 KiB, one sync:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['seconds']:.2f} s") for name in ("ours", "again", "floor", "peer")])
    bench.goal("small files: sha256sum (which writes nothing), by ours",
               [one["peer"]["seconds"] / one["ours"]["seconds"] for one in rounds], at_least=2.5)
    bench.goal("small files: ours by the floor of open, read, hash, create",
               [one["ours"]["seconds"] / one["floor"]["seconds"] for one in rounds], at_most=1.5)
    shutil.rmtree(source)


def run(bench):
    size = 10 << 30 if bench.full else 1 << 30
    peak = large(bench, size)
    if bench.full:
        tenth = large(bench, size // 10)
        bench.goal("peak memory at ten times the size, by the smaller one", [peak / tenth], at_most=1.2)
    small(bench, 100000)
    for peer in ("ostree", "casync"):
        if shutil.which(peer) is None:
            bench.gap(f"{peer} is not installed")
