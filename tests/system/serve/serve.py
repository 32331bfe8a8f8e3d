#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server over real HTTP: who may what, what is refused and how, live events, the log as files, and how it ends."""
import contextlib
import hashlib
import http.client
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, Home, isolated, main  # noqa: E402


class Answer:
    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {k.lower(): v for k, v in response.getheaders()}

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"]


class Server:
    """`slipway serve` on a data folder, with a token of each role."""

    def __init__(self, home, *options, **more):
        self.home = home
        self.tokens = {}
        for role in ("reader", "developer", "admin"):
            self.tokens[role] = self.new_token(role, "--role", role)
        self.start(*options, **more)

    def new_token(self, name, *options):
        return self.home.run("token", "create", name, *options).stdout.strip()

    def start(self, *options, env=None):
        self.process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", *options], text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.home.environment(**(env or {})))
        line = self.process.stdout.readline()
        assert line.startswith("listening"), line
        self.host = urllib.parse.urlparse(line.split()[1]).netloc

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(30)
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=None, token=None, timeout=20, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=timeout)
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        if token is not None:
            sent["Authorization"] = "Bearer " + self.tokens.get(token, token)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, token="reader", **more):
        return self.ask("GET", path, token=token, **more)

    def post(self, path, body=None, token="admin", **more):
        return self.ask("POST", path, body, token=token, **more)

    def form(self, path, fields, **headers):
        return self.ask("POST", path, urllib.parse.urlencode(fields), Content_Type="application/x-www-form-urlencoded", **headers)

    def login(self, role):
        answer = self.form("/login", {"token": self.tokens[role], "back": "/runs"})
        assert answer.status == 303, (answer.status, answer.body)
        return answer


def served(*options):
    """A data folder and its server."""
    class Both:
        def __enter__(self):
            self.home = Home()
            self.server = Server(self.home, *options)
            return self.server

        def __exit__(self, *_):
            self.server.__exit__()
            self.home.remove()
    return Both()


def test_every_operation_answers_and_who_may_not_is_refused():
    with served() as server:
        document = server.get("/api/openapi.json", token=None).json()
        assert document["openapi"] == "3.1.0" and len(document["paths"]) > 20
        for path, methods in document["paths"].items():
            (method, operation), = methods.items()
            public = operation.get("security") == []
            answer = server.ask(method.upper(), path, {} if method == "post" else None)
            assert public or answer.status == 401, (path, answer.status)
            if public:
                continue
            assert "www-authenticate" in answer.headers
            if operation["x-slipway-role"] == "admin":
                assert server.ask(method.upper(), path, {} if method == "post" else None, token="reader").status in (400, 403), path
            if method == "get" and not any(p.get("required") for p in operation["parameters"]):
                assert server.get(path, token="admin", timeout=60).status == 200, path
        for path in ("/api/v1/admin/backup", "/api/v1/log/export"):
            assert path not in document["paths"]
            assert server.post(path, {"path": "/tmp/never"}).status == 403, path


def test_a_wrong_token_is_refused_also_where_nobody_needs_one():
    with served("--public") as server:
        assert server.get("/api/v1/run/list", token=None).status == 200
        assert server.get("/api/v1/run/list", token="slipway_" + "0" * 64).code() == "unauthorized"
        assert server.post("/api/v1/token/create", {"user": "x"}, token=None).status == 401
        codes = [server.get("/api/v1/run/list", token="wrong").status for _ in range(25)]
        assert codes[-1] in (429, 503), codes


