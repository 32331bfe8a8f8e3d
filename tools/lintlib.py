# SPDX-License-Identifier: Apache-2.0
"""lintlib: what the lints share: finding files, reading C without comments and strings, reporting.

A lint is a script `tools/lint-NAME [--root DIR]`: it prints `path:line: what is wrong` and exits 1 if
it found something. tests/lint/NAME holds a small tree in which it must find what `expected` says.
"""
import argparse
import os
import re
import sys

C_TOKENS = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
FUNCTION = re.compile(r"^([a-z][a-z0-9_]*|main|LLVMFuzzerTestOneInput)\(", re.M)


class Lint:
    """One run: the tree, the findings, the exit code."""

    def __init__(self, doc, needs_build=False):
        parser = argparse.ArgumentParser(description=doc)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        parser.add_argument("--root", default=here, help="the tree to look at")
        parser.add_argument("--build", default=os.environ.get("SLIPWAY_BUILD"),
                            help="its build folder, for lints that read objects")
        args = parser.parse_args()
        self.root = args.root
        self.build = args.build or os.path.join(self.root, "build")
        self.n_findings = 0
        if needs_build and not os.path.isdir(self.build):
            sys.exit(f"no build folder '{self.build}'")

    def files(self, folders, *endings):
        """Paths below the root, sorted, that end so; generated and build folders left out."""
        for folder in folders:
            for dirpath, dirnames, names in os.walk(os.path.join(self.root, folder)):
                dirnames[:] = sorted(d for d in dirnames if not d.startswith((".", "build")))
                relative = os.path.relpath(dirpath, self.root)
                if relative.startswith("tests/lint"):
                    continue
                for name in sorted(names):
                    if name.endswith(endings):
                        yield os.path.normpath(os.path.join(relative, name))

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def find(self, path, line, text):
        self.n_findings += 1
        print(f"{path}:{line}: {text}")

    def report(self, path, line, text):
        """Worth knowing, but no failure."""
        print(f"note: {path}:{line}: {text}")

    def exit(self):
        sys.exit(1 if self.n_findings else 0)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def blank(match):
    """Spaces and line ends in place of what was matched, so that offsets stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    return C_TOKENS.sub(lambda m: blank(m) if m.group(0).startswith("/*") else m.group(0), text)


def without_comments_and_strings(text):
    return C_TOKENS.sub(blank, text)


def functions(text):
    """Yields (name, first line, last line) of the function definitions; relies on clang-format: the
    name begins a line, the body's braces stand alone at the left margin."""
    code = without_comments_and_strings(text)
    for match in FUNCTION.finditer(code):
        body = re.compile(r"^\{$", re.M).search(code, match.end())
        other = re.compile(r"^[;}]|;\s*$", re.M).search(code, match.end())
        if not body or (other and other.start() < body.start()):
            continue
        end = re.compile(r"^\}", re.M).search(code, body.end())
        if end:
            yield match.group(1), line_of(code, match.start()), line_of(code, end.start())
