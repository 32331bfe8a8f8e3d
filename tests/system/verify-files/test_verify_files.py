# SPDX-License-Identifier: Apache-2.0
"""`verify-file` and `verify-attestation` over what real tools signed: every published signature, each file with a
changed byte, the same through the static `slipway-verify`; then the engine's own verification summary."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, SLIPWAY, needs  # noqa: E402

SIGNATURES = os.path.join(os.environ.get("VECTORS", ""), "signatures", "made")
STATIC = os.path.join(os.environ.get("SLIPWAY_BUILD", ""), "src", "verify", "slipway-verify")
OK, FORGED, POLICY, UNSUPPORTED = 0, 10, 14, 15

# file, signature (None: inside), options. All by Debian's tools; see ORIGIN.md of the vectors.
SSH = ["--allowed-signers", "ssh-allowed_signers", "--identity", "bot-s@example.test"]
FILES = [
    ("minisign/a.bin", "minisign/a.bin.minisig", ["--minisign-key", "minisign/k.pub"]),
    ("minisign/a.bin", "minisign/a.bin.legacy.minisig", ["--key", "minisign/k.pub"]),
    ("signify/a.bin", "signify/a.bin.sig", ["--key", "signify/k.pub"]),
    ("signify/SHA256.sig", None, ["--key", "signify/k.pub"]),
    ("sshsig/a.bin", "sshsig/a.bin.sig", ["--key", "sshsig/k.pub"]),
    ("sshsig/a.bin", "sshsig/a.bin.sig", SSH),
    ("gpg/a.bin", "gpg/a.bin.rsa.asc", ["--keyring", "gpg-rsa.pub.asc"]),
    ("gpg/a.bin", "gpg/a.bin.ed25519.sig", ["--keyring", "gpg-ed25519.pub.asc"]),
    ("gpg/a.bin", "gpg/a.clear.asc", ["--keyring", "gpg-ed25519.pub.asc"]),
    ("gpg/a.clear.asc", None, ["--keyring", "gpg-ed25519.pub.asc"]),
]


def call(program, folder, *args, code):
    done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, (program, args, done.returncode, done.stdout, done.stderr)
    return done.stdout


def words(file, signature, options):
    return [file, *(["--signature", signature] if signature else []), *options]


def copied(folder):
    shutil.copytree(SIGNATURES, folder, dirs_exist_ok=True)


def change(path, text):
    """A byte in the middle of the signed text."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[data.index(text) + 2] ^= 1
    with open(path, "wb") as file:
        file.write(data)


def ready():
    needs("vectors", os.path.isdir(SIGNATURES))


def is_pgp(options):
    return "--keyring" in options


def test_what_real_tools_signed_is_good():
    ready()
    for file, signature, options in FILES:
        out = call(SLIPWAY, SIGNATURES, "verify-file", *words(file, signature, options), code=OK)
        assert "signature" in out and f"{file}: good" in out, out


def test_changed_files_are_not():
    ready()
    for file, signature, options in FILES:
        with tempfile.TemporaryDirectory() as folder:
            copied(folder)
            change(os.path.join(folder, file), b"artifact s" if not file.startswith("signify/S") else b"SHA256 (")
            call(SLIPWAY, folder, "verify-file", *words(file, signature, options), code=FORGED)


def test_other_signers_are_not():
    ready()
    for file, signature, options in FILES:
        other = {"minisign/k.pub": "signify/k.pub", "signify/k.pub": "minisign/k.pub",
                 "gpg-rsa.pub.asc": "gpg-ed25519.pub.asc", "gpg-ed25519.pub.asc": "gpg-rsa.pub.asc",
                 "bot-s@example.test": "eve@example.test"}
        wrong = [other.get(word, word) for word in options]
        if wrong != options:
            call(SLIPWAY, SIGNATURES, "verify-file", *words(file, signature, wrong), code=FORGED)


def parts(data):
    """What git signed, and the signature: at the end of a tag, in a header of a commit."""
    if data.startswith(b"tree "):
        lines, kept, signature, inside = data.split(b"\n"), [], [], False
        for line in lines:
            begins = line.startswith(b"gpgsig ")
            inside = begins or (inside and line.startswith(b" "))
            (signature if inside else kept).append(line[7:] if begins else line[1:] if inside else line)
        return b"\n".join(kept), b"\n".join(signature) + b"\n"
    at = data.index(b"-----BEGIN ")
    return data[:at], data[at:]


