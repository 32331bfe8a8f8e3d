# SPDX-License-Identifier: Apache-2.0
"""Other people's TUF clients follow our repository: python-tuf, tuf-js 4 and 6, go-tuf in cosign; and sigstore-js and cosign
verify bundles of ours with nothing but our root and our address. What cannot be installed is skipped by name."""
import base64
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "system", "tuf-repo"))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
import scratch  # noqa: E402
from scratch import BUILD, SLIPWAY, Skip, needs, works  # noqa: E402
from test_tuf_repo import Repository, Served  # noqa: E402

WORK = os.path.abspath(os.path.join(BUILD, "tests", "interop", "tuf-clients"))
STATEMENT = {"_type": "https://in-toto.io/Statement/v1", "predicate": {"passedTests": [], "result": "PASSED"},
             "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
             "subject": [{"digest": {"sha256": "ab" * 32}, "name": "tool"}]}


def install(what, *command):
    """Runs an installer; what it says is in WORK/install.log."""
    with open(os.path.join(WORK, "install.log"), "a", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=WORK, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=300)
    if done.returncode != 0:
        raise Skip(f"needs {what}, which could not be installed: see {WORK}/install.log")


@functools.cache
def npm():
    needs("npm", works("npm", "--version"))
    os.makedirs(WORK, exist_ok=True)
    for name in ("package.json", "client.mjs", "sigstore.mjs"):
        shutil.copy(os.path.join(HERE, name), WORK)
    if not os.path.isdir(os.path.join(WORK, "node_modules", "tuf-js-6")):
        install("tuf-js and sigstore-js", "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


@functools.cache
def venv():
    os.makedirs(WORK, exist_ok=True)
    python = os.path.join(WORK, "venv", "bin", "python")
    if not works(python, "-c", "import tuf.ngclient"):
        install("python-tuf", sys.executable, "-m", "venv", "venv")
        install("python-tuf", python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r",
                os.path.join(HERE, "requirements.txt"))
    return python


class Visitor:
    """A client with a metadata folder of its own that trusts root 1."""

    def __init__(self, repository, client):
        self.repository, self.client = repository, client
        self.metadata = repository.path(f"{client}-{len(os.listdir(repository.dir))}")
        self.out = self.metadata + "-out"
        os.mkdir(self.metadata)
        os.mkdir(self.out)
        shutil.copy(os.path.join(repository.public, "1.root.json"), os.path.join(self.metadata, "root.json"))

    def visit(self, *targets, folder=None, before=()):
        """Exit code and errors of one visit."""
        if self.client == "python-tuf":
            command = [venv(), os.path.join(HERE, "client.py")]
        else:
            npm()
            command = ["node", os.path.join(WORK, "client.mjs"), self.client]
        with Served(folder or self.repository.public) as served:
            done = subprocess.run([*before, *command, self.metadata, served.url, self.out, *targets], cwd=WORK, text=True,
                                  capture_output=True, timeout=120)
        return done.returncode, done.stderr.strip()

    def accepts(self, *targets, **more):
        code, errors = self.visit(*targets, **more)
        assert code == 0, errors

    def refuses(self, *targets, says="", **more):
        code, errors = self.visit(*targets, **more)
        assert code == 1 and says in errors.lower(), (code, errors)


def ready(client):
    if client == "python-tuf":
        venv()
    else:
        npm()


@contextlib.contextmanager
def repository(client):
    """A repository with a target and a delegated one, published."""
    ready(client)
    with Repository() as r:
        key = r.path("ann.key")
        r.run("keys", "new", "--out", key)
        r.run("tuf", "repo", "delegate", "tools", "--role-key", key + ".pub", "--path", "tools/*", "--key", r.root_key,
              "--key", key)
        r.run("tuf", "repo", "add", f"tools/tool.bin={r.file('tool', 'a tool')}", "--role", "tools", "--key", key)
        r.run("tuf", "repo", "add", f"plain={r.file('plain', 'plain')}", "--key", r.root_key)
        r.publish()
        yield r


def follows(client):
    """The whole way of one client."""
    with repository(client) as r:
        visitor = Visitor(r, client)
        visitor.accepts("plain", "tools/tool.bin", "trusted_root.json")
        visitor.refuses("tools/other", says="no target")
        p256 = r.path("p256.pem")
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", p256],
                       check=True, stderr=subprocess.DEVNULL)
        os.chmod(p256, 0o600)
        subprocess.run(["openssl", "pkey", "-in", p256, "-pubout", "-out", p256 + ".pub"], check=True)
        r.run("tuf", "repo", "delegate", "tools", "--role-key", p256 + ".pub", "--path", "tools/*", "--key", r.root_key, "--key",
              p256)
        r.publish()
        visitor.accepts("tools/tool.bin")  # the delegated role has a P-256 key now


