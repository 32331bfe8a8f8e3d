#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks in and statuses out, between a real server and a test forge that records what it gets and fails on demand."""
import email
import email.policy
import hashlib
import hmac
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, Home, main  # noqa: E402

ZERO = "0" * 40
MANY = 2000
MANY_PER_CONNECTION = 250


def commit_of(text):
    return hashlib.sha1(text.encode()).hexdigest()


class Forge:
    """An HTTP server that records requests; `script` holds what to answer first: a status, (status, headers) or "drop"."""

    def __init__(self, port=0):
        self.got, self.script, self.lock = [], [], threading.Lock()
        forge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with forge.lock:
                    answer = forge.script.pop(0) if forge.script else 201
                    forge.got.append({"path": self.path, "headers": dict(self.headers), "body": body, "answer": answer,
                                      "at": time.monotonic()})
                if answer == "drop":
                    self.close_connection = True
                    return
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = 201
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        """Of what was answered with 2xx: (commit, state) in the order of arrival."""
        with self.lock:
            return [(g["path"].rsplit("/", 1)[1], json.loads(g["body"])["state"]) for g in self.got
                    if "/statuses/" in g["path"] and (g["answer"] == 201 or isinstance(g["answer"], float))]

    def wait(self, condition, seconds=30, what="what was wanted"):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"{what} did not come; got {self.taken()[-5:]}")


class Scene:
    """A data folder with a project 'web' on a test forge, and the server."""

    def __init__(self, *serve_options):
        self.home, self.forge, self.options = Home(), Forge(), serve_options
        self.process = None
        token = self.home.path("token")
        self.write(token, "s3cret-token\n")
        self.home.run("project", "add", "web", "--source", self.home.path("tiny"), "--forge", "github", "--repository", "o/r",
                      "--api-url", self.forge.url, "--forge-token-file", token)
        self.secret = json.loads(self.home.run("project", "hook", "web", "--rotate", "--json").stdout)["secret"]

    @staticmethod
    def write(path, text):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", *self.options], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=open(self.home.path("serve.log"), "a", encoding="utf-8"),
                                        env=self.home.environment())
        line = self.process.stdout.readline()
        assert line.startswith("listening"), line
        self.host = urllib.parse.urlparse(line.split()[1]).netloc
        return self

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)
        self.process.stdout.close()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
        self.forge.close()
        self.home.remove()

    def headers(self, body, delivery, event="push", secret=None):
        mac = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery,
                "X-Hub-Signature-256": "sha256=" + mac}

    @staticmethod
    def push(ref, after, message="m"):
        return json.dumps({"ref": ref, "before": ZERO, "after": after, "repository": {"full_name": "o/r"},
                           "sender": {"login": "ann"}, "head_commit": {"id": after, "message": message}}).encode()

    def deliver(self, body, delivery, connection=None, **more):
        own = connection or http.client.HTTPConnection(self.host, timeout=30)
        own.request("POST", "/hooks/github/web", body, self.headers(body, delivery, **more))
        answer = own.getresponse()
        text = answer.read()
        if connection is None:
            own.close()
        return answer.status, json.loads(text)

    def messages(self):
        return json.loads(self.home.run("status", "list", "--limit", "1000", "--json").stdout)


def test_status_from_queued_to_terminal():
    """a push is answered, told as pending with an address at once, and ends in a terminal status"""
    with Scene() as scene:
        commit = scene.home.git("rev-parse", "HEAD")
        status, answer = scene.deliver(scene.push("refs/heads/main", commit), "d-1")
        assert (status, answer["action"], answer["run"]) == (202, "queued", "web/1"), (status, answer)
        scene.forge.wait(lambda: (commit, "pending") in scene.forge.taken(), what="pending")
        first = scene.forge.got[0]
        body = json.loads(first["body"])
        assert first["path"] == f"/repos/o/r/statuses/{commit}", first["path"]
        assert first["headers"]["Authorization"] == "Bearer s3cret-token"
        assert body["context"] == "slipway/web", body
        assert body["target_url"] == f"http://{scene.host}/projects/web/runs/1", body
        # Whatever becomes of it, also when the server stops and starts, there is a last word.
        end = time.monotonic() + 20
        while scene.forge.taken()[-1][1] == "pending" and time.monotonic() < end:
            time.sleep(0.1)
        if scene.forge.taken()[-1][1] == "pending":
            scene.stop(signal.SIGKILL)
            scene.start()
        scene.forge.wait(lambda: scene.forge.taken()[-1][1] != "pending", what="a terminal status")
        assert scene.forge.taken()[-1][1] in ("success", "failure", "error"), scene.forge.taken()