def test_a_revoked_or_expired_token_and_a_disabled_account_are_refused():
    with served() as server:
        made = server.post("/api/v1/token/create", {"user": "bob", "role": "developer"}).json()
        assert server.get("/api/v1/run/list", token=made["token"]).status == 200
        assert made["token"] not in server.get("/api/v1/token/list", token="admin").body.decode()
        assert server.post("/api/v1/token/revoke", {"id": made["id"]}).status == 200
        assert server.get("/api/v1/run/list", token=made["token"]).status == 401
        short = server.post("/api/v1/token/create", {"user": "bob", "expiresSeconds": 1}).json()["token"]
        time.sleep(1.1)
        assert server.get("/api/v1/run/list", token=short).status == 401
        server.post("/api/v1/user/disable", {"user": "developer"})
        assert server.get("/api/v1/run/list", token="developer").status == 401
        server.post("/api/v1/user/set", {"user": "admin", "role": "reader"})
        assert server.get("/api/v1/token/list", token="admin").status == 403  # never more than its account


def test_a_token_for_one_project_sees_no_other():
    with served() as server:
        token = server.post("/api/v1/token/create", {"user": "bot", "role": "developer", "scope": "tiny"}).json()["token"]
        assert server.get("/api/v1/roster/show?project=tiny", token=token).status == 200
        assert server.get("/api/v1/roster/show?project=tinyer", token=token).status == 403
        alone = server.get("/api/v1/run/list", token=token)
        assert alone.status == 403 and "--project" in alone.json()["error"]["hint"], alone.body
        assert server.get("/api/v1/run/show?run=other/1", token=token).status == 403


def test_what_is_malformed_is_refused_with_its_reason():
    with served() as server:
        assert server.get("/api/v1/run/list?limit=many").code() == "bad-arguments"
        assert "did you mean 'limit'" in server.get("/api/v1/run/list?limt=3").json()["error"]["message"]
        assert server.get("/api/v1/no/thing").code() == "unknown-operation"
        assert server.get("/api/v1/run/start", token="admin").status == 405
        assert server.post("/api/v1/token/create", '{"user":"a","user":"b"}', Content_Type="application/json").status == 400
        assert server.post("/api/v1/token/create", "user=a", Content_Type="text/plain").status == 400
        assert server.ask("DELETE", "/healthz").status == 405
        assert server.get("/%ff").status == 400
        assert server.get("/api/v1/run/show?run=%00").status == 400
        assert server.get("/nothing").code() == "no-page"
        started = server.post("/api/v1/run/start", {"source": "/etc", "branch": "main"})
        assert started.status == 403 and "/etc" not in started.body.decode()
        assert server.post("/api/v1/run/start", {"project": "tiny", "branch": "main", "executor": "host"}).status == 403


def test_a_body_over_the_limit_is_refused_before_it_is_sent():
    with served() as server:
        with socket.create_connection(server.host.split(":"), timeout=10) as peer:
            peer.sendall(b"POST /hooks/github/tiny HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
            assert b" 413 " in peer.recv(200)
        with socket.create_connection(server.host.split(":"), timeout=10) as peer:  # without saying how long
            peer.sendall(b"POST /hooks/github/tiny HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            block = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            for _ in range(260):
                peer.sendall(block)
            peer.sendall(b"0\r\n\r\n")
            assert b" 413 " in peer.recv(200)
        with socket.create_connection(server.host.split(":"), timeout=10) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n")
            assert peer.recv(200).split()[1] in (b"431", b"400", b"413")
        assert server.get("/healthz").status == 200


def test_who_says_twice_how_long_a_body_is_is_refused():
    with served() as server:
        for lines in ("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked"):
            with socket.create_connection(server.host.split(":"), timeout=10) as peer:
                peer.sendall(f"GET /healthz HTTP/1.1\r\nHost: {server.host}\r\n{lines}\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\n"
                             f"Host: {server.host}\r\n\r\n".encode())
                peer.settimeout(10)
                text = b""
                while data := peer.recv(4096):
                    text += data
            assert text.startswith(b"HTTP/1.1 400") and text.count(b"HTTP/1.1") == 1, text


def test_slow_clients_take_no_thread_and_keep_nobody_waiting():
    with served() as server:
        slow = [socket.create_connection(server.host.split(":"), timeout=10) for _ in range(200)]
        for peer in slow:
            peer.sendall(b"POST /api/v1/token/list HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        start = time.monotonic()
        assert server.get("/api/v1/run/list").status == 200
        assert time.monotonic() - start < 5
        assert len(os.listdir(f"/proc/{server.process.pid}/task")) < 30
        for peer in slow:
            peer.close()


def test_clients_that_never_finish_keep_nobody_out():
    n = 2500  # more than the server takes; each sends a header line a byte at a time, so none is ever idle
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, n + 200)), hard))
    with served() as server:
        host, port = server.host.split(":")
        slow = []
        for _ in range(n):
            peer = socket.create_connection((host, int(port)), timeout=10)
            peer.sendall(b"GET /runs HTTP/1.1\r\nX: y")
            slow.append(peer)
        for _ in range(20):
            begin = time.monotonic()
            assert server.get("/api/v1/run/list").status == 200
            assert time.monotonic() - begin < 5
        slow[-1].settimeout(0.2)
        with contextlib.suppress(socket.timeout):
            assert slow[-1].recv(1), "who came last was cut off"
        slow[0].settimeout(10)
        assert slow[0].recv(1) == b"", "who was slow for the longest still holds its connection"
        for peer in slow:
            peer.close()


