# SPDX-License-Identifier: Apache-2.0
"""Other people's verifiers judge our bundles: as made, and with one thing changed. What cannot be installed is skipped by
name; Go's clients are built from their modules, pinned in go/go.sum."""
import base64
import fcntl
import functools
import json
import os
import shutil
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
sys.path.insert(0, HERE)
import scratch  # noqa: E402
from scratch import BUILD, Skip, label, needs, works  # noqa: E402
from registry import MANIFEST, EMPTY, Registry  # noqa: E402
from world import CHANGES, SIGN, SPDX, World, flipped, pem  # noqa: E402

WORK = os.path.abspath(os.path.join(BUILD, "tests", "interop", "clients"))
BUILD_SECONDS = 1500
# What a client does not look at. They all take the head of the log from the checkpoint, so what the proof says of it is idle.
PASSED_OVER_BY_JS = {"other root hash", "other tree size", "other log index"}
# sigstore-go makes the leaf anew from the envelope instead of comparing the two.
PASSED_OVER_BY_GO = {"other root hash", "other tree size", "other digest in the leaf", "other signature in the leaf",
                     "other key in the leaf", "other proof index"}


def install(what, *command, where=WORK, env=None):
    """Runs an installer; what it says is in WORK/install.log."""
    os.makedirs(WORK, exist_ok=True)
    with open(os.path.join(WORK, "install.log"), "a", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=where, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=BUILD_SECONDS,
                              env=env)
    if done.returncode != 0:
        raise Skip(f"needs {what}, which could not be installed: see {WORK}/install.log")


