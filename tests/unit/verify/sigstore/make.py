#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py: a Sigstore of our own for tests, made with the openssl program: certificate authority, CT log, log of the Rekor v2
kind, log of the v1 kind, time-stamp authority. Writes root.json and bundles by a certificate and by keys into its own folder, and the seeds of the fuzz targets.
The keys are not kept; run it again to make everything anew."""
import base64
import hashlib
import json
import os
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IDENTITY, ISSUER = "https://example.org/workflow.yml@refs/heads/main", "https://issuer.example.org"
ARTIFACT = b"an artifact\n"
IMAGE = b'{"layers":[]}'  # the manifest of test_sigstore_image.c
EXTENSIONS = f"""
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = critical, URI:{IDENTITY}
1.3.6.1.4.1.57264.1.1 = DER:{ISSUER.encode().hex()}
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:{ISSUER}
1.3.6.1.4.1.57264.1.6 = DER:{b"refs/heads/main".hex()}
1.3.6.1.4.1.57264.1.12 = ASN1:UTF8String:https://example.org/app
"""
TSA_CONFIG = """
[tsa]
default_tsa = a
[a]
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
serial = serial
"""


def b64(data):
    return base64.b64encode(data).decode()


def run(*words, data=None):
    return subprocess.run(words, input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def write(path, data):
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


def jcs(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Key:
    def __init__(self, name, *options):
        self.file, self.name = f"{name}.key", name
        run("openssl", "genpkey", *options, "-out", self.file)
        self.spki = run("openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER")
        self.pem = run("openssl", "pkey", "-in", self.file, "-pubout")
        self.ed25519 = "ED25519" in options

    def sign(self, message, digest="-sha256"):
        if self.ed25519:
            return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", write("m", message))
        return run("openssl", "dgst", digest, "-sign", self.file, data=message)


def certificate(key, section, name, issuer=None, days="3650"):
    write("ext.cnf", EXTENSIONS)
    run("openssl", "req", "-new", "-key", key.file, "-subj", f"/CN={name}", "-out", "req.pem")
    by = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else ["-signkey", key.file]
    run("openssl", "x509", "-req", "-in", "req.pem", "-days", days, "-set_serial", "7", "-extfile", "ext.cnf",
        "-extensions", section, *by, "-out", f"{key.name}.pem")
    return run("openssl", "x509", "-in", f"{key.name}.pem", "-outform", "DER")


def tlv(tag, body):
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + struct.pack(">H", n)
    return bytes([tag]) + length + body


def parts(der):
    """The elements inside a constructed one, each with its head."""
    at, out = head(der)[0], []
    while at < len(der):
        start, size = head(der[at:])
        out.append(der[at:at + start + size])
        at += start + size
    return out


def head(der):
    if der[1] < 128:
        return 2, der[1]
    n = der[1] & 0x7f
    return 2 + n, int.from_bytes(der[2:2 + n], "big")


def with_sct(leaf, ca_key, ct_key):
    """The extension's value: over the to-be-signed part without that extension."""
    tbs = parts(leaf)[0]
    stamp = struct.pack(">Q", int(time.time() * 1000))
    signed = (b"\0\0" + stamp + b"\0\1" + hashlib.sha256(ca_key.spki).digest() + struct.pack(">I", len(tbs))[1:] + tbs + b"\0\0")
    signature = ct_key.sign(signed)
    sct = b"\0" + hashlib.sha256(ct_key.spki).digest() + stamp + b"\0\0" + b"\4\3" + struct.pack(">H", len(signature)) + signature
    return tlv(4, struct.pack(">H", len(sct) + 2) + struct.pack(">H", len(sct)) + sct)


def sct_leaf(key, ca_key, ct_key):
    """Signs the leaf twice: without the SCT to learn what is signed, then with it and the same times."""
    plain = certificate(key, "leaf", "leaf", "ca")
    extension = tlv(0x30, tlv(6, bytes.fromhex("2b06010401d679020402")) + tlv(4, with_sct(plain, ca_key, ct_key)))
    fields = parts(parts(plain)[0])
    extensions = parts(parts(fields[-1])[0])
    fields[-1] = tlv(0xa3, tlv(0x30, b"".join(extensions) + extension))
    tbs = tlv(0x30, b"".join(fields))
    return tlv(0x30, tbs + parts(plain)[1] + tlv(3, b"\0" + ca_key.sign(tbs)))