def follows_a_new_root(client):
    with repository(client) as r:
        early = Visitor(r, client)
        early.accepts("plain")
        second = r.rotate_root()
        r.run("tuf", "repo", "root", "--key", r.root_key, "--key", second)
        r.publish()
        for visitor in (early, Visitor(r, client)):
            visitor.accepts("plain", "tools/tool.bin")


def refuses_what_is_wrong(client):
    needs("faketime", works("faketime", "now", "true"))
    with repository(client) as r:
        Visitor(r, client).accepts("plain", before=["faketime", "-f", "+6d"])
        Visitor(r, client).refuses("plain", says="expired", before=["faketime", "-f", "+8d"])
        newest = Visitor(r, client)
        old = r.path("old")
        shutil.copytree(r.public, old)
        r.publish()
        newest.accepts("plain")
        newest.refuses("plain", folder=old)  # an older timestamp
        bad = r.path("bad")
        shutil.copytree(r.public, bad)
        for name in os.listdir(os.path.join(bad, "targets")):
            if name.endswith(".plain"):
                with open(os.path.join(bad, "targets", name), "w", encoding="utf-8") as stream:
                    stream.write("PLAIN")
        Visitor(r, client).refuses("plain", folder=bad)


def test_python_tuf_follows_our_repository():
    follows("python-tuf")


def test_python_tuf_follows_a_new_root():
    follows_a_new_root("python-tuf")


def test_python_tuf_refuses_what_is_wrong():
    refuses_what_is_wrong("python-tuf")


def test_tuf_js_6_follows_our_repository():
    follows("tuf-js-6")


def test_tuf_js_6_follows_a_new_root():
    follows_a_new_root("tuf-js-6")


def test_tuf_js_6_refuses_what_is_wrong():
    refuses_what_is_wrong("tuf-js-6")


def test_tuf_js_4_follows_our_repository():
    follows("tuf-js-4")


def test_tuf_js_4_follows_a_new_root():
    follows_a_new_root("tuf-js-4")


def test_sigstore_js_verifies_a_bundle_with_our_root_and_address_alone():
    npm()
    with Repository() as r:
        text = json.dumps(STATEMENT, sort_keys=True, separators=(",", ":"))
        statement = r.call("log.append", statement=text)["statement"]
        bundle = json.loads(r.call("log.prove", entry=statement)["bundle"])
        body = json.loads(base64.b64decode(bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
        spki = body["spec"]["hashedRekordV002"]["signature"]["verifier"]["publicKey"]["rawBytes"]
        pem = r.file("key.pem", f"-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
        process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--public"], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=r.environment())
        url = process.stdout.readline().split()[1] + "/tuf"

        def verify(name, what):
            return subprocess.run(["node", os.path.join(WORK, "sigstore.mjs"), os.path.join(r.public, "1.root.json"), url,
                                   r.path("cache-" + name), r.file(name + ".json", json.dumps(what)), pem],
                                  cwd=WORK, text=True, capture_output=True, timeout=120)
        try:
            good = verify("good", bundle)
            assert good.returncode == 0, good.stderr
            bundle["dsseEnvelope"]["payload"] = base64.b64encode(text.replace("PASSED", "FAILED").encode()).decode()
            bad = verify("bad", bundle)
            assert bad.returncode == 1 and "TUF" not in bad.stderr, bad.stderr
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            process.stdout.close()


def test_cosign_verifies_with_what_it_fetched_from_our_repository():
    """cosign 3.1 (go-tuf) initializes from our root and address, across a new root, and verifies a bundle of ours with that"""
    import test_clients
    from world import SPDX, World
    program = test_clients.cosign()
    with World() as w:
        public, second = w.path("public"), w.path("targets.key")
        w.run("keys", "new", "--out", second)
        w.run("tuf", "repo", "init", "--key", w.root_key)
        w.run("tuf", "repo", "root", "--role-key", second + ".pub", "--key", w.root_key, "--key", second)
        w.run("tuf", "repo", "publish", public)
        bundle = w.file("bundle.json", json.dumps(w.bundle))
        env = w.environment(HOME=w.dir, TUF_ROOT=w.path("tuf-root"))

        def cosign(*words):
            return subprocess.run([program, *words], env=env, text=True, capture_output=True, timeout=100)
        with Served(public) as served:
            done = cosign("initialize", "--mirror", served.url, "--root", os.path.join(public, "1.root.json"))
            assert done.returncode == 0, done.stderr
            verify = ["verify-blob-attestation", "--key", w.key, "--bundle", bundle, "--use-signed-timestamps", "--type", SPDX]
            good = cosign(*verify, w.asset)
            assert good.returncode == 0, good.stderr
            assert cosign(*verify, w.file("other", "other\n")).returncode != 0


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
