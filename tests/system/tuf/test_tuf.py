# SPDX-License-Identifier: Apache-2.0
"""`slipway tuf` against a real HTTP server: the recorded cases of tuf-conformance, one process a client call, with the
clock of each step; then what a server may do wrong below the metadata."""
import glob
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import SLIPWAY, needs, works  # noqa: E402

VECTORS = os.path.join(os.environ.get("VECTORS", ""), "tuf")


class Repository:
    """Serves path -> bytes; everything else is 404."""

    def __init__(self):
        self.files, self.asked = {}, []
        repository = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.lstrip("/")
                repository.asked.append(path)
                body = repository.files.get(path)
                status, body = (404, b"no") if body is None else body if isinstance(body, tuple) else (200, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Client:
    def __init__(self, repository):
        self.repository = repository
        self.dir = tempfile.TemporaryDirectory(prefix="slipway-tuf-")
        self.metadata = os.path.join(self.dir.name, "metadata")
        self.targets = os.path.join(self.dir.name, "targets")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def call(self, at, *words):
        done = subprocess.run(["faketime", "-f", "@" + at.replace("T", " ").rstrip("Z"), SLIPWAY, "tuf", "--metadata-dir",
                               self.metadata, *words], env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True,
                              timeout=60)
        return done

    def step(self, step):
        at, op = step["at"], step["op"]
        if op == "init":
            return self.call(at, "init", os.path.join(VECTORS, "blobs", step["trusted_root"]))
        self.repository.files = {path: blob(name) for path, name in step["files"].items()}
        url = ["--metadata-url", self.repository.url + "/metadata"]
        if op == "refresh":
            return self.call(at, *url, "refresh")
        names = [word for name in step["target_names"] for word in ("--target-name", name)]
        return self.call(at, *url, *names, "--target-dir", self.targets, "--target-base-url",
                         self.repository.url + "/targets", "download")

    def versions(self, roles):
        have = {}
        for role in roles:
            path = os.path.join(self.metadata, role + ".json")
            have[role] = json.load(open(path, encoding="utf-8"))["signed"]["version"] if os.path.exists(path) else None
        return have

    def downloaded(self):
        return sorted(hashlib.sha256(open(path, "rb").read()).hexdigest() for path in glob.glob(self.targets + "/*"))


def blob(name):
    with open(os.path.join(VECTORS, "blobs", name), "rb") as file:
        return file.read()


def ready():
    needs("vectors", os.path.isdir(VECTORS))
    needs("faketime", works("faketime", "now", "true"))


def case(name):
    with open(os.path.join(VECTORS, "cases", name + ".json"), encoding="utf-8") as file:
        return json.load(file)["steps"]


def test_every_recorded_case_goes_as_recorded():
    ready()
    wrong, cases = [], sorted(glob.glob(os.path.join(VECTORS, "cases", "*.json")))
    assert cases
    with Repository() as repository:
        for path in cases:
            name = os.path.basename(path)[:-5]
            with Client(repository) as client:
                for number, step in enumerate(case(name)):
                    done = client.step(step)
                    if done.returncode != step["want_exit"]:
                        wrong.append(f"{name} step {number}: exit {done.returncode}, {done.stderr.strip()}")
                    if client.versions(step["trusted_versions"]) != step["trusted_versions"]:
                        wrong.append(f"{name} step {number}: trusts {client.versions(step['trusted_versions'])}")
                    if client.downloaded() != step["downloaded"]:
                        wrong.append(f"{name} step {number}: other targets")
    print(f"# {len(cases)} cases")
    assert not wrong, "\n".join(wrong)


def refreshed(client):
    first, second = case("test_basic_refresh_trusted_data")[:2]
    assert client.step(first).returncode == 0
    return second


def test_a_target_already_there_is_not_fetched_again():
    ready()
    first, second = case("test_client_downloads_expected_file")[:2]
    with Repository() as repository, Client(repository) as client:
        assert client.step(first).returncode == 0
        assert client.step(second).returncode == 0
        repository.asked.clear()
        assert client.step(second).returncode == 0
        assert not [path for path in repository.asked if path.startswith("targets/")], repository.asked


def test_a_server_that_fails_is_named_and_nothing_is_lost():
    ready()
    with Repository() as repository, Client(repository) as client:
        step = refreshed(client)
        assert client.step(step).returncode == 0
        before = client.versions(step["trusted_versions"])
        repository.files = {**repository.files, "metadata/timestamp.json": (500, b"broken")}
        done = client.call(step["at"], "--metadata-url", repository.url + "/metadata", "refresh")
        assert done.returncode == 1 and "answered 500" in done.stderr, done
        assert client.versions(step["trusted_versions"]) == before


def test_endless_metadata_is_refused_at_its_limit():
    ready()
    with Repository() as repository, Client(repository) as client:
        step = refreshed(client)
        repository.files = {path: blob(name) for path, name in step["files"].items()}
        repository.files["metadata/timestamp.json"] = b" " * 20000
        done = client.call(step["at"], "--metadata-url", repository.url + "/metadata", "refresh")
        assert done.returncode == 1 and "longer" in done.stderr, done


def test_wrong_command_lines_end_with_1():
    ready()
    first = case("test_basic_refresh_trusted_data")[0]
    root = os.path.join(VECTORS, "blobs", first["trusted_root"])
    with tempfile.TemporaryDirectory() as folder:
        url, there = ["--metadata-url", "http://127.0.0.1:9/"], ["--metadata-dir", os.path.join(folder, "m")]
        wrong = {
            "no command": there,
            "no folder": ["init", root],
            "unknown command": [*there, *url, "update"],
            "unknown option": [*there, *url, "--verbose", "refresh"],
            "init without a root": [*there, "init"],
            "init of a missing root": [*there, "init", "/nonexistent"],
            "init of something else": [*there, "init", __file__],
            "refresh with a file": [*there, *url, "refresh", root],
            "refresh without an address": [*there, "refresh"],
            "refresh before init": [*there, *url, "refresh"],
            "download of nothing": [*there, *url, "--target-dir", folder, "download"],
            "download to nowhere": [*there, *url, "--target-name", "a", "download"],
        }
        for name, words in wrong.items():
            done = subprocess.run([SLIPWAY, "tuf", *words], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 1 and done.stderr, (name, done)
        done = subprocess.run([SLIPWAY, "tuf", *there, "init", root], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done
        again = subprocess.run([SLIPWAY, "tuf", *there, "init", root], capture_output=True, text=True, timeout=60, check=False)
        print(f"# a second init ends with {again.returncode}: {again.stderr.strip()}")


def test_nobody_listening_says_so():
    ready()
    with Repository() as repository, Client(repository) as client:
        step = refreshed(client)
        done = client.call(step["at"], "--metadata-url", "http://127.0.0.1:1/", "refresh")
        assert done.returncode != 0 and "127.0.0.1" in done.stderr, done


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
