#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Slipway releases Slipway: this repository's own commit goes from a tag to a verified release, and the
released tarball, unpacked, builds. Runs in the sandbox; where namespaces are forbidden it is skipped with
the reason, unless SLIPWAY_REQUIRE names them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["SLIPWAY_SOURCE"])
BUILD = pathlib.Path(os.environ["SLIPWAY_BUILD"])
SLIPWAY = BUILD / "src" / "cli" / "slipway"
RELEASE = "slipway/main@0.0.1"
results = []


def note(text):
    print("# " + text.replace("\n", "\n# "), flush=True)


def run(*args, cwd=None, env=None, ok=True):
    done = subprocess.run([str(a) for a in args], cwd=cwd, env=env, text=True, capture_output=True)
    if ok and done.returncode != 0:
        note(f"{' '.join(map(str, args))} exited with {done.returncode}\n{done.stdout}{done.stderr}")
        raise SystemExit(finish("the way went through"))
    return done


def check(name, holds):
    results.append((name, holds))
    print(f"{'ok' if holds else 'not ok'} {len(results)} - {name}", flush=True)


def finish(failed=None):
    if failed:
        check(failed, False)
    print(f"1..{len(results)}")
    return 0 if results and all(holds for _, holds in results) else 1


def git(repo, *args):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return run("git", "-c", "safe.directory=*", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *args, cwd=repo, env=env)


def make_repository(work):
    """A clone of our own commit with a tag; a source tree without git becomes a repository of its own."""
    repo = work / "slipway"
    if (SOURCE / ".git").exists():
        git(work, "clone", "-q", "--no-hardlinks", SOURCE, repo)
    else:
        shutil.copytree(SOURCE, repo, ignore=shutil.ignore_patterns("build*"))
        git(repo, "init", "-q")
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "slipway")
    git(repo, "tag", "-a", "v0.0.1", "-m", "slipway 0.0.1")
    return repo


def release(work, repo, env):
    for folder in ("people", "offline", "site"):
        (work / folder).mkdir()
    root, alice = work / "offline" / "root.key", work / "people" / "alice.key"
    steps = [
        ("keys", "new", "--out", alice),
        ("init", "--root-key", root),
        ("roster", "set", "slipway", "--person", f"alice={alice}.pub", "--root-key", root),
        ("target", "set", "slipway/site", "--type", "directory", "--location", work / "site"),
        ("run", "--source", repo, "--tag", "v0.0.1"),
        ("release", "seal", RELEASE),
        ("release", "request", RELEASE, "--target", "site"),
        ("release", "approve", RELEASE, "--person", "alice", "--key", alice),
        ("release", "publish", RELEASE),
    ]
    for step in steps:
        run(SLIPWAY, *step, env=env)
    trust = work / "trust.json"
    trust.write_text(run(SLIPWAY, "trust", "export", "--project", "slipway", env=env).stdout)
    check("our own commit goes from a tag to a published release", True)
    return work / "site" / "slipway" / "main" / "0.0.1", trust


def main():
    probe = run(SLIPWAY, "admin", "isolation", ok=False)
    if probe.returncode != 0:
        required = "bwrap" in os.environ.get("SLIPWAY_REQUIRE", "")
        print(f"{'not ok' if required else 'ok'} 1 - self release # SKIP {probe.stderr.strip().splitlines()[0]}")
        print("1..1")
        return 1 if required else 0
    with tempfile.TemporaryDirectory(prefix="slipway-self-") as name:
        work = pathlib.Path(name)
        env = {**os.environ, "SLIPWAY_HOME": str(work / "home")}
        served, trust = release(work, make_repository(work), env)
        check("the release verifies with its folder and the trust file alone",
              run(SLIPWAY, "verify", served, "--trust", trust, ok=False).returncode == 0)
        tarball = served / "slipway-0.0.1.tar.gz"
        unpacked = work / "unpacked"
        unpacked.mkdir()
        run("tar", "-C", unpacked, "--strip-components=1", "-xzf", tarball)
        run("meson", "setup", "build", cwd=unpacked)
        run("ninja", "-C", "build", "programs", cwd=unpacked)
        built = run(unpacked / "build" / "src" / "cli" / "slipway", "version").stdout
        check("the tarball, unpacked, builds and starts", built.startswith("slipway "))
        check("what it builds verifies its own release",
              run(unpacked / "build" / "src" / "cli" / "slipway", "verify", served, "--trust", trust, ok=False).returncode == 0)
    return finish()


sys.exit(main())