def test_what_is_not_believed():
    """a wrong signature, a replay, another body under a known name, an oversize and a malformed body are refused"""
    with Scene() as scene:
        body = scene.push("refs/heads/main", commit_of("a"))
        assert scene.deliver(body, "d-1", secret="wrong")[0] == 401
        assert scene.deliver(b"{", "d-2")[0] == 400
        assert scene.deliver(b"[" * 100000 + b"]" * 100000, "deep")[0] == 413
        assert scene.deliver(body, "d-3")[0] == 202
        status, answer = scene.deliver(body, "d-3")
        assert status == 200 and answer["known"] and answer["run"] == "web/1", answer
        status, answer = scene.deliver(body, "replayed")
        assert status == 200 and answer["known"] and answer["run"] == "web/1", answer
        assert scene.deliver(scene.push("refs/heads/main", commit_of("b")), "d-3")[0] == 409
        huge = b" " * (16 * 1024 * 1024 + 1)
        try:
            assert scene.deliver(huge, "d-4")[0] == 413
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was read
        with open(scene.home.path("serve.log"), encoding="utf-8") as log:
            assert "refused a delivery" in log.read()
        deliveries = json.loads(scene.home.run("delivery", "list", "--json").stdout)
        assert [d["delivery"] for d in deliveries] == ["d-3"], deliveries


def held_back(scene, ref, name):
    """A proposal from outside: it waits for a maintainer, so that its one status is all that happens to it."""
    commit = commit_of(name)
    body = json.dumps({"action": "opened", "repository": {"full_name": "o/r"}, "sender": {"login": "eve"}, "pull_request": {
        "number": ref, "title": name, "base": {"ref": "main"},
        "head": {"sha": commit, "repo": {"full_name": "eve/r"}}}}).encode()
    status, answer = scene.deliver(body, name, event="pull_request")
    assert (status, answer["action"]) == (202, "held"), (status, answer)
    return commit


def test_faults_of_the_forge():
    """500, a broken connection and 429 with Retry-After are survived, and the wait that was asked for is kept"""
    with Scene() as scene:
        scene.forge.script = [500, "drop", (429, {"Retry-After": "3"})]
        commit = held_back(scene, 1, "faults")
        scene.forge.wait(lambda: (commit, "pending") in scene.forge.taken(), seconds=40, what="the status")
        mine = [g for g in scene.forge.got if g["path"].endswith(commit)]
        assert [g["answer"] for g in mine[:4]] == [500, "drop", (429, {"Retry-After": "3"}), 201], mine
        assert mine[3]["at"] - mine[2]["at"] >= 2.9, mine[3]["at"] - mine[2]["at"]


def test_a_used_up_rate_limit_holds_back_what_comes_next():
    with Scene() as scene:
        resets = int(time.time()) + 4
        scene.forge.script = [(201, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(resets)})]
        held_back(scene, 1, "the last one allowed")
        scene.forge.wait(lambda: len(scene.forge.got) == 1, what="the first status")
        second = held_back(scene, 2, "must wait")
        scene.forge.wait(lambda: (second, "pending") in scene.forge.taken(), seconds=30, what="the second status")
        assert time.time() >= resets, resets - time.time()
        assert len(scene.forge.got) == 2, scene.forge.got