def test_who_asks_for_events_and_never_reads_them_is_left_alone():
    with served() as server:
        slow_project(server.home, "i=0; while [ $i -lt 60000 ]; do echo a line of some length, number $i, of the many; i=$((i+1)); done")
        start_run(server.home)
        wait_for_run(server)
        host, port = server.host.split(":")
        deaf = []
        for _ in range(50):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect((host, int(port)))
            peer.sendall(f"GET /events/runs/tiny/1/logs/0 HTTP/1.1\r\nHost: {server.host}\r\n"
                         f"Authorization: Bearer {server.tokens['reader']}\r\n\r\n".encode())
            deaf.append(peer)
        time.sleep(2)
        begin = time.monotonic()
        assert sum(len(page["lines"]) for name, _, page in events(server, "/events/runs/tiny/1/logs/0") if name == "lines") > 60000
        assert time.monotonic() - begin < 20
        with open(f"/proc/{server.process.pid}/smaps_rollup", encoding="ascii") as file:
            pss = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        assert pss < 64 * 1024, f"{pss} KiB for {len(deaf)} clients that do not read"
        for peer in deaf:
            peer.close()


def test_called_by_another_name_it_does_not_answer_on_loopback():
    with served("--public") as server:
        port = server.host.split(":")[1]
        assert server.get("/api/v1/run/list", token=None, Host="evil.example:" + port).status == 421
        assert server.get("/api/v1/run/list", token=None, Host="localhost:" + port).status == 200


