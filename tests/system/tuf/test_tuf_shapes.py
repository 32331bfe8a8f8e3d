# SPDX-License-Identifier: Apache-2.0
"""`slipway tuf` as client of repositories of every shape that the specification allows, and of some that it does not: odd names,
kinds of keys and hashes, unknown members, limits."""
import contextlib
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scratch  # noqa: E402
from repository import Key, Repository  # noqa: E402
from scratch import SLIPWAY  # noqa: E402


@contextlib.contextmanager
def served(files):
    """Answers with what a path means after its escapes are taken out, as web servers do."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = files.get(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/"))
            self.send_response(404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Client:
    def __init__(self, folder, repository):
        self.dir = tempfile.mkdtemp(dir=folder)
        self.targets, self.repository = os.path.join(self.dir, "t"), repository
        done = self.call("init", repository.save_root(self.dir))
        assert done.returncode == 0, done

    def call(self, *words):
        return subprocess.run([SLIPWAY, "tuf", "--metadata-dir", os.path.join(self.dir, "m"), *words], capture_output=True,
                              text=True, timeout=60, check=False)

    def refresh(self):
        with served(self.repository.files) as url:
            return self.call("--metadata-url", url + "/metadata", "refresh")

    def download(self, *names):
        with served(self.repository.files) as url:
            return self.call("--metadata-url", url + "/metadata", *[word for name in names for word in ("--target-name", name)],
                             "--target-dir", self.targets, "--target-base-url", url + "/targets", "download")

    def has(self, content):
        return any(open(os.path.join(self.targets, name), "rb").read() == content for name in os.listdir(self.targets))


@contextlib.contextmanager
def scratch_folder():
    with tempfile.TemporaryDirectory(prefix="slipway-test-") as folder:
        yield folder


def test_targets_of_every_name_arrive_and_stay_in_their_folder():
    names = ["plain", "with blank", "\u00e4\u20ac.txt", "q?x", "a#b", "a&b=c", "a%b", "dir/file", "deep/er/file", ".hidden", ".", "..", "a..b", "plain.part",
             "-option", "x" * 200, "quote\"d", "back\\slash", "semi;colon", "a+b", "~home"]
    with scratch_folder() as folder:
        repository = Repository(folder)
        for number, name in enumerate(names):
            repository.add(name, f"content {number}".encode())
        repository.publish()
        client, wrong = Client(folder, repository), []
        outside = sorted(os.listdir(folder))
        for number, name in enumerate(names):
            done = client.download(name)
            if done.returncode != 0 or not client.has(f"content {number}".encode()):
                wrong.append((name, done.returncode, done.stderr))
        assert not wrong, wrong
        assert sorted(os.listdir(folder)) == outside and sorted(os.listdir(client.dir)) == ["m", "t", "trusted.json"]
        assert all(os.path.isfile(os.path.join(client.targets, name)) for name in os.listdir(client.targets))


def test_roles_of_every_name_are_found():
    names = ["?", "#", ".", "..", "/", "/delegated", "../delegated", "a b", "\u00e4", "%41", "a/b", "x" * 200, "-x", "1", "root.json"]
    with scratch_folder() as folder:
        key, wrong = Key(folder), []
        for name in names:
            repository = Repository(folder, key)
            repository.delegate(name, ["d/*"])
            repository.add("d/f", name.encode(), role=name)
            repository.publish(quote=lambda name: urllib.parse.quote(name, safe=""))
            repository.files.update({urllib.parse.unquote(path) if "%" in path else path: data
                                     for path, data in list(repository.files.items())})
            client = Client(folder, repository)
            done = client.download("d/f")
            if done.returncode != 0 or not client.has(name.encode()):
                wrong.append((name, done.returncode, done.stderr))
            assert sorted(os.listdir(client.dir)) == ["m", "t", "trusted.json"], (name, os.listdir(client.dir))
        assert not wrong, wrong


def test_names_of_the_four_roles_cannot_be_delegated():
    with scratch_folder() as folder:
        key = Key(folder)
        for name in ("root", "timestamp", "snapshot", "targets"):
            repository = Repository(folder, key)
            repository.delegate("fine", ["d/*"])
            repository.roles["targets"]["delegations"]["roles"][0]["name"] = name
            repository.publish()
            assert Client(folder, repository).refresh().returncode == 1, name


def test_every_kind_of_key_and_layout_is_believed():
    with scratch_folder() as folder:
        for kind in ("ed25519", "P-256", "P-384", "rsa"):
            key = Key(folder, kind)
            for consistent in (True, False):
                for hashes in (("sha256",), ("sha512",), ("sha512", "sha256")):
                    repository = Repository(folder, key, consistent)
                    repository.hashes, repository.plain_meta = hashes, not consistent
                    repository.add("dir/file")
                    repository.publish()
                    client = Client(folder, repository)
                    done = client.download("dir/file")
                    assert done.returncode == 0 and client.has(b"content"), (kind, consistent, hashes, done)


def test_a_key_may_be_called_by_its_older_type():
    with scratch_folder() as folder:
        key = Key(folder, "P-256")
        key.json["keytype"] = "ecdsa-sha2-nistp256"
        repository = Repository(folder, key)
        repository.publish()
        assert Client(folder, repository).refresh().returncode == 0


def test_unknown_members_are_let_be_and_signed_with_the_rest():
    with scratch_folder() as folder:
        repository = Repository(folder)
        repository.delegate("d", ["d/*"])
        repository.add("d/f", role="d")
        for body in (repository.root, repository.snapshot, repository.timestamp, *repository.roles.values()):
            body["x-custom"] = {"a": [1, "\u00e4", None, True]}
        repository.root["roles"]["root"]["x"] = 1
        repository.key.json["x"] = "y"
        repository.key.json["keyval"]["x"] = "y"
        repository.roles["d"]["targets"]["d/f"]["custom"] = {"any": "thing"}
        repository.roles["targets"]["delegations"]["x"] = 1
        repository.roles["targets"]["delegations"]["roles"][0]["x"] = 1
        repository.publish()
        client = Client(folder, repository)
        assert client.download("d/f").returncode == 0
        for name, data in list(repository.files.items()):
            if name.startswith("metadata/") and b"x-custom" in data:
                files = {**repository.files, name: data.replace(b"x-custom", b"x-custon")}
                other = Client(folder, repository)
                with served(files) as url:
                    changed = other.call("--metadata-url", url + "/metadata", "--target-name", "d/f", "--target-dir", other.targets,
                                         "--target-base-url", url + "/targets", "download")
                assert changed.returncode == (0 if name == "metadata/1.root.json" else 1), (name, changed)


def chain(repository, n):
    """@n roles below targets, each delegating to the next; the last has the target."""
    above = "targets"
    for number in range(n):
        repository.delegate(f"r{number}", ["d/*"], above)
        above = f"r{number}"
    repository.add("d/f", role=above)
    repository.publish()


def test_a_target_is_looked_for_in_so_many_roles_only():
    with scratch_folder() as folder:
        key = Key(folder)
        for n, code in ((10, 0), (31, 0), (40, 1)):
            repository = Repository(folder, key)
            chain(repository, n)
            done = Client(folder, repository).download("d/f")
            assert done.returncode == code, (n, done)
        assert "32 roles" in done.stderr, done


def test_what_was_kept_and_then_broken_is_fetched_anew():
    with scratch_folder() as folder:
        repository = Repository(folder)
        repository.publish()
        client = Client(folder, repository)
        assert client.refresh().returncode == 0
        for name in ("timestamp", "snapshot", "targets"):
            for data in (b"", b"{}", b"\0" * 100, b"[" * 100000):
                with open(os.path.join(client.dir, "m", name + ".json"), "wb") as file:
                    file.write(data)
                done = client.refresh()
                assert done.returncode == 0, (name, data[:10], done)
        with open(os.path.join(client.dir, "m", "root.json"), "wb") as file:
            file.write(b"{}")
        assert client.refresh().returncode == 1, "a broken root is no root"


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
