# SPDX-License-Identifier: Apache-2.0
"""A release carries signatures for people without our verifier: their programs accept each, and refuse it with one byte changed;
our verifiers say what each is, and refuse what is not, to the byte, what publishing writes."""
import atexit
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, needs  # noqa: E402

STATIC = os.path.join(scratch.BUILD, "src", "verify", "slipway-verify")
FORMATS = "[openpgp, checksum, sshsig, minisign]"
ASSETS = ("tool", "notes.txt")


class World:
    """One published release with every format, its keys as a downloader has them, and a copy to spoil."""

    def __init__(self):
        self.h = Home()
        self.h.write_source("slipway.yaml", scratch.PIPELINE.replace("require: [provenance]",
                                                                    f"require: [provenance]\n    signatures: {FORMATS}"))
        self.h.commit("ask for signatures")
        self.served = self.h.published()
        self.trust = self.h.trust()
        self.copy = self.h.path("copy")
        self.gnupg = self.h.path("gnupg")
        os.mkdir(self.gnupg, 0o700)
        for name, format in (("key.asc", "openpgp"), ("allowed", "ssh"), ("key.pub", "minisign")):
            with open(self.h.path(name), "w", encoding="utf-8") as file:
                file.write(self.h.run("keys", "files", "--format", format).stdout)
        self.signer = self.h.run("keys", "files").stdout.split("\n")[0].split()[1]
        if shutil.which("gpg"):
            self.tool("gpg", "--batch", "--quiet", "--import", self.h.path("key.asc"), folder=self.h.dir)

    def close(self):
        if shutil.which("gpgconf"):
            self.tool("gpgconf", "--kill", "all", folder=self.h.dir)
        self.h.remove()

    def tool(self, *argv, folder=None, stdin=b""):
        env = {"PATH": "/usr/bin:/bin", "HOME": self.h.dir, "GNUPGHOME": self.gnupg, "LC_ALL": "C.UTF-8"}
        return subprocess.run(argv, cwd=folder or self.copy, env=env, input=stdin, capture_output=True, timeout=60)

    def fresh(self):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.served, self.copy)

    def read(self, name):
        with open(os.path.join(self.copy, name), "rb") as file:
            return file.read()

    def write(self, name, content):
        path = os.path.join(self.copy, name)
        if os.path.exists(path):
            os.chmod(path, 0o644)
        with open(path, "wb") as file:
            file.write(content)

    def flip(self, name):
        """Exchanges a byte in the middle: in a signature, one of its base64."""
        text = bytearray(self.read(name))
        at = len(text) // 2
        text[at] = ord("A") if text[at] != ord("A") else ord("B")
        self.write(name, bytes(text))


WORLD = []


def world():
    if not WORLD:
        WORLD.append(World())
        atexit.register(WORLD[0].close)
    WORLD[0].fresh()
    return WORLD[0]


def openpgp(w, asset):
    return w.tool("gpg", "--batch", "--verify", asset + ".asc", asset).returncode == 0


def sshsig(w, asset):
    return w.tool("ssh-keygen", "-Y", "verify", "-f", w.h.path("allowed"), "-I", w.signer, "-n", "file", "-s", asset + ".sig",
                  stdin=w.read(asset)).returncode == 0


def minisign(w, asset):
    return w.tool("minisign", "-V", "-p", w.h.path("key.pub"), "-m", asset).returncode == 0


def accepts_and_refuses(program, suffix, check):
    needs(program, shutil.which(program))
    w = world()
    for asset in ASSETS:
        with scratch.label(program, asset):
            w.fresh()
            assert check(w, asset), "not accepted"
            w.flip(asset)
            assert not check(w, asset), "accepted over another file"
            w.fresh()
            w.flip(asset + suffix)
            assert not check(w, asset), "accepted with a byte of the signature changed"
            w.fresh()
            other = ASSETS[1 - ASSETS.index(asset)]
            w.write(asset + suffix, w.read(other + suffix))
            assert not check(w, asset), "the other file's signature was accepted"


def test_gpg_accepts_the_detached_signatures():
    accepts_and_refuses("gpg", ".asc", openpgp)


def test_ssh_keygen_accepts_the_signatures():
    accepts_and_refuses("ssh-keygen", ".sig", sshsig)


def test_minisign_accepts_the_signatures():
    accepts_and_refuses("minisign", ".minisig", minisign)


