# SPDX-License-Identifier: Apache-2.0
"""A log of ours with a bundle about an asset, the trusted root and the key, and the bundle with one thing changed at a time."""
import base64
import copy
import hashlib
import json
import os

import scratch

SIGN = "https://sigstore.dev/cosign/sign/v1"
SPDX = "https://spdx.dev/Document/v2.3"
ORIGIN = "log.example.org"  # cosign and sigstore-go know logs by a bare host name only


class World(scratch.Home):
    def __init__(self):
        super().__init__(origin=ORIGIN)
        self.asset = self.file("asset", "asset\n")
        for number in range(6):
            entry = self.append(SPDX, {"spdxVersion": f"SPDX-2.{number}"})
        self.append(SPDX, {"spdxVersion": "SPDX-3"})
        self.bundle = self.prove(entry)
        self.key = self.file("engine.pem", pem(leaf(self.bundle)["signature"]["verifier"]["publicKey"]["rawBytes"]))
        self.run("keys", "trust-root", "--out", self.path("trust-root"))
        self.trusted_root = self.path("trust-root", "trusted_root.json")

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        return self.path(name)

    def append(self, kind, predicate, digest=None):
        if digest is None:
            with open(self.asset, "rb") as stream:
                digest = hashlib.sha256(stream.read()).hexdigest()
        statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "asset", "digest": {"sha256": digest}}],
                     "predicateType": kind, "predicate": predicate}
        text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
        return self.call("log.append", statement=text)["statement"]

    def prove(self, entry):
        return json.loads(self.call("log.prove", entry=entry)["bundle"])

    def cases(self, changes):
        """A folder of bundles: as made, and with each of the changes. {name: change(bundle, entry)}"""
        folder = self.path("cases")
        os.makedirs(folder)
        for name, change in {"as made": lambda bundle, entry: None, **changes}.items():
            bundle = copy.deepcopy(self.bundle)
            change(bundle, bundle["verificationMaterial"]["tlogEntries"][0])
            with open(os.path.join(folder, name.replace(" ", "_") + ".json"), "w", encoding="utf-8") as stream:
                json.dump(bundle, stream)
        return folder


def leaf(bundle):
    body = bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]
    return json.loads(base64.b64decode(body))["spec"]["hashedRekordV002"]


def pem(spki):
    lines = [spki[i:i + 64] for i in range(0, len(spki), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def flipped(text, at=-1):
    """Base64 with one bit of one byte changed."""
    data = bytearray(base64.b64decode(text))
    data[at] ^= 1
    return base64.b64encode(data).decode()


def in_leaf(entry, member):
    """The leaf with another letter in the middle of a member."""
    body = base64.b64decode(entry["canonicalizedBody"])
    at = body.index(member) + len(member) + 30
    other = b"A" if body[at:at + 1] != b"A" else b"B"
    return base64.b64encode(body[:at] + other + body[at + 1:]).decode()


def checkpoint(change):
    def apply(_, entry):
        note = entry["inclusionProof"]["checkpoint"]
        note["envelope"] = change(note["envelope"])
    return apply


def note_signature(note):
    text, name, signature = note.rpartition(ORIGIN + " ")
    return text + name + flipped(signature.strip()) + "\n"


def note_key_id(note):
    """The four bytes before the log's signature say which key made it."""
    text, name, signature = note.rpartition(ORIGIN + " ")
    return text + name + flipped(signature.strip(), 0) + "\n"


def stamp(bundle, at):
    stamps = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamps[0]["signedTimestamp"] = flipped(stamps[0]["signedTimestamp"], at)


def signature_of(bundle):
    return bundle["dsseEnvelope"]["signatures"][0]


# One byte, or one member, changed anywhere that matters.
CHANGES = {
    "other payload": lambda b, e: b["dsseEnvelope"].update(payload=flipped(b["dsseEnvelope"]["payload"], -3)),
    "other payload type": lambda b, e: b["dsseEnvelope"].update(payloadType="application/vnd.in-toto+jso"),
    "other signature": lambda b, e: signature_of(b).update(sig=flipped(signature_of(b)["sig"])),
    "two signatures": lambda b, e: b["dsseEnvelope"]["signatures"].append(signature_of(b)),
    "other digest in the leaf": lambda b, e: e.update(canonicalizedBody=in_leaf(e, b'"digest":"')),
    "other signature in the leaf": lambda b, e: e.update(canonicalizedBody=in_leaf(e, b'"content":"')),
    "other key in the leaf": lambda b, e: e.update(canonicalizedBody=in_leaf(e, b'"rawBytes":"')),
    "other proof hash": lambda b, e: e["inclusionProof"]["hashes"].__setitem__(0, flipped(e["inclusionProof"]["hashes"][0])),
    "missing proof hash": lambda b, e: e["inclusionProof"]["hashes"].pop(),
    "one proof hash more": lambda b, e: e["inclusionProof"]["hashes"].append(e["inclusionProof"]["hashes"][0]),
    "other proof index": lambda b, e: e["inclusionProof"].update(logIndex=str(int(e["inclusionProof"]["logIndex"]) - 1)),
    "other root in the checkpoint": checkpoint(lambda n: "\n".join(
        flipped(line) if number == 2 else line for number, line in enumerate(n.split("\n")))),
    "other size in the checkpoint": checkpoint(lambda n: "\n".join(
        str(int(line) + 1) if number == 1 else line for number, line in enumerate(n.split("\n")))),
    "other checkpoint signature": checkpoint(note_signature),
    "other key id in the checkpoint": checkpoint(note_key_id),
    "no checkpoint": lambda b, e: e["inclusionProof"].pop("checkpoint"),
    "no proof": lambda b, e: e.pop("inclusionProof"),
    "no log entry": lambda b, e: b["verificationMaterial"].update(tlogEntries=[]),
    "unknown log": lambda b, e: e["logId"].update(keyId=flipped(e["logId"]["keyId"])),
    "other time stamp signature": lambda b, e: stamp(b, -1),
    "other time stamp imprint": lambda b, e: stamp(b, 100),
    "no time stamp": lambda b, e: b["verificationMaterial"].pop("timestampVerificationData"),
    "other root hash": lambda b, e: e["inclusionProof"].update(rootHash=flipped(e["inclusionProof"]["rootHash"])),
    "other tree size": lambda b, e: e["inclusionProof"].update(treeSize=str(int(e["inclusionProof"]["treeSize"]) + 1)),
    "other log index": lambda b, e: e.update(logIndex=str(int(e["logIndex"]) - 1)),
}
