# SPDX-License-Identifier: Apache-2.0
"""Keyless signatures in a log of ours: a mock Fulcio certifies, our own log and time-stamp authority do the rest, and
sigstore-python, sigstore-go and cosign judge the bundles: as made, and with one thing changed."""
import contextlib
import copy
import functools
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), HERE, os.path.join(HERE, "..", "keys")]
import scratch  # noqa: E402
import test_keyless  # noqa: E402
from scratch import SLIPWAY, Home, label, works  # noqa: E402
from test_clients import WORK, alone, cosign, demand, go, install, verdicts  # noqa: E402
from test_keyless import IDENTITY, ISSUER, token  # noqa: E402
from world import flipped, stamp  # noqa: E402

HOST = "127.0.0.1"  # clients know a log by the host of its URL
test_keyless.WORK = WORK


@alone
def sigstore_python():
    python = os.path.join(WORK, "venv-sigstore", "bin", "python")
    if not works(python, "-c", "import sigstore.verify"):
        install("sigstore-python", sys.executable, "-m", "venv", "venv-sigstore")
        install("sigstore-python", python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r",
                os.path.join(HERE, "requirements-sigstore.txt"))
    return python


class Signed:
    """A served log for others, a mock Fulcio, and an artifact signed with both: .bundle, .trusted_root, .artifact."""

    def __init__(self, home, mock, url, in_toto):
        self.home, self.url = home, url
        self.artifact = mock.path("artifact")
        subject = mock.path("statement") if in_toto else self.artifact
        self.trusted_root = self.write("root.json", self.all_roots(mock))
        config = self.write("config.json", self.signing_config(mock))
        path = home.path("signed.json")
        home.run("sigstore", "sign-bundle", *(["--in-toto"] if in_toto else []), "--identity-token", token(), "--bundle", path,
                 "--trusted-root", self.trusted_root, "--signing-config", config, subject)
        with open(path, encoding="utf-8") as stream:
            self.bundle = json.load(stream)

    def write(self, name, value):
        path = self.home.path(name)
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
        return path

    def all_roots(self, mock):
        """The mock's authorities, our log for others and our time-stamp authority."""
        self.home.run("keys", "trust-root", "--out", self.home.path("trust-root"))
        with open(self.home.path("trust-root", "trusted_root.json"), encoding="utf-8") as stream:
            root = json.load(stream)
        fulcio = fetched(mock, "/trusted_root.json")
        shard = json.loads(self.home.run("log", "foreign", "--json").stdout)["shards"][-1]
        return {**root, "certificateAuthorities": fulcio["certificateAuthorities"], "ctlogs": fulcio["ctlogs"], "tlogs": [{
            "baseUrl": self.url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": shard["logId"]},
            "publicKey": {"rawBytes": shard["spki"], "keyDetails": "PKIX_ED25519",
                          "validFor": {"start": "2020-01-01T00:00:00Z"}}}]}

    def signing_config(self, mock):
        config = fetched(mock, "/signing_config.json?rekor=2")
        config["rekorTlogUrls"][0]["url"] = self.url
        config["tsaUrls"][0]["url"] = self.url + "/api/v1/timestamp"
        return config

    def cases(self, changes):
        folder = self.home.path("cases")
        os.makedirs(folder)
        for name, change in {"as made": lambda b, e: None, **changes}.items():
            bundle = copy.deepcopy(self.bundle)
            change(bundle, bundle["verificationMaterial"]["tlogEntries"][0])
            with open(os.path.join(folder, name.replace(" ", "_") + ".json"), "w", encoding="utf-8") as stream:
                json.dump(bundle, stream)
        return folder


def fetched(mock, what):
    mock.fetch(what, "fetched.json")
    return json.loads(mock.read("fetched.json"))