def test_gpg_and_sha256sum_accept_the_checksums():
    needs("gpg", shutil.which("gpg"))
    w = world()
    assert w.tool("gpg", "--batch", "--verify", "CHECKSUM.asc").returncode == 0
    said = w.tool("gpg", "--batch", "--decrypt", "CHECKSUM.asc")
    assert said.returncode == 0 and b"  ./tool\n" in said.stdout, said
    assert w.tool("sha256sum", "--strict", "-c", "-", stdin=said.stdout).returncode == 0
    assert w.tool("sha256sum", "-c", "CHECKSUM.asc").returncode == 0
    assert w.tool("sha256sum", "--strict", "-c", "SHA256SUMS").returncode == 0
    w.flip("tool")
    assert w.tool("sha256sum", "-c", "-", stdin=said.stdout).returncode != 0
    w.fresh()
    w.write("CHECKSUM.asc", w.read("CHECKSUM.asc").replace(b"./tool", b"./toad"))
    assert w.tool("gpg", "--batch", "--verify", "CHECKSUM.asc").returncode != 0


def signature_files():
    return ["CHECKSUM.asc"] + [asset + suffix for asset in ASSETS for suffix in (".asc", ".sig", ".minisig")]


def test_verify_says_what_each_signature_is():
    w = world()
    for program in [[scratch.SLIPWAY, "verify"]] + [[STATIC]] * os.path.exists(STATIC):  # no sanitizer is linked statically
        said = w.tool(*program, w.copy, "--trust", w.trust)
        assert said.returncode == 0, said
        lines = said.stdout.decode()
        for text in ("OpenPGP signature over the digests of all files", "OpenPGP signature over tool", "SSH signature over notes.txt",
                     "minisign signature over tool"):
            assert text in lines, lines


def test_verify_refuses_a_signature_with_one_byte_changed():
    w = world()
    for name in signature_files():
        with scratch.label(name):
            w.fresh()
            w.flip(name)
            said = w.tool(scratch.SLIPWAY, "verify", w.copy, "--trust", w.trust)
            assert said.returncode == 10 and name.encode() in said.stdout, said


def test_verify_misses_a_signature_that_is_gone():
    w = world()
    for name in signature_files():
        with scratch.label(name):
            w.fresh()
            os.unlink(os.path.join(w.copy, name))
            assert w.tool(scratch.SLIPWAY, "verify", w.copy, "--trust", w.trust).returncode == 13


def pem(certificate):
    body = base64.encodebytes(base64.b64decode(certificate)).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def test_openssl_accepts_the_time_stamps_of_the_bundles():
    needs("openssl", shutil.which("openssl"))
    w = world()
    chain = json.loads(w.h.run("keys", "trust-root").stdout)["timestampAuthorities"][0]["certChain"]["certificates"]
    w.write("tsa.pem", "".join(pem(c["rawBytes"]) for c in chain[:-1]).encode())
    w.write("ca.pem", pem(chain[-1]["rawBytes"]).encode())

    def judge(signature, stamp):
        w.write("signature", signature)
        w.write("stamp.tsr", stamp)
        return w.tool("openssl", "ts", "-verify", "-data", "signature", "-in", "stamp.tsr", "-CAfile", "ca.pem", "-untrusted",
                      "tsa.pem")

    for asset in ASSETS:
        bundle = json.loads(w.read(asset + ".sigstore.json"))
        stamps = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        stamp = base64.b64decode(stamps[0]["signedTimestamp"])
        signature = base64.b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"])
        with scratch.label(asset):
            said = judge(signature, stamp)
            assert said.returncode == 0 and b"Verification: OK" in said.stdout + said.stderr, said
            assert judge(signature[:-1] + bytes([signature[-1] ^ 1]), stamp).returncode != 0, "another signature"
            imprint = stamp.index(hashlib.sha256(signature).digest())
            for at in (imprint, imprint + 31, stamp.index(b"\x18\x0f") + 5, len(stamp) - 3):  # what is stamped, when, by whom
                changed = stamp[:at] + bytes([stamp[at] ^ 1]) + stamp[at + 1:]
                assert judge(signature, changed).returncode != 0, f"accepted with byte {at} of {len(stamp)} changed"


def test_a_release_without_the_setting_has_no_signatures():
    with Home() as h:
        served = h.published()
        assert not [name for name in os.listdir(served) if name.endswith((".asc", ".sig", ".minisig"))], os.listdir(served)


