# SPDX-License-Identifier: Apache-2.0
"""What it takes to publish a release, every way it is refused, and what is left when it dies in between."""
import base64
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, needs, tree, works  # noqa: E402


def ssh_key(h, name):
    needs("ssh-keygen", shutil.which("ssh-keygen"))
    path = h.path(name + ".ssh")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path


def one_release(h, version="1.0.0"):
    """Exactly one release is visible, and nothing is left in staging."""
    assert os.listdir(os.path.join(h.site, "tiny", "main")) == [version]
    staging = os.path.join(h.site, ".slipway-staging")
    assert not os.path.isdir(staging) or os.listdir(staging) == [], os.listdir(staging)


# ---- people


def test_two_approvals_one_by_an_ssh_key_publish():
    with Home() as h:
        h.people["bob"], h.approvals = ssh_key(h, "bob"), 2
        h.set_roster()
        h.seal()
        h.request()
        h.approve("alice")
        error = h.refused("release", "publish", h.release(), says=["approval", "bob"])
        assert "1 of 2" in error, error
        shown = h.run("release", "approvals", h.release()).stdout
        assert "1 of 2 approvals: alice" in shown and "bob" in shown, shown
        h.run("release", "approve", h.release(), "--person", "bob", "--ssh-key", h.people["bob"])
        h.run("release", "publish", h.release())
        assert "2 accepted people approved, 2 needed" in h.verify(h.served(), h.trust())


def test_the_pipeline_file_asks_for_more_approvals_than_the_roster():
    with Home(people=("alice", "bob")) as h:
        h.write_source("slipway.yaml", scratch.PIPELINE.replace("require: [provenance]", "require: [provenance]\n    approvals: 2"))
        h.commit("ask for two")
        h.seal()
        h.request()
        h.approve("alice")
        assert "1 of 2 approvals" in h.run("release", "approvals", h.release()).stdout
        h.refused("release", "publish", h.release(), says=["1 of 2"])
        h.approve("bob")
        h.run("release", "publish", h.release())


def test_required_test_results_are_logged_by_the_run():
    with Home() as h:
        h.write_source("slipway.yaml", scratch.PIPELINE.replace("[provenance]", "[provenance, test-result]"))
        h.commit("ask for test results")
        served = h.published()
        with open(os.path.join(served, "attestations.intoto.jsonl"), encoding="utf-8") as file:
            assert "test-result/v0.1" in "".join(base64.b64decode(json.loads(line)["payload"]).decode() for line in file)
        h.verify(served, h.trust())


def test_the_same_person_counts_once():
    with Home(people=("alice", "bob"), approvals=2) as h:
        h.seal()
        h.request()
        h.approve("alice")
        h.refused("release", "approve", h.release(), "--person", "alice", "--key", h.people["alice"], says=["has approved"])
        h.refused("release", "publish", h.release(), says=["1 of 2"])


def test_a_stranger_does_not_approve():
    with Home() as h:
        h.seal()
        h.request()
        h.run("keys", "new", "--out", h.path("mallory.key"))
        h.refused("release", "approve", h.release(), "--person", "mallory", "--key", h.path("mallory.key"), code=None)
        h.refused("release", "approve", h.release(), "--person", "alice", "--key", h.path("mallory.key"), code=None)
        h.refused("release", "publish", h.release(), says=["0 of 1"])


def test_an_expired_request_is_refused():
    with Home() as h:
        h.seal()
        h.call("release.request", release=h.release(), targets=["site"], lifeSeconds=1)
        h.approve("alice")
        time.sleep(1.2)
        h.refused("release", "publish", h.release(), says=["expired"])
        h.request()
        h.approve("alice")
        h.run("release", "publish", h.release())


def test_approving_pins_the_log_of_the_trust_file():
    with Home() as h, Home() as other:
        h.seal()
        h.request()
        other.seal()
        h.refused("release", "approve", h.release(), "--person", "alice", "--key", h.people["alice"], "--trust",
                  other.trust(), says=["nothing was signed", "not the log"])
        h.run("release", "approve", h.release(), "--person", "alice", "--key", h.people["alice"], "--trust", h.trust())


