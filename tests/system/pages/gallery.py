# SPDX-License-Identifier: Apache-2.0
"""A server with something on every page: projects, runs in every state, a queue, pools, releases in every state, a preview,
a witness that is behind. Called as a program it serves that until Enter is pressed, for whoever wants to look; docs/run.png is its failed run."""
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, Home  # noqa: E402
from witnesses import Witness  # noqa: E402

SHOP = """slipway: 1
project: shop
previews: { assets: [ "*.html" ], keep: 48h }
schedules:
  - { cron: "30 2 * * *", reason: nightly, branch: main }
jobs:
  lint: { executor: host, steps: [ { name: style, run: "echo '::group::Files'; ls; echo '::endgroup::'; sleep 0.3; printf '\\\\033[32mfine\\\\033[0m\\\\n'" } ] }
  build:
    executor: host
    steps:
      - { name: configure, run: "echo 'using cc 12.2.0'; sleep 0.1" }
      - { name: compile, run: "sleep 0.4; echo '<p>shop</p>' > $SLIPWAY_OUT/shop.html" }
    artifacts: ["*.html"]
  test:
    executor: host
    needs: [build]
    steps:
      - name: unit
        run: |
          sleep 0.2
          printf '# Coverage\\n\\n**81 %%** of the lines, [more](https://example.org/)\\n' >> "$STEP_SUMMARY"
          mkdir "$SLIPWAY_TESTS"
          echo '<testsuite name="s"><testcase name="adds" time="0.01"/><testcase name="takes away" classname="sums" time="0.2">FAILURE</testcase></testsuite>' > "$SLIPWAY_TESTS/t.xml"
      - { name: integration, run: "for i in 1 2 3 4 5; do echo case $i: fine; sleep 0.05; done; CASE" }
  package: { executor: host, needs: [lint, test], steps: [ { name: pack, run: "sleep 0.1" } ] }
"""
FAILURE = '<failure message="wanted 3, got 4">at sums.c:12</failure>'
LEASES = """slipway: 1
project: images
jobs:
  boot:
    executor: command
    labels: { qubes: "4.2" }
    steps: [ { name: boot, run: "for i in $(seq 1 600); do echo line $i; sleep 1; done" } ]
"""
MACHINE = """#!/bin/sh
# A machine of pretence: a folder of this one.
set -eu
place=ROOM/$2
case $1 in
acquire) rm -rf "$place"; mkdir -p "$place"; echo "$place" ;;
put) mkdir -p "$place/$4"; cp -R "$3/." "$place/$4" ;;
exec) code=0; sh || code=$?; echo "$code" >&3 ;;
stop) : ;;
get) cd "$place" && tar -cf - "$3" 2>/dev/null || tar -cf - -T /dev/null ;;
release) rm -rf "$place" ;;
esac
"""
ENDED = ("passed", "failed", "error", "cancelled")


