#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A log that shows two histories is found out by its witness. Log and witness are processes of their own with folders of
their own; whoever forges holds the real log key."""
import concurrent.futures
import hashlib
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import Home, main  # noqa: E402
from tiles import Checkpoint, consistency, leaf_hash, read_log, root_of  # noqa: E402
from witnesses import Forger, Witness, leaves  # noqa: E402


def statement(folder, name):
    path = os.path.join(folder, "statement.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
                   "predicate": {"result": "PASSED", "configuration": []},
                   "subject": [{"name": name, "digest": {"sha256": hashlib.sha256(name.encode()).hexdigest()}}]}, file)
    return path


def exported(home):
    folder = home.path("public")
    home.run("log", "export", folder)

    def read(path):
        with open(os.path.join(folder, path), "rb") as file:
            return file.read()
    checkpoint, _, hashes = read_log(read)
    return checkpoint, hashes


def test_two_histories_under_the_real_key_are_found_out():
    with Home() as honest, Home() as forged:
        find_out(honest, forged)


def find_out(honest, forged):
    vkey = json.loads(honest.run("log", "checkpoint", "--json").stdout)["vkey"]
    shutil.rmtree(forged.home)
    shutil.copytree(honest.home, forged.home, ignore=shutil.ignore_patterns("*.sock", "lock"))
    with Witness(vkey) as witness:
        for home, name in ((honest, "shown to alice"), (forged, "shown to bob")):
            home.run("log", "append", statement(home.dir, name))
        alices, hashes = exported(honest)
        bobs, others = exported(forged)
        assert alices.size == bobs.size and alices.root != bobs.root, "the fork is one"
        assert alices.signed_by(vkey) and bobs.signed_by(vkey), "and both are signed by the log's key"
        status, _, lines = witness.ask(0, [], alices.note)
        assert status == 200 and Checkpoint(alices.note + lines).cosigned_by(witness.vkey), lines
        status, kind, text = witness.ask(alices.size, [], bobs.note)
        assert (status, kind, text) == (409, "text/x.tlog.size", f"{alices.size}\n"), (status, kind, text)
        assert witness.seen()[0]["fork"], "the witness keeps the proof of the forgery"
        forged.run("log", "append", statement(forged.dir, "later"))
        later, others = exported(forged)
        status, _, text = witness.ask(alices.size, consistency(others, alices.size), later.note)
        assert status == 422, (status, text)
        honest.run("log", "append", statement(honest.dir, "honest growth"))
        grown, hashes = exported(honest)
        status, _, lines = witness.ask(alices.size, consistency(hashes, alices.size), grown.note)
        assert status == 200 and Checkpoint(grown.note + lines).cosigned_by(witness.vkey), lines


def test_every_answer_is_the_one_the_protocol_has():
    with Forger() as log, Forger("log.example/unknown") as stranger, Witness(log.vkey) as witness:
        five, eight = leaves(5), leaves(8)
        cases = [
            ("unknown log", 404, 0, [], stranger.note(five)),
            ("no signature of the log", 403, 0, [],
             log.note(five).rsplit("\n\n", 1)[0] + "\n\n" + stranger.note(five).rsplit("\n\n", 1)[1]),
            ("old size above the checkpoint's", 400, 9, [], log.note(five)),
            ("old size not ours", 409, 3, [leaf_hash(b"")], log.note(five)),
            ("proof from nothing", 422, 0, [leaf_hash(b"")], log.note(five)),
            ("root of an empty log", 422, 0, [], log.note([], root=leaf_hash(b"x"))),
            ("an empty log", 200, 0, [], log.note([])),
            ("the first checkpoint", 200, 0, [], log.note(five)),
            ("the same again", 200, 5, [], log.note(five)),
            ("another root at that size", 409, 5, [], log.note(leaves(5, "x"))),
            ("a bad proof", 422, 5, consistency(leaves(8, "x"), 5), log.note(eight)),
            ("growth", 200, 5, consistency(eight, 5), log.note(eight)),
            ("a smaller one", 400, 8, [], log.note(five)),
        ]
        for label, want, old, proof, note in cases:
            status, kind, text = witness.ask(old, proof, note)
            assert status == want, f"{label}: wanted {want}, got {status}: {text}"
            if status == 409:
                assert kind == "text/x.tlog.size" and text in ("0\n", "5\n"), (label, kind, text)
        for label, body in (("nothing", ""), ("no old line", "\n" + log.note(five)), ("leading zero", "old 05\n\n" + log.note(five)),
                            ("64 hashes", "old 5\n" + ("A" * 43 + "=\n") * 64 + "\n" + log.note(eight)), ("no checkpoint", "old 0\n\n"),
                            ("binary", "old 0\n\n\0")):
            status, _, text = witness.post(body)
            assert status == 400, f"{label}: wanted 400, got {status}: {text}"


def test_it_remembers_across_kill_9():
    with Forger() as log, Witness(log.vkey) as witness:
        assert witness.ask(0, [], log.note(leaves(5)))[0] == 200
        witness.kill()
        witness.start()
        assert witness.ask(0, [], log.note(leaves(5, "x")))[:1] == (409,)
        assert witness.ask(5, [], log.note(leaves(5, "x")))[:1] == (409,)
        assert witness.ask(5, [], log.note(leaves(5)))[0] == 200


def test_of_two_histories_raced_against_it_and_kill_9_only_one_is_ever_cosigned():
    with Forger() as log, Witness(log.vkey) as witness:
        trees = [leaves(60, "a"), leaves(60, "b")]
        cosigned = {}
        size = 0
        branch = None
        for step in range(1, 16):
            want = step * 3
            notes = [log.note(tree[:want]) for tree in trees]

            def ask(which):
                try:
                    return which, witness.ask(size, consistency(trees[which][:want], size), notes[which])
                except OSError:
                    return which, (0, "", "")
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                asked = [pool.submit(ask, which) for which in (0, 1) * 4]
                if step % 3 == 0:
                    witness.kill()
                answers = [future.result() for future in asked]
            if step % 3 == 0:
                witness.start()
            for which, (status, _, lines) in answers:
                if status == 200 and Checkpoint(notes[which] + lines).cosigned_by(witness.vkey):
                    cosigned.setdefault(want, set()).add(which)
            seen = witness.seen()[0]
            size = seen["size"]
            roots = [root_of(tree[:size]) for tree in trees]
            now = [which for which in (0, 1) if size and "sha256:" + roots[which].hex() == seen["root"]]
            assert size == 0 or len(now) == 1, seen
            assert branch is None or not now or now[0] == branch, "the witness changed sides"
            branch = now[0] if now else branch
        assert cosigned and all(sides == {branch} for sides in cosigned.values()), cosigned


def test_a_lost_state_is_not_begun_anew():
    with Forger() as log, Witness(log.vkey) as witness:
        assert witness.ask(0, [], log.note(leaves(5)))[0] == 200
        witness.kill()
        for name in os.listdir(os.path.join(witness.folder, "state")):
            os.unlink(os.path.join(witness.folder, "state", name))
        witness.start()
        assert witness.ask(0, [], log.note(leaves(5, "x")))[0] == 500


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