def stamp(message):
    write("tsa.cnf", TSA_CONFIG)
    if not os.path.exists("serial"):
        write("serial", "01\n")
    run("openssl", "ts", "-query", "-sha256", "-data", write("m", message), "-cert", "-out", "q.tsq")
    run("openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-signer", "tsa.pem", "-inkey", "tsa.key",
        "-out", "r.tsr")
    with open("r.tsr", "rb") as file:
        return file.read()


class Witness:
    """C2SP tlog-cosignature, key type 0x04."""

    def __init__(self, key, name):
        self.key, self.name = key, name
        self.raw = b"\4" + key.spki[-32:]
        self.hint = hashlib.sha256(name.encode() + b"\n" + self.raw).digest()[:4]

    def line(self, text):
        now = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        return f"\u2014 {self.name} {b64(self.hint + struct.pack('>Q', now) + signature)}\n"

    def policy(self):
        return f"witness w {self.name}+{self.hint.hex()}+{b64(self.raw)}\nquorum w\n"


class Log:
    def __init__(self, key, origin, witness, suffix=""):
        self.key, self.origin, self.witness, self.suffix = key, origin, witness, suffix
        self.id = (hashlib.sha256(origin.encode() + b"\n\1" + key.spki[-32:]).digest() if key.ed25519
                   else hashlib.sha256(key.spki).digest())

    def entry(self, kind, version, body, shift=0):
        leaf = hashlib.sha256(b"\0" + body).digest()
        other = hashlib.sha256(b"\0other").digest()
        root = hashlib.sha256(b"\1" + leaf + other).digest()
        text = f"{self.origin}{self.suffix}\n2\n{b64(root)}\n"
        note = text + f"\n\u2014 {self.origin} {b64(self.id[:4] + self.key.sign(text.encode()))}\n"
        note += self.witness.line(text)
        entry = {"logIndex": str(shift), "logId": {"keyId": b64(self.id)}, "kindVersion": {"kind": kind, "version": version},
                 "inclusionProof": {"logIndex": "0", "rootHash": b64(root), "treeSize": "2", "hashes": [b64(other)],
                                    "checkpoint": {"envelope": note}},
                 "canonicalizedBody": b64(body)}
        if shift:
            now = int(time.time())
            promise = jcs({"body": b64(body), "integratedTime": now, "logID": self.id.hex(), "logIndex": shift})
            entry |= {"integratedTime": str(now), "inclusionPromise": {"signedEntryTimestamp": b64(self.key.sign(promise))}}
        return entry

    def trust(self, details):
        return {"baseUrl": f"https://{self.origin}", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(self.key.spki), "keyDetails": details, "validFor": {"start": "2026-01-01T00:00:00Z"}},
                "logId": {"keyId": b64(self.id)}}


def verifier(details, key=None, cert=None):
    return {"keyDetails": details} | ({"x509Certificate": {"rawBytes": b64(cert)}} if cert else {"publicKey": {"rawBytes": b64(key)}})


def hashed(digest, signature, who):
    return jcs({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": {"content": b64(signature), "verifier": who}}}})


def bundle(signer, entry, content, stamped=None):
    material = signer | {"tlogEntries": [entry]}
    if stamped:
        material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(stamped)}]}
    return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material} | content


def message(signature):
    digest = hashlib.sha256(ARTIFACT).digest()
    return {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": b64(signature)}}


def sign_envelope(key, pae, payload, kind):
    """A signature of its own each time: no two bundles have an entry that fits both."""
    signature = key.sign(pae)
    return signature, {"dsseEnvelope": {"payload": b64(payload), "payloadType": kind.decode(), "signatures": [{"sig": b64(signature)}]}}


def save(name, value):
    write(os.path.join(HERE, name), json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def seed(target, name, data):
    folder = os.path.join(HERE, "..", "..", "..", "..", "fuzz", "corpus", target)
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, name), data)


