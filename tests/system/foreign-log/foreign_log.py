#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The log of other people's entries over real HTTP: proofs that hold, equal entries once, what is refused and how, a
crash in the middle, shards. Every test has a data folder of its own."""
import base64
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, Home, main  # noqa: E402
from tiles import Checkpoint, fetch, leaf_hash, path_holds, read_log, root_of  # noqa: E402

ORIGIN = "log.example"
N_CONCURRENT = 280  # more than a tile, so that there are full and partial ones


def b64(data):
    return base64.b64encode(data).decode()


class Key:
    """A P-256 key of somebody else, by the openssl command."""

    def __init__(self, folder, name="other"):
        self.path = os.path.join(folder, name + ".pem")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path], check=True)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                                   capture_output=True).stdout

    def sign(self, message):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=message, check=True,
                              capture_output=True).stdout

    def verifier(self):
        return {"publicKey": {"rawBytes": b64(self.spki)}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}

    def hashedrekord(self, message):
        return {"hashedRekordRequestV002": {
            "digest": b64(hashlib.sha256(message).digest()),
            "signature": {"content": b64(self.sign(message)), "verifier": self.verifier()}}}

    def dsse(self, payload, kind="application/vnd.in-toto+json"):
        pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        return {"dsseRequestV002": {
            "envelope": {"payload": b64(payload), "payloadType": kind,
                         "signatures": [{"sig": b64(self.sign(pae)), "keyid": ""}]},
            "verifiers": [self.verifier()]}}


class Service:
    """A home that serves, with its foreign log open unless told otherwise."""

    def __init__(self, *limits, opened=True):
        self.home = Home()
        self.key = Key(self.home.dir)
        if opened:
            self.show = self.foreign("--origin", ORIGIN, *limits)
        self.process = None
        self.start()

    def foreign(self, *words):
        return json.loads(self.home.run("log", "foreign", *words, "--json").stdout)

    def start(self):
        self.process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", "--no-rate"], text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.home.environment())
        line = self.process.stdout.readline()
        assert line.startswith("listening"), line
        self.url = line.split()[1]

    def stop(self, kill=False):
        if self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(kill=True)
        shutil.rmtree(self.home.dir, ignore_errors=True)

    def post(self, request, want=201):
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        asked = urllib.request.Request(self.url + "/api/v2/log/entries", data=body,
                                       headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            status, text = answer.code, answer.read()
        assert status == want, f"wanted {want}, got {status}: {text[:300]}"
        return json.loads(text)

    def vkey(self, at=-1):
        return self.foreign()["shards"][at]["vkey"]

    def read(self, name="foreign"):
        return read_log(lambda path: fetch(f"{self.url}/log/{name}/{path}"))


def check_entry(entry, vkey):
    """The answer proves that its body is in the log."""
    proof = entry["inclusionProof"]
    checkpoint = Checkpoint(proof["checkpoint"]["envelope"])
    assert checkpoint.signed_by(vkey), "the checkpoint is not signed by the log"
    assert str(checkpoint.size) == proof["treeSize"] and checkpoint.root == base64.b64decode(proof["rootHash"])
    assert entry["logIndex"] == proof["logIndex"]
    hashes = [base64.b64decode(text) for text in proof["hashes"]]
    body = base64.b64decode(entry["canonicalizedBody"])
    assert path_holds(leaf_hash(body), int(entry["logIndex"]), checkpoint.size, hashes, checkpoint.root)
    return json.loads(body)


def test_there_is_no_foreign_log_until_it_is_opened():
    with Service(opened=False) as service:
        service.post(service.key.hashedrekord(b"x"), want=404)
        assert service.foreign()["shards"] == []


def test_an_entry_is_answered_with_a_proof_that_holds():
    with Service() as service:
        vkey = service.vkey()
        entry = service.post(service.key.hashedrekord(b"artifact"))
        body = check_entry(entry, vkey)
        assert entry["kindVersion"] == {"kind": "hashedrekord", "version": "0.0.2"} and entry["integratedTime"] == "0"
        data = body["spec"]["hashedRekordV002"]["data"]
        assert data == {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(b"artifact").digest())}
        entry = service.post(service.key.dsse(b'{"_type":"x"}'))
        body = check_entry(entry, vkey)
        assert entry["kindVersion"]["kind"] == "dsse" and entry["logIndex"] == "1"
        assert body["spec"]["dsseV002"]["payloadHash"]["digest"] == b64(hashlib.sha256(b'{"_type":"x"}').digest())


def test_an_equal_entry_gets_the_old_index():
    with Service() as service:
        request = service.key.hashedrekord(b"twice")
        other = service.key.hashedrekord(b"other")
        first = service.post(request)
        service.post(other)
        again = service.post(request)
        assert again["logIndex"] == first["logIndex"] == "0"
        assert again["canonicalizedBody"] == first["canonicalizedBody"]
        check_entry(again, service.vkey())
        service.stop()
        service.start()
        assert service.post(other)["logIndex"] == "1"
        assert service.read()[0].size == 2


def test_what_is_refused_is_not_logged():
    with Service() as service:
        good = service.key.hashedrekord(b"x")
        bad = json.loads(json.dumps(good))
        bad["hashedRekordRequestV002"]["digest"] = b64(hashlib.sha256(b"y").digest())
        service.post(bad, want=400)
        service.post(b"{", want=400)
        service.post({}, want=400)
        service.post({**good, **service.key.dsse(b"p")}, want=400)
        bad = json.loads(json.dumps(good))
        bad["hashedRekordRequestV002"]["signature"]["verifier"]["keyDetails"] = "PKIX_ECDSA_P384_SHA_384"
        service.post(bad, want=400)
        bad = service.key.dsse(b"p")
        bad["dsseRequestV002"]["envelope"]["payload"] = b64(b"q")
        service.post(bad, want=400)
        assert service.foreign()["shards"][0]["size"] == 0
        service.post(good)


def test_many_at_once_share_checkpoints_and_all_hold():
    with Service("--per-minute", "0") as service:
        requests = [service.key.hashedrekord(b"%d" % i) for i in range(N_CONCURRENT)]
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            entries = list(pool.map(service.post, requests + requests[:20]))
        indexes = {int(entry["logIndex"]) for entry in entries}
        assert indexes == set(range(N_CONCURRENT)), "equal entries got two places, or a place was lost"
        sizes = {entry["inclusionProof"]["treeSize"] for entry in entries}
        assert len(sizes) < N_CONCURRENT / 2, f"{len(sizes)} checkpoints for {N_CONCURRENT} entries: nothing was shared"
        vkey = service.vkey()
        for entry in (entries[0], entries[-1], entries[N_CONCURRENT // 2]):
            check_entry(entry, vkey)
        checkpoint, leaves, hashes = service.read()
        assert checkpoint.signed_by(vkey) and checkpoint.size == N_CONCURRENT == len(leaves)
        assert hashes == [leaf_hash(leaf) for leaf in leaves] and root_of(hashes) == checkpoint.root
        for entry in entries:
            assert base64.b64decode(entry["canonicalizedBody"]) == leaves[int(entry["logIndex"])]


def test_files_are_cacheable_for_ever_but_the_checkpoint():
    with Service() as service:
        service.post(service.key.hashedrekord(b"x"))
        for path, words in (("checkpoint", "no-cache"), ("tile/0/000.p/1", "immutable"), ("tile/entries/000.p/1", "immutable")):
            for base in ("/log/foreign/", "/api/v2/"):
                with urllib.request.urlopen(service.url + base + path, timeout=20) as answer:
                    assert words in answer.headers["Cache-Control"], (path, answer.headers["Cache-Control"])
        try:
            fetch(service.url + "/log/foreign/tile/../../../foreign.json")
            raise AssertionError("a path left the static view")
        except urllib.error.HTTPError as error:
            assert error.code in (400, 404), error.code


def test_nothing_of_it_enters_the_log_of_facts():
    with Service() as service:
        before = fetch(service.url + "/log/checkpoint")
        service.post(service.key.hashedrekord(b"x"))
        assert fetch(service.url + "/log/checkpoint") == before
        assert service.read()[0].origin == ORIGIN != Checkpoint(before.decode()).origin


def test_quotas_hold():
    with Service("--per-minute", "3") as service:
        for i in range(3):
            service.post(service.key.hashedrekord(b"%d" % i))
        service.post(service.key.hashedrekord(b"more"), want=429)
    with Service("--max-entries", "2", "--per-minute", "0") as service:
        first = service.key.hashedrekord(b"0")
        service.post(first)
        service.post(service.key.hashedrekord(b"1"))
        assert "full" in service.post(service.key.hashedrekord(b"2"), want=503)["message"]
        assert service.post(first)["logIndex"] == "0", "what is there is still answered"


def test_what_was_answered_is_there_after_a_crash():
    with Service("--per-minute", "0") as service:
        vkey = service.vkey()
        answered, lock = [], threading.Lock()

        def go_on(worker):
            for i in range(1000):
                try:
                    entry = service.post(service.key.hashedrekord(b"%d %d" % (worker, i)))
                except (OSError, AssertionError):
                    return
                with lock:
                    answered.append(entry)

        threads = [threading.Thread(target=go_on, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        while len(answered) < 40:
            threads[0].join(0.05)
        service.stop(kill=True)
        for thread in threads:
            thread.join()
        service.start()
        checkpoint, leaves, hashes = service.read()
        assert checkpoint.signed_by(vkey) and root_of(hashes) == checkpoint.root and len(leaves) >= len(answered)
        for entry in answered:
            assert leaves[int(entry["logIndex"])] == base64.b64decode(entry["canonicalizedBody"])
            assert root_of(hashes[:int(entry["inclusionProof"]["treeSize"])]) == \
                base64.b64decode(entry["inclusionProof"]["rootHash"]), "an answered checkpoint is contradicted"


def test_a_shard_ends_and_the_next_begins():
    with Service() as service:
        old = service.post(service.key.hashedrekord(b"old"))
        service.home.run("log", "shard", "--origin", ORIGIN, code=1)
        shown = json.loads(service.home.run("log", "shard", "--origin", "two." + ORIGIN, "--json").stdout)
        assert [s["name"] for s in shown["shards"]] == ["foreign", "foreign-2"]
        new = service.post(service.key.hashedrekord(b"new"))
        assert new["logIndex"] == "0" and new["logId"] != old["logId"]
        check_entry(new, service.vkey())
        assert service.read("foreign")[0].size == 1 and service.read("foreign-2")[0].origin == "two." + ORIGIN


def test_an_older_copy_of_the_folder_takes_no_entries_until_there_is_a_new_shard():
    with Service() as service:
        service.post(service.key.hashedrekord(b"1"))
        service.stop()
        log = os.path.join(service.home.home, "logs", "foreign")
        shutil.copytree(log, service.home.path("copy"))
        service.start()
        service.post(service.key.hashedrekord(b"2"))
        assert service.read()[0].size == 2
        service.stop()
        shutil.rmtree(log)
        shutil.copytree(service.home.path("copy"), log)
        service.start()
        assert "older copy" in service.post(service.key.hashedrekord(b"3"), want=503)["message"]
        assert service.read()[0].size == 2, "what was public stays public"
        service.home.run("log", "shard", "--origin", "two." + ORIGIN)
        service.post(service.key.hashedrekord(b"3"))


def look(service, *more, code=0):
    """One look of a monitor that knows the log and the first key."""
    path = service.key.path + ".pub"
    with open(path, "wb") as file:
        file.write(subprocess.run(["openssl", "pkey", "-in", service.key.path, "-pubout"], check=True,
                                  capture_output=True).stdout)
    done = subprocess.run([SLIPWAY, "log", "monitor", service.url + "/log/foreign", "--vkey", service.vkey(), "--state",
                           service.home.path("seen.json"), "--mine", path, "--json", *more], text=True, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def test_a_monitor_sees_growth_and_entries_by_my_key():
    with Service("--per-minute", "0") as service:
        others = Key(service.home.dir, "others")
        for i in range(260):
            service.post(others.hashedrekord(b"%d" % i))
        seen = look(service)
        assert (seen["previous"], seen["read"], seen["alarms"]) == (0, 260, []), seen
        assert look(service)["read"] == 0
        service.post(others.dsse(b"{}"))
        service.post(service.key.hashedrekord(b"mine"))
        service.post(service.key.dsse(b"{}"))
        seen = look(service, code=14)
        assert seen["read"] == 3 and [a["index"] for a in seen["alarms"]] == [261, 262], seen
        assert look(service)["alarms"] == [], "an alarm is told once"


def test_a_monitor_finds_another_history_and_keeps_its_proof():
    with Service() as service:
        service.post(service.key.hashedrekord(b"1"))
        service.stop()
        for part in ("logs", "keys"):
            shutil.copytree(os.path.join(service.home.home, part), service.home.path("fork-" + part))
        service.start()
        other = Key(service.home.dir, "others")
        service.post(other.hashedrekord(b"shown to me"))
        look(service, code=14)
        with open(service.home.path("seen.json"), encoding="utf-8") as file:
            before = file.read()
        service.stop()
        for part in ("logs", "keys"):
            shutil.rmtree(os.path.join(service.home.home, part))
            shutil.copytree(service.home.path("fork-" + part), os.path.join(service.home.home, part))
        service.start()
        assert look(service, code=10)["alarms"][0]["kind"] == "fork", "it is smaller"
        service.post(other.hashedrekord(b"shown to others"))
        assert look(service, code=10)["alarms"][0]["kind"] == "fork", "it has another root"
        service.post(other.hashedrekord(b"more"))
        assert look(service, code=10)["alarms"][0]["kind"] == "fork", "it grew from another root"
        with open(service.home.path("seen.json"), encoding="utf-8") as file:
            assert file.read() == before


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
