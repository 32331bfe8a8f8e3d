# SPDX-License-Identifier: Apache-2.0
"""Our own TUF repository, followed by our own client: signed away from the engine, published, rotated, killed in the
middle. (tests/interop/tuf lets other people's clients follow it.)"""
import functools
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "crash"))
import replay  # noqa: E402
import scratch  # noqa: E402
from witnesses import Witness  # noqa: E402
from scratch import BUILD, SLIPWAY, Home, label, needs, tree, works  # noqa: E402

CRASHPOINT = os.path.join(BUILD, "tests", "system", "crash", "libcrashpoint.so")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Served:
    """A folder over HTTP."""

    def __init__(self, folder):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Repository(Home):
    """A data folder with a TUF repository, and the folder it is published to."""

    def __init__(self):
        super().__init__()
        self.run("tuf", "repo", "init", "--key", self.root_key, "--url", "https://slipway.example")
        self.public = self.path("public")
        self.publish()

    def publish(self, **more):
        return self.run("tuf", "repo", "publish", self.public, **more)

    def file(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return path

    def versions(self):
        roles = json.loads(self.run("tuf", "repo", "show", "--json").stdout)["roles"]
        return {role["role"]: role["version"] for role in roles}

    def metadata(self, name):
        with open(os.path.join(self.public, name), encoding="utf-8") as stream:
            return json.load(stream)["signed"]

    def client(self, name="client"):
        return Client(self, self.path(name))

    def rotate_root(self):
        """The log's root keys become the one there was and a new one, both needed."""
        second = self.path("second.key")
        self.run("keys", "new", "--out", second)
        keys = []
        for number, path in enumerate((self.root_key, second), 1):
            with open(path + ".pub", encoding="utf-8") as stream:
                keys.append({"name": f"root-{number}", "scheme": "native", "key": stream.read().split()[1]})
        proposal = self.file("proposal.json", json.dumps(self.call("root.propose", keys=keys, threshold=2)))
        proofs = []
        for number, path in enumerate((self.root_key, second), 1):
            signed = self.run("keys", "sign", proposal, "--person", f"root-{number}", "--key", path).stdout
            proofs += ["--proof", self.file(f"proof-{number}.json", signed)]
        self.run("admin", "apply", proposal, *proofs)
        return second


class Client:
    def __init__(self, repository, folder):
        self.repository, self.folder, self.out = repository, folder, folder + "-targets"
        self.call("init", os.path.join(repository.public, "1.root.json"))

    def call(self, *words, before=(), code=0):
        return self.repository.run("tuf", "--metadata-dir", self.folder, *words, before=before, code=code)

    def refresh(self, folder=None, **more):
        with Served(folder or self.repository.public) as served:
            return self.call("--metadata-url", served.url, "refresh", **more)

    def download(self, *names, folder=None, **more):
        with Served(folder or self.repository.public) as served:
            targets = [word for name in names for word in ("--target-name", name)]
            return self.call("--metadata-url", served.url, *targets, "--target-dir", self.out, "download", **more)

    def have(self, name):
        with open(os.path.join(self.out, name.replace("/", "%2F")), "rb") as stream:
            return stream.read()

    def trusts(self, role):
        with open(os.path.join(self.folder, role + ".json"), encoding="utf-8") as stream:
            return json.load(stream)["signed"]["version"]


def test_a_client_with_nothing_but_the_root_gets_our_trusted_root():
    with Repository() as r:
        client = r.client()
        client.download("trusted_root.json", "signing_config.v0.2.json")
        root = json.loads(client.have("trusted_root.json"))
        assert root["tlogs"][0]["baseUrl"].startswith("https://localhost/"), root
        assert len(root["timestampAuthorities"][0]["certChain"]["certificates"]) == 2, root
        config = json.loads(client.have("signing_config.v0.2.json"))
        assert config["rekorTlogUrls"] == [], "it names a log for others where there is none"
        assert config["tsaUrls"][0]["url"] == "https://slipway.example/api/v1/timestamp", config
        printed = r.run("keys", "trust-root", "--url", "https://slipway.example").stdout
        assert json.loads(printed) == root


def test_the_logs_for_others_are_trusted_once_they_are_there():
    with Repository() as r:
        r.call("foreign.set", origin="others.example/one")
        r.call("foreign.shard", origin="others.example/two")
        client = r.client()
        r.run("tuf", "repo", "renew", "--key", r.root_key, "--url", "https://slipway.example")
        r.publish()
        client.download("trusted_root.json", "signing_config.v0.2.json")
        logs = json.loads(client.have("trusted_root.json"))["tlogs"]
        assert [log["baseUrl"] for log in logs][1:] == ["https://others.example/one", "https://others.example/two"], logs
        assert len({log["logId"]["keyId"] for log in logs}) == 3
        config = json.loads(client.have("signing_config.v0.2.json"))
        assert config["rekorTlogUrls"][0]["url"] == "https://slipway.example", config


def test_publishing_warns_of_what_people_must_sign_again():
    with Repository() as r:
        assert "warning: 'targets'" not in r.publish().stderr
        r.run("tuf", "repo", "renew", "--key", r.root_key, "--days", "20")
        assert "warning: 'targets' expires at" in r.publish().stderr


def test_timestamp_and_snapshot_are_the_status_number_and_end():
    with Repository() as r:
        number = json.loads(r.publish().stdout and r.run("tuf", "repo", "publish", r.public, "--json").stdout)["number"]
        timestamp, snapshot = r.metadata("timestamp.json"), r.metadata(f"{number}.snapshot.json")
        assert timestamp["version"] == snapshot["version"] == number
        assert timestamp["expires"] == snapshot["expires"]
        assert number > 10**15, number  # microseconds: as status.json counts


def test_targets_and_delegations_are_signed_away_from_the_engine():
    with Repository() as r:
        team = [r.path("ann.key"), r.path("bob.key")]
        for key in team:
            r.run("keys", "new", "--out", key)
        r.run("tuf", "repo", "delegate", "tools", "--role-key", team[0] + ".pub", "--role-key", team[1] + ".pub",
              "--threshold", "2", "--path", "tools/*", "--out", r.path("d.json"))
        for key in (r.root_key, *team):  # each on a copy of their own
            copy = r.path(os.path.basename(key) + ".json")
            with open(r.path("d.json"), encoding="utf-8") as stream:
                r.file(os.path.basename(key) + ".json", stream.read())
            shown = r.run("tuf", "repo", "sign", copy, "--key", key).stdout
            assert 'delegates ["tools/*"] to \'tools\'' in shown, shown
        copies = [r.path(os.path.basename(key) + ".json") for key in (r.root_key, *team)]
        r.refused("tuf", "repo", "apply", copies[0], copies[1], says=["'tools' is signed by 1 of the 2 keys"])
        r.run("tuf", "repo", "apply", *copies)
        tool = r.file("tool.bin", "a tool")
        r.run("tuf", "repo", "add", f"tools/tool.bin={tool}", "--role", "tools", "--key", team[0], "--key", team[1])
        r.publish()
        client = r.client()
        client.download("tools/tool.bin")
        assert client.have("tools/tool.bin") == b"a tool"
        assert r.versions() == {"root": 1, "targets": 2, "tools": 2}


def test_a_delegated_role_speaks_of_its_paths_only():
    with Repository() as r:
        key = r.path("ann.key")
        r.run("keys", "new", "--out", key)
        r.run("tuf", "repo", "delegate", "tools", "--role-key", key + ".pub", "--path", "tools/*", "--key", r.root_key,
              "--key", key)
        r.run("tuf", "repo", "add", f"other/x={r.file('x', 'x')}", "--role", "tools", "--key", key)
        r.publish()
        assert "other/x" in r.client().download("other/x", code=1).stderr


def test_what_is_not_signed_enough_changes_nothing():
    with Repository() as r:
        stranger = r.path("stranger.key")
        r.run("keys", "new", "--out", stranger)
        before, tool = r.versions(), r.file("tool.bin", "a tool")
        r.refused("tuf", "repo", "add", f"t={tool}", "--key", stranger, says=["wants no signature of the key"])
        r.run("tuf", "repo", "add", f"t={tool}", "--out", r.path("p.json"))
        r.refused("tuf", "repo", "apply", r.path("p.json"), says=["is signed by 0 of the 1 keys"])
        r.run("tuf", "repo", "sign", r.path("p.json"), "--key", r.root_key)
        with open(r.path("p.json"), encoding="utf-8") as stream:
            proposal = json.load(stream)
        proposal["documents"][0]["signed"]["targets"]["t"]["length"] += 1
        r.refused("tuf", "repo", "apply", r.file("forged.json", json.dumps(proposal)), says=["is signed by 0 of the 1 keys"])
        assert r.versions() == before


def test_a_proposal_over_another_version_is_a_conflict():
    with Repository() as r:
        tool = r.file("tool.bin", "a tool")
        r.run("tuf", "repo", "add", f"t={tool}", "--out", r.path("p.json"))
        r.run("tuf", "repo", "sign", r.path("p.json"), "--key", r.root_key)
        r.run("tuf", "repo", "add", f"u={tool}", "--key", r.root_key)
        r.refused("tuf", "repo", "apply", r.path("p.json"), says=["propose it again"])


def test_a_removed_target_is_gone_for_clients():
    with Repository() as r:
        r.run("tuf", "repo", "add", f"t={r.file('t', 'text')}", "--key", r.root_key)
        r.publish()
        client = r.client()
        client.download("t")
        r.run("tuf", "repo", "add", "--remove", "t", "--key", r.root_key)
        r.publish()
        assert client.download("t", code=1).returncode == 1


def test_clients_follow_a_rotated_root():
    with Repository() as r:
        early = r.client("early")
        early.refresh()
        second = r.rotate_root()
        r.refused("tuf", "repo", "root", "--key", r.root_key, says=["signed by 1 of the 2 keys"])
        r.run("tuf", "repo", "root", "--key", r.root_key, "--key", second)
        r.publish()
        for client in (early, r.client("late")):
            client.download("trusted_root.json")
            assert client.trusts("root") == 2 and client.trusts("targets") == 2
        r.refused("tuf", "repo", "renew", "--key", second, says=["signed by 1 of the 2 keys"])


def test_what_was_published_expires_with_the_status():
    needs("faketime", works("faketime", "now", "true"))
    with Repository() as r:
        client = r.client()
        client.refresh(before=["faketime", "-f", "+6d"])
        assert "expired" in client.refresh(before=["faketime", "-f", "+8d"], code=1).stderr


def test_a_byte_changed_anywhere_is_noticed():
    with Repository() as r:
        files = tree(r.public)
        for name in sorted(files):
            if name == "1.root.json":
                continue
            bad = r.path("bad-" + name.replace("/", "_"))
            for path, content in files.items():
                os.makedirs(os.path.dirname(os.path.join(bad, path)), exist_ok=True)
                at = len(content) // 2
                with open(os.path.join(bad, path), "wb") as stream:
                    stream.write(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:] if path == name else content)
            with label(name):
                client = r.client("c-" + name.replace("/", "_"))
                number = r.metadata("timestamp.json")["version"]
                seen = name in ("timestamp.json", f"{number}.snapshot.json", "1.targets.json") or "trusted_root" in name
                client.download("trusted_root.json", folder=bad, code=1 if seen else 0)


