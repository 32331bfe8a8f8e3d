#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""self_test: each lint must find what is wrong in its bad sample, and nothing else it was told about.

tests/lint/NAME/ is a small tree; `expected` lists texts the output must contain, `unexpected` texts it
must not. Samples of lints that read objects are compiled first, as Meson would lay them out.
"""
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools")
READS_OBJECTS = ("pure", "statics")


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def build(sample, into):
    for source in glob.glob(f"{sample}/src/*/*.c"):
        folder = os.path.basename(os.path.dirname(source))
        objects = f"{into}/src/{folder}/libslipway-{folder}.a.p"
        os.makedirs(objects, exist_ok=True)
        target = f"{objects}/{os.path.basename(source)}.o"
        subprocess.run(["gcc", "-fPIC", "-c", source, "-o", target], check=True)
        subprocess.run(["ar", "rcs", f"{into}/src/{folder}/libslipway-{folder}.a", target], check=True)


def run(name):
    """Returns what is wrong with the lint, as a list of sentences."""
    sample = os.path.join(HERE, name)
    with tempfile.TemporaryDirectory() as scratch:
        if name in READS_OBJECTS:
            build(sample, scratch)
        done = subprocess.run([f"{TOOLS}/lint-{name}", "--root", sample, "--build", scratch],
                              capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    wrong = [f"does not say '{text}'" for text in lines(f"{sample}/expected") if text not in output]
    wrong += [f"says '{text}'" for text in lines(f"{sample}/unexpected") if text in output]
    if done.returncode != 1:
        wrong.append(f"ended with {done.returncode}, not with 1")
    return wrong + [f"output: {line}" for line in output.splitlines()] if wrong else []


def main():
    names = sorted(os.path.basename(p)[5:] for p in glob.glob(f"{TOOLS}/lint-*"))
    failed = False
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        wrong = run(name)
        failed = failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - lint_{name}_finds_what_is_wrong")
        for line in wrong:
            print(f"# {line}")
    sys.exit(failed)


main()