def test_forge_that_is_away():
    """while nobody listens messages wait, the last word of each run included; then they come, the last word last"""
    with Scene() as scene:
        port = scene.forge.server.server_port
        scene.forge.close()
        commit = held_back(scene, 2, "away")
        body = json.dumps({"action": "closed", "repository": {"full_name": "o/r"}, "pull_request": {
            "number": 2, "title": "t", "base": {"ref": "main"}, "head": {"sha": commit, "repo": {"full_name": "eve/r"}}}}).encode()
        assert scene.deliver(body, "closed", event="pull_request")[1]["action"] == "cancelled"
        time.sleep(0.5)
        scene.forge = Forge(port)
        scene.forge.wait(lambda: (commit, "error") in scene.forge.taken(), what="the last word")
        mine = [state for c, state in scene.forge.taken() if c == commit]
        assert mine[-1] == "error", mine


def test_killed_between_sending_and_confirming():
    """killed while the forge answers slowly: told again after the start, and the last word stays last"""
    with Scene() as scene:
        scene.forge.script = [3.0]
        commit = held_back(scene, 3, "killed")
        scene.forge.wait(lambda: len(scene.forge.got) == 1, what="the first attempt")
        scene.stop(signal.SIGKILL)
        scene.start()
        scene.forge.wait(lambda: len([1 for c, _ in scene.forge.taken() if c == commit]) >= 2, what="the second attempt")
        scene.forge.wait(lambda: all(m["state"] != "waiting" for m in scene.messages()), what="an empty outbox")
        states = [state for c, state in scene.forge.taken() if c == commit]
        final = [s for s in states if s != "pending"]
        assert not final or states[-1] == final[-1], states


def test_many_webhooks_and_a_kill():
    """2,000 webhooks as fast as one client can, killed in the middle: all acknowledged, all queued once, none lost"""
    with Scene() as scene:
        scene.home.run("project", "set", "web", "--forge-token-file", "")  # statuses are not what is measured
        acknowledged, lock = {}, threading.Lock()
        todo = list(range(MANY))

        def send():
            connection = None
            while True:
                with lock:
                    if not todo:
                        return
                    number = todo.pop()
                body = scene.push(f"refs/heads/b{number}", commit_of(f"c{number}"))
                for attempt in range(600):
                    try:
                        if connection is None:
                            connection = http.client.HTTPConnection(scene.host, timeout=30)
                        status, answer = scene.deliver(body, f"many-{number}", connection)
                    except (OSError, http.client.HTTPException):
                        connection = None
                        time.sleep(0.1)
                        continue
                    if status == 503:
                        time.sleep(0.05)
                        continue
                    assert status in (200, 202), (status, answer)
                    with lock:
                        acknowledged[number] = answer["run"]
                    break

        began = time.monotonic()
        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < MANY // 2:
            time.sleep(0.01)
        before = dict(acknowledged)
        scene.stop(signal.SIGKILL)
        scene.start()
        for thread in threads:
            thread.join()
        print(f"# {MANY} webhooks with a kill in {time.monotonic() - began:.1f} s", flush=True)
        assert len(acknowledged) == MANY, len(acknowledged)
        assert len(set(acknowledged.values())) == MANY, "a run was given to two deliveries"
        assert all(acknowledged[n] == run for n, run in before.items())
        seen, below = {}, 0
        while True:
            args = ["--limit", "1000"]
            page = json.loads(scene.home.run("call", "delivery.list",
                                             json.dumps({"project": "web", "limit": 1000, **({"before": below} if below else {})}
                                                        )).stdout)
            if not page:
                break
            for row in page:
                assert row["delivery"] not in seen, row
                seen[row["delivery"]] = row["run"]
            below = page[-1]["id"]
        assert len(seen) == MANY, len(seen)
        assert all(seen[f"many-{n}"] == run for n, run in acknowledged.items())


