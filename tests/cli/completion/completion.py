#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""completion.py SLIPWAY: what shells offer behind a begun line; shells that are not here are skipped by name."""
import shutil
import subprocess
import sys

SLIPWAY = sys.argv[1]
ROWS = [  # words before, word begun, what is offered
    ("", "verif", "verify-file verify-attestation verify"),
    ("tuf", "r", "repo"),
    ("tuf", "--metadata-d", "--metadata-dir"),
    ("tuf repo", "i", "init"),
    ("tuf repo init", "--thr", "--threshold"),
    ("runs", "--lim", "--limit"),
    ("run", "--lim", ""),
    ("keys sign-file x", "--form", "--format"),
    ("keys sign x", "--form", ""),
    ("watch", "l", "list look"),
    ("witness", "p", "policy"),
    ("sigstore", "verify-", "verify-bundle verify-image"),
]


def script(shell):
    return subprocess.run([SLIPWAY, "completion", shell], capture_output=True, text=True, check=True).stdout


def bash(words, begun):
    line = f'COMP_WORDS=(slipway {words} "{begun}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _slipway; echo "${{COMPREPLY[*]}}"'
    return subprocess.run(["bash", "-c", script("bash") + line], capture_output=True, text=True, check=True).stdout.strip()


def fish(words, begun):
    line = f"slipway {words} {begun}".replace("  ", " ")
    done = subprocess.run(["fish", "--no-config", "-c", script("fish") + f"complete -C '{line}'"], capture_output=True, text=True,
                          check=True)
    return [one.split("\t")[0] for one in done.stdout.split("\n") if one]


def main():
    print("1..3")
    wrong = [f"slipway {words} {begun}: {offered}" for words, begun, wanted in ROWS
             if (offered := bash(words, begun)) != wanted]
    for one in wrong:
        print("#", one)
    print("not ok" if wrong else "ok", "1 - bash offers words and options of just this command")
    bad = False
    if shutil.which("fish"):
        some = [f"slipway {words} {begun}: {offered}" for words, begun, wanted in ROWS
                if not set(wanted.split()) <= set(offered := fish(words, begun))]
        bad = bool(some)
        print("not ok" if some else "ok", "2 - fish offers them too", *some)
    else:
        print("ok 2 - fish offers them too # SKIP needs fish")
    if shutil.which("zsh"):
        done = subprocess.run(["zsh", "-n"], input=script("zsh"), capture_output=True, text=True)
        bad = bad or done.returncode != 0
        print("ok" if done.returncode == 0 else "not ok", "3 - zsh can read its script", done.stderr.strip())
    else:
        print("ok 3 - zsh can read its script # SKIP needs zsh")
    sys.exit(1 if wrong or bad else 0)


main()
