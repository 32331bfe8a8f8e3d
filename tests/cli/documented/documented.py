#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""documented.py SLIPWAY ROOT: every command line that pages, templates and messages tell people to type is one the program
has: the command, and each of its options. What there is comes from the completion script."""
import os
import re
import subprocess
import sys

SLIPWAY, ROOT = sys.argv[1:]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`(slipway [^`\n]+)`")
ELEMENT = re.compile(r"<(?:code|pre)[^>]*>(slipway [^<]+)<")
MESSAGE = re.compile(r"(?<!echo )'(slipway [^'\"\\%]+)[\"'\\%]")
START = re.compile(r"(?:^|[|;&(]\s*|\$ |\bsudo )slipway (.*)$")
END = re.compile(r"[|;&<>)]| #|, or ")


def known():
    """{command or group: options}"""
    script = subprocess.run([SLIPWAY, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    table = {}
    for name in re.findall(r"^    '([^'\n]+)'\) words='", script, re.M):
        table.setdefault(name, set())
    for name, words in re.findall(r"^    '([^'\n]+)'\|'[^'\n]+'\*\) words='([^']*)'", script, re.M):
        table[name] = set(words.split())
    return table


def lines_of(path, text):
    """(line, what follows 'slipway ')"""
    if path.endswith(".md"):
        for fence in FENCE.finditer(text):
            block = re.sub(r"\\\n\s*", lambda m: " " + "\0" * m.group(0).count("\n"), fence.group(1))
            line = text.count("\n", 0, fence.start(1)) + 1
            for one in block.split("\n"):
                match = START.search(one)
                if match:
                    yield line, match.group(1).replace("\0", "")
                line += 1 + one.count("\0")
    pattern = INLINE if path.endswith(".md") else ELEMENT if path.endswith(".html") else MESSAGE
    for match in pattern.finditer(text):
        for one in match.group(1).split("\n"):
            if one.startswith("slipway "):
                yield text.count("\n", 0, match.start()) + 1, one.removeprefix("slipway ")


def judge(table, text):
    """What is wrong with one command line, or None."""
    words = END.split(text.replace("&lt;", "<").replace("&gt;", ">"))[0].split()
    if not words or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return None  # a place holder
    name = next((" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in table), None)
    if name is None:
        return f"no command '{words[0]}'"
    if words[0] in ("help", "completion", "call"):
        return None
    rest = words[len(name.split()):]
    group = any(other.startswith(name + " ") for other in table) and not table[name]
    if group and rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
        return f"no command '{name} {rest[0]}'"
    for word in rest:
        option = re.match(r"--[a-z][a-z-]*", word.lstrip("[("))
        if option and option.group(0) not in table[name]:
            return f"'{name}' has no option '{option.group(0)}'"
    return None


def files():
    for folder, endings in ((".", (".md",)), ("web/templates", (".html",)), ("src", (".c",)), ("examples", (".md",))):
        for base, folders, names in os.walk(os.path.join(ROOT, folder)):
            folders[:] = [one for one in folders if not one.startswith((".", "build"))]
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(base, name), ROOT)


def main():
    table, wrong, seen = known(), [], 0
    for path in sorted(set(files())):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for line, command in lines_of(path, text):
            seen += 1
            problem = judge(table, command)
            if problem:
                wrong.append(f"{path}:{line}: {problem}: slipway {command}")
    print("1..2")
    for one in wrong:
        print("#", one)
    print("not ok" if wrong else "ok", "1 - every command line that people are told to type exists")
    # Command lines that are none, so that the first line above can be believed.
    bad = [text for text in ("releese show X", "release approve X --kee FILE", "admin explode", "sigstore verify-bundle --bundel x",
                             "tuf repo init --kee x") if judge(table, text) is None]
    fine = seen > 150 and not bad
    print("ok" if fine else "not ok", f"2 - mistakes are found, and {'many' if seen > 150 else seen} command lines were read", *bad)
    sys.exit(0 if fine and not wrong else 1)


main()
