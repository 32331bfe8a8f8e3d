# SPDX-License-Identifier: Apache-2.0
"""Benchmark 2: proofs from a log on disk, and the whole log recomputed, against Go's sumdb/tlog and Tessera's fsck over the
same log exported as static files, and against what the hashes alone cost."""

import shutil

from bench_01_log import build_tessera

NUMBER = 2
TITLE = "Proofs, tiles, fsck"
PEER_PROOFS = 500


def run(bench):
    sizes = (100_000, 1_000_000, 10_000_000) if bench.full else (20_000, 200_000)
    tessera = build_tessera(bench)
    folder, results = bench.scratch("log"), []
    bench.say("| entries | inclusion us | consistency us | fsck s | its hashes in lanes s | one by one s | peak MB | sumdb inclusion us | sumdb consistency us | Tessera fsck s |")
    bench.say("|" + "---|" * 10)
    for size in sizes:
        # The peers' files are many: not for the largest.
        export = bench.scratch("static") if tessera and size <= 1_000_000 else None
        argv = [bench.program("log_proofs"), "--dir", folder, "--size", str(size)]
        one = bench.run_json(argv + (["--export", export] if export else []), timeout=1800)
        if export:
            one.update({"go": bench.run_json([tessera, "--dir", export, "--prove", str(PEER_PROOFS)], timeout=600),
                        "fsck": bench.run_json([tessera, "--dir", export, "--fsck", one["vkey"]], timeout=600)})
            shutil.rmtree(export)
        results.append(one)
        peers = f"{one['go']['inclusion_us']:.0f} | {one['go']['consistency_us']:.0f} | {one['fsck']['check_s']:.2f}" if export else "- | - | -"
        bench.say(f"| {size:,} | {one['inclusion_us']:.1f} | {one['consistency_us']:.1f} | {one['check_s']:.2f} | {one['lanes_s']:.2f} | {one['loop_s']:.2f} | "
                  f"{one['rss_kb'] / 1024:.1f} | {peers} |")
    bench.say()
    bench.say("All of it CPU time. The log is read from its journal by fsck, and from a file a tile by the peers.")
    bench.say()
    first, last = results[0], results[-1]
    bench.goal("inclusion proof at the largest, us", [last["inclusion_us"]], at_most=30)
    bench.goal(f"inclusion proof, {sizes[-1]:,} by {sizes[0]:,} entries", [last["inclusion_us"] / first["inclusion_us"]], at_most=1.3)
    bench.goal("fsck: its hashes in lanes / all of it", [one["lanes_s"] / one["check_s"] for one in results], at_least=0.7)
    bench.goal("fsck: a SHA256() loop / all of it", [one["loop_s"] / one["check_s"] for one in results], at_least=4)
    bench.goal(f"fsck by entry, {sizes[-1]:,} by {sizes[0]:,} entries", [last["check_s"] / sizes[-1] / (first["check_s"] / sizes[0])], at_most=1.2)
    peers = [one for one in results if "go" in one]
    if peers:
        bench.goal("inclusion proof, faster than sumdb/tlog", [one["go"]["inclusion_us"] / one["inclusion_us"] for one in peers], at_least=1)
        bench.goal("fsck, faster than Tessera's", [one["fsck"]["check_s"] / one["check_s"] for one in peers], at_least=4)