def load(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return file.read()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def seeds():
    root = json.loads(load("root.json"))
    seed("attest_sigstore_trust", "root", compact(root))
    seed("attest_sigstore_trust", "small", compact({"mediaType": root["mediaType"], "tlogs": root["tlogs"][1:]}))
    for name in ("message", "envelope", "dsse_v1", "dsse_v2", "ed25519", "p384", "rsa"):
        value = json.loads(load(f"{name}.json"))
        material = value["verificationMaterial"]
        entry = material["tlogEntries"][0]
        seed("attest_sigstore_body", name, base64.b64decode(entry["canonicalizedBody"]))
        if name not in ("rsa", "dsse_v2"):
            seed("attest_sigstore_bundle", name, compact(value))
        if name in ("message", "envelope", "dsse_v1"):
            seed("verify_sigstore", name, compact(root) + b"\n\n" + compact(value))
        if name in ("message", "dsse_v1"):
            seed("proof_rekor", name, entry["inclusionProof"]["checkpoint"]["envelope"])
        if name in ("message", "rsa"):
            stamps = material["timestampVerificationData"]["rfc3161Timestamps"]
            seed("proof_rfc3161", name, base64.b64decode(stamps[0]["signedTimestamp"]))
        if name == "message":
            seed("proof_x509", "leaf", base64.b64decode(material["certificate"]["rawBytes"]))
        if name == "dsse_v1":
            value["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
            material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
            seed("attest_sigstore_bundle", "v01", compact(value))
    seed("proof_x509", "ca", base64.b64decode(root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"]))
    seed("proof_x509", "tsa", base64.b64decode(root["timestampAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"]))
    seed("proof_x509", "key", base64.b64decode(root["tlogs"][0]["publicKey"]["rawBytes"]))
    digest, key = {"algorithm": "sha256", "value": "00" * 32}, b64(load("rsa.pub"))
    seed("attest_sigstore_body", "hashedrekord_v1", jcs({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": digest}, "signature": {"content": "AAAA", "publicKey": {"content": key}}}}))
    seed("attest_sigstore_body", "intoto_v2", jcs({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
        "envelope": {"payloadType": "a", "signatures": [{"publicKey": key, "sig": "QUFBQQ=="}]}, "payloadHash": digest}}}))


def main():
    p256, p384 = (["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{c}"] for c in ("P-256", "P-384"))
    rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    ca, ct, tsa_ca, tsa, leaf = (Key(n, *p256) for n in ("ca", "ct", "tsa_ca", "tsa", "leaf"))
    witness = Witness(Key("witness", "-algorithm", "ED25519"), "witness.example.org")
    log2 = Log(Key("log2", "-algorithm", "ED25519"), "log.example.org/two", witness)
    log1 = Log(Key("log1", *p256), "log.example.org", witness, " - 77")
    write(os.path.join(HERE, "witness.policy"), witness.policy())
    managed = {"ed25519": Key("ed25519", "-algorithm", "ED25519"), "p384": Key("p384", *p384), "rsa": Key("rsa", *rsa)}
    chain = [certificate(ca, "ca", "ca")]
    stampers = [certificate(tsa_ca, "ca", "tsa ca")]
    stampers.insert(0, certificate(tsa, "tsa", "tsa", "tsa_ca"))
    der = sct_leaf(leaf, ca, ct)
    p256_name, valid = "PKIX_ECDSA_P256_SHA_256", {"start": "2026-01-01T00:00:00Z"}
    digest = hashlib.sha256(ARTIFACT).digest()

    signature = leaf.sign(ARTIFACT)
    entry = log2.entry("hashedrekord", "0.0.2", hashed(digest, signature, verifier(p256_name, cert=der)))
    save("message.json", bundle({"certificate": {"rawBytes": b64(der)}}, entry, message(signature), stamp(signature)))

    payload = jcs({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/p", "predicate": {},
                   "subject": [{"name": "artifact", "digest": {"sha256": digest.hex()}}]})
    kind = b"application/vnd.in-toto+json"
    pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signature, envelope = sign_envelope(leaf, pae, payload, kind)
    entry = log2.entry("hashedrekord", "0.0.2", hashed(hashlib.sha256(pae).digest(), signature, verifier(p256_name, cert=der)))
    save("envelope.json", bundle({"certificate": {"rawBytes": b64(der)}}, entry, envelope, stamp(signature)))
    signature, envelope = sign_envelope(leaf, pae, payload, kind)
    body = jcs({"apiVersion": "0.0.2", "kind": "dsse", "spec": {"dsseV002": {
        "payloadHash": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(payload).digest())},
        "signatures": [{"content": b64(signature), "verifier": verifier(p256_name, cert=der)}]}}})
    save("dsse_v2.json", bundle({"certificate": {"rawBytes": b64(der)}}, log2.entry("dsse", "0.0.2", body), envelope, stamp(signature)))
    signature, envelope = sign_envelope(leaf, pae, payload, kind)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    body = jcs({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": {"algorithm": "sha256", "value": "00" * 32},
        "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
        "signatures": [{"signature": b64(signature), "verifier": b64(pem)}]}})
    save("dsse_v1.json", bundle({"certificate": {"rawBytes": b64(der)}}, log1.entry("dsse", "0.0.1", body, 5000), envelope))

    layer = jcs({"critical": {"identity": {"docker-reference": "example.org/app"}, "type": "cosign container image signature",
                              "image": {"docker-manifest-digest": "sha256:" + hashlib.sha256(IMAGE).hexdigest()}}, "optional": None})
    signature = leaf.sign(layer)
    body = jcs({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(layer).hexdigest()}},
        "signature": {"content": b64(signature), "publicKey": {"content": b64(pem)}}}})
    entry = log1.entry("hashedrekord", "0.0.1", body, 6000)
    promise = {"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"], "Payload": {
        "body": b64(body), "integratedTime": int(entry["integratedTime"]), "logIndex": 6000, "logID": log1.id.hex()}}
    save("classic.json", {"layer": layer.decode(), "annotations": {
        "dev.cosignproject.cosign/signature": b64(signature), "dev.sigstore.cosign/certificate": pem.decode(),
        "dev.sigstore.cosign/bundle": json.dumps(promise)}})

    for name, details in (("ed25519", "PKIX_ED25519"), ("p384", "PKIX_ECDSA_P384_SHA_384"), ("rsa", "PKIX_RSA_PKCS1V15_2048_SHA256")):
        key = managed[name]
        signature = key.sign(ARTIFACT, "-sha384" if name == "p384" else "-sha256")
        content = message(signature)
        if name == "p384":
            content["messageSignature"]["messageDigest"] = {"algorithm": "SHA2_384", "digest": b64(hashlib.sha384(ARTIFACT).digest())}
        entry = log2.entry("hashedrekord", "0.0.2", hashed(digest, signature, verifier(details, key=key.spki)))
        save(f"{name}.json", bundle({"publicKey": {"hint": name}}, entry, content, stamp(signature)))
        write(os.path.join(HERE, f"{name}.pub"), key.pem)

    ct_log = {"baseUrl": "https://ct.example.org", "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(hashlib.sha256(ct.spki).digest())},
              "publicKey": {"rawBytes": b64(ct.spki), "keyDetails": p256_name, "validFor": valid}}
    save("root.json", {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [log1.trust(p256_name), log2.trust("PKIX_ED25519")],
        "certificateAuthorities": [{"uri": "https://ca.example.org", "certChain": {"certificates": [{"rawBytes": b64(c)} for c in chain]},
                                    "validFor": valid}],
        "ctlogs": [ct_log],
        "timestampAuthorities": [{"uri": "https://tsa.example.org", "validFor": valid,
                                  "certChain": {"certificates": [{"rawBytes": b64(c)} for c in stampers]}}]})
    write(os.path.join(HERE, "artifact"), ARTIFACT)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sigstore-make-") as scratch:
        os.chdir(scratch)
        main()
        seeds()