# ---- rejection


def test_a_rejected_release_is_not_published():
    with Home() as h:
        h.approved()
        h.run("release", "reject", h.release(), "--reason", "defective", "--sign", f"alice={h.people['alice']}")
        assert h.state() == "rejected"
        h.refused("release", "publish", h.release(), says=["rejected"])
        assert tree(os.path.join(h.site, "tiny")) == {}
        h.refused("run", "--source", h.path("tiny"), "--tag", "v1.0.0", "--executor", h.executor, says=["choose a new version"])


def test_rejecting_by_file_exchange():
    with Home(people=("alice", "bob"), approvals=2) as h:
        h.seal()
        proposal = h.path("proposal.json")
        h.run("release", "reject", h.release(), "--reason", "superseded", "--out", proposal, "--person", "alice",
              "--person", "bob")
        proofs = []
        for name in ("alice", "bob"):
            with open(h.path(name + ".proof"), "w", encoding="utf-8") as file:
                file.write(h.run("keys", "sign", proposal, "--key", h.people[name], "--person", name).stdout)
            proofs += ["--proof", file.name]
        h.refused("admin", "apply", proposal, *proofs[:2], says=["1 of 2"])
        assert h.state() == "sealed"
        h.run("admin", "apply", proposal, *proofs)
        assert h.state() == "rejected"


def test_a_rejection_that_lost_the_race_names_the_winner():
    with Home() as h:
        h.seal()
        proposal = h.path("proposal.json")
        h.run("release", "reject", h.release(), "--reason", "defective", "--out", proposal, "--person", "alice")
        with open(h.path("proof"), "w", encoding="utf-8") as file:
            file.write(h.run("keys", "sign", proposal, "--key", h.people["alice"], "--person", "alice").stdout)
        h.request()
        winner = h.show()["head"]
        h.refused("admin", "apply", proposal, "--proof", file.name, says=["was faster", winner])
        assert h.state() == "sealed"


# ---- names are written once


def test_a_moved_tag_before_the_seal_rejects_the_name():
    with Home() as h:
        h.build()
        h.write_source("tool", "other\n")
        h.commit("second")
        h.tag("1.0.0", "-f")
        assert "the name is dead" in h.build(code=1).stderr
        show = h.show()
        assert show["state"] == "rejected", show
        assert "retag" in h.run("admin", "dump").stdout
        assert "rejected" in h.build(code=1).stderr


def test_a_moved_tag_after_the_seal_is_refused_loudly():
    with Home() as h:
        h.seal()
        h.write_source("tool", "other\n")
        h.commit("second")
        h.tag("1.0.0", "-f")
        error = h.build(code=1).stderr
        assert "alarm" in error and "sealed already" in error, error
        assert h.state() == "sealed"


# ---- the seal


def test_a_dry_seal_logs_nothing():
    with Home() as h:
        h.build()
        before = h.run("admin", "dump").stdout
        shown = json.loads(h.run("release", "seal", h.release(), "--dry-run", "--json").stdout)
        assert shown["manifest"].startswith("sha256:") and "statement" in shown, shown
        record = shown["leaf"]["spec"]["hashedRekordV002"]
        assert record["data"]["digest"] and record["signature"]["content"] is None, record
        assert h.run("admin", "dump").stdout == before
        assert h.state() == "draft"


def test_an_unisolated_build_is_sealed_only_where_the_roster_allows_it():
    with Home(unisolated=False) as h:
        h.executor = "host"
        h.build()
        h.refused("release", "seal", h.release(), says=["isol"])
        h.unisolated = True
        h.set_roster()
        h.run("release", "seal", h.release())
        h.request()
        h.approve("alice")
        h.run("release", "publish", h.release())
        trust = h.trust()
        shown = h.verify(h.served(), trust)
        assert "isolat" in shown, shown
        provenance = tree(h.served())["attestations.intoto.jsonl"]
        import base64
        payloads = [base64.b64decode(json.loads(line)["payload"]) for line in provenance.splitlines()]
        assert any(b"/builder/host/" in payload for payload in payloads)


