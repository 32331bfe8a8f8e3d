# SPDX-License-Identifier: Apache-2.0
"""Sigstore's clients log into our endpoint and verify the result. What cannot be installed is skipped by name."""
import base64
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(HERE, "..", "clients")
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), CLIENTS]
import scratch  # noqa: E402
from scratch import BUILD, SLIPWAY, Home, needs, works  # noqa: E402
from test_clients import cosign, install  # noqa: E402

WORK = os.path.abspath(os.path.join(BUILD, "tests", "interop", "rekor"))
HOST = "127.0.0.1"  # sigstore-go, and so cosign, wants the host of the URL as the origin


@functools.cache
def npm():
    needs("npm", works("npm", "--version"))
    os.makedirs(WORK, exist_ok=True)
    for name in ("package.json", "log_in.mjs"):
        shutil.copy(os.path.join(HERE, name), WORK)
    if not os.path.isdir(os.path.join(WORK, "node_modules", "@sigstore", "sign")):
        install("sigstore-js", "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", where=WORK)


@contextlib.contextmanager
def endpoint():
    """A server with a foreign log: (home, url)."""
    with Home() as home:
        home.run("log", "foreign", "--origin", HOST)
        process = subprocess.Popen([SLIPWAY, "serve", "--listen", HOST + ":0"], text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=home.environment())
        try:
            yield home, process.stdout.readline().split()[1]
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()


def trusted_root(home, url):
    """The engine's own trusted root, and its foreign log. Its path."""
    folder = home.path("trust-root")
    home.run("keys", "trust-root", "--out", folder)
    path = os.path.join(folder, "trusted_root.json")
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    shard = json.loads(home.run("log", "foreign", "--json").stdout)["shards"][-1]
    root["tlogs"] = [log for log in root["tlogs"] if log["logId"]["keyId"] != shard["logId"]] + [{
        "baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": shard["logId"]},
        "publicKey": {"rawBytes": shard["spki"], "keyDetails": "PKIX_ED25519", "validFor": {"start": "2020-01-01T00:00:00Z"}}}]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(root, file)
    return path


def certified_key(home):
    """(key, certificate, authority) of a code signer, as paths, by the openssl command."""
    names = {name: home.path(name) for name in ("ca.key", "ca.pem", "leaf.key", "leaf.csr", "leaf.pem", "leaf.ext")}
    with open(names["leaf.ext"], "w", encoding="utf-8") as file:
        file.write("keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectAltName=email:dev@example.org\n")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for words in (
            ("req", "-x509", *ec, "-keyout", names["ca.key"], "-out", names["ca.pem"], "-subj", "/O=test/CN=ca", "-days", "2",
             "-addext", "keyUsage=critical,keyCertSign"),
            ("req", "-new", *ec, "-keyout", names["leaf.key"], "-out", names["leaf.csr"], "-subj", "/CN=dev"),
            ("x509", "-req", "-in", names["leaf.csr"], "-CA", names["ca.pem"], "-CAkey", names["ca.key"], "-CAcreateserial",
             "-out", names["leaf.pem"], "-days", "1", "-extfile", names["leaf.ext"])):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return names["leaf.key"], names["leaf.pem"], names["ca.pem"]


def add_authority(root_path, certificate):
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True).stdout
    with open(root_path, encoding="utf-8") as file:
        root = json.load(file)
    root["certificateAuthorities"] = [{"subject": {"organization": "test", "commonName": "ca"}, "uri": "https://ca.example.org",
                                       "certChain": {"certificates": [{"rawBytes": base64.b64encode(der).decode()}]},
                                       "validFor": {"start": "2020-01-01T00:00:00Z"}}]
    with open(root_path, "w", encoding="utf-8") as file:
        json.dump(root, file)


def test_sigstore_js_logs_into_our_endpoint_and_verifies():
    """sigstore-js 5 logs message signatures and DSSE envelopes into our endpoint and verifies them; another log is refused"""
    npm()
    with endpoint() as (home, url):
        key, certificate, authority = certified_key(home)
        root = trusted_root(home, url)
        add_authority(root, authority)
        done = subprocess.run(["node", os.path.join(WORK, "log_in.mjs"), url, root, key, certificate], cwd=WORK, text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found = dict(line.split("\t", 1) for line in done.stdout.splitlines())
        for name in ("message", "dsse"):
            assert found[name] == "accepted", found
            assert found[name + " of another log"].startswith("refused"), found
        assert json.loads(home.run("log", "foreign", "--json").stdout)["shards"][0]["size"] == 2


def signing_config(home, url):
    folder = home.path("signing")
    os.makedirs(folder)
    path = os.path.join(folder, "signing_config.json")
    since = {"start": "2020-01-01T00:00:00Z"}
    service = {"url": url, "majorApiVersion": 2, "validFor": since, "operator": "slipway"}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogUrls": [service],
                   "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
                   "tsaUrls": [{**service, "url": url + "/api/v1/timestamp", "majorApiVersion": 1}]}, file)
    return path


def test_cosign_logs_into_our_endpoint_and_verifies():
    """cosign 3.1 signs a file into our log, with our time stamp, and verifies it; one byte changed is refused"""
    program = cosign()
    with endpoint() as (home, url):
        env = home.environment(COSIGN_PASSWORD="", HOME=home.dir)

        def run(*words, code=0):
            done = subprocess.run([program, *words], env=env, text=True, capture_output=True, timeout=120)
            assert (done.returncode == 0) == (code == 0), f"cosign {' '.join(words)}: {done.stderr}"
            return done
        asset, bundle = home.path("asset"), home.path("bundle.json")
        with open(asset, "w", encoding="utf-8") as file:
            file.write("asset\n")
        root = trusted_root(home, url)
        run("generate-key-pair", "--output-key-prefix", home.path("cosign"))
        run("sign-blob", "--yes", "--key", home.path("cosign.key"), "--bundle", bundle, "--signing-config",
            signing_config(home, url), "--trusted-root", root, asset)
        check = ("verify-blob", "--key", home.path("cosign.pub"), "--bundle", bundle, "--trusted-root", root,
                 "--use-signed-timestamps", asset)
        run(*check)
        with open(bundle, encoding="utf-8") as file:
            made = json.load(file)
        checkpoint = made["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
        at = checkpoint["envelope"].rindex("=") - 8
        checkpoint["envelope"] = checkpoint["envelope"][:at] + ("A" if checkpoint["envelope"][at] != "A" else "B") + \
            checkpoint["envelope"][at + 1:]
        with open(bundle, "w", encoding="utf-8") as file:
            json.dump(made, file)
        run(*check, code=1)


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