class Gallery(Home):
    """Everything below one address (url), and a token of an administrator."""

    def __init__(self):
        super().__init__(people=("alice", "bob"))
        self.server = self.witness = None
        try:
            self.releases()
            self.token = json.loads(self.run("token", "create", "ada", "--role", "admin", "--json").stdout)["token"]
            self.server = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--runs", "1"], env=self.environment(),
                                           text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.url = self.server.stdout.readline().split()[-1]
            self.projects()
            self.pools()
            self.witnessed()
        except BaseException:
            self.remove()
            raise

    def remove(self):
        if self.witness is not None:
            self.witness.__exit__()
        if self.server is not None:
            self.server.kill()
            self.server.communicate()
        super().remove()

    # ---- releases in every state

    def releases(self):
        self.published("1.0.0")
        self.build("1.1.0", code=None)
        self.run("release", "seal", self.release("1.1.0"))
        reject = [word for name, key in self.people.items() for word in ("--sign", f"{name}={key}")]
        self.run("release", "reject", self.release("1.1.0"), "--reason", "defective", *reject[:2])
        self.seal("1.2.0")
        self.request("1.2.0")
        self.seal("1.3.0")
        self.build("1.4.0")
        self.run("tuf", "repo", "init", "--key", self.root_key)

    # ---- runs

    def repository(self, name, pipeline):
        """A repository of that name; a project of it."""
        os.mkdir(self.path(name))
        self.at(name, "init", "-q", "-b", "main", ".")
        self.change(name, pipeline)
        self.run("project", "add", name, "--source", self.path(name), "--default-branch", "main", "--forge", "github",
                 "--repository", f"o/{name}")

    def at(self, name, *words):
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada",
               "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
        return subprocess.run(["git", "-C", self.path(name), *words], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def change(self, name, pipeline):
        with open(self.path(name, "slipway.yaml"), "w", encoding="utf-8") as file:
            file.write(pipeline)
        self.at(name, "add", "-A")
        self.at(name, "commit", "-q", "-m", "change")

    def ended(self, run):
        for _ in range(600):
            state = self.call("run.show", run=run)["state"]
            if state in ENDED:
                return state
            time.sleep(0.05)
        raise AssertionError(f"{run} does not end")

    def passes(self, run):
        state = self.ended(run)
        assert state == "passed", f"{state}: {self.call('run.show', run=run)['reason']}"

    def queue(self, name, *words):
        return json.loads(self.run("queue", "add", name, *(words or ("--branch", "main")), "--json").stdout)["run"]

    def projects(self):
        good = SHOP.replace("CASE", "true").replace("FAILURE", "")
        self.repository("shop", good)
        self.passes(self.queue("shop"))
        self.repository("wiki", good.replace("project: shop", "project: wiki"))
        self.propose("wiki", 7)
        self.change("shop", SHOP.replace("CASE", "echo 'case 6: error: wanted <b>Ada</b>'; exit 3").replace("FAILURE", FAILURE))
        self.failed = self.queue("shop")
        assert self.ended(self.failed) == "failed"
        self.change("shop", "slipway: 1\nproject: shop\njobs: { test: { stepz: [] } }\n")
        self.broken = self.queue("shop")
        assert self.ended(self.broken) == "error"
        self.call("watch.set", project="shop", name="debian",
                  settings={"kind": "apt", "url": "http://127.0.0.1:9/debian", "suite": "bookworm"})

    def propose(self, name, number):
        """A proposal that leaves a preview."""
        secret = json.loads(self.run("project", "hook", name, "--rotate", "--json").stdout)["secret"]
        head = self.at(name, "rev-parse", "HEAD")
        self.at(name, "update-ref", f"refs/pull/{number}/head", head)
        body = json.dumps({"action": "opened", "repository": {"full_name": f"o/{name}"}, "sender": {"login": "ann"}, "pull_request": {
            "number": number, "title": "p", "base": {"ref": "main"}, "head": {"sha": head, "repo": {"full_name": f"o/{name}"}}}}).encode()
        request = urllib.request.Request(f"{self.url}/hooks/github/{name}", data=body, headers={
            "Content-Type": "application/json", "X-GitHub-Event": "pull_request", "X-GitHub-Delivery": "d-7",
            "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.proposal = json.load(answer)["run"]
        self.passes(self.proposal)

    def pools(self):
        program = self.path("machine")
        with open(program, "w", encoding="utf-8") as file:
            file.write(MACHINE.replace("ROOM", self.path("machines")))
        os.chmod(program, 0o755)
        self.run("pool", "set", "qubes-4.2", "--executor", "command", "--slot", "sd-1", "--slot", "sd-2", "--label", "qubes=4.2",
                 "--label", "arch=amd64", "--setting", f"program={program}")
        self.run("pool", "set", "debian", "--executor", "command", "--slot", "deb-1", "--label", "os=debian-12",
                 "--setting", f"program={program}")
        self.repository("images", LEASES)
        self.running = self.queue("images")
        for _ in range(600):
            if self.call("run.show", run=self.running)["state"] == "running":
                break
            time.sleep(0.05)
        self.waiting = self.queue("images", "--branch", "main", "--reason", "a new kernel")

    def witnessed(self):
        vkey = json.loads(self.run("log", "checkpoint", "--json").stdout)["vkey"]
        self.witness = Witness(vkey, name="w.example/1")
        self.run("witness", "add", "one", self.witness.vkey, self.witness.url)

    def pages(self):
        """{name: path} of every page."""
        place = {run: f"/projects/{run.split('/')[0]}/runs/{run.split('/')[1]}" for run in
                 (self.failed, self.broken, self.proposal, self.running, self.waiting)}
        pages = {"projects": "/projects", "project-wiki": "/projects/wiki", "runs": "/runs", "runs-none": "/runs?project=nothing", "project": "/projects/shop", "project-tiny": "/projects/tiny",
                 "run-failed": place[self.failed], "run-broken": place[self.broken], "run-passed": place[self.proposal],
                 "run-running": place[self.running], "run-waiting": place[self.waiting], "config": place[self.failed] + "/config",
                 "queue": "/queue", "pools": "/pools", "releases": "/releases", "log": "/log", "entry": "/log/entries/3",
                 "problem": "/projects/shop/runs/999"}
        return pages | {f"release-{v}": f"/releases/{self.release(v)}" for v in ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")}


if __name__ == "__main__":
    with Gallery() as gallery:
        print(gallery.url, gallery.token, json.dumps(gallery.pages()), sep="\n", flush=True)
        sys.stdin.readline()