def test_what_is_too_much_is_refused_and_reads_go_on():
    with served() as server:
        slow_project(server.home, "sleep 5")
        child = start_run(server.home, wait=False)
        run = wait_for_run(server)
        body = json.dumps({"id": run["id"], "seen": 1000000, "timeoutMs": 3000}).encode()
        head = (f"POST /api/v1/run/watch HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.tokens['reader']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        peers = [socket.create_connection(server.host.split(":"), timeout=60) for _ in range(300)]
        for peer in peers:
            peer.sendall(head + body)
        begin = time.monotonic()
        assert server.get("/api/v1/run/list", token="admin").status == 200
        assert time.monotonic() - begin < 3
        early = select.select(peers, [], [], 0.5)[0]  # the others wait for the run
        assert early and all(b" 503 " in peer.recv(400) for peer in early), len(early)
        for peer in peers:
            peer.close()
        child.kill()
        child.wait()


def test_asking_too_often_is_refused_for_a_while():
    with served("--rate", "20") as server:
        connection = http.client.HTTPConnection(server.host, timeout=20)
        codes = []
        for _ in range(700):
            connection.request("GET", "/api/v1/engine/version", headers={"Authorization": "Bearer " + server.tokens["reader"]})
            response = connection.getresponse()
            response.read()
            codes.append(response.status)
            if response.status == 429:
                assert response.getheader("Retry-After")
                break
        connection.close()
        assert 429 in codes and codes[:80] == [200] * 80, codes[-5:]
        assert server.get("/api/v1/engine/version", token="admin").status == 200


def test_a_write_with_a_key_happens_once():
    with served() as server:
        body = {"user": "carol", "role": "reader"}
        first = server.post("/api/v1/token/create", body, Idempotency_Key="k1")
        again = server.post("/api/v1/token/create", body, Idempotency_Key="k1")
        assert {**first.json(), "token": None} == again.json() and again.headers["idempotency-replayed"] == "true"
        for name in os.listdir(server.home.home):
            if name.startswith("slipway.db"):
                with open(os.path.join(server.home.home, name), "rb") as file:
                    assert first.json()["token"].encode() not in file.read(), "the token is on disk"
        other = server.post("/api/v1/token/create", {"user": "dave"}, Idempotency_Key="k1")
        assert other.status == 409
        missing = server.post("/api/v1/token/revoke", {"id": 999}, Idempotency_Key="k2")
        again = server.post("/api/v1/token/revoke", {"id": 999}, Idempotency_Key="k2")
        assert missing.status == again.status == 404 and missing.body == again.body
        users = [t["user"] for t in server.get("/api/v1/token/list", token="admin").json()]
        assert users.count("carol") == 1 and "dave" not in users


def test_browsers_log_in_and_forms_of_others_do_nothing():
    with served() as server:
        page = server.ask("GET", "/runs", Accept="text/html")
        assert page.status == 303, page.status
        assert server.form("/login", {"token": "wrong"}).status == 401
        assert server.form("/login", {"token": server.tokens["admin"]}, Sec_Fetch_Site="cross-site").status == 403
        answer = server.login("admin")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and answer.headers["location"] == "/runs"
        cookie = cookie.split(";")[0]
        secret = cookie.split("=")[1]
        csrf = hashlib.sha256(b"slipway csrf\n" + secret.encode()).hexdigest()
        assert server.ask("GET", "/api/v1/token/list", Cookie=cookie).status == 200
        fields = {"user": "eve", "role": "admin", "back": "https://evil.example/"}
        assert server.form("/do/token.create", fields, Cookie=cookie).code() == "csrf"
        assert server.form("/do/token.create", {**fields, "csrf": "0" * 64}, Cookie=cookie).code() == "csrf"
        assert server.ask("POST", "/api/v1/token/create", fields, Cookie=cookie).code() == "csrf"
        assert server.form("/do/token.create", fields).status == 401
        done = server.form("/do/token.create", {**fields, "csrf": csrf}, Cookie=cookie)
        assert done.status == 303 and done.headers["location"] == "/"  # never to another site
        assert server.form("/logout", {"csrf": csrf}, Cookie=cookie).status == 303
        assert server.ask("GET", "/api/v1/token/list", Cookie=cookie).status == 401


def test_every_answer_forbids_what_pages_do_not_need():
    with served() as server:
        for path in ("/healthz", "/nothing", "/api/openapi.json", "/log/checkpoint"):
            headers = server.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"


def test_what_the_other_end_has_already_is_not_sent_again():
    with served() as server:
        first = server.get("/api/openapi.json")
        again = server.get("/api/openapi.json", If_None_Match=first.headers["etag"])
        assert again.status == 304 and again.body == b""
        assert server.get("/api/openapi.json", If_None_Match='"other"').status == 200


def test_the_log_is_served_as_files_and_grows():
    with served() as server:
        origin, size, _ = server.get("/log/checkpoint", token=None).body.decode().split("\n")[:3]
        tile = server.get(f"/log/tile/0/000.p/{size}", token=None)
        assert len(tile.body) == 32 * int(size) and "immutable" in tile.headers["cache-control"]
        again = server.get(f"/log/tile/0/000.p/{size}", token=None)  # now from memory, on the connection's thread
        assert again.body == tile.body and again.headers["cache-control"] == tile.headers["cache-control"]
        newest = server.get("/api/v1/log/tail?n=1").json()[-1]
        name = newest["statement"].split(":")[1]
        assert server.get(f"/log/statement/{name}", token=None).status == 401
        statement = server.get(f"/log/statement/{name}").body
        assert hashlib.sha256(statement).hexdigest() == name and statement.startswith(b"DSSEv1 ")
        assert server.get("/log/statement/" + "0" * 64).status == 404
        for bad in ("/log/tile/../../keys/keys.json", "/log/tile/%2e%2e/%2e%2e/slipway.db", "/log/tile/9/999"):
            assert server.get(bad).status == 404, bad
        assert origin


def test_downloaders_get_the_key_of_released_files():
    with served() as server:
        for name, text in (("release.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----"), ("release.ssh", b'namespaces="file" ssh-ed25519 '),
                           ("release.minisign", b"untrusted comment: minisign public key ")):
            answer = server.get("/keys/" + name, token=None)
            assert answer.status == 200 and text in answer.body, (name, answer.status, answer.body)
        for bad in ("/keys/format.pem", "/keys/keys.json", "/keys/..%2fslipway.db", "/keys/"):
            assert server.get(bad, token=None).status == 404, bad


def test_the_same_commands_go_through_the_server():
    with served() as server:
        home = server.home
        before = home.run("token", "list").stdout
        server.stop()
        assert home.run("token", "list").stdout == before
        assert home.run("log", "checkpoint").returncode == 0


def test_the_same_commands_work_by_url_and_token():
    with served() as server:
        home = server.home
        token = home.path("token")
        with open(token, "w", encoding="utf-8") as file:
            file.write(server.tokens["admin"] + "\n")
        os.chmod(token, 0o644)
        there = ("--server", "http://" + server.host, "--token-file", token)
        home.refused("token", "list", *there, says=["chmod 600"])
        os.chmod(token, 0o600)
        for command in (("token", "list"), ("runs",), ("log", "tail"), ("roster", "show", "tiny"), ("release", "list")):
            assert home.run(*command, *there, "--home", "/nowhere").stdout == home.run(*command).stdout, command
        for command in (("show", "tiny/9"), ("token", "revoke", "99"), ("release", "show", "tiny/main@9.9.9")):
            here, remote = home.run(*command, code=None), home.run(*command, *there, code=None)
            assert here.returncode == remote.returncode != 0 and here.stderr.endswith(remote.stderr), (here.stderr, remote.stderr)
        env = {"SLIPWAY_SERVER": "http://" + server.host, "SLIPWAY_TOKEN": server.tokens["reader"]}
        assert home.run("runs", env=env).returncode == 0
        home.refused("token", "list", env=env, says=["not allowed"])
        home.refused("runs", env={**env, "SLIPWAY_TOKEN": "wrong"}, says=["unknown, expired or revoked"])
        home.run("runs", "--server", "http://127.0.0.1:1", code=3)


def events(server, path, token="reader", **headers):
    """The events of a stream until it ends: (name, id, data)."""
    connection = http.client.HTTPConnection(server.host, timeout=60)
    connection.request("GET", path, headers={"Authorization": "Bearer " + server.tokens[token], **headers})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    assert response.getheader("Content-Type") == "text/event-stream"
    for block in response.read().decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])
    connection.close()