def test_notices():
    """a webhook notice is signed, a Slack notice has the address from a file"""
    with Scene() as scene:
        key, address = scene.home.path("key"), scene.home.path("address")
        scene.write(key, "hmac-key\n")
        scene.write(address, scene.forge.url + "/slack/T0/B0\n")
        scene.home.run("notice", "set", "web/hook", "--type", "webhook", "--url", scene.forge.url + "/notice", "--secret-file", key,
                       "--state", "queued")
        scene.home.run("notice", "set", "web/chat", "--type", "slack", "--secret-file", address, "--state", "queued")
        held_back(scene, 4, "notices")

        def got(path):
            return [g for g in scene.forge.got if g["path"] == path]
        scene.forge.wait(lambda: got("/notice") and got("/slack/T0/B0"), what="the notices")
        notice = got("/notice")[0]
        mac = hmac.new(b"hmac-key", notice["body"], hashlib.sha256).hexdigest()
        assert notice["headers"]["X-Slipway-Signature-256"] == "sha256=" + mac
        body = json.loads(notice["body"])
        assert (body["project"], body["number"], body["state"]) == ("web", 1, "queued"), body
        assert "web 1 queued" in json.loads(got("/slack/T0/B0")[0]["body"])["text"]


def test_killed_while_it_ran():
    """killed with -9 in the middle of a run: after the start its status ends as error, and nothing waits"""
    with Scene("--runs", "1") as scene:
        scene.home.write_source("slipway.yaml", "slipway: 1\nproject: web\njobs:\n  slow:\n    executor: host\n"
                                "    steps: [ { run: \"sleep 60\" } ]\n")
        scene.home.commit("slow")
        commit = scene.home.git("rev-parse", "HEAD")
        assert scene.deliver(scene.push("refs/heads/main", commit), "slow")[0] == 202

        def state():
            return json.loads(scene.home.run("show", "web/1", "--json").stdout)["state"]
        scene.forge.wait(lambda: state() != "queued" and state() != "preparing", what="a running run")
        assert state() == "running", scene.home.run("show", "web/1").stdout
        scene.stop(signal.SIGKILL)
        scene.start()
        scene.forge.wait(lambda: scene.forge.taken()[-1:] == [(commit, "error")], what="error as the last word")
        assert state() == "error"
        scene.forge.wait(lambda: all(m["state"] != "waiting" for m in scene.messages()), what="an empty outbox")


def test_proposal_is_built_at_its_commit():
    """a proposal of the repository itself: its commit, on no branch, is fetched by its own ref and built"""
    with Scene() as scene:
        scene.home.write_source("slipway.yaml", "slipway: 1\nproject: web\njobs:\n  test:\n    executor: host\n"
                                "    steps: [ { run: \"grep -q proposed notes.txt\" } ]\n")
        scene.home.commit("pipeline")
        scene.home.git("checkout", "-q", "-b", "topic")
        scene.home.write_source("notes.txt", "proposed\n")
        scene.home.commit("topic")
        commit = scene.home.git("rev-parse", "HEAD")
        scene.home.git("checkout", "-q", "main")
        scene.home.git("update-ref", "refs/pull/9/head", commit)
        scene.home.git("branch", "-q", "-D", "topic")
        body = json.dumps({"action": "opened", "repository": {"full_name": "o/r"}, "pull_request": {
            "number": 9, "title": "t", "base": {"ref": "main"}, "head": {"sha": commit, "repo": {"full_name": "o/r"}}}}).encode()
        assert scene.deliver(body, "proposal", event="pull_request")[1]["action"] == "queued"
        scene.forge.wait(lambda: scene.forge.taken()[-1:] and scene.forge.taken()[-1][1] != "pending", what="the end")
        assert scene.forge.taken()[-1] == (commit, "success"), scene.home.run("show", "web/1").stdout