def test_an_asset_named_like_a_signature_is_refused_at_the_seal():
    with Home() as h:
        h.write_source("slipway.yaml", scratch.PIPELINE.replace('"tool", "notes.txt"', '"tool", "tool.asc"')
                       .replace("notes.txt", "tool.asc")
                       .replace("require: [provenance]", "require: [provenance]\n    signatures: [openpgp]"))
        h.write_source("tool.asc", "mine\n")
        h.commit("a file of that name")
        h.build()
        h.refused("release", "seal", h.release(), says=["tool.asc"])


def names(h):
    return h.run("keys", "files").stdout


def with_signatures(h):
    h.write_source("slipway.yaml", scratch.PIPELINE.replace("require: [provenance]",
                                                            f"require: [provenance]\n    signatures: {FORMATS}"))
    h.commit("ask for signatures")


def test_another_key_takes_over_and_old_releases_stay_good():
    with Home() as h:
        with_signatures(h)
        old, before = h.published(), names(h)
        h.run("keys", "replace", "--root-key", h.root_key)
        assert names(h) != before
        new = h.published("1.1.0")
        trust = h.trust()
        fingerprint = next(line.split()[1] for line in names(h).splitlines() if line.startswith("ssh "))
        assert fingerprint in h.verify(new, trust)
        assert fingerprint not in h.verify(old, trust)
        assert not [name for name in os.listdir(os.path.join(h.home, "keys")) if "next" in name]
        h.clean()


def test_a_key_of_ones_own_takes_over():
    with Home() as h:
        h.run("keys", "new", "--out", h.path("own.key"), "--type", "ed25519")
        h.run("keys", "replace", "--root-key", h.root_key, "--from", h.path("own.key"))
        assert h.run("keys", "show", h.path("own.key"), "--format", "minisign").stdout == \
            h.run("keys", "files", "--format", "minisign").stdout
        h.run("keys", "new", "--out", h.path("other.key"), "--type", "p256")
        h.refused("keys", "replace", "--root-key", h.root_key, "--from", h.path("other.key"), says=["Ed25519"])
        with_signatures(h)
        h.verify(h.published(), h.trust())


def test_a_key_is_not_used_before_a_root_names_it():
    with Home() as h:
        before = names(h)
        h.run("keys", "replace", "--out", h.path("proposal.json"))
        assert names(h) == before
        with open(h.path("proof"), "w", encoding="utf-8") as file:
            file.write(h.run("keys", "sign", h.path("proposal.json"), "--key", h.root_key, "--person", "root-1").stdout)
        h.run("admin", "apply", h.path("proposal.json"), "--proof", h.path("proof"))
        assert names(h) != before


def test_a_folder_older_than_the_key_gets_one():
    with Home() as h:
        path = os.path.join(h.home, "keys", "keys.json")
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
        index["keys"] = [key for key in index["keys"] if key["role"] != "format"]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(index, file)
        os.unlink(os.path.join(h.home, "keys", "format.pem"))
        with_signatures(h)
        h.build()
        h.refused("release", "seal", h.release(), says=["slipway keys replace"])
        h.run("keys", "replace", "--root-key", h.root_key)
        h.verify(h.published(), h.trust())


def test_a_crash_while_a_key_takes_over_is_healed_by_the_next_start():
    """What is on disk between the steps: the root is logged and the key only prepared; keys.json names it and it is not renamed."""
    with Home() as h:
        keys = os.path.join(h.home, "keys")
        h.run("keys", "replace", "--out", h.path("proposal.json"))
        prepared = {name: open(os.path.join(keys, name), "rb").read() for name in ("format.next.pem", "next.json")}
        index, old = (open(os.path.join(keys, name), "rb").read() for name in ("keys.json", "format.pem"))
        h.run("keys", "replace", "--root-key", h.root_key)
        after = names(h)
        adopted = open(os.path.join(keys, "keys.json"), "rb").read()
        for label, found in (("logged", index), ("listed", adopted)):
            with scratch.label(label):
                for name, content in {**prepared, "keys.json": found, "format.pem": old}.items():
                    with open(os.path.join(keys, name), "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                        file.write(content)
                assert names(h) == after
                assert sorted(os.listdir(keys)) == sorted(set(os.listdir(keys)) - set(prepared))
        with_signatures(h)
        h.verify(h.published(), h.trust())


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