# ---- the target


def test_something_else_at_the_target_is_a_conflict_and_stays():
    with Home() as h:
        h.approved()
        os.makedirs(h.served())
        with open(os.path.join(h.served(), "tool"), "w", encoding="utf-8") as file:
            file.write("somebody else's")
        before = tree(h.site)
        h.refused("release", "publish", h.release(), says=["something else", "not touched"])
        assert tree(h.site) == before
        shutil.rmtree(h.served())
        h.run("release", "publish", h.release())
        one_release(h)


def test_publishing_again_changes_nothing():
    with Home() as h:
        h.published()
        before = tree(h.site)
        entries = h.run("admin", "fsck", "--json").stdout
        h.run("release", "publish", h.release())
        assert tree(h.site) == before
        assert h.run("admin", "fsck", "--json").stdout == entries


def test_a_damaged_blob_fails_the_intent_and_the_release_is_sealed_again():
    with Home() as h:
        h.approved()
        digest = next(a["digest"] for a in h.show()["assets"] if a["name"] == "tool")
        path = h.blob(digest)
        with open(path, "rb") as file:
            good = file.read()
        os.chmod(path, 0o600)
        with open(path, "wb") as file:
            file.write(good[:-2] + b"X\n")
        h.refused("release", "publish", h.release(), says=["tool", "digest"])
        assert h.state() == "sealed"
        assert not os.path.exists(h.served()) and not os.path.exists(path), "not put aside"
        assert '"failed"' in h.run("admin", "dump").stdout
        h.refused("release", "publish", h.release(), says=["request"])
        h.request()
        h.approve("alice")
        h.refused("release", "publish", h.release())  # the blob is still missing
        assert h.state() == "sealed"
        with open(path, "wb") as file:  # put back from a copy
            file.write(good)
        h.request()
        h.approve("alice")
        h.run("release", "publish", h.release())
        one_release(h)
        h.verify(h.served(), h.trust())
        h.clean()


def test_a_release_that_does_not_verify_stays_invisible():
    """The project has moved to another repository since the build: who trusts the new one would refuse."""
    with Home() as h:
        h.approved()
        shutil.copytree(h.path("tiny"), h.path("elsewhere"))
        h.run("run", "--source", h.path("elsewhere"), "--branch", "main", "--executor", h.executor)
        error = h.refused("release", "publish", h.release(), says=["does not verify", "nothing was made visible"])
        assert any("provenance" in line and "source" in line for line in error.splitlines()), error  # a line a finding
        assert h.state() == "sealed" and not os.path.exists(h.served())
        assert not os.path.isdir(os.path.join(h.site, ".slipway-staging")) or \
            os.listdir(os.path.join(h.site, ".slipway-staging")) == []
        assert '"failed"' in h.run("admin", "dump").stdout
        h.run("run", "--source", h.path("tiny"), "--branch", "main", "--executor", h.executor)  # and back
        h.request()
        h.approve("alice")
        h.run("release", "publish", h.release())
        h.verify(h.served(), h.trust())


# ---- the self-verifier


def verifier_call(h):
    """The command line of the self-verification of one publication."""
    needs("strace", works("strace", "-f", "-o", "/dev/null", "true"))
    needs("bwrap", works("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"))
    log = h.path("strace.log")
    h.run("release", "publish", h.release(), before=["strace", "-f", "-s", "4096", "-v", "-e", "trace=execve", "-o", log])
    with open(log, encoding="utf-8") as file:
        lines = [line for line in file if 'execve("/usr/bin/bwrap"' in line and '"verify"' in line]
    assert len(lines) == 1, lines
    return json.loads(lines[0].split("execve(\"/usr/bin/bwrap\", ", 1)[1].split("], [", 1)[0] + "]")