def start_run(home, wait=True):
    """A run of 'tiny', through the server's socket."""
    args = ["run", "--source", home.path("tiny"), "--branch", "main"]
    args += [] if isolated() else ["--executor", "host"]
    if wait:
        return home.run(*args, code=None)
    return subprocess.Popen([SLIPWAY, *args], env=home.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


SLOW = """slipway: 1
project: tiny
jobs:
  count:
    steps:
      - { name: count, run: "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.4; done" }
"""


def slow_project(home, command=None):
    with open(home.path("tiny", "slipway.yaml"), "w", encoding="utf-8") as file:
        file.write(SLOW if command is None else SLOW.split("run:")[0] + f'run: "{command}" }}\n')
    home.git("add", "-A")
    home.git("commit", "-q", "-m", "slow")


def wait_for_run(server, run="tiny/1"):
    for _ in range(200):
        answer = server.get(f"/api/v1/run/show?run={run}", token="admin")
        if answer.status == 200:
            return answer.json()
        time.sleep(0.05)
    raise AssertionError("the run never came: " + answer.body.decode())


def thread_names(server):
    names = set()
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{server.process.pid}/task/{task}/comm", encoding="utf-8") as file:
            names.add(file.read().strip())
    return names


def test_live_events_grow_with_the_run_and_resume():
    with served() as server:
        slow_project(server.home)
        child = start_run(server.home, wait=False)
        wait_for_run(server)
        states = [data["state"] for name, _, data in events(server, "/events/runs/tiny/1") if name == "run"]
        assert len(states) >= 2 and states[-1] in ("passed", "failed", "error"), states
        child.wait(30)
        lines = list(events(server, "/events/runs/tiny/1/logs/0"))
        assert lines[-1][0] == "end"
        raw = server.get("/projects/tiny/runs/1/logs/0/raw").body.decode()
        assert all(f"line {i}\n" in raw for i in range(1, 7)), raw
        assert [t["text"] for _, _, page in lines for t in page["lines"]] == raw.split("\n")[:-1]
        rest = list(events(server, "/events/runs/tiny/1/logs/0", **{"Last-Event-ID": lines[0][1]}))
        assert [name for name, _, _ in rest] == ["end"]
        assert server.get("/events/runs/tiny/9").status == 404
        assert server.get("/events/runs/tiny/1", token=None).status == 401
        listed = server.get("/api/v1/run/list?limit=1")
        assert 'rel="next"' in listed.headers["link"]
        following = listed.headers["link"].split(">")[0].split(server.host)[1]
        assert server.get(following).json() == []
        for _ in range(100):
            left = thread_names(server) & {"events", "web-read", "web-change", "web-log"}
            if not left:
                break
            time.sleep(0.1)
        assert not left, left  # nobody listens or asks: no thread


def test_pages_show_a_run_and_nothing_in_it_becomes_markup():
    evil = "<script>alert(1)</script>"
    with served() as server:
        with open(server.home.path("tiny", "slipway.yaml"), "w", encoding="utf-8") as file:
            file.write(SLOW.replace("echo line $i; sleep 0.4", "echo '" + evil + "'"))
        server.home.git("add", "-A")
        server.home.git("commit", "-q", "-m", "evil")
        start_run(server.home)
        cookie = server.login("developer").headers["set-cookie"].split(";")[0]
        for path in ("/", "/runs?state=" + urllib.parse.quote('"><script>'), "/projects/tiny", "/projects/tiny/runs/1", "/queue", "/pools",
                     "/releases", "/log", "/login?back=" + urllib.parse.quote('"><script>'), "/nothing", "/static/style.css"):
            page = server.ask("GET", path, Cookie=cookie, Accept="text/html")
            assert page.status == (404 if path == "/nothing" else 200), (path, page.status, page.body)
            assert b"<script>" not in page.body and b" style=" not in page.body, path
        page = server.ask("GET", "/projects/tiny/runs/1", Cookie=cookie, Accept="text/html").body.decode()
        assert "&lt;script&gt;alert(1)" in page and 'id="L2"' in page and "passed" in page
        sent = server.ask("GET", "/projects/tiny/runs/1", Accept="text/html")
        assert sent.status == 303 and sent.headers["location"] == "/login?back=/projects/tiny/runs/1"


def test_artifacts_are_fetched_by_page_and_command():
    with served() as server:
        start_run(server.home)
        shown = server.get("/api/v1/run/show?run=tiny/1").json()
        artifact = shown["artifacts"][0]
        path = f"/projects/tiny/runs/1/artifacts/{artifact['position']}/{artifact['path']}"
        cookie = server.login("reader").headers["set-cookie"].split(";")[0]
        assert f'href="{path}"' in server.ask("GET", "/projects/tiny/runs/1", Cookie=cookie, Accept="text/html").body.decode()
        got = server.get(path)
        assert got.status == 200 and "sha256:" + hashlib.sha256(got.body).hexdigest() == artifact["digest"]
        assert got.headers["content-disposition"].startswith("attachment") and got.headers["content-type"] == "application/octet-stream"
        assert server.get(path, If_None_Match=got.headers["etag"]).status == 304
        assert server.get(path, token=None).status == 401
        for wrong in (path + "x", f"/projects/tiny/runs/1/artifacts/99/{artifact['path']}", f"/projects/tiny/runs/7/artifacts/0/{artifact['path']}",
                      f"/projects/tiny/runs/1/artifacts/x/{artifact['path']}", "/projects/tiny/runs/1/artifacts/0/..%2f..%2fslipway.db"):
            assert server.get(wrong).status == 404, wrong
        out = server.home.path("fetched")
        server.home.run("artifacts", "1", "--out", out)
        with open(os.path.join(out, artifact["path"]), "rb") as file:
            assert file.read() == got.body
        again = server.home.run("artifacts", "1", artifact["path"], "--out", out, code=1)
        assert "exists" in again.stderr.lower(), again.stderr
        assert not [name for name in os.listdir(out) if name.startswith(".slipway-part")]
        assert artifact["digest"] in server.home.run("artifacts", "1").stdout
        server.home.run("artifacts", "1", "nothing", code=1)


def test_term_ends_it_in_order_and_says_so():
    with served() as server:
        server.stop()
        path = server.home.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(path)
            told.settimeout(10)
            server.start(env={"NOTIFY_SOCKET": path})
            assert b"READY=1" in told.recv(200)
            waiting = []
            reader = threading.Thread(target=lambda: waiting.append(server.get("/healthz").status))
            reader.start()
            reader.join()
            assert server.stop() == 0
            assert b"STOPPING=1" in told.recv(200)
            assert waiting == [200]


def test_term_finishes_what_runs_and_a_second_one_does_not():
    with served() as server:
        slow_project(server.home)
        child = start_run(server.home, wait=False)
        wait_for_run(server)
        assert server.stop() == 0
        child.wait(30)
        assert "passed" in server.home.run("runs").stdout
        server.start()
        child = start_run(server.home, wait=False)
        wait_for_run(server, "tiny/2")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 2
        child.wait(30)
        assert "passed" not in server.home.run("show", "tiny/2").stdout


def test_killed_it_leaves_nothing_behind_and_starts_again():
    with served() as server:
        slow_project(server.home)
        child = start_run(server.home, wait=False)
        wait_for_run(server)
        server.stop(signal.SIGKILL)
        child.wait(30)
        server.start()
        shown = server.get("/api/v1/run/show?run=tiny/1").json()
        assert shown["state"] in ("error", "queued", "running", "passed"), shown["state"]
        assert server.get("/readyz").body == b"ready\n"


def test_idle_it_is_small_and_sleeps():
    with served() as server:
        server.get("/api/v1/run/list")
        time.sleep(4)
        with open(f"/proc/{server.process.pid}/smaps_rollup", encoding="utf-8") as file:
            pss = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))

        def switches():
            total = 0
            for task in os.listdir(f"/proc/{server.process.pid}/task"):
                with open(f"/proc/{server.process.pid}/task/{task}/status", encoding="utf-8") as status:
                    total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
            return total
        before = switches()
        time.sleep(2)
        assert switches() - before <= 2, "an idle server woke up"
        assert "SANITIZE" in os.environ or pss < 12 * 1024, f"{pss} KiB"


if __name__ == "__main__":
    sys.exit(main(sys.modules["__main__"]))