class MailServer:
    """Takes mails by SMTP without TLS or login; `refuse` answers RCPT with 550."""

    def __init__(self, refuse=False):
        self.mails, self.refuse = [], refuse
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self.talk(stream)

    def talk(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()
        say("220 test")
        to = []
        for line in stream:
            word = line.split()[0].upper()
            if word == b"RCPT":
                to.append(line.strip().decode())
                say("550 no such person" if self.refuse else "250 ok")
            elif word == b"DATA":
                say("354 go on")
                text = b""
                for part in stream:
                    if part == b".\r\n":
                        break
                    text += part
                self.mails.append((to, text))
                say("250 taken")
            elif word == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


def test_mail():
    """a notice by mail reaches everybody once; one that is refused for good is given up and says why"""
    with Scene() as scene:
        server, strict = MailServer(), MailServer(refuse=True)
        common = ["--type", "mail", "--from", "ci@example.org", "--to", "a@example.org", "--to", "b@example.org", "--state", "queued"]
        scene.home.run("notice", "set", "web/mail", "--url", server.url, *common)
        scene.home.run("notice", "set", "web/strict", "--url", strict.url, *common)
        held_back(scene, 5, "mail")
        scene.forge.wait(lambda: server.mails, what="a mail")
        to, text = server.mails[0]
        message = email.message_from_bytes(text, policy=email.policy.default)
        assert to == ["RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>"], to
        assert message["Subject"] == "web 1 queued on pull/5/head", message["Subject"]
        assert "/projects/web/runs/1" in message.get_content()
        scene.forge.wait(lambda: [m for m in scene.messages() if m["channel"] == "strict" and m["state"] == "failed"],
                         what="a failed message")
        assert len(server.mails) == 1


def test_credentials_are_kept():
    """a token that everybody can read, or that would leave in the clear, is not used, and the list says why"""
    with Scene() as scene:
        token = scene.home.path("token")
        os.chmod(token, 0o644)
        held_back(scene, 6, "readable")
        scene.forge.wait(lambda: any("chmod 0600" in m["lastError"] for m in scene.messages()), what="the reason")
        scene.home.run("project", "set", "web", "--api-url", "http://forge.invalid/")
        os.chmod(token, 0o600)
        scene.forge.wait(lambda: any("in the clear" in m["lastError"] for m in scene.messages()), what="the other reason")
        assert scene.forge.got == []
        for folder, _, files in os.walk(scene.home.home):
            for name in files:
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue  # the socket
                with open(path, "rb") as file:
                    assert b"s3cret-token" not in file.read(), path


def test_polling():
    """a repository without a forge: what is there at the first look builds nothing, what comes later is queued"""
    with Scene() as scene:
        scene.home.run("project", "add", "plain", "--source", scene.home.path("tiny"), "--poll", "10s")

        def deliveries():
            return json.loads(scene.home.run("delivery", "list", "--project", "plain", "--json").stdout)
        time.sleep(1.5)
        assert deliveries() == []
        scene.home.run("project", "add", "lost", "--source", scene.home.path("lost"), "--poll", "10s")
        scene.home.write_source("notes.txt", "more\n")
        scene.home.commit("second")
        commit = scene.home.git("rev-parse", "HEAD")
        scene.forge.wait(lambda: deliveries(), what="a delivery", seconds=30)
        row = deliveries()[0]
        assert (row["event"], row["ref"], row["commit"], row["action"]) == ("push", "refs/heads/main", commit, "queued"), row
        assert "trouble" in scene.home.run("project", "show", "lost").stdout and "trouble" not in scene.home.run("project", "show", "plain").stdout


def test_post_receive():
    """the printed post-receive hook of a plain git repository tells of a push"""
    with Scene() as scene:
        scene.home.run("project", "add", "bare", "--source", scene.home.path("bare.git"))
        secret = json.loads(scene.home.run("project", "hook", "bare", "--rotate", "--json").stdout)["secret"]
        scene.home.git("clone", "-q", "--bare", scene.home.path("tiny"), scene.home.path("bare.git"))
        hook = scene.home.path("bare.git", "hooks", "post-receive")
        script = scene.home.run("project", "hook", "bare", "--print", "--url", f"http://{scene.host}").stdout
        with open(hook, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(hook, 0o755)
        scene.write(scene.home.path("bare.git", "hooks", "slipway.secret"), secret + "\n")
        scene.home.write_source("notes.txt", "pushed\n")
        scene.home.commit("pushed")
        scene.home.git("push", "-q", scene.home.path("bare.git"), "main")
        rows = json.loads(scene.home.run("delivery", "list", "--project", "bare", "--json").stdout)
        assert [(r["event"], r["ref"], r["action"]) for r in rows] == [("push", "refs/heads/main", "queued")], rows


if __name__ == "__main__":
    sys.exit(main(sys.modules["__main__"]))
