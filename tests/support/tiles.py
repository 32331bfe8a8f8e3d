# SPDX-License-Identifier: Apache-2.0
"""A reader of logs that shares nothing with ours: RFC 6962 hashes, C2SP checkpoints, cosignatures and tiles, with
hashlib and the openssl command alone."""
import base64
import hashlib
import os
import subprocess
import tempfile
import urllib.request

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def consistency(hashes, old):
    """RFC 6962 section 2.1.2."""
    def part(leaves, m, whole):
        if m == len(leaves):
            return [] if whole else [root_of(leaves)]
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        if m <= k:
            return part(leaves[:k], m, whole) + [root_of(leaves[k:])]
        return part(leaves[k:], m - k, False) + [root_of(leaves[:k])]
    return part(hashes, old, True) if 0 < old < len(hashes) else []


def path_holds(entry_hash, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    position, last, current = index, size - 1, entry_hash
    for sibling in path:
        if last == 0:
            return False
        if position % 2 == 1 or position == last:
            current = node_hash(sibling, current)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            current = node_hash(current, sibling)
        position, last = position // 2, last // 2
    return last == 0 and current == root


def ed25519_holds(public, message, signature):
    """Whether openssl takes the signature."""
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for name, content in zip(names, (ED25519_SPKI + public, message, signature)):
            with open(name, "wb") as file:
                file.write(content)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0], "-rawin",
                               "-in", names[1], "-sigfile", names[2]], check=False, capture_output=True).returncode == 0


class Checkpoint:
    """A signed note taken apart; nothing is believed yet."""

    def __init__(self, note):
        self.note = note
        text, _, lines = note.rpartition("\n\n")
        self.text = text + "\n"
        self.origin, size, root = self.text.split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root)
        self.lines = [line.removeprefix("\u2014 ").split(" ") for line in lines.splitlines()]

    def _signatures(self, vkey, kind):
        name, key_id, key = vkey.split("+", 2)
        raw = base64.b64decode(key)
        assert raw[0] == kind and hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_id, vkey
        for signer, text in self.lines:
            content = base64.b64decode(text)
            if signer == name and content[:4].hex() == key_id:
                yield raw[1:], content[4:]

    def signed_by(self, vkey):
        return any(ed25519_holds(key, self.text.encode(), signature) for key, signature in self._signatures(vkey, 1))

    def cosigned_by(self, vkey):
        for key, stamped in self._signatures(vkey, 4):
            time = int.from_bytes(stamped[:8], "big")
            if ed25519_holds(key, f"cosignature/v1\ntime {time}\n{self.text}".encode(), stamped[8:]):
                return True
        return False


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def read_log(read):
    """(checkpoint, entries, leaf hashes) of a static log below 256^2 entries. @read: path to bytes."""
    checkpoint = Checkpoint(read("checkpoint").decode())
    entries, hashes = [], b""
    for number in range((checkpoint.size + 255) // 256):
        width = min(256, checkpoint.size - number * 256)
        suffix = f"{number:03d}" if width == 256 else f"{number:03d}.p/{width}"
        data = read("tile/entries/" + suffix)
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2:2 + length])
            data = data[2 + length:]
        hashes += read("tile/0/" + suffix)
    return checkpoint, entries, [hashes[i:i + 32] for i in range(0, len(hashes), 32)]
