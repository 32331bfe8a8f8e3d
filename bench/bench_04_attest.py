# SPDX-License-Identifier: Apache-2.0
"""Benchmark 4: signing and verifying: in process against raw OpenSSL with a reused key and against sigstore-js; as whole
processes against cosign and minisign; a thousand bundles in one process; the size and start of the static verifier.

The clients that are no Debian packages are looked for below $BENCH_CLIENTS: bin/cosign (go install
github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3), js5/node_modules (npm install @sigstore/verify@4 @sigstore/bundle
@sigstore/protobuf-specs), py/bin/python (pip install sigstore in a virtual environment)."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import time

from server import Server

NUMBER = 4
TITLE = "Sign, attest, verify"

SECONDS = 0.6
BUNDLES = 1000
REPEATS = 10
ARTIFACT_BYTES = 1 << 20
IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"


def client(name):
    path = os.path.join(os.environ.get("BENCH_CLIENTS", "/usr/local"), name)
    return path if os.path.exists(path) else None


def timed(argv, env=None, repeats=REPEATS, usage=False):
    """Milliseconds of wall and of CPU of one whole process; it must succeed, or with usage only say how it is used."""
    def once():
        before, begin = os.times(), time.monotonic()
        for _ in range(repeats):
            subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=not usage)
        wall, after = time.monotonic() - begin, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return {"ms": wall * 1e3 / repeats, "cpu_ms": cpu * 1e3 / repeats}
    return once


def pem(path, spki):
    lines = "\n".join(spki[i:i + 64] for i in range(0, len(spki), 64))
    with open(path, "w", encoding="ascii") as file:
        file.write(f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")


class World:
    """A server with a log of seven entries; a bundle of one, what is needed to believe it, and the artifact it is about."""

    def __init__(self, bench):
        self.server = Server(bench, "attest", ("--origin", "log.example.org"))
        self.dir = self.server.dir
        with open(self.path("asset"), "wb") as file:
            file.write(os.urandom(ARTIFACT_BYTES))
        with open(self.path("asset"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        for i in range(6):
            with open(self.path(f"statement{i}"), "w", encoding="ascii") as file:
                json.dump({"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "asset", "digest": {"sha256": digest}}],
                           "predicateType": "https://spdx.dev/Document/v2.3", "predicate": {"spdxVersion": f"SPDX-2.{i}"}}, file)
            self.server.command("log", "append", self.path(f"statement{i}"))
        with open(self.path("bundle"), "w", encoding="utf-8") as file:
            file.write(json.loads(self.server.command("log", "prove", "1", "--json"))["bundle"])
        self.trust()
        self.server.start()

    def path(self, name):
        return os.path.join(self.dir, name)

    def trust(self):
        with open(self.path("home/keys/keys.json"), encoding="utf-8") as file:
            known = json.load(file)
        self.origin = known["origin"]
        keys = {key["role"]: key for key in known["keys"]}
        for role in ("engine", "log"):
            pem(self.path(role + ".pem"), keys[role]["spki"])
        log_id = hashlib.sha256(self.origin.encode() + b"\n\x01" + base64.b64decode(keys["log"]["spki"])[-32:]).digest()
        valid = {"start": "2020-01-01T00:00:00Z"}
        root = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "certificateAuthorities": [], "ctlogs": [],
                "tlogs": [{"baseUrl": "https://" + self.origin, "hashAlgorithm": "SHA2_256", "logId": {"keyId": base64.b64encode(log_id).decode()},
                           "publicKey": {"rawBytes": keys["log"]["spki"], "keyDetails": "PKIX_ED25519", "validFor": valid}}]}
        if "timestamp" in keys:
            root["timestampAuthorities"] = [{"subject": {"organization": "Slipway", "commonName": "log"}, "uri": "https://" + self.origin, "validFor": valid,
                                             "certChain": {"certificates": [{"rawBytes": c} for c in keys["timestamp"]["certs"]]}}]
        with open(self.path("trusted_root"), "w", encoding="utf-8") as file:
            json.dump(root, file)


def in_process(bench):
    def contender(name):
        return lambda: bench.run_json([bench.program(name), "--seconds", str(SECONDS)])

    rounds = bench.rounds([("ours", contender("attest_ours")), ("floor", contender("attest_floor"))])
    bench.table(rounds, [
        ("sign ours", lambda one: f"{one['ours']['sign_per_s']:,.0f}/s"),
        ("sign floor", lambda one: f"{one['floor']['sign_per_s']:,.0f}/s"),
        ("verify ours", lambda one: f"{one['ours']['verify_per_s']:,.0f}/s"),
        ("verify floor", lambda one: f"{one['floor']['verify_per_s']:,.0f}/s"),
        ("10^4 subjects", lambda one: f"{one['ours']['large_verify_us'] / 1000:.1f} ms"),
    ])
    bench.goal("sign, ours / raw OpenSSL",
               [one["ours"]["sign_per_s"] / one["floor"]["sign_per_s"] for one in rounds], at_least=0.85)
    bench.goal("parse and verify, ours / raw OpenSSL",
               [one["ours"]["verify_per_s"] / one["floor"]["verify_per_s"] for one in rounds],
               at_least=0.85)
    bench.goal("statement of 10^4 subjects verified, ms",
               [one["ours"]["large_verify_us"] / 1000 for one in rounds], at_most=50)
    bench.say()


def bundles(bench, world):
    """Many in one process, from their bytes."""
    ours = [bench.program("bundles"), "--bundle", world.path("bundle"), "--key", world.path("engine.pem"), "--log-key", world.path("log.pem"),
            "--origin", world.origin, "--count", str(BUNDLES)]
    contenders = [("ours", lambda: bench.run_json(ours)), ("raw", lambda: bench.run_json([bench.program("attest_floor"), "--seconds", "0.3"]))]
    modules = client("js5/node_modules")
    if modules and shutil.which("node"):
        script = os.path.join(bench.source, "bench", "sigstore_js.mjs")
        argv = ["node", script, modules, world.path("bundle"), world.path("trusted_root"), world.path("engine.pem"), str(BUNDLES)]
        contenders.append(("sigstore-js", lambda: bench.run_json(argv)))
    else:
        bench.gap("sigstore-js is not below $BENCH_CLIENTS")
    rounds = bench.rounds(contenders)
    bench.say(f"{BUNDLES} bundles in one process, each from its bytes: form, signature, entry, checkpoint, inclusion. CPU of one:")
    bench.say()
    bench.table(rounds, [("ours", lambda one: f"{one['ours']['cpu_us']:.0f} us"), ("two raw verifications", lambda one: f"{2e6 / one['raw']['verify_per_s']:.0f} us")] +
                [(name, lambda one, name=name: f"{one[name]['cpu_us']:.0f} us") for name, _ in contenders[2:]])
    if len(contenders) > 2:
        bench.goal("sigstore-js / ours, a bundle", [one["sigstore-js"]["cpu_us"] / one["ours"]["cpu_us"] for one in rounds], at_least=3)
    bench.say()


def cosign_keys(world, cosign):
    env = {"PATH": "/usr/bin:/bin", "HOME": world.dir, "COSIGN_PASSWORD": ""}
    subprocess.run([cosign, "generate-key-pair"], cwd=world.dir, env=env, check=True, capture_output=True)
    return env


def processes(bench, world):
    """Whole processes over an artifact of 1 MiB."""
    asset, bundle, slipway = world.path("asset"), world.path("bundle"), world.server.slipway
    cosign = client("bin/cosign")
    contenders = [("sign ours", timed([slipway, "log", "append", world.path("statement0")], world.server.env)),
                  ("start ours", timed([os.path.join(bench.build, "src", "verify", "slipway-verify")], usage=True))]
    if subprocess.run([slipway, "help", "sigstore", "verify-bundle"], capture_output=True, check=False).returncode == 0:
        contenders.append(("verify ours", timed([slipway, "sigstore", "verify-bundle", "--key", world.path("engine.pem"), "--trusted-root",
                                                 world.path("trusted_root"), "--bundle", bundle, asset])))
    else:
        bench.gap("'slipway sigstore verify-bundle' is not in this build")
    if shutil.which("minisign"):
        env = {"PATH": "/usr/bin:/bin", "HOME": world.dir}
        subprocess.run(["minisign", "-G", "-W", "-p", world.path("m.pub"), "-s", world.path("m.key")], env=env, check=True, capture_output=True)
        contenders += [("sign minisign", timed(["minisign", "-S", "-s", world.path("m.key"), "-m", asset], env)),
                       ("verify minisign", timed(["minisign", "-V", "-p", world.path("m.pub"), "-m", asset], env))]
    else:
        bench.gap("minisign is not installed")
    if cosign:
        env = cosign_keys(world, cosign)
        contenders += [
            ("sign cosign", timed([cosign, "sign-blob", "--yes", "--key", world.path("cosign.key"), "--bundle", world.path("cosign.bundle"),
                                   "--use-signing-config=false", "--tlog-upload=false", asset], env, 3)),
            ("verify cosign", timed([cosign, "verify-blob-attestation", "--key", world.path("engine.pem"), "--bundle", bundle, "--trusted-root",
                                     world.path("trusted_root"), "--type", "https://spdx.dev/Document/v2.3", asset], env, 5)),
            ("start cosign", timed([cosign, "version"], env, 5))]
    else:
        bench.gap("cosign is not below $BENCH_CLIENTS")
    rounds = bench.rounds(contenders)
    names = [name for name, _ in contenders]
    bench.say("Whole processes, 1 MiB; our signature goes through the server, which holds the key, into the log; cosign's and minisign's key is a file:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['ms']:.1f} ms, cpu {one[name]['cpu_ms']:.1f}") for name in names])

    def compare(what, ours, theirs, goal):
        if ours in names and theirs in names:
            bench.goal(what, [one[theirs]["ms"] / one[ours]["ms"] for one in rounds], at_least=goal)
    compare("sign, faster than cosign", "sign ours", "sign cosign", 20)
    compare("verify, faster than cosign", "verify ours", "verify cosign", 4)
    compare("sign, faster than minisign", "sign ours", "sign minisign", 0.83)
    compare("verify, faster than minisign", "verify ours", "verify minisign", 0.83)
    compare("start, faster than cosign", "start ours", "start cosign", 4)
    bench.say()


def certified(bench, slipway):
    """Whole processes over a Sigstore bundle of somebody else: a certificate, its SCT, a log entry, no network."""
    vectors = os.path.join(os.environ.get("VECTORS", os.path.join(bench.source, "..", "shared", "vectors")), "sigstore-bundles")
    folder, cosign, python = os.path.join(vectors, "happy-path-v0.3"), client("bin/cosign"), client("py/bin/python")
    if not os.path.isdir(folder):
        bench.gap("the Sigstore test vectors are not here")
        return
    root, artifact = os.path.join(vectors, "default_trusted_root.json"), os.path.join(vectors, "a.txt")
    alone = os.path.join(bench.work, "bundle")
    os.makedirs(alone, exist_ok=True)
    bundle = shutil.copy(os.path.join(folder, "bundle.sigstore.json"), os.path.join(alone, "one.json"))
    options = ["--bundle", bundle, "--trusted-root", root, "--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER, artifact]
    contenders = [("ours", timed([slipway, "sigstore", "verify-bundle", *options]))]
    if cosign:
        contenders.append(("cosign", timed([cosign, "verify-blob", *options], {"PATH": "/usr/bin:/bin", "HOME": bench.work}, 5)))
    else:
        bench.gap("cosign is not below $BENCH_CLIENTS")
    if python:
        judge = os.path.join(bench.source, "tests", "interop", "clients", "judge_keyless.py")
        contenders.append(("sigstore-python", timed([python, judge, root, IDENTITY, ISSUER, artifact, alone], None, 3)))
    else:
        bench.gap("sigstore-python is not below $BENCH_CLIENTS")
    rounds = bench.rounds(contenders)
    bench.say("Whole processes, a Sigstore bundle by certificate (happy-path-v0.3 of the conformance suite), offline with one trusted root:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['ms']:.1f} ms, cpu {one[name]['cpu_ms']:.1f}") for name, _ in contenders])
    for name, _ in contenders[1:]:
        bench.goal(f"verify by certificate, faster than {name}", [one[name]["ms"] / one["ours"]["ms"] for one in rounds], at_least=4)
    bench.say()


def size(bench):
    """The static verifier, and what of it is whose."""
    program, stripped = os.path.join(bench.build, "src", "verify", "slipway-verify"), os.path.join(bench.work, "stripped")
    if not os.path.exists(program):
        bench.gap("slipway-verify is not in this build")
        return
    subprocess.run(["strip", "-o", stripped, program], check=True)
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    libraries = [line.split()[0] for line in linked.splitlines() if ".so" in line]
    bench.say(f"slipway-verify is {'linked with ' + ', '.join(libraries) if libraries else 'static'}.")
    cosign = client("bin/cosign")
    if cosign:
        bench.say(f"cosign is {os.path.getsize(cosign) / 1e6:.0f} MB.")
    bench.say()
    bench.goal("static slipway-verify, stripped, MB", [os.path.getsize(stripped) / 1e6], at_most=6)


def run(bench):
    in_process(bench)
    world = World(bench)
    try:
        bundles(bench, world)
        processes(bench, world)
    finally:
        world.server.stop()
    certified(bench, world.server.slipway)
    size(bench)