def test_git_objects_are_judged_as_named():
    ready()
    found = 0
    for name in sorted(os.listdir(SIGNATURES)):
        if not name.startswith(("tag-", "commit-")):
            continue
        with tempfile.TemporaryDirectory() as folder, open(os.path.join(SIGNATURES, name), "rb") as file:
            for part, data in zip(("object", "signature"), parts(file.read())):
                with open(os.path.join(folder, part), "wb") as out:
                    out.write(data)
            kind = name.split("-")[1]
            key = name.removesuffix(".txt").removesuffix(".bad").split("-", 1)[1] + ".pub.asc"
            who = ["--keyring", os.path.join(SIGNATURES, key)] if kind == "gpg" else \
                ["--namespace", "git", "--allowed-signers", os.path.join(SIGNATURES, "ssh-allowed_signers")]
            code = FORGED if ".bad." in name else OK
            call(SLIPWAY, folder, "verify-file", "object", "--signature", "signature", *who, code=code)
            found += 1
    assert found >= 10, found


def test_timestamps_are_judged():
    ready()
    folder = os.path.join(SIGNATURES, "rfc3161")
    with tempfile.TemporaryDirectory() as made:
        chain = os.path.join(made, "chain.pem")
        with open(chain, "w", encoding="ascii") as out:
            for name in ("tsa.pem", "ca.pem"):
                with open(os.path.join(folder, name), encoding="ascii") as file:
                    out.write(file.read())
        for response in ("sha256.tsr", "sha512.tsr"):
            call(SLIPWAY, folder, "verify-file", "a.bin", "--signature", response, "--tsa-chain", chain, code=OK)
            call(SLIPWAY, folder, "verify-file", "ca.pem", "--signature", response, "--tsa-chain", chain, code=FORGED)


def test_json_says_each_check():
    ready()
    file, signature, options = FILES[0]
    out = json.loads(call(SLIPWAY, SIGNATURES, "verify-file", *words(file, signature, options), "--json", code=OK))
    assert out["exitCode"] == 0 and out["path"] == file, out
    assert [check["check"] for check in out["checks"]] == ["signature", "comment"], out


def test_the_static_verifier_agrees_and_leaves_openpgp_alone():
    ready()
    needs("slipway-verify", os.path.exists(STATIC))
    for file, signature, options in FILES:
        kept = [] if is_pgp(options) else options
        code = UNSUPPORTED if is_pgp(options) else OK
        call(STATIC, SIGNATURES, *words(file, signature, kept), code=code)


def test_signatures_by_openssl_are_judged():
    with tempfile.TemporaryDirectory() as folder:
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

        with open(os.path.join(folder, "a.bin"), "wb") as file:
            file.write(b"artifact s\n")
        openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "k.pem")
        openssl("pkey", "-in", "k.pem", "-pubout", "-out", "k.pub")
        openssl("dgst", "-sha384", "-sign", "k.pem", "-out", "a.sig", "a.bin")
        openssl("base64", "-A", "-in", "a.sig", "-out", "a.b64")
        for signature in ("a.sig", "a.b64"):
            call(SLIPWAY, folder, "verify-file", *words("a.bin", signature, ["--key", "k.pub"]), code=OK)
        change(os.path.join(folder, "a.bin"), b"artifact s")
        call(SLIPWAY, folder, "verify-file", *words("a.bin", "a.sig", ["--key", "k.pub"]), code=FORGED)


