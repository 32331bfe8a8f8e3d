# SPDX-License-Identifier: Apache-2.0
"""`slipway witness serve` as a process with a folder of its own, and whoever forges a log for it."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from scratch import SLIPWAY
from tiles import leaf_hash, root_of

NAME = "witness.example/1"


def slipway(*words, code=0):
    done = subprocess.run([SLIPWAY, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, f"slipway {' '.join(words)}: exit {done.returncode}, wanted {code}\n{done.stderr}"
    return done.stdout


class Witness:
    """`slipway witness serve` on a folder."""

    def __init__(self, *vkeys, name=NAME):
        self.dir = tempfile.mkdtemp(prefix="slipway-test-")
        self.folder = os.path.join(self.dir, "witness")
        self.vkey = slipway("witness", "new", self.folder, "--name", name).strip()
        for vkey in vkeys:
            slipway("witness", "watch", self.folder, vkey)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([SLIPWAY, "witness", "serve", self.folder, "--listen", "127.0.0.1:0"], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        assert line.startswith("listening"), line
        self.url = line.split()[1]

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def post(self, body):
        """(status, content type, body)"""
        request = urllib.request.Request(self.url + "/add-checkpoint", data=body.encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers["Content-Type"], answer.read().decode()

    def ask(self, old, proof, note):
        lines = "".join(base64.b64encode(h).decode() + "\n" for h in proof)
        return self.post(f"old {old}\n{lines}\n{note}")

    def seen(self):
        with urllib.request.urlopen(self.url + "/", timeout=30) as answer:
            return json.load(answer)["logs"]


class Forger:
    """Whoever holds a log's key: signs whatever tree it likes."""

    def __init__(self, origin="log.example/forged"):
        self.dir = tempfile.mkdtemp(prefix="slipway-test-")
        self.origin, self.key = origin, os.path.join(self.dir, "key.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key], check=True, capture_output=True)
        raw = b"\1" + subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                                     capture_output=True).stdout[-32:]
        self.id = hashlib.sha256(origin.encode() + b"\n" + raw).digest()[:4]
        self.vkey = f"{origin}+{self.id.hex()}+{base64.b64encode(raw).decode()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def note(self, hashes, root=None):
        return self.sign(len(hashes), root or root_of(hashes))

    def sign(self, size, root):
        """A checkpoint of any size and root."""
        text = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        with tempfile.NamedTemporaryFile(dir=self.dir) as file:
            file.write(text.encode())
            file.flush()
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.key, "-rawin", "-in", file.name],
                                       check=True, capture_output=True).stdout
        return f"{text}\n\u2014 {self.origin} {base64.b64encode(self.id + signature).decode()}\n"


def leaves(n, salt=""):
    return [leaf_hash(f"{salt}{i}".encode()) for i in range(n)]