def alone(fn):
    """Runs an installer once, and only one at a time of all test programs."""
    @functools.cache
    def guarded(*args, **kwargs):
        os.makedirs(WORK, exist_ok=True)
        with open(os.path.join(WORK, "lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return fn(*args, **kwargs)
    return guarded


@alone
def npm():
    needs("npm", works("npm", "--version"))
    os.makedirs(WORK, exist_ok=True)
    for name in ("package.json", "judge.mjs"):
        shutil.copy(os.path.join(HERE, name), WORK)
    if not os.path.isdir(os.path.join(WORK, "node_modules", "@sigstore", "verify-4")):
        install("sigstore-js", "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


@alone
def venv():
    python = os.path.join(WORK, "venv", "bin", "python")
    if not works(python, "-c", "import securesystemslib.dsse, cryptography"):
        install("securesystemslib", sys.executable, "-m", "venv", "venv")
        install("securesystemslib", python, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:",
                "-r", os.path.join(HERE, "..", "tuf", "requirements.txt"))
    return python


@alone
def go(package, module="go"):
    """A program of one of the modules beside this file, built."""
    needs("go", works("go", "version"))
    program = os.path.join(WORK, "bin", os.path.basename(package))
    if not os.path.exists(program):
        install(package, "go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", program, package,
                where=os.path.join(HERE, module), env={**os.environ, "GOFLAGS": "", "GOTOOLCHAIN": "local"})
    return program


def cosign():
    return go("github.com/sigstore/cosign/v3/cmd/cosign")


def verdicts(*command):
    """{case: verdict} of a client that judges a folder."""
    done = subprocess.run(command, cwd=WORK, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


def demand(found, changes, passed_over=()):
    """The bundle as made is accepted, each changed one refused but those that the client does not look at."""
    assert found["as_made"] == "accepted", found["as_made"]
    for name in changes:
        verdict = found[name.replace(" ", "_")]
        with label(name):
            if name in passed_over:
                print(f"# passed over: {name}", flush=True)
                assert verdict == "accepted", f"the client has learnt to refuse this: take it off the list ({verdict})"
            else:
                assert verdict.startswith("refused"), verdict


def test_sigstore_js_5_judges_our_bundles():
    """sigstore-js 5 accepts our bundle and refuses changed ones"""
    npm()
    with World() as w:
        found = verdicts("node", os.path.join(WORK, "judge.mjs"), "5", w.trusted_root, w.key, w.asset, w.cases(CHANGES))
    demand(found, CHANGES, PASSED_OVER_BY_JS)


def test_sigstore_js_4_refuses_our_DSSE_bundles():
    """sigstore-js 4 refuses our bundle: it expects the digest of the payload in the leaf, not of what was signed"""
    npm()
    with World() as w:
        found = verdicts("node", os.path.join(WORK, "judge.mjs"), "4", w.trusted_root, w.key, w.asset, w.cases({}))
    assert found["as_made"].startswith("refused: TLOG_BODY_ERROR"), found


def test_sigstore_go_judges_our_bundles():
    """sigstore-go 1.2.2 accepts our bundle and refuses changed ones"""
    judge = go("./judge")
    with World() as w:
        found = verdicts(judge, w.trusted_root, w.key, w.asset, w.cases(CHANGES))
    demand(found, CHANGES, PASSED_OVER_BY_GO)


def test_cosign_judges_our_bundles():
    """cosign 3.1 verifies our bundle as an attestation of the asset and refuses changed ones"""
    program = cosign()
    with World() as w:
        folder, found = w.cases(CHANGES), {}
        for name in sorted(os.listdir(folder)):
            done = subprocess.run([program, "verify-blob-attestation", "--key", w.key, "--bundle", os.path.join(folder, name),
                                   "--trusted-root", w.trusted_root, "--use-signed-timestamps", "--type", SPDX, w.asset],
                                  env=w.environment(), text=True, capture_output=True, timeout=60)
            found[name.removesuffix(".json")] = "accepted" if done.returncode == 0 else "refused: " + done.stderr.strip()
        demand(found, CHANGES, PASSED_OVER_BY_GO)
        other = w.file("other", "other\n")
        done = subprocess.run([program, "verify-blob-attestation", "--key", w.key, "--bundle",
                               os.path.join(folder, "as_made.json"), "--trusted-root", w.trusted_root,
                               "--use-signed-timestamps", "--type", SPDX, other], capture_output=True, timeout=60)
        assert done.returncode != 0, "accepted for another artifact"


def test_cosign_verifies_an_image_by_our_bundle():
    """cosign verify accepts an image that a bundle of ours refers to, and refuses another image and a changed bundle"""
    program = cosign()

    def verify(w, image):
        return subprocess.run([program, "verify", "--key", w.key, "--trusted-root", w.trusted_root, "--use-signed-timestamps",
                               "--allow-http-registry", image], env=w.environment(), text=True, capture_output=True,
                              timeout=60)
    with World() as w, Registry(w.dir, free_port()) as r:
        image = r.image("tool")
        bundle = json.dumps(w.prove(w.append(SIGN, {}, image["digest"].removeprefix("sha256:"))))
        r.refer("tool", image, bundle, SIGN)
        good = verify(w, f"{r.host}/tool@{image['digest']}")
        assert good.returncode == 0, good.stderr
        for name, text in (("other", bundle), ("changed", changed(bundle))):
            with label(name):
                other = r.image(name) if name == "changed" else r.manifest(name, {
                    "schemaVersion": 2, "mediaType": MANIFEST, "config": r.blob(name, b'{"os":"other"}', EMPTY), "layers": []})
                r.refer(name, other, text, SIGN)
                assert verify(w, f"{r.host}/{name}@{other['digest']}").returncode != 0


def changed(bundle):
    parsed = json.loads(bundle)
    parsed["dsseEnvelope"]["signatures"][0]["sig"] = flipped(parsed["dsseEnvelope"]["signatures"][0]["sig"])
    return json.dumps(parsed)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_slsa_verifier_reads_our_summary():
    """slsa-verifier verify-vsa accepts our verification summary, and refuses another digest, level, resource and key, and a changed one"""
    program = go("github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier", "go-slsa")
    with scratch.Home() as h:
        h.published()
        path, key = h.path("tool.vsa.jsonl"), h.path("engine.pem")
        h.run("release", "vsa", h.release(), "--out", path)
        with open(os.path.join(h.home, "keys", "keys.json"), encoding="utf-8") as stream:
            keys = {item["role"]: item["spki"] for item in json.load(stream)["keys"]}
        with open(key, "w", encoding="utf-8") as stream:
            stream.write(pem(keys["engine"]))
        other_key = h.path("status.pem")
        with open(other_key, "w", encoding="utf-8") as stream:
            stream.write(pem(keys["status"]))
        with open(path, encoding="utf-8") as stream:
            envelope = json.loads(stream.readline())
        summary = json.loads(base64.b64decode(envelope["payload"]))
        digest = next(item["digest"]["sha256"] for item in summary["subject"] if item["name"] == "tool")
        said = {"subject-digest": "sha256:" + digest, "resource-uri": summary["predicate"]["resourceUri"],
                "verifier-id": summary["predicate"]["verifier"]["id"], "attestation-path": path, "public-key-path": key,
                "verified-level": summary["predicate"]["verifiedLevels"][0],
                "public-key-id": envelope["signatures"][0]["keyid"]}

        def verify(**more):
            options = {**said, **{name.replace("_", "-"): value for name, value in more.items()}}
            return subprocess.run([program, "verify-vsa", *(word for name, value in options.items() for word in
                                                            ("--" + name, value))], env=h.environment(), text=True,
                                  capture_output=True, timeout=60)
        good = verify()
        assert good.returncode == 0, good.stderr
        bad = h.path("changed.jsonl")
        with open(bad, "w", encoding="utf-8") as stream:
            json.dump({**envelope, "payload": flipped(envelope["payload"], 60)}, stream)
        for name, value in (("subject-digest", "sha256:" + "0" * 64), ("verified-level", "SLSA_BUILD_LEVEL_4"),
                            ("resource-uri", "urn:other"), ("verifier-id", "https://other.example"),
                            ("public-key-path", other_key), ("attestation-path", bad)):
            with label(name):
                assert verify(**{name: value}).returncode != 0


def test_securesystemslib_judges_our_envelopes():
    """securesystemslib verifies our envelopes and refuses changed ones"""
    python = venv()
    seen = ("other payload", "other payload type", "other signature")
    changes = {name: CHANGES[name] for name in seen}
    with World() as w:
        found = verdicts(python, os.path.join(HERE, "judge_dsse.py"), w.key, w.cases(changes))
    demand(found, changes)


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
