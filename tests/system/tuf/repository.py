# SPDX-License-Identifier: Apache-2.0
"""A TUF repository of any shape, written with nothing of ours: json, hashlib and the openssl program."""
import hashlib
import json
import os
import subprocess
import tempfile

EXPIRES = "2126-01-01T00:00:00Z"


def canonical(value):
    """OLPC canonical JSON of what is used here: no floats, text with quote and backslash escaped only."""
    if isinstance(value, dict):
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)


class Key:
    def __init__(self, folder, kind="ed25519"):
        self.kind, self.path = kind, tempfile.mktemp(dir=folder, suffix=".pem")
        more = {"ed25519": ["-algorithm", "ed25519"], "rsa": ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"]}.get(
            kind, ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:" + kind])
        subprocess.run(["openssl", "genpkey", *more, "-out", self.path], check=True, capture_output=True)
        public = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout"], check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        names = {"ed25519": ("ed25519", "ed25519"), "rsa": ("rsa", "rsassa-pss-sha256"), "P-256": ("ecdsa", "ecdsa-sha2-nistp256"),
                 "P-384": ("ecdsa", "ecdsa-sha2-nistp384")}[kind]
        self.json = {"keytype": names[0], "scheme": names[1],
                     "keyval": {"public": der[-32:].hex() if kind == "ed25519" else public.decode()}}
        self.id = hashlib.sha256(canonical(self.json).encode()).hexdigest()

    def sign(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            if self.kind == "ed25519":
                words = ["pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file.name]
            elif self.kind == "rsa":
                words = ["dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-sign", self.path,
                         file.name]
            else:
                words = ["dgst", "-sha384" if self.kind == "P-384" else "-sha256", "-sign", self.path, file.name]
            return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout.hex()


class Repository:
    """Change what you like, then publish(); files is what a server answers, "metadata/…" and "targets/…"."""

    def __init__(self, folder, key=None, consistent=True):
        self.key = key or Key(folder)
        self.consistent, self.files, self.contents, self.hashes = consistent, {}, {}, ("sha256",)
        role = {"keyids": [self.key.id], "threshold": 1}
        self.root = self.body("root", consistent_snapshot=consistent, keys={self.key.id: self.key.json},
                              roles={name: dict(role) for name in ("root", "timestamp", "snapshot", "targets")})
        self.roles = {"targets": self.body("targets", targets={})}
        self.snapshot, self.timestamp = self.body("snapshot", meta={}), self.body("timestamp", meta={})
        self.plain_meta = False

    @staticmethod
    def body(kind, **more):
        return {"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": EXPIRES, **more}

    def add(self, path, content=b"content", role="targets"):
        self.contents[path] = content
        self.roles[role]["targets"][path] = {"length": len(content),
                                             "hashes": {name: hashlib.new(name, content).hexdigest() for name in self.hashes}}

    def delegate(self, name, paths, above="targets", terminating=False):
        self.roles[name] = self.body("targets", targets={})
        below = self.roles[above].setdefault("delegations", {"keys": {self.key.id: self.key.json}, "roles": []})
        below["roles"].append({"name": name, "keyids": [self.key.id], "threshold": 1, "terminating": terminating, "paths": paths})

    def signed(self, body):
        return json.dumps({"signatures": [{"keyid": self.key.id, "sig": self.key.sign(canonical(body).encode())}],
                           "signed": body}).encode()

    def meta_of(self, body, data):
        if self.plain_meta:
            return {"version": body["version"]}
        return {"version": body["version"], "length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}

    def put(self, name, body, quoted):
        data = self.signed(body)
        self.files[f"metadata/{str(body['version']) + '.' if self.consistent else ''}{quoted}.json"] = data
        return {f"{name}.json": self.meta_of(body, data)}

    def publish(self, quote=lambda name: name):
        self.files["metadata/1.root.json"] = self.signed(self.root)
        for name, body in self.roles.items():
            self.snapshot["meta"].update(self.put(name, body, quote(name)))
        self.timestamp["meta"] = self.put("snapshot", self.snapshot, "snapshot")
        self.files["metadata/timestamp.json"] = self.signed(self.timestamp)
        for path, content in self.contents.items():
            folder, _, name = path.rpartition("/")
            prefix = folder + "/" if folder else ""
            for row in (body["targets"].get(path) for body in self.roles.values()):
                for value in row["hashes"].values() if row and self.consistent else []:
                    self.files[f"targets/{prefix}{value}.{name}"] = content
            if not self.consistent:
                self.files["targets/" + path] = content

    def save_root(self, folder):
        path = os.path.join(folder, "trusted.json")
        with open(path, "wb") as file:
            file.write(self.files["metadata/1.root.json"])
        return path