def test_the_self_verifier_cannot_read_the_data_folder():
    with Home() as h:
        h.approved()
        argv = verifier_call(h)
        inside = argv[:argv.index("--") + 1]
        assert h.home not in " ".join(inside)
        # The staged folder and the trust file are gone by now: others stand in.
        for i, word in enumerate(inside):
            if word == "--ro-bind" and inside[i + 2] == "/release":
                inside[i + 1] = h.served()
            if word == "--ro-bind" and inside[i + 2] == "/verifier/trust.json":
                inside[i + 1] = h.trust()
        def see(*command):
            return subprocess.run([*inside, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert see("/usr/bin/cat", "/release/tool").returncode == 0
        for name in ("slipway.db", "keys/keys.json", "lock", ""):
            tried = see("/usr/bin/ls", os.path.join(h.home, name))
            assert tried.returncode != 0 and "No such file" in tried.stdout, tried.stdout
        assert see("/usr/bin/find", "/", "-xdev", "-name", "slipway.db").stdout.strip() == ""


def test_without_namespaces_the_self_verifier_confines_itself():
    with Home() as h:
        h.approved()
        trust = h.trust()
        # The way to bubblewrap is closed: a file system of its own where it is not executable.
        needs("root", os.geteuid() == 0)
        hide = ["unshare", "-m", "sh", "-c", "mount --bind /dev/null /usr/bin/bwrap && exec \"$@\"", "sh"]
        needs("userns", works(*hide, "true"))
        log = h.path("strace.log")
        result = h.run("release", "publish", h.release(), before=[*hide, "strace", "-f", "-e", "trace=execve,open,openat", "-o", log])
        assert "Landlock" in result.stderr, result.stderr
        assert h.state() == "published"
        with open(log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        start = next(i for i, line in enumerate(lines) if "execve(" in line and '"--confined"' in line)
        pid = lines[start].split()[0]
        opened = [line for line in lines[start:] if line.startswith(pid + " ") and h.home in line and "execve" not in line]
        assert opened == [], opened
        secret = os.path.join(h.home, "root-keys.json")
        # And it could not, were it told to: the folder to verify is the only one it may open.
        tried = h.run("verify", h.served(), "--trust", trust, "--confined")
        assert tried.returncode == 0 and os.path.exists(secret)


# ---- dying in between


def kill_at(h, syscalls, nth):
    """Publishes and kills the engine at its @nth call of @syscalls. Whether it died."""
    result = h.run("release", "publish", h.release(), code=None,
                   before=["strace", "-f", "-o", "/dev/null", "-e", f"trace={syscalls}",
                           "-e", f"inject={syscalls}:signal=KILL:when={nth}"])
    return result.returncode != 0


def test_kill_9_at_any_step_then_publishing_again_leaves_one_release():
    needs("strace", works("strace", "-f", "-o", "/dev/null", "true"))
    with Home() as h:
        h.approved()
        saved = h.path("saved")
        shutil.copytree(h.home, saved, symlinks=True)
        died = 0
        for nth in range(1, 60, 3):
            shutil.rmtree(h.home)
            shutil.copytree(saved, h.home, symlinks=True)
            shutil.rmtree(h.site)
            os.mkdir(h.site)
            with scratch.label("killed at sync or rename", nth):
                alive = not kill_at(h, "fsync,fdatasync,syncfs,rename,renameat,renameat2,linkat", nth)
                visible = os.path.exists(h.served())
                before = tree(h.served()) if visible else None
                died += not alive
                h.run("release", "publish", h.release())
                one_release(h)
                assert h.state() == "published"
                if before is not None:
                    assert tree(h.served()) == before, "other bytes"
                h.verify(h.served(), h.trust())
                h.clean()
            if alive:
                break
        print(f"# killed {died} times")
        assert died >= 3, died


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
