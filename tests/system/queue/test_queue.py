# SPDX-License-Identifier: Apache-2.0
"""Queued runs under a real server: how many at a time, in which order, and what is left when it dies."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import SLIPWAY, Home  # noqa: E402

SLOW = "slipway: 1\nproject: tiny\njobs:\n  a:\n    executor: host\n    steps: [ { run: \"while [ ! -e '%s' ]; do sleep 0.05; done\" } ]\n"


class Queue(Home):
    """A project whose runs last until the file `go` is there, and a server over it."""

    def __init__(self):
        super().__init__()
        self.go = self.path("go")
        self.write_source("slipway.yaml", SLOW % self.go)
        self.commit("wait for a file")
        self.write(self.go)
        self.run("run", "--source", self.path("tiny"), "--branch", "main")
        os.unlink(self.go)
        self.server = None

    def write(self, path):
        with open(path, "w", encoding="utf-8"):
            pass

    def serve(self, *options):
        self.server = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0", *options], env=self.environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        assert line.startswith("listening"), line + self.server.stderr.read()

    def stop(self, number=signal.SIGTERM):
        self.server.send_signal(number)
        self.server.communicate(timeout=60)
        code, self.server = self.server.returncode, None
        return code

    def remove(self):
        if self.server is not None:
            self.server.kill()
            self.server.communicate()
        super().remove()

    def add(self, *options):
        return json.loads(self.run("queue", "add", "tiny", "--branch", "main", "--json", *options).stdout)["number"]

    def states(self):
        return {run["number"]: run["state"] for run in json.loads(self.run("runs", "--json").stdout)}

    def waiting(self):
        return [int(run["run"].split("/")[1]) for run in json.loads(self.run("queue", "list", "--json").stdout)]

    def until(self, condition, what):
        end = time.monotonic() + 40
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"never: {what}; {self.states()}, waiting {self.waiting()}")

    def until_states(self, **wanted):
        want = {int(number[1:]): state for number, state in wanted.items()}
        self.until(lambda: {n: s for n, s in self.states().items() if n in want} == want, wanted)


@contextlib.contextmanager
def queue(*options):
    with Queue() as q:
        q.serve(*options)
        yield q


def test_three_runs_on_two_places_go_two_at_a_time():
    with queue("--runs", "2") as q:
        assert [q.add() for _ in range(3)] == [2, 3, 4]
        q.until_states(r2="running", r3="running", r4="queued")
        assert q.waiting() == [4]
        shown = q.run("queue", "list").stdout
        assert "its project runs as many as it may" in shown, shown
        q.write(q.go)
        q.until_states(r2="passed", r3="passed", r4="passed")


def test_priority_comes_first_and_a_waiting_run_can_be_cancelled():
    with queue("--runs", "1") as q:
        q.add()
        q.until_states(r2="running")
        q.add(), q.add(), q.add("--priority", "5")
        assert q.waiting() == [5, 3, 4]
        q.run("cancel", "tiny/3")
        assert q.states()[3] == "cancelled" and q.waiting() == [5, 4]
        q.run("queue", "cancel", "tiny", "--ref", "refs/heads/main")
        q.until_states(r2="cancelled", r4="cancelled", r5="cancelled")


def test_a_run_that_waits_too_long_ends_as_error():
    with queue("--runs", "1", "--max-wait", "1") as q:
        q.add(), q.add()
        q.until_states(r2="running", r3="error")
        reason = [run["reason"] for run in json.loads(q.run("runs", "--json").stdout) if run["number"] == 3][0]
        assert "no capacity" in reason, reason


def test_killed_engine_ends_what_ran_and_goes_on_with_what_waited():
    with queue("--runs", "1") as q:
        q.add(), q.add()
        q.until_states(r2="running", r3="queued")
        q.stop(signal.SIGKILL)
        q.write(q.go)
        q.serve("--runs", "1")
        q.until_states(r2="error", r3="passed")
        reason = [run["reason"] for run in json.loads(q.run("runs", "--json").stdout) if run["number"] == 2][0]
        assert "engine stopped" in reason, reason


def test_term_finishes_what_runs_and_leaves_what_waits():
    with queue("--runs", "1") as q:
        q.add(), q.add()
        q.until_states(r2="running")
        q.server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert q.server.poll() is None, "it did not wait for the run"
        q.write(q.go)
        assert q.server.wait(timeout=40) == 0
        q.server = None
        assert q.states()[2] == "passed" and q.states()[3] == "queued"
        q.serve("--runs", "1")
        q.until_states(r3="passed")


def test_a_broken_file_ends_its_run_and_names_the_mistake():
    with queue() as q:
        q.write_source("slipway.yaml", "slipway: 1\nproject: tiny\njobs: { a: { stepz: [] } }\n")
        q.commit("break it")
        q.add()
        q.until_states(r2="error")
        reason = [run["reason"] for run in json.loads(q.run("runs", "--json").stdout) if run["number"] == 2][0]
        assert "stepz" in reason, reason
        shown, listed = q.run("show", "tiny/2").stdout, q.run("runs").stdout
        assert "\nslipway.yaml:3:" in shown and "x0A" not in shown + listed and "stepz" not in listed, shown + listed
        q.refused("logs", "tiny/2", says=["no job of it has begun", "slipway show tiny/2"])


def test_a_run_is_restarted_at_its_own_commit():
    with queue() as q:
        q.write(q.go)
        q.add()
        q.until_states(r2="passed")
        before = q.git("rev-parse", "HEAD")
        q.write_source("notes.txt", "newer\n")
        q.commit("go on")
        q.run("restart", "tiny/2")
        q.until_states(r3="passed")
        commits = {run["number"]: run["commit"] for run in json.loads(q.run("runs", "--json").stdout)}
        assert commits[3] == commits[2] == before


def test_fifty_queued_runs_all_end():
    with queue("--runs", "4") as q:
        q.write(q.go)
        numbers = [q.add() for _ in range(50)]
        q.until(lambda: not q.waiting() and set(q.states()[n] for n in numbers if n in q.states()) == {"passed"}, "all passed")


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