def test_killed_at_any_write_clients_find_a_whole_repository():
    needs("crashpoint", os.path.exists(CRASHPOINT))
    with Repository() as r:
        r.run("tuf", "repo", "add", f"t={r.file('t', 'text')}", "--key", r.root_key)
        second = r.rotate_root()
        r.run("tuf", "repo", "root", "--key", r.root_key, "--key", second)
        clients, at = [r.client("first")], 0
        while at < 400:  # from the state before to the one after, each time one call further
            at += 1
            watch = replay.Watch(r.path("watch"), [r.public], CRASHPOINT, kill_at=at)
            done = subprocess.run([SLIPWAY, "tuf", "repo", "publish", r.public], env=watch.environment(r.environment()),
                                  capture_output=True, timeout=60)
            with label("killed at call", at):
                for client in clients:
                    client.download("trusted_root.json")
                r.client(f"new-{at}").refresh()
            if not watch.is_dead():
                assert done.returncode == 0, done
                break
        assert 5 < at < 400, at
        client = r.client("last")
        client.download("t")
        assert client.trusts("root") == 2


def test_the_folder_of_another_repository_is_left_alone():
    with Repository() as r, Home() as other:
        other.run("tuf", "repo", "init", "--key", other.root_key)
        before = tree(r.public)
        other.refused("tuf", "repo", "publish", r.public, says=["another repository"])
        after = tree(r.public)
        assert all(after[name] == before[name] for name in before)


