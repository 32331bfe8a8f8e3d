# SPDX-License-Identifier: Apache-2.0
"""The log through the command line: evidence, proofs, the static view, a restored folder, who opens private keys.

The tree is recomputed here from the exported files with nothing but hashlib (RFC 6962, C2SP tlog-tiles).

usage: test_log.py SLIPWAY
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from tiles import leaf_hash, path_holds, root_of  # noqa: E402

ORIGIN = "log.example/system-test"
N_ENTRIES = 300  # more than a tile, so that there are full and partial ones


# --- an independent reader ------------------------------------------------------------------------

def read_bundle(path):
    with open(path, "rb") as file:
        data = file.read()
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        entries.append(data[2:2 + length])
        data = data[2 + length:]
    return entries


def read_exported(folder):
    """Entries, leaf hashes and checkpoint lines of a static log below 256^2 entries."""
    with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as file:
        lines = file.read().split("\n")
    size = int(lines[1])
    entries, hashes = [], b""
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        suffix = f"{number:03d}" if width == 256 else f"{number:03d}.p/{width}"
        entries += read_bundle(os.path.join(folder, "tile/entries", suffix))
        with open(os.path.join(folder, "tile/0", suffix), "rb") as file:
            hashes += file.read()
    return entries, [hashes[i:i + 32] for i in range(0, len(hashes), 32)], lines


# --- the program ----------------------------------------------------------------------------------

class Scene:
    def __init__(self, slipway, folder):
        self.slipway = slipway
        self.folder = folder
        self.home = os.path.join(folder, "home")
        self.environment = dict(os.environ, SLIPWAY_HOME=self.home)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words, want=0, under=()):
        done = subprocess.run([*under, self.slipway, *words], env=self.environment, capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == want, (
            f"slipway {' '.join(words)} exited with {done.returncode}, not {want}: {done.stderr.strip()}")
        return done

    def json(self, *words, want=0):
        return json.loads(self.run(*words, "--json", want=want).stdout)

    def statement(self, name, predicate_type="https://in-toto.io/attestation/test-result/v0.1"):
        path = self.path("statement.json")
        digest = hashlib.sha256(name.encode()).hexdigest()
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate_type,
                       "predicate": {"result": "PASSED", "configuration": []},
                       "subject": [{"name": name, "digest": {"sha256": digest}}]}, file)
        return path

    def append(self, name):
        return self.json("log", "append", self.statement(name))


# --- the cases, in order: each leaves the scene to the next ---------------------------------------

def init_logs_the_root_as_entry_0(scene):
    scene.run("init", "--root-key", scene.path("root.key"), "--origin", ORIGIN)
    tail = scene.json("log", "tail")
    assert [(entry["index"], entry["type"]) for entry in tail] == [(0, "urn:slipway:root:v1")], tail


def evidence_gets_the_next_index(scene):
    assert scene.append("one")["index"] == 1
    assert scene.append("two")["index"] == 2


def the_same_evidence_again_gets_the_first_answer(scene):
    again = scene.append("one")
    assert again["index"] == 1 and again["repeated"], again
    assert scene.json("log", "checkpoint")["size"] == 3


def a_type_outside_the_role_is_refused_and_recorded(scene):
    bad = scene.statement("bad", "https://evil.example/v1")
    scene.run("log", "append", bad, want=1)
    with open(os.path.join(scene.home, "keys/refusals.jsonl"), encoding="utf-8") as file:
        refusals = [json.loads(line) for line in file]
    assert len(refusals) == 1 and "evil.example" in refusals[0]["reason"], refusals
    assert scene.json("log", "checkpoint")["size"] == 3


def the_exported_log_recomputes_to_its_checkpoint(scene):
    for i in range(4):
        scene.append(f"more {i}")
    scene.run("log", "export", scene.path("public"))
    entries, hashes, lines = read_exported(scene.path("public"))
    assert lines[0] == ORIGIN and int(lines[1]) == 7 == len(entries)
    assert hashes == [leaf_hash(entry) for entry in entries]
    assert root_of(hashes) == base64.b64decode(lines[2])


def a_proof_holds_under_another_verifier(scene):
    entries, _, _ = read_exported(scene.path("public"))
    for index in (0, 3, 6):
        proof = scene.json("log", "prove", str(index))
        path = [bytes.fromhex(text.removeprefix("sha256:")) for text in proof["hashes"]]
        root = bytes.fromhex(proof["root"].removeprefix("sha256:"))
        assert path_holds(leaf_hash(entries[index]), index, proof["size"], path, root), proof


def a_statement_is_found_by_its_name(scene):
    name = scene.append("one")["statement"]
    assert scene.json("log", "prove", name)["index"] == 1


def a_bundle_is_written_once(scene):
    target = scene.path("entry.sigstore.json")
    scene.run("log", "prove", "1", "--bundle", target)
    with open(target, encoding="utf-8") as file:
        bundle = json.load(file)
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    scene.run("log", "prove", "2", "--bundle", target, want=1)


def a_later_export_adds_full_tiles(scene):
    size = scene.json("log", "checkpoint")["size"]
    grow(scene, N_ENTRIES - size)
    scene.run("log", "export", scene.path("public"))
    entries, hashes, lines = read_exported(scene.path("public"))
    assert int(lines[1]) == N_ENTRIES == len(entries)
    assert root_of(hashes) == base64.b64decode(lines[2])
    assert os.path.exists(scene.path("public/tile/0/000")), "there is a full tile now"
    assert not os.path.exists(scene.path("public/tile/0/000.p")), "its partial forms are gone"


def grow(scene, n):
    for i in range(n):
        scene.append(f"grow {i}")


def check_is_clean(scene):
    report = scene.json("log", "check")
    assert report["clean"] and report["size"] == N_ENTRIES, report


def a_damaged_entry_is_named_and_nothing_is_cut(scene):
    journal = os.path.join(scene.home, "logs/main/journal")
    size = os.path.getsize(journal)
    with open(journal, "r+b") as file:
        file.seek(2000)
        old = file.read(1)
        file.seek(2000)
        file.write(bytes([old[0] ^ 1]))
    refused = scene.run("log", "check", want=1)
    assert "is damaged at byte" in refused.stderr, refused.stderr
    assert os.path.getsize(journal) == size
    with open(journal, "r+b") as file:
        file.seek(2000)
        file.write(old)
    check_is_clean(scene)


def what_is_derived_is_made_again(scene):
    for name in ("offsets", "tile.0", "tile.1"):
        os.unlink(os.path.join(scene.home, "logs/main", name))
    check_is_clean(scene)


def only_the_signer_opens_private_keys(scene):
    if shutil.which("strace") is None:
        return "strace is not installed"
    trace = scene.path("trace")
    scene.run("log", "append", scene.statement("traced"),
              under=("strace", "-f", "-o", trace, "-e", "trace=execve,open,openat,openat2"))
    program, opened = {}, set()
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            pid = line.split()[0]
            execve = re.search(r'execve\("([^"]+)".*= 0', line)
            if execve:
                program[pid] = os.path.basename(execve.group(1))
            elif ".pem" in line:
                opened.add(program.get(pid, "a thread or child of the engine"))
    assert opened == {"slipway-signer"}, opened
    return None


def an_older_copy_of_the_folder_is_refused(scene):
    parts = ("logs", "slipway.db")  # all but the signer's record
    older = scene.path("older")
    os.mkdir(older)
    copy_parts(scene.home, older, parts)
    scene.append("after the copy")
    scene.run("log", "checkpoint")
    copy_parts(older, scene.home, parts)
    refused = scene.run("log", "tail", want=1)
    assert "older" in refused.stderr, refused.stderr


def copy_parts(source, target, parts):
    for name in parts:
        old, new = os.path.join(source, name), os.path.join(target, name)
        if os.path.isdir(old):
            shutil.rmtree(new, ignore_errors=True)
            shutil.copytree(old, new)
        else:
            shutil.copy2(old, new)


CASES = (
    init_logs_the_root_as_entry_0,
    evidence_gets_the_next_index,
    the_same_evidence_again_gets_the_first_answer,
    a_type_outside_the_role_is_refused_and_recorded,
    the_exported_log_recomputes_to_its_checkpoint,
    a_proof_holds_under_another_verifier,
    a_statement_is_found_by_its_name,
    a_bundle_is_written_once,
    a_later_export_adds_full_tiles,
    check_is_clean,
    a_damaged_entry_is_named_and_nothing_is_cut,
    what_is_derived_is_made_again,
    only_the_signer_opens_private_keys,
    an_older_copy_of_the_folder_is_refused,
)


def main():
    failed = 0
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="slipway-log-", dir=memory) as folder:
        scene = Scene(os.path.abspath(sys.argv[1]), folder)
        print(f"1..{len(CASES)}")
        for number, case in enumerate(CASES, 1):
            try:
                skipped = case(scene)
                print(f"ok {number} - {case.__name__}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
            except (AssertionError, subprocess.TimeoutExpired, KeyError, ValueError, OSError) as error:
                failed += 1
                print(f"not ok {number} - {case.__name__}")
                for line in str(error).splitlines() or [repr(error)]:
                    print(f"# {line}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
