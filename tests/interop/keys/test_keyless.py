# SPDX-License-Identifier: Apache-2.0
"""Keyless signing end to end: Sigstore's own mock of Fulcio, Rekor and a time-stamp authority answers `slipway sigstore
sign-bundle`, and sigstore-js and `slipway sigstore verify-bundle` judge the bundles, also after a rotation of each key.

Usage: test_keyless.py WORK_FOLDER [TEST…]. Without npm, or where its packages cannot be had, the tests are skipped.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import scratch  # noqa: E402
from scratch import needs, works  # noqa: E402

SLIPWAY = os.path.join(scratch.BUILD, "src", "cli", "slipway")
WORK = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("test_") else tempfile.gettempdir()
IDENTITY = "https://ci.example/acme/cli/release"
ISSUER = "https://token.ci.example"
STATEMENT = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://in-toto.io/attestation/release/v0.1",
             "predicate": {"releaseId": "1.0"}}


def node_modules():
    """The folder with the mock and the client installed, made once."""
    needs("npm", works("npm", "--version"))
    folder = os.path.join(WORK, "keyless")
    os.makedirs(folder, exist_ok=True)
    for name in "package.json", "mock.mjs", "verify.mjs":
        shutil.copy(os.path.join(HERE, name), folder)
    if not os.path.isdir(os.path.join(folder, "node_modules", "@sigstore", "mock")):
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], cwd=folder,
                              capture_output=True, timeout=240, check=False)
        needs("npm packages", done.returncode == 0)
    return folder


def token(**claims):
    part = [base64.urlsafe_b64encode(json.dumps(c).encode()).decode().rstrip("=")
            for c in ({"alg": "none"}, {"iss": ISSUER, "sub": IDENTITY, "aud": "sigstore", **claims})]
    return ".".join([*part, ""])


class World:
    """The mock, served, and a folder with something to sign."""

    def __enter__(self):
        self.modules = node_modules()
        self.dir = tempfile.mkdtemp(prefix="slipway-keyless-")
        self.mock = subprocess.Popen(["node", "mock.mjs"], cwd=self.modules, stdout=subprocess.PIPE, text=True)
        self.url = self.mock.stdout.readline().strip()
        assert self.url.startswith("http"), "the mock did not start"
        self.write("artifact", os.urandom(100_000))
        digest = subprocess.run(["sha256sum", self.path("artifact")], capture_output=True, check=True).stdout[:64].decode()
        statement = {**STATEMENT, "subject": [{"name": "artifact", "digest": {"sha256": digest}}]}
        self.write("statement", json.dumps(statement).encode())
        return self

    def __exit__(self, *_):
        self.mock.kill()
        self.mock.wait()
        self.mock.stdout.close()
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def fetch(self, what, name=None, data=None):
        with urllib.request.urlopen(self.url + what, data=data, timeout=30) as answer:
            content = answer.read()
        if name is not None:
            self.write(name, content)

    def slipway(self, *words):
        return subprocess.run([SLIPWAY, *words], cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)

    def sign(self, bundle, *more, file="artifact", rekor=1, identity_token=None, code=0):
        self.fetch(f"/signing_config.json?rekor={rekor}", "signing_config.json")
        self.fetch("/trusted_root.json", "trusted_root.json")
        done = self.slipway("sigstore", "sign-bundle", *more, "--identity-token", identity_token or token(), "--bundle", bundle,
                            "--trusted-root", "trusted_root.json", "--signing-config", "signing_config.json", file)
        assert done.returncode == code, done
        return done

    def ours(self, bundle, root="trusted_root.json", artifact="artifact", identity=IDENTITY):
        return self.slipway("sigstore", "verify-bundle", "--bundle", bundle, "--certificate-identity", identity,
                            "--certificate-oidc-issuer", ISSUER, "--trusted-root", root, artifact)

    def theirs(self, bundle, root="trusted_root.json", artifact="artifact", identity=IDENTITY):
        return subprocess.run(["node", "verify.mjs", *map(self.path, (bundle, root)), identity, ISSUER, self.path(artifact)],
                              cwd=self.modules, capture_output=True, text=True, timeout=60, check=False)

    def judge(self, wanted, *args, **more):
        """Both verifiers say @wanted."""
        for judge in self.ours, self.theirs:
            done = judge(*args, **more)
            assert (done.returncode == 0) == wanted, (judge.__name__, wanted, done.returncode, done.stdout, done.stderr[-2000:])


def test_a_signed_file_is_accepted_and_another_one_refused():
    with World() as w:
        for rekor in 1, 2:
            with scratch.label(f"rekor v{rekor}"):
                w.sign("bundle.json", rekor=rekor)
                bundle = json.loads(w.read("bundle.json"))
                assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
                entry = bundle["verificationMaterial"]["tlogEntries"][0]
                assert ("inclusionPromise" in entry) == (rekor == 1), entry
                w.judge(True, "bundle.json")
                w.judge(False, "bundle.json", identity=IDENTITY + "/other")
                w.write("other", w.read("artifact")[:-1] + b"x")
                w.judge(False, "bundle.json", artifact="other")


def test_a_signed_statement_is_accepted():
    with World() as w:
        for rekor in 1, 2:
            with scratch.label(f"rekor v{rekor}"):
                w.sign("bundle.json", "--in-toto", file="statement", rekor=rekor)
                w.judge(True, "bundle.json")
                bundle = json.loads(w.read("bundle.json"))
                bundle["dsseEnvelope"]["payload"] = base64.b64encode(w.read("statement").replace(b'"1.0"', b'"1.1"')).decode()
                w.write("changed.json", json.dumps(bundle).encode())
                w.judge(False, "changed.json")


def change_base64(holder, key):
    content = bytearray(base64.b64decode(holder[key]))
    content[-20] ^= 1  # in a signature, where there is one: a token's certificate is not what is believed
    holder[key] = base64.b64encode(content).decode()


def test_one_byte_changed_anywhere_that_matters_is_refused():
    with World() as w:
        w.sign("bundle.json")
        good = json.loads(w.read("bundle.json"))
        for path in (("messageSignature", "signature"), ("verificationMaterial", "certificate", "rawBytes"),
                     ("verificationMaterial", "tlogEntries", 0, "inclusionPromise", "signedEntryTimestamp"),
                     ("verificationMaterial", "tlogEntries", 0, "canonicalizedBody"),
                     ("verificationMaterial", "tlogEntries", 0, "logId", "keyId"),
                     ("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp")):
            with scratch.label(path):
                bundle = json.loads(json.dumps(good))
                holder = bundle
                for key in path[:-1]:
                    holder = holder[key]
                change_base64(holder, path[-1])
                w.write("changed.json", json.dumps(bundle).encode())
                w.judge(False, "changed.json")


def test_after_a_rotation_of_each_key_old_and_new_bundles_are_accepted():
    with World() as w:
        for key in "ca", "ctlog", "tlog", "tsa":
            with scratch.label(key):
                w.sign("old.json")
                w.fetch("/trusted_root.json", "before.json")
                w.fetch(f"/rotate/{key}", data=b"")
                w.sign("new.json")
                w.fetch("/trusted_root.json?only=now", "now.json")
                w.judge(True, "old.json")
                w.judge(True, "new.json")
                w.judge(True, "new.json", root="now.json")
                w.judge(False, "new.json", root="before.json")


def test_a_bundle_that_does_not_hold_is_not_written():
    with World() as w:
        w.fetch("/trusted_root.json", "old_root.json")
        w.fetch("/signing_config.json", "signing_config.json")
        w.fetch("/rotate/tlog", data=b"")
        done = w.slipway("sigstore", "sign-bundle", "--identity-token", token(), "--bundle", "bundle.json", "--trusted-root",
                         "old_root.json", "--signing-config", "signing_config.json", "artifact")
        assert done.returncode == 1 and "does not hold" in done.stderr, done
        assert not os.path.exists(w.path("bundle.json"))


def test_what_cannot_be_signed_says_why():
    with World() as w:
        for says, words in (("no JSON Web Token", {"identity_token": "nonsense"}),
                            ("not verified", {"identity_token": token(email="a@example.org", email_verified=False)}),
                            ("cannot open", {"file": "absent"})):
            with scratch.label(says):
                assert says in w.sign("bundle.json", **words, code=1).stderr
        assert "statement" in w.sign("bundle.json", "--in-toto", file="artifact", code=1).stderr
        w.mock.kill()
        done = w.slipway("sigstore", "sign-bundle", "--identity-token", token(), "--bundle", "bundle.json", "--signing-config",
                         "signing_config.json", "artifact")
        assert done.returncode == 1 and "cannot get a certificate" in done.stderr, done


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
