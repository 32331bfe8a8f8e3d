# SPDX-License-Identifier: Apache-2.0
"""Benchmark 4: signing and verifying a statement in process against raw OpenSSL with a reused key."""

import shutil

NUMBER = 4
TITLE = "Sign, attest, verify"

SECONDS = 0.6


def run(bench):
    def contender(name):
        return lambda: bench.run_json([bench.program(name), "--seconds", str(SECONDS)])

    rounds = bench.rounds([("ours", contender("attest_ours")), ("floor", contender("attest_floor"))])
    bench.table(rounds, [
        ("sign ours", lambda one: f"{one['ours']['sign_per_s']:,.0f}/s"),
        ("sign floor", lambda one: f"{one['floor']['sign_per_s']:,.0f}/s"),
        ("verify ours", lambda one: f"{one['ours']['verify_per_s']:,.0f}/s"),
        ("verify floor", lambda one: f"{one['floor']['verify_per_s']:,.0f}/s"),
        ("10^4 subjects", lambda one: f"{one['ours']['large_verify_us'] / 1000:.1f} ms"),
    ])
    bench.goal("sign, ours / raw OpenSSL",
               [one["ours"]["sign_per_s"] / one["floor"]["sign_per_s"] for one in rounds], at_least=0.85)
    bench.goal("parse and verify, ours / raw OpenSSL",
               [one["ours"]["verify_per_s"] / one["floor"]["verify_per_s"] for one in rounds],
               at_least=0.85)
    bench.goal("statement of 10^4 subjects verified, ms",
               [one["ours"]["large_verify_us"] / 1000 for one in rounds], at_most=50)
    for peer in ("cosign", "minisign"):
        if shutil.which(peer) is None:
            bench.gap(f"{peer} is not installed")
    bench.gap("sigstore-js is measured with the verifier's own benchmark, later")
