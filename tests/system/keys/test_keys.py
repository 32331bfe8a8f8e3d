# SPDX-License-Identifier: Apache-2.0
"""Who opens private keys, and what the signer refuses to sign.

Every command of a release's way runs under strace. A process is the engine if it opens the database or the folder's lock.
"""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, needs, works  # noqa: E402

TRACE = ["strace", "-f", "-y", "-s", "4096", "-e", "trace=open,openat,openat2,execve,clone,clone3,fork,vfork"]
CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<(.*?)>)?")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")


def read_calls(path):
    """(pid, name, arguments, result, path of the result) of each call, those in two lines put together."""
    parts = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            begun, resumed = UNFINISHED.match(line), RESUMED.match(line)
            if begun:
                parts[begun[1]] = begun[2]
                continue
            if resumed:
                line = f"{resumed[1]} {parts.pop(resumed[1], '')}{resumed[3]}"
            call = CALL.match(line)
            if call is not None:
                yield call.groups()


class Trace:
    """What each process of one command opened and ran: [(pid, program, path)] of opens that succeeded."""

    def __init__(self, path):
        self.opened, self.engines = [], set()
        calls = list(read_calls(path))
        # A child may be seen at work before the line that says it was made: so its parents are read first.
        parent = {value: (pid, "CLONE_THREAD" in args) for pid, name, args, value, _ in calls
                  if name in ("clone", "clone3", "fork", "vfork")}
        program = {}

        def program_of(pid):
            return program.get(pid) or (program_of(parent[pid][0]) if pid in parent else "?")

        def leader_of(pid):
            return leader_of(parent[pid][0]) if pid in parent and parent[pid][1] else pid

        for pid, name, args, value, what in calls:
            if name == "execve" and value == "0":
                program[pid] = os.path.basename(re.match(r'"(.*?)"', args)[1])
            elif name.startswith("open") and int(value) >= 0 and what is not None:
                self.opened.append((leader_of(pid), program_of(pid), what))

    def programs(self, predicate):
        return {(pid, program) for pid, program, path in self.opened if predicate(path)}


def traced(h, name, *command):
    log = h.path(name + ".strace")
    h.run(*command, before=[*TRACE, "-o", log])
    return Trace(log)


def the_way(h):
    """(name, trace) of every command from the data folder to the published release, in the quickstart's order."""
    home_key = os.path.join(h.home, "keys")
    yield "init", traced(h, "init", "init", "--root-key", h.root_key)
    yield "roster", traced(h, "roster", "roster", "set", "tiny", "--person", f"alice={h.people['alice']}.pub",
                           *(["--allow-unisolated"] if h.unisolated else []), "--root-key", h.root_key)
    h.run("target", "set", "tiny/site", "--type", "directory", "--location", h.site)
    h.tag("1.0.0")
    yield "run", traced(h, "run", "run", "--source", h.path("tiny"), "--tag", "v1.0.0", "--executor", h.executor)
    for step in (["seal"], ["request", "--target", "site"], ["approve", "--person", "alice", "--key", h.people["alice"]],
                 ["publish"]):
        yield step[0], traced(h, step[0], "release", step[0], h.release(), *step[1:])
    assert os.path.isdir(home_key)


def test_private_keys_are_opened_by_the_signer_only():
    needs("strace", works("strace", "-f", "-o", "/dev/null", "true"))
    with Home() as h:
        shutil.rmtree(h.home)  # the same way again, watched from its first command
        os.unlink(h.root_key)
        os.unlink(h.root_key + ".pub")
        seen = 0
        for name, trace in the_way(h):
            def is_private(path):
                return path.startswith(os.path.join(h.home, "keys") + "/") and path.endswith(".pem")

            def is_engine(path):
                return path == os.path.join(h.home, "slipway.db") or path == os.path.join(h.home, "lock")

            def is_person(path):
                return path in (h.root_key, h.people["alice"])

            with scratch.label(name):
                openers = trace.programs(is_private)
                engines = trace.programs(is_engine)
                people = trace.programs(is_person)
                seen += len(openers)
                assert {program for _, program in openers} <= {"slipway-signer"}, openers
                assert engines, "no process opened the data folder: the test sees nothing"
                assert not openers & engines and not people & engines, (openers, people, engines)
                assert not any(program == "slipway-signer" for _, program in people), people
                if name in ("roster", "approve"):
                    assert people, "nobody opened the person's key: the test sees nothing"
        assert seen >= 5, seen
        assert h.state() == "published"


def test_private_keys_are_for_their_owner_alone():
    with Home() as h:
        keys = os.path.join(h.home, "keys")
        private = [name for name in os.listdir(keys) if name.endswith(".pem")]
        assert private
        for name in private:
            assert os.stat(os.path.join(keys, name)).st_mode & 0o777 == 0o600, name
        os.chmod(os.path.join(keys, private[0]), 0o640)
        for name in private:
            os.chmod(os.path.join(keys, name), 0o640)
        h.refused("roster", "set", "tiny", "--person", f"alice={h.people['alice']}.pub", "--root-key", h.root_key,
                  says=["others may read it"], code=None)
        for name in private:
            os.chmod(os.path.join(keys, name), 0o600)
        h.set_roster()


def test_a_person_s_key_readable_by_others_is_refused():
    with Home() as h:
        h.seal()
        h.request()
        os.chmod(h.people["alice"], 0o644)
        h.refused("release", "approve", h.release(), "--person", "alice", "--key", h.people["alice"], code=None, says=["others"])


def test_init_nags_until_the_root_key_is_taken_away():
    with Home() as h:
        warning = f"root key '{h.root_key}' is still on this machine"
        assert warning in h.run("release", "list").stderr
        os.rename(h.root_key, h.path("offline.key"))
        assert h.run("release", "list").stderr == ""


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
