# SPDX-License-Identifier: Apache-2.0
"""For scenario tests: a scratch data folder with a tiny project, and a runner that prints TAP.

A test is a function whose name begins with test_; what it says is its docstring or its name. needs() skips by name, and
fails where $SLIPWAY_REQUIRE says that the thing is there.
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

BUILD = os.environ.get("SLIPWAY_BUILD") or os.path.join(os.path.dirname(__file__), "..", "..", "build")
SLIPWAY = os.environ.get("SLIPWAY") or os.path.join(BUILD, "src", "cli", "slipway")

PIPELINE = """slipway: 1
project: tiny
streams:
  main:
    tag: "v{version}"
    scheme: semver
    assets: ["tool", "notes.txt"]
    require: [provenance]
targets:
  site: { type: directory }
jobs:
  build:
    steps:
      - { name: build, run: "cp tool notes.txt \\"$SLIPWAY_OUT\\"" }
    artifacts: ["tool", "notes.txt"]
"""


class Skip(Exception):
    pass


def needs(thing, have):
    """Skips without @thing; where the thing must be there its absence is a failure."""
    if have:
        return
    assert thing not in os.environ.get("SLIPWAY_REQUIRE", "").split(","), f"'{thing}' must be here, but is not"
    raise Skip(f"needs {thing}")


def works(*argv):
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def isolated():
    """Whether the sandbox executor works here."""
    return works(SLIPWAY, "admin", "isolation")


class Home:
    """A data folder, a project 'tiny' with people, and a folder to publish to, in a folder of its own."""

    def __init__(self, people=("alice",), approvals=1, unisolated=None, home=None, origin=None):
        self.dir = tempfile.mkdtemp(prefix="slipway-test-")
        self.home = home or self.path("home")
        self.site = self.path("site")
        self.root_key = self.path("root.key")
        self.executor = "sandbox" if isolated() else "host"
        self.unisolated = self.executor == "host" if unisolated is None else unisolated
        self.people, self.approvals = {}, approvals
        os.mkdir(self.site)
        self.git_new()
        self.run("init", "--root-key", self.root_key, *(("--origin", origin) if origin else ()))
        for name in people:
            self.people[name] = self.path(name + ".key")
            self.run("keys", "new", "--out", self.people[name])
        self.set_roster()
        self.run("target", "set", "tiny/site", "--type", "directory", "--location", self.site)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    # ---- the program

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "LANG", "LC_ALL", "HOME")}
        kept.update({"SLIPWAY_HOME": self.home, "NO_COLOR": "1"}, **more)
        return kept

    def run(self, *args, code=0, before=(), env=None, **more):
        """Runs slipway and demands its exit code (None: any)."""
        result = subprocess.run([*before, SLIPWAY, *args], env=self.environment(**(env or {})), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                **more)
        if code is not None:
            assert result.returncode == code, \
                f"slipway {' '.join(args)}: exit {result.returncode}, wanted {code}\n{result.stdout}{result.stderr}"
        return result

    def refused(self, *args, code=1, says=(), **more):
        """The command fails, and its error holds each of @says. Returns the error."""
        result = self.run(*args, code=code, **more)
        for text in says:
            assert text in result.stderr, f"slipway {' '.join(args)}: no '{text}' in its error:\n{result.stderr}"
        return result.stderr

    def set_roster(self, *more, root=True):
        people = [word for name, key in self.people.items() for word in ("--person", f"{name}={key}.pub")]
        unisolated = ["--allow-unisolated"] if self.unisolated else []
        sign = ["--root-key", self.root_key] if root else []
        self.run("roster", "set", "tiny", *people, "--approvals", str(self.approvals), *unisolated, *sign, *more)

    # ---- the repository

    def git(self, *args):
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
               "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
               "GIT_COMMITTER_EMAIL": "ada@example.org"}
        return subprocess.run(["git", "-C", self.path("tiny"), *args], env=env, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True).stdout.strip()

    def write_source(self, name, text):
        with open(self.path("tiny", name), "w", encoding="utf-8") as file:
            file.write(text)

    def git_new(self):
        os.mkdir(self.path("tiny"))
        self.write_source("slipway.yaml", PIPELINE)
        self.write_source("tool", "#!/bin/sh\necho tool\n")
        self.write_source("notes.txt", "notes\n")
        self.git("init", "-q", "-b", "main", ".")
        self.commit("first")

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def tag(self, version, *more):
        self.git("tag", "-a", f"v{version}", "-m", version, *more)

    # ---- the steps of a release

    def release(self, version="1.0.0"):
        return f"tiny/main@{version}"

    def build(self, version="1.0.0", code=0):
        if not self.git("tag", "-l", f"v{version}"):
            self.tag(version)
        return self.run("run", "--source", self.path("tiny"), "--tag", f"v{version}", "--executor", self.executor, code=code)

    def seal(self, version="1.0.0"):
        self.build(version)
        self.run("release", "seal", self.release(version))

    def request(self, version="1.0.0", *more):
        self.run("release", "request", self.release(version), "--target", "site", *more)

    def approve(self, person="alice", version="1.0.0", **more):
        return self.run("release", "approve", self.release(version), "--person", person, "--key", self.people[person], **more)

    def approved(self, version="1.0.0"):
        self.seal(version)
        self.request(version)
        for person in list(self.people)[:self.approvals]:
            self.approve(person, version)

    def published(self, version="1.0.0"):
        self.approved(version)
        self.run("release", "publish", self.release(version))
        return self.served(version)

    def served(self, version="1.0.0"):
        return os.path.join(self.site, "tiny", "main", version)

    def trust(self):
        path = self.path("trust.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.run("trust", "export", "--project", "tiny").stdout)
        return path

    def show(self, version="1.0.0"):
        import json
        return json.loads(self.run("release", "show", self.release(version), "--json").stdout)

    def state(self, version="1.0.0"):
        return self.show(version)["state"]

    def call(self, operation, **args):
        import json
        return json.loads(self.run("call", operation, json.dumps(args)).stdout)

    def verify(self, path, trust, code=0):
        return self.run("verify", path, "--trust", trust, code=code).stdout

    def clean(self):
        """fsck finds nothing."""
        result = self.run("admin", "fsck", code=None)
        assert result.returncode == 0, result.stdout + result.stderr

    def blob(self, digest):
        """The file of a blob."""
        name = digest.removeprefix("sha256:")
        for folder, _, files in os.walk(os.path.join(self.home, "blobs")):
            for file in files:
                if (os.path.basename(folder) + file).endswith(name) or file == name or \
                        os.path.join(folder, file).replace("/", "").endswith(name):
                    return os.path.join(folder, file)
        raise AssertionError(f"no blob {digest}")


def tree(folder):
    """{path: bytes} of everything below a folder."""
    found = {}
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


@contextlib.contextmanager
def label(*words):
    """Says which row of a table failed."""
    try:
        yield
    except Skip:
        raise
    except BaseException as error:
        raise AssertionError(f"{' '.join(map(str, words))}: {error}") from error


def main(module):
    """Runs every test_ function of @module, or those named on the command line."""
    tests = [(name, value) for name, value in vars(module).items() if name.startswith("test_") and callable(value)]
    wanted = sys.argv[1:]
    if wanted:
        tests = [(name, value) for name, value in tests if name in wanted]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        text = name.removeprefix("test_").replace("_", " ")
        try:
            test()
            print(f"ok {number} - {text}", flush=True)
        except Skip as reason:
            print(f"# skip: {reason}\nok {number} - {text} # SKIP {reason}", flush=True)
        except BaseException:  # a test that is interrupted has failed too
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("#", line)
                print(line, file=sys.stderr)  # what Meson shows of a test that failed
            print(f"not ok {number} - {text}", flush=True)
    return 1 if failed else 0