def test_the_server_answers_below_tuf():
    with Repository() as r:
        process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--public"], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=r.environment())
        try:
            url = process.stdout.readline().split()[1] + "/tuf"
            client = r.client()
            client.call("--metadata-url", url, "--target-name", "trusted_root.json", "--target-dir", client.out, "download")
            assert b"tlogs" in client.have("trusted_root.json")
            first = client.trusts("timestamp")
            client.call("--metadata-url", url, "refresh")
            assert client.trusts("timestamp") == first, "a new timestamp for every question"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            process.stdout.close()


def test_without_its_witnesses_the_server_answers_with_what_there_is():
    needs("faketime", works("faketime", "now", "true"))
    with Repository() as r:
        vkey = json.loads(r.run("log", "checkpoint", "--json").stdout)["vkey"]
        with Witness(vkey, name="w.example/1") as witness:
            r.run("witness", "add", "one", witness.vkey, witness.url)
        process = subprocess.Popen(["faketime", "-f", "+2h", SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--public"], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=r.environment())
        try:
            url = process.stdout.readline().split()[1] + "/tuf"
            client = r.client()
            client.call("--metadata-url", url, "refresh")
            assert client.trusts("timestamp") <= r.metadata("timestamp.json")["version"], "a new one without the quorum"
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def test_keys_of_an_agent_and_under_a_passphrase_sign():
    needs("ssh-agent", works("sh", "-c", "command -v ssh-agent && command -v ssh-keygen"))
    with Repository() as r:
        sealed, secret, ssh = r.path("sealed.key"), r.file("pass", "correct horse\n"), r.path("ssh.key")
        os.chmod(secret, 0o600)
        r.run("keys", "new", "--out", sealed, "--passphrase-file", secret)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann@example", "-f", ssh], check=True)
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", r.path("agent")], stdout=subprocess.PIPE, text=True)
        try:
            agent.stdout.readline()
            env = {"SSH_AUTH_SOCK": r.path("agent"), "SLIPWAY_PASSPHRASE_FILE": secret}
            subprocess.run(["ssh-add", "-q", ssh], env={**os.environ, **env}, check=True, stderr=subprocess.DEVNULL)
            os.unlink(ssh)
            public = r.file("ann.pem", r.run("keys", "show", "ssh-agent:ann@example", "--format", "pem", env=env).stdout)
            r.run("tuf", "repo", "delegate", "tools", "--role-key", sealed + ".pub", "--role-key", public, "--threshold", "2",
                  "--path", "tools/*", "--key", r.root_key, "--key", sealed, "--key", "ssh-agent:ann@example", env=env)
            assert r.versions()["tools"] == 1
        finally:
            agent.terminate()
            agent.wait()
            agent.stdout.close()


def test_garbage_collection_keeps_targets():
    needs("faketime", works("faketime", "now", "true"))
    with Repository() as r:
        r.run("tuf", "repo", "add", f"t={r.file('t', 'text')}", "--key", r.root_key)
        r.run("tuf", "repo", "add", f"u={r.file('u', 'never signed')}", "--out", r.path("p.json"))
        removed = json.loads(r.run("admin", "gc", "--json", before=["faketime", "-f", "+3d"]).stdout)["removed"]
        assert removed >= 1, "the blob that no role names is still there"
        r.clean()
        name = hashlib.sha256(b"text").hexdigest()
        assert os.path.exists(r.blob("sha256:" + name))
        r.publish()
        r.client().download("t")


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
