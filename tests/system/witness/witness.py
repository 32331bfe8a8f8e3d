#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our logs and their witnesses, each a process with a folder of its own: what is served, what a release ships, and what a
verifier with a witness policy believes."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, Home, main  # noqa: E402
from tiles import Checkpoint, fetch  # noqa: E402
from witnesses import Witness  # noqa: E402

PATIENCE_S = 30


def vkey(home):
    return json.loads(home.run("log", "checkpoint", "--json").stdout)["vkey"]


@contextlib.contextmanager
def served(home):
    process = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0"], text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=home.environment())
    line = process.stdout.readline()
    assert line.startswith("listening"), line
    try:
        yield line.split()[1]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def until(what, holds):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_S} s")


def checkpoint(url, path="/log/checkpoint"):
    try:
        return Checkpoint(fetch(url + path).decode())
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
        return None


def add(home, name, witness):
    home.run("witness", "add", name, witness.vkey, witness.url)


def test_a_served_checkpoint_is_cosigned_by_its_quorum():
    with Home() as home, Witness(vkey(home), name="w.example/1") as one, Witness(vkey(home), name="w.example/2") as two:
        add(home, "one", one)
        add(home, "two", two)
        home.run("witness", "policy", "--quorum", "all")
        with served(home) as url:
            first = until("a cosigned checkpoint", lambda: checkpoint(url))
            assert first.cosigned_by(one.vkey) and first.cosigned_by(two.vkey) and first.signed_by(vkey(home))
            status = json.loads(home.run("log", "status", "--json").stdout)
            assert [w["size"] for w in status["logs"][0]["witnesses"]] == [first.size] * 2, status
            two.kill()
            home.set_roster()
            grown = json.loads(home.run("log", "checkpoint", "--json").stdout)
            assert grown["size"] > first.size
            time.sleep(0.5)
            assert checkpoint(url).size == first.size, "without its quorum a checkpoint is not served"
            home.run("witness", "policy", "--quorum", "any")
            newer = until("the quorum of one", lambda: checkpoint(url).size == grown["size"] and checkpoint(url))
            assert newer.cosigned_by(one.vkey) and not newer.cosigned_by(two.vkey)
        two.start()


def test_the_foreign_log_is_cosigned_too():
    with Home() as home:
        shown = json.loads(home.run("log", "foreign", "--origin", "log.example", "--json").stdout)
        key = shown["shards"][0]["vkey"]
        with Witness(vkey(home), key) as witness:
            add(home, "w", witness)
            with served(home) as url:
                first = until("a cosigned checkpoint", lambda: checkpoint(url, "/log/foreign/checkpoint"))
                assert first.cosigned_by(witness.vkey) and first.signed_by(key) and first.origin == "log.example"


def test_a_release_ships_its_witnesses_and_a_verifier_asks_for_them():
    with Home() as home, Witness(vkey(home)) as witness:
        home.set_roster()
        add(home, "w", witness)
        place = home.published()
        trust = home.trust()
        with open(trust, encoding="utf-8") as file:
            assert witness.vkey in json.load(file)["witnessPolicy"]
        assert "witnesses" in home.verify(place, trust)
        path = os.path.join(place, ".slipway", "checkpoint")
        with open(path, encoding="utf-8") as file:
            note = file.read()
        lines = note.split("\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(line for line in lines if not line.startswith("\u2014 witness.example")))
        assert "policy not met  witnesses" in home.verify(place, trust, code=10), "and the bundles say another checkpoint"
        at = note.rindex("=") - 8
        changed = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1:]
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        assert "not authentic   witnesses" in home.verify(place, trust, code=10)
        with open(path, "w", encoding="utf-8") as file:
            file.write(note)
        with Witness(name="another.example/1") as other, open(trust, encoding="utf-8") as file:
            wanted = json.load(file)
            wanted["witnessPolicy"] = f"witness other {other.vkey}\nquorum other\n"
        with open(trust, "w", encoding="utf-8") as file:
            json.dump(wanted, file)
        assert "policy not met  witnesses" in home.verify(place, trust, code=14)


def test_a_fork_shown_to_one_verifier_is_not_believed_by_it():
    """the honest history was cosigned; the forged one, under the same keys, cannot be published or believed"""
    with Home() as honest, Home() as forged, Witness(vkey(honest)) as witness:
        honest.set_roster()
        add(honest, "w", witness)
        shutil.rmtree(forged.home)
        shutil.copytree(honest.home, forged.home, ignore=shutil.ignore_patterns("*.sock", "lock"))
        for name in ("people", "root_key"):
            setattr(forged, name, getattr(honest, name))
        place = honest.published()
        trust = honest.trust()
        honest.verify(place, trust)
        os.rename(honest.site, honest.path("site-of-alice"))
        os.mkdir(honest.site)  # both publish there; Bob sees what comes now
        forged.approved()
        refused = forged.run("release", "publish", forged.release(), code=None)
        assert refused.returncode != 0, "the witness knows another history"
        forged.run("witness", "policy", "--quorum", "none")
        forged.run("release", "publish", forged.release())
        assert "not the quorum" in honest.verify(honest.served(), trust, code=14)


def test_without_its_witness_nothing_is_published():
    with Home() as home, Witness(vkey(home)) as witness:
        home.set_roster()
        add(home, "w", witness)
        home.approved()
        witness.kill()
        refused = home.run("release", "publish", home.release(), code=None)
        assert refused.returncode != 0 and "witness" in refused.stderr, refused.stderr
        witness.start()
        home.run("witness", "remove", "w")
        add(home, "w", witness)
        home.run("release", "publish", home.release())
        home.verify(home.served(), home.trust())


def test_a_proof_file_holds_offline_with_its_witnesses():
    with Home() as home, Witness(vkey(home)) as witness:
        home.set_roster()
        add(home, "w", witness)
        home.run("log", "export", home.path("public"))
        proof, policy = home.path("1.tlog-proof"), home.path("policy")
        shown = json.loads(home.run("log", "prove", "1", "--proof", proof, "--json").stdout)
        with open(policy, "w", encoding="utf-8") as file:
            file.write(f"log {vkey(home)}\nwitness w {witness.vkey}\nquorum w\n")
        check = ("log", "proof", proof, "--policy", policy, "--leaf-hash")
        home.run(*check, shown["leafHash"])
        other = json.loads(home.run("log", "prove", "0", "--json").stdout)["leafHash"]
        home.run(*check, other, code=10)
        with open(proof, encoding="utf-8") as file:
            text = file.read()
        with open(proof, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in text.splitlines() if not line.startswith("\u2014 witness.example")))
        home.run(*check, shown["leafHash"], code=14)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