def test_what_we_sign_we_judge():
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, HOME=folder, SLIPWAY_HOME=os.path.join(folder, "home"))

        def slipway(*args):
            done = subprocess.run([SLIPWAY, *args], cwd=folder, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (args, done.stdout, done.stderr)
            return done.stdout

        def keep(name, text):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)

        keep("a.bin", "artifact s\n")
        slipway("keys", "new", "--out", "k", "--type", "ed25519")
        for form, more in (("pem", []), ("ssh", []), ("minisign", []), ("openpgp", ["--user-id", "A <a@x.test>"])):
            keep("k." + form, slipway("keys", "show", "k", "--format", form, *more))
        ways = [("minisign", "a.bin.minisig", ["--key", "k.minisign"]), ("sshsig", "a.bin.sig", ["--key", "k.ssh"]),
                ("openpgp", "a.bin.asc", ["--keyring", "k.openpgp"])]
        for form, signature, options in ways:
            slipway("keys", "sign-file", "a.bin", "--key", "k", "--format", form)
            call(SLIPWAY, folder, "verify-file", *words("a.bin", signature, options), code=OK)
        slipway("keys", "sign-file", "a.bin", "--key", "k", "--format", "checksum")
        call(SLIPWAY, folder, "verify-file", "CHECKSUM.asc", "--keyring", "k.openpgp", code=OK)
        change(os.path.join(folder, "CHECKSUM.asc"), b"a.bin")
        call(SLIPWAY, folder, "verify-file", "CHECKSUM.asc", "--keyring", "k.openpgp", code=FORGED)
        keep("p.json", "{}")
        slipway("keys", "sign-file", "a.bin", "--key", "k", "--format", "intoto", "--predicate-type", "https://x.test/t",
                "--predicate", "p.json")
        asked = ["a.bin", "--attestation", "a.bin.intoto.jsonl", "--key", "k.pem"]
        call(SLIPWAY, folder, "verify-attestation", *asked, code=OK)
        call(SLIPWAY, folder, "verify-attestation", *asked, "--type", "slsa", code=UNSUPPORTED)
        change(os.path.join(folder, "a.bin"), b"artifact s")
        call(SLIPWAY, folder, "verify-attestation", *asked, code=FORGED)
        for _, signature, options in ways:
            call(SLIPWAY, folder, "verify-file", *words("a.bin", signature, options), code=FORGED)


def test_the_engine_summarizes_what_it_verified():
    with Home() as h:
        served = h.published()
        name = h.release()
        out = h.path("vsa.intoto.jsonl")
        first = json.loads(h.run("release", "vsa", name, "--out", out, "--json").stdout)
        again = json.loads(h.run("release", "vsa", name, "--json").stdout)
        assert again["repeated"] and again["statement"] == first["statement"], (first, again)
        key = h.path("engine.pub")
        with open(key, "w", encoding="ascii") as file:
            file.write(engine_key(h))
        asset = asset_of(served)
        ask = [asset, "--attestation", out, "--key", key]
        call(SLIPWAY, "/", "verify-attestation", *ask, "--type", "vsa", code=OK)
        call(SLIPWAY, "/", "verify-attestation", *ask, "--resource-uri", "urn:slipway:release:" + name,
             "--verified-level", "SLSA_BUILD_LEVEL_1", code=OK)
        call(SLIPWAY, "/", "verify-attestation", *ask, "--resource-uri", "urn:slipway:release:x", code=POLICY)
        call(SLIPWAY, "/", "verify-attestation", *ask, "--source-uri", "x", code=UNSUPPORTED)
        call(SLIPWAY, "/", "verify-attestation", out, *ask[1:], code=FORGED)
        if os.path.exists(STATIC):
            call(STATIC, "/", *ask, "--type", "vsa", code=OK)
        provenance = [asset, "--attestation", os.path.join(served, "attestations.intoto.jsonl")]
        if os.path.exists(provenance[2]):
            call(SLIPWAY, "/", "verify-attestation", *provenance, "--key", key, "--type", "slsa", code=FORGED)


def engine_key(h):
    """The engine's public key in PEM, from the root of its log."""
    bundle = json.loads(json.loads(h.run("log", "prove", "0", "--json").stdout)["bundle"])
    leaf = json.loads(base64.b64decode(bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
    raw = leaf["spec"]["hashedRekordV002"]["signature"]["verifier"]["publicKey"]["rawBytes"]
    lines = [raw[i:i + 64] for i in range(0, len(raw), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def asset_of(served):
    """Any asset of a published release."""
    for name in sorted(os.listdir(served)):
        path = os.path.join(served, name)
        plain = os.path.isfile(path) and not name.endswith((".json", ".jsonl", ".sig", ".asc", ".minisig"))
        if plain and name != "SHA256SUMS":
            return path
    raise AssertionError(os.listdir(served))


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
