#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Filters of slipway.yaml, restarts of what failed, and first pushes, under a real server."""
import gzip
import hashlib
import hmac
import http.client
import http.server
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import PIPELINE, SLIPWAY, Home, main  # noqa: E402

ZERO = "0" * 40

FILTERED = """slipway: 1
project: tiny
on: { paths: [ "src/**" ]%s }
jobs:
  a: { executor: host, steps: [ { run: "true" } ] }
  docs:
    executor: host
    when: { paths: [ "docs/**" ] }
    steps: [ { run: "true" } ]
"""

TWO_JOBS = """slipway: 1
project: tiny
jobs:
  make:
    executor: host
    steps: [ { run: "echo made >> '%(made)s'; echo bytes > $SLIPWAY_OUT/thing; chmod +x $SLIPWAY_OUT/thing; echo word=hello >> $OUTPUT" } ]
    artifacts: [ thing ]
    outputs: [ word ]
  use:
    executor: host
    needs: [ make ]
    env: { WORD: "${needs.make.word}" }
    steps: [ { run: "test -x $SLIPWAY_IN/make/thing && test $WORD = hello && test -e '%(go)s'" } ]
"""


class Scene:
    """A project 'tiny' that hears of pushes by a signed hook, and its server."""

    def __init__(self, pipeline, *options, add=()):
        self.home, self.process, self.options, self.n = Home(), None, options, 0
        self.home.write_source("slipway.yaml", pipeline % self.names() if "%(" in pipeline else pipeline)
        self.home.commit("the pipeline")
        self.home.run("project", "add", "tiny", "--source", self.home.path("tiny"), "--default-branch", "main", *add)
        self.secret = json.loads(self.home.run("project", "hook", "tiny", "--rotate", "--json").stdout)["secret"]

    def names(self):
        return {"go": self.home.path("go"), "made": self.home.path("made")}

    def __enter__(self):
        self.process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--public", *self.options],
                                        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=open(self.home.path("serve.log"), "a", encoding="utf-8"),
                                        env=self.home.environment())
        line = self.process.stdout.readline()
        assert line.startswith("listening"), line
        self.host = urllib.parse.urlparse(line.split()[1]).netloc
        return self

    def __exit__(self, failed, *_):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL if failed else signal.SIGTERM)
            self.process.wait(60)
            self.process.stdout.close()
        self.home.remove()

    def change(self, message, **files):
        """A commit that changes @files (a__b is a/b); (before, after)."""
        before = self.home.git("rev-parse", "HEAD")
        for name, text in files.items():
            path = name.replace("__", "/") + ".txt"
            os.makedirs(os.path.dirname(self.home.path("tiny", path)), exist_ok=True)
            self.home.write_source(path, text)
        self.home.commit(message)
        return before, self.home.git("rev-parse", "HEAD")

    def push(self, before, after, ref="refs/heads/main"):
        """Tells of it; the number of the run, or None."""
        self.n += 1
        body = json.dumps({"ref": ref, "before": before, "after": after, "actor": "ann", "at": str(self.n)}).encode()
        mac = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request("POST", "/hooks/git/tiny", body, {
            "Content-Type": "application/json", "X-Slipway-Event": "push", "X-Slipway-Delivery": f"d{self.n}",
            "X-Slipway-Signature-256": "sha256=" + mac})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return int(answer["run"].split("/")[1]) if answer.get("run") else None

    def show(self, number):
        return json.loads(self.home.run("show", f"tiny/{number}", "--json").stdout)

    def ended(self, number, state, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            run = self.show(number)
            if run["state"] in ("passed", "failed", "error", "cancelled"):
                assert run["state"] == state, run
                return run
            time.sleep(0.05)
        raise AssertionError(f"run {number} never ended: {self.show(number)}")

    def page(self, path):
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, (answer.status, text)
        return text


def test_a_push_that_touches_no_wanted_path_ends_as_cancelled_and_says_why():
    with Scene(FILTERED % "") as s:
        before, after = s.change("docs only", docs__a="1")
        run = s.ended(s.push(before, after), "cancelled")
        assert "'paths'" in run["reason"], run["reason"]
        before, after = s.change("code", src__a="1")
        run = s.ended(s.push(before, after), "passed")
        assert [(j["name"], j["state"]) for j in run["jobs"]] == [("a", "passed"), ("docs", "skipped")], run["jobs"]
        # Restarted by hand, the first runs all the same: filters are for what nobody asked for.
        s.home.run("restart", "tiny/1")
        s.ended(3, "passed")


def test_what_a_superseded_push_changed_is_not_forgotten():
    with Scene(TWO_JOBS, "--runs", "1") as s:
        # A run that waits for a file takes the one place, so that both pushes wait.
        s.home.git("checkout", "-q", "-b", "slow")
        s.home.write_source("slipway.yaml", "slipway: 1\nproject: tiny\njobs:\n  a:\n    executor: host\n    steps: [ { run: "
                            f"\"while [ ! -e '{s.names()['go']}' ]; do sleep 0.05; done\" }} ]\n")
        s.home.commit("slow")
        slow = s.push(ZERO, s.home.git("rev-parse", "HEAD"), "refs/heads/slow")
        s.home.git("checkout", "-q", "main")
        s.home.write_source("slipway.yaml", FILTERED % "")
        s.home.commit("filters")
        a, b = s.change("code", src__a="1")
        _, c = s.change("docs", docs__a="1")
        while s.show(slow)["state"] != "running":
            time.sleep(0.05)
        first, second = s.push(a, b), s.push(b, c)
        assert "newer push" in s.ended(first, "cancelled")["reason"]
        with open(s.names()["go"], "w", encoding="utf-8"):
            pass
        run = s.ended(second, "passed")
        assert [j["state"] for j in run["jobs"]] == ["passed", "passed"], run["jobs"]


def test_a_new_branch_is_compared_with_the_main_one():
    with Scene(FILTERED % "") as s:
        s.home.git("checkout", "-q", "-b", "topic")
        _, after = s.change("docs on a branch", docs__a="1")
        s.home.git("checkout", "-q", "main")
        run = s.ended(s.push(ZERO, after, "refs/heads/topic"), "cancelled")
        assert "'paths'" in run["reason"], run["reason"]


def test_skip_marks_count_unless_the_file_says_otherwise():
    with Scene(FILTERED % "") as s:
        run = s.ended(s.push(*s.change("later [skip ci]", src__a="1")), "cancelled")
        assert "asks to skip" in run["reason"], run["reason"]
        s.home.write_source("slipway.yaml", FILTERED % ", skip: false")
        s.ended(s.push(*s.change("skip: false from now on", src__a="2")), "passed")
        s.ended(s.push(*s.change("again [skip ci]", src__a="3")), "passed")
        runs = json.loads(s.home.run("runs", "--ref", "refs/heads/main", "--state", "passed", "--json").stdout)
        assert [run["number"] for run in runs] == [3, 2], runs
        assert json.loads(s.home.run("runs", "--ref", "refs/heads/other", "--json").stdout) == []
        assert "tiny <b>#3</b>" in s.page("/runs?ref=main") and "tiny <b>#3</b>" not in s.page("/runs?ref=other")


def test_only_failed_jobs_run_again_and_what_passed_is_taken_over():
    with Scene(TWO_JOBS) as s:
        head = s.home.git("rev-parse", "HEAD")
        run = s.ended(s.push(ZERO, head), "failed")
        assert [j["state"] for j in run["jobs"]] == ["passed", "failed"], run["jobs"]
        with open(s.names()["go"], "w", encoding="utf-8"):
            pass
        s.home.run("restart", "tiny/1", "--failed")
        again = s.ended(2, "passed")
        assert [(j["state"], j["reusedFrom"]) for j in again["jobs"]] == [("passed", 1), ("passed", None)], again["jobs"]
        assert again["artifacts"] == run["artifacts"] and again["outputs"] == run["outputs"], again
        with open(s.names()["made"], encoding="utf-8") as made:
            assert made.read() == "made\n", "the job that had passed ran again"
        assert "taken over from" in s.page("/projects/tiny/runs/2")
        assert s.home.run("logs", "tiny/2", "--job", "make").stdout == s.home.run("logs", "tiny/1", "--job", "make").stdout
        s.home.refused("restart", "tiny/2", "--failed", says=["is passed"])


def test_failed_jobs_of_a_release_are_not_run_alone():
    with Scene(TWO_JOBS) as s:
        s.home.write_source("slipway.yaml", TWO_JOBS % s.names() +
                            "streams: { main: { tag: \"v{version}\", assets: [ thing ] } }\n")
        s.change("streams", notes="n")
        s.home.tag("1.0.0")
        s.home.run("queue", "add", "tiny", "--tag", "v1.0.0")
        s.ended(1, "failed")
        s.home.refused("restart", "tiny/1", "--failed", says=["release", "restart it whole"])


def test_the_first_push_into_an_empty_repository_is_built():
    with Scene(TWO_JOBS) as s:
        source = s.home.path("empty.git")
        s.home.git("init", "-q", "--bare", "-b", "main", source)
        s.home.run("project", "add", "empty", "--source", source, "--poll", "10s")
        time.sleep(2)
        s.home.git("push", "-q", source, "main")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            rows = json.loads(s.home.run("delivery", "list", "--project", "empty", "--json").stdout)
            if rows:
                break
            time.sleep(0.2)
        assert [(r["event"], r["ref"], r["action"]) for r in rows] == [("push", "refs/heads/main", "queued")], rows


FOLLOWER = """slipway: 1
project: after
inputs:
  release: { default: none }
on:
  release: { events: [ published, revoked ], projects: [ "ti*" ] }
jobs:
  try:
    executor: host
    when: { event: release }
    steps: [ { run: "echo about $INPUT_RELEASE" } ]
"""


def repository(scene, name, text):
    """A repository with a slipway.yaml; its head commit."""
    folder = scene.home.path(name)
    os.mkdir(folder)
    with open(os.path.join(folder, "slipway.yaml"), "w", encoding="utf-8") as file:
        file.write(text)
    scene.home.git("init", "-q", "-b", "main", folder)
    scene.home.git("-C", folder, "add", "-A")
    scene.home.git("-C", folder, "commit", "-q", "-m", "first")
    return folder


def test_a_published_release_starts_a_run_of_who_follows_it():
    with Scene(PIPELINE + "# more\n") as s:
        folder = repository(s, "after", FOLLOWER)
        s.home.run("project", "add", "after", "--source", folder, "--default-branch", "main")
        s.home.run("queue", "add", "after", "--branch", "main")
        end = time.monotonic() + 30
        while time.monotonic() < end and json.loads(s.home.run("show", "after/1", "--json").stdout)["state"] != "passed":
            time.sleep(0.1)
        s.home.published("1.0.0")
        run = {}
        while time.monotonic() < end and run.get("state") != "passed":
            time.sleep(0.1)
            run = json.loads(s.home.run("show", "after/2", "--json", code=None).stdout or "{}")
        assert run.get("state") == "passed" and run["event"] == "release", run
        assert "about tiny/main@1.0.0" in s.home.run("logs", "after/2").stdout
        assert len(json.loads(s.home.run("runs", "--project", "after", "--json").stdout)) == 2


WATCHER = """slipway: 1
project: tiny
inputs:
  artifact: { default: none }
jobs:
  try:
    executor: host
    when: { event: artifact }
    steps: [ { run: "echo about $INPUT_ARTIFACT in run $CI_PIPELINE_NUMBER" } ]
"""


class Archive:
    """A web server over {path: bytes}; answers 401 until a token is shown, @page tags at a time, after @slow seconds."""

    def __init__(self):
        self.files, self.token, self.page, self.slow, archive = {}, None, None, 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(archive.slow)
                body = archive.files.get(self.path.split("?")[0])
                status = 404 if body is None else 200
                if archive.token and self.path.startswith("/v2/") and self.headers.get("Authorization") != f"Bearer {archive.token}":
                    status, body = 401, b"{}"
                if archive.token and self.path.startswith("/token?"):
                    status, body = 200, json.dumps({"token": archive.token}).encode()
                if archive.page and self.path.split("?")[0].endswith("/tags/list"):
                    last = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get("last", [""])[0]
                    tags = sorted(tag for tag in json.loads(body)["tags"] if tag > last)[:archive.page]
                    body = json.dumps({"name": "team/base", "tags": tags}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def apt(self, *packages):
        """An archive with @packages, each "name version"."""
        index = "".join("Package: {}\nVersion: {}\nSHA256: {}\n\n".format(*p.split(), hashlib.sha256(p.encode()).hexdigest())
                        for p in packages).encode()
        packed = gzip.compress(index)
        base, place = "/debian/dists/stable/", "main/binary-amd64/Packages"
        self.files[base + place + ".gz"] = packed
        self.files[base + "InRelease"] = ("Suite: stable\nSHA256:\n" + "".join(
            f" {hashlib.sha256(b).hexdigest()} {len(b)} {n}\n" for n, b in ((place, index), (place + ".gz", packed)))).encode()

    def images(self, **tags):
        self.files["/v2/team/base/tags/list"] = json.dumps({"name": "team/base", "tags": list(tags)}).encode()
        for tag, text in tags.items():
            self.files["/v2/team/base/manifests/" + tag] = text.encode()


def watching(scene):
    head = scene.home.git("rev-parse", "HEAD")
    run = scene.ended(scene.push(ZERO, head), "passed")
    assert run["jobs"][0]["state"] == "skipped", run["jobs"]


def test_a_new_package_of_a_watched_archive_starts_one_run():
    archive = Archive()
    with Scene(WATCHER) as s:
        watching(s)
        archive.apt("base 1.0", "other 1.0")
        s.home.run("watch", "set", "tiny/deb", "--apt", archive.url + "/debian", "--suite", "stable", "--artifact", "base*")
        s.home.run("watch", "look", "tiny/deb")  # either this or the poll is the first look, which starts nothing
        assert s.home.run("watch", "look", "tiny/deb").stdout == "nothing new\n"
        archive.apt("base 1.0", "other 2.0")
        assert s.home.run("watch", "look", "tiny/deb").stdout == "nothing new\n", "a package nobody asked for"
        archive.apt("base 1.0", "base 1.1", "other 2.0")
        assert s.home.run("watch", "look", "tiny/deb").stdout == "base 1.1\n"
        run = s.ended(2, "passed")
        assert run["event"] == "artifact" and run["ref"] == "refs/heads/main", run
        assert "about base 1.1 in run 2" in s.home.run("logs", "tiny/2").stdout
        archive.files.clear()
        s.home.refused("watch", "look", "tiny/deb", says=["404"])
        assert "404" in s.home.run("watch", "list").stdout
        assert len(json.loads(s.home.run("runs", "--json").stdout)) == 2


def test_a_moved_tag_of_a_watched_image_starts_one_run():
    archive = Archive()
    with Scene(WATCHER) as s:
        watching(s)
        archive.token = "anybody"
        archive.images(**{"v1": "{}", "edge": "{1}"})
        s.home.run("watch", "set", "tiny/image", "--oci", archive.url + "/team/base", "--artifact", "v*")
        s.home.run("watch", "look", "tiny/image")
        archive.images(**{"v1": "{2}", "edge": "{3}"})
        news = s.home.run("watch", "look", "tiny/image").stdout
        assert news == f"v1@sha256:{hashlib.sha256(b'{2}').hexdigest()}\n", news
        s.ended(2, "passed")
        assert news.strip() in s.home.run("logs", "tiny/2").stdout


def test_tags_behind_the_first_page_are_seen():
    archive = Archive()
    with Scene(WATCHER) as s:
        watching(s)
        archive.page = 3
        archive.images(**{f"v{i}": f"{{{i}}}" for i in range(8)})
        s.home.run("watch", "set", "tiny/image", "--oci", archive.url + "/team/base")
        s.home.run("watch", "look", "tiny/image")
        archive.images(**{f"v{i}": f"{{{i}}}" for i in range(9)})
        assert s.home.run("watch", "look", "tiny/image").stdout.startswith("v8@sha256:")


def test_what_is_new_starts_one_run_whoever_looks():
    archive = Archive()
    with Scene(WATCHER) as s:
        watching(s)
        archive.apt("base 1.0")
        s.home.run("watch", "set", "tiny/deb", "--apt", archive.url + "/debian", "--suite", "stable")
        s.home.run("watch", "look", "tiny/deb")
        archive.apt("base 1.0", "base 1.1")
        archive.slow = 0.5  # so that all of them have asked before one has written down what it saw
        looks = [subprocess.Popen([SLIPWAY, "watch", "look", "tiny/deb"], env=s.home.environment(), stdout=subprocess.PIPE, text=True)
                 for _ in range(4)]
        said = sorted(look.communicate(timeout=60)[0] for look in looks)
        assert said == ["base 1.1\n"] + 3 * ["nothing new\n"], said
        s.ended(2, "passed")
        assert len(json.loads(s.home.run("runs", "--json").stdout)) == 2


def test_a_job_is_told_why_it_runs_and_what_its_commit_says():
    pipeline = """slipway: 1
project: tiny
schedules: [ { cron: "@yearly", reason: nightly } ]
jobs:
  tell:
    executor: host
    steps: [ { run: 'echo "$SLIPWAY_REASON/$CI_PIPELINE_EVENT/$CI_REPO_DEFAULT_BRANCH/$CI_PREV_COMMIT_SHA/$CI_COMMIT_MESSAGE"' } ]
"""
    with Scene(pipeline) as s:
        before, after = s.change("what changed\n\nand why", notes="1")
        s.ended(s.push(before, after), "passed")
        s.home.run("schedule", "run", "tiny/0")
        run = s.ended(2, "passed")
        assert (run["why"], run["event"]) == ("nightly", "schedule"), run
        log = s.home.run("logs", "tiny/2").stdout
        assert f"nightly/schedule/main/{before}/what changed\n\nand why\n" in log, log
        assert "push/push/main/" in s.home.run("logs", "tiny/1").stdout
        assert "schedule: nightly" in s.home.run("show", "tiny/2").stdout and "schedule: nightly" in s.page("/projects/tiny/runs/2")


def test_a_run_that_was_stopped_says_why():
    with Scene(TALKER) as s:
        head = s.home.git("rev-parse", "HEAD")
        for number, stop, why in ((1, lambda: s.push(head, ZERO), "the ref was deleted"),
                                  (2, lambda: s.home.run("cancel", "tiny/2", env=there), "cancelled by ada")):
            token = s.home.run("token", "create", "ada", "--role", "developer").stdout.strip()
            there = {"SLIPWAY_SERVER": "http://" + s.host, "SLIPWAY_TOKEN": token}
            assert s.push(ZERO, head) == number
            while s.show(number)["state"] != "running":
                time.sleep(0.05)
            stop()
            assert s.ended(number, "cancelled")["reason"] == why, s.show(number)


def test_a_badge_is_of_the_default_branch():
    with Scene(TWO_JOBS) as s:
        with open(s.names()["go"], "w", encoding="utf-8"):
            pass
        s.ended(s.push(ZERO, s.home.git("rev-parse", "HEAD")), "passed")
        os.remove(s.names()["go"])
        s.home.git("checkout", "-q", "-b", "topic")
        _, after = s.change("broken", notes="broken")
        s.ended(s.push(ZERO, after, "refs/heads/topic"), "failed")
        assert json.loads(s.page("/projects/tiny/badge.json")) == {
            "schemaVersion": 1, "label": "slipway", "message": "passed", "color": "#23704a"}
        assert ">passed</text>" in s.page("/projects/tiny/badge.svg")
        assert json.loads(s.page("/projects/tiny/badge.json?branch=topic"))["message"] == "failed"
        assert json.loads(s.page("/projects/tiny/badge.json?branch=none"))["message"] == "none"


PREVIEWED = """slipway: 1
project: tiny
previews: { assets: [ "tool*" ], keep: 48h }
jobs:
  build:
    executor: host
    steps: [ { run: "cp tool $SLIPWAY_OUT/tool.sh; cp notes.txt $SLIPWAY_OUT" } ]
    artifacts: [ tool.sh, notes.txt ]
"""


def propose(scene, head):
    """Proposal 7 is at @head; the number of its run."""
    scene.n += 1
    scene.home.git("update-ref", "refs/pull/7/head", head)
    body = json.dumps({"action": "opened" if scene.n == 1 else "synchronize", "repository": {"full_name": "o/r"},
                       "sender": {"login": "ann"}, "pull_request": {
                           "number": 7, "title": "p", "base": {"ref": "main"}, "head": {"sha": head, "repo": {"full_name": "o/r"}}}}).encode()
    mac = hmac.new(scene.secret.encode(), body, hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(scene.host, timeout=30)
    connection.request("POST", "/hooks/github/tiny", body, {
        "Content-Type": "application/json", "X-GitHub-Event": "pull_request", "X-GitHub-Delivery": f"p-{scene.n}",
        "X-Hub-Signature-256": "sha256=" + mac})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return int(answer["run"].split("/")[1])


def test_an_older_run_does_not_take_the_place_of_a_newer_preview():
    waits = PREVIEWED.replace('run: "cp tool', """run: "while [ -e wait.txt ] && [ ! -e '%(go)s' ]; do sleep 0.1; done; cp tool""")
    with Scene(waits) as s:
        s.home.run("project", "set", "tiny", "--forge", "github", "--repository", "o/r")
        s.home.git("checkout", "-q", "-b", "topic")
        _, first = s.change("first", wait="wait")
        os.remove(s.home.path("tiny", "wait.txt"))
        s.home.commit("second")
        old = propose(s, first)
        while s.show(old)["state"] != "running":
            time.sleep(0.05)
        new = propose(s, s.home.git("rev-parse", "HEAD"))
        s.ended(new, "passed")
        with open(s.names()["go"], "w", encoding="utf-8"):
            pass
        s.ended(old, "passed")
        assert [preview["run"] for preview in s.home.call("preview.list")] == [f"tiny/{new}"]
        kept = os.listdir(s.home.path("home", "previews", "tiny"))
        assert kept == [f"pull-7.{new}"], kept


def test_a_passed_proposal_leaves_a_preview_and_no_fact():
    with Scene(PREVIEWED) as s:
        s.home.run("project", "set", "tiny", "--forge", "github", "--repository", "o/r")
        entries = s.home.call("log.tail")
        s.home.git("checkout", "-q", "-b", "topic")
        s.home.write_source("slipway.yaml", "slipway: 1\nproject: tiny\njobs: { x: { steps: [ { run: \"false\" } ] } }\n")
        s.home.write_source("tool", "#!/bin/sh\necho proposed\n")
        s.home.commit("propose")
        head = s.home.git("rev-parse", "HEAD")
        s.home.git("checkout", "-q", "main")
        number = propose(s, head)
        s.ended(number, "passed")
        preview = s.home.call("preview.list")[0]
        assert preview["channel"] == "pull-7" and preview["run"] == f"tiny/{number}", preview
        assert 1.9 * 86400 < preview["expiresAt"] / 1e6 - time.time() < 2.1 * 86400, preview
        place = f"/previews/tiny/{preview['folder']}/"
        connection = http.client.HTTPConnection(s.host, timeout=30)
        connection.request("GET", place + "tool.sh")
        file = connection.getresponse()
        assert file.read() == b"#!/bin/sh\necho proposed\n" and file.headers["Content-Disposition"].startswith("attachment"), file.headers
        for path in ("notes.txt", "../../../slipway.db", "%2e%2e/%2e%2e/%2e%2e/slipway.db"):
            connection.request("GET", place + path)
            file = connection.getresponse()
            file.read()
            assert file.status in (400, 403, 404), (path, file.status)
        connection.close()
        assert f"tiny/pull-7  tiny/{number}  refs/pull/7/head" in s.home.run("preview", "list", "--project", "tiny").stdout
        assert "Preview pull-7" in s.page(f"/projects/tiny/runs/{number}")
        assert s.home.call("log.tail") == entries, "a preview is in the log"


TALKER = """slipway: 1
project: tiny
jobs:
  talk:
    executor: host
    steps: [ { run: "n=0; while [ ! -e '%(go)s' ]; do n=$((n+1)); echo line $n; sleep 0.05; done; echo the last line" } ]
"""


def memory_of(pid):
    """Proportional set size in bytes, and threads."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        pss = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        threads = next(int(line.split()[1]) for line in file if line.startswith("Threads:"))
    return pss * 1024, threads


def test_a_thousand_followers_of_one_log_share_a_thread_and_their_news():
    n = 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, n + 200)), hard))
    with Scene(TALKER, "--no-rate") as s:
        s.push(ZERO, s.home.git("rev-parse", "HEAD"))
        while not s.show(1)["jobs"] or s.show(1)["jobs"][0]["state"] != "running":
            time.sleep(0.05)
        host, port = s.host.split(":")
        before, threads_before = memory_of(s.process.pid)
        selector, texts = selectors.DefaultSelector(), {}

        def read_until(done, seconds):
            end = time.monotonic() + seconds
            while time.monotonic() < end and not done():
                for key, _ in selector.select(0.2):
                    data = key.fileobj.recv(65536)
                    texts[key.fileobj] += data
                    if not data:
                        selector.unregister(key.fileobj)
            assert done(), f"{sum(b'event: lines' in t for t in texts.values())} of {n} heard something"
        for i in range(n):
            own = socket.create_connection((host, int(port)))
            own.sendall(f"GET /events/runs/tiny/1/logs/0 HTTP/1.1\r\nHost: {s.host}\r\n\r\n".encode())
            own.setblocking(False)
            selector.register(own, selectors.EVENT_READ)
            texts[own] = b""
            if i % 100 == 99:  # more at once than may wait would be told to come again
                read_until(lambda: all(t.startswith(b"HTTP/1.1 200") for t in texts.values()), 60)
        read_until(lambda: all(b"event: lines" in t for t in texts.values()), 60)
        time.sleep(0.5)
        read_until(lambda: True, 1)
        after, threads_after = memory_of(s.process.pid)
        print(f"# {n} followers: {(after - before) / n / 1024:.1f} KB each, {threads_after - threads_before} threads more")
        assert after - before <= n * 20 * 1024, (before, after)
        assert threads_after - threads_before <= 8, (threads_before, threads_after)
        with open(s.names()["go"], "w", encoding="utf-8"):
            pass
        read_until(lambda: all(b"the last line" in t and b"event: end" in t for t in texts.values()), 60)
        for own in texts:
            own.close()


if __name__ == "__main__":
    sys.exit(main(sys.modules["__main__"]))