@contextlib.contextmanager
def signed(in_toto=False):
    with test_keyless.World() as mock, Home() as home:
        home.run("log", "foreign", "--origin", HOST)
        process = subprocess.Popen([SLIPWAY, "serve", "--listen", HOST + ":0"], text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=home.environment())
        try:
            yield Signed(home, mock, process.stdout.readline().split()[1], in_toto)
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()


def signature(bundle):
    return bundle["dsseEnvelope"]["signatures"][0] if "dsseEnvelope" in bundle else bundle["messageSignature"]


def change_signature(bundle, _):
    member = "sig" if "dsseEnvelope" in bundle else "signature"
    signature(bundle)[member] = flipped(signature(bundle)[member])


def change_certificate(bundle, _):
    certificate = bundle["verificationMaterial"]["certificate"]
    certificate["rawBytes"] = flipped(certificate["rawBytes"])


CHANGES = {
    "other signature": change_signature,
    "other certificate": change_certificate,
    "other checkpoint": lambda b, e: e["inclusionProof"]["checkpoint"].update(
        envelope=e["inclusionProof"]["checkpoint"]["envelope"].replace("\n1\n", "\n2\n")),
    "unknown log": lambda b, e: e["logId"].update(keyId=flipped(e["logId"]["keyId"])),
    "no log entry": lambda b, e: b["verificationMaterial"].update(tlogEntries=[]),
    "no proof": lambda b, e: e.pop("inclusionProof"),
    "other time stamp": lambda b, e: stamp(b, -1),
    "no time stamp": lambda b, e: b["verificationMaterial"].pop("timestampVerificationData"),
}


# sigstore-python takes the log's key by the checkpoint and does not look at the entry's log id.
PASSED_OVER_BY_PYTHON = {"unknown log"}


def each(judge, passed_over=()):
    """Lets a client judge a message signature and an envelope."""
    for in_toto in (False, True):
        with label("envelope" if in_toto else "message"), signed(in_toto) as s:
            demand(judge(s, s.cases(CHANGES)), CHANGES, passed_over)


def one_by_one(folder, *command):
    """{case: verdict} of a program that judges one bundle at a time; "{}" is its path."""
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        done = subprocess.run([path if word == "{}" else word for word in command], text=True, capture_output=True, timeout=60)
        found[name.removesuffix(".json")] = "accepted" if done.returncode == 0 else "refused: " + done.stderr.strip()
    return found


def test_our_own_verifier_refuses_each_change():
    """slipway sigstore verify-bundle accepts what was signed keyless into our log, and refuses changed bundles"""
    each(lambda s, folder: one_by_one(folder, SLIPWAY, "sigstore", "verify-bundle", "--bundle", "{}", "--trusted-root",
                                      s.trusted_root, "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER,
                                      s.artifact))


def test_sigstore_python_judges_keyless_bundles_of_our_log():
    """sigstore-python 4.5.1 accepts what was signed keyless into our log, and refuses changed bundles"""
    python = sigstore_python()
    each(lambda s, folder: verdicts(python, os.path.join(HERE, "judge_keyless.py"), s.trusted_root, IDENTITY, ISSUER,
                                    s.artifact, folder), PASSED_OVER_BY_PYTHON)


def test_sigstore_go_judges_keyless_bundles_of_our_log():
    """sigstore-go 1.2.2 accepts what was signed keyless into our log, and refuses changed bundles"""
    judge = go("./judge")
    each(lambda s, folder: verdicts(judge, s.trusted_root, f"identity={IDENTITY},issuer={ISSUER}", s.artifact, folder))


def test_cosign_verifies_a_blob_of_our_log():
    """cosign verify-blob --bundle accepts what was signed keyless into our log, and refuses changed bundles"""
    program = cosign()
    with signed() as s:
        found = one_by_one(s.cases(CHANGES), program, "verify-blob", "--bundle", "{}", "--trusted-root", s.trusted_root,
                           "--use-signed-timestamps", "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER,
                           s.artifact)
        demand(found, CHANGES)


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
