# SPDX-License-Identifier: Apache-2.0
"""The way of a push through a workstation CI: signed webhook, status at once, a machine of the right version, three steps,
status out. The machines are bubblewrap's, made by the `command` executor's program: there is no hypervisor here."""
import json
import os
import shutil
import signal
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..", "forge")]
import scratch  # noqa: E402
from forge import Scene  # noqa: E402
from scratch import needs  # noqa: E402

PROGRAM = os.path.join(HERE, "..", "executor-contract", "machine-bwrap")
PIPELINE = """slipway: 1
project: web
jobs:
  workstation:
    executor: EXECUTOR
    labels: { qubes: { file: .qubes-version } }
    steps:
      - { name: clone, run: "make clone" }
      - { name: dev, run: "make dev" }
      - { name: test, run: "make test" }
"""
MAKEFILE = "clone dev test:\n\t@echo $@ in $$PWD\n\t@%s\n"


class Workstation(Scene):
    executor = "command"

    def __init__(self, *options):
        needs("bwrap", shutil.which("bwrap"))
        super().__init__(*options)
        self.machines = self.home.path("machines")
        os.mkdir(self.machines)
        self.make_pool({"program": PROGRAM, "folder": self.machines}, ("sd-1", "sd-2"))

    def make_pool(self, settings, slots):
        self.home.run("pool", "set", "qubes", "--executor", self.executor, "--label", "qubes=4.2",
                      *(word for slot in slots for word in ("--slot", slot)),
                      *(word for name, value in settings.items() for word in ("--setting", f"{name}={value}")))

    def commit(self, command="true", version="4.2", branch="main"):
        self.home.git("checkout", "-q", "-B", branch)
        self.home.write_source("slipway.yaml", PIPELINE.replace("EXECUTOR", self.executor))
        self.home.write_source(".qubes-version", version + "\n")
        self.home.write_source("Makefile", MAKEFILE % command)
        self.home.write_source("notes.txt", branch + "\n")
        self.home.commit(f"{branch} {command} {version}")
        return self.home.git("rev-parse", "HEAD")

    def push(self, *args, branch="main", delivery="d", **more):  # noqa: D102 (the payload, then sent)
        commit = self.commit(*args, branch=branch, **more)
        status, answer = self.deliver(Scene.push(f"refs/heads/{branch}", commit), delivery)
        assert (status, answer["action"]) == (202, "queued"), answer
        return commit

    def last(self, commit):
        states = [state for c, state in self.forge.taken() if c == commit]
        return states[-1] if states else None

    def until(self, commit, state, seconds=60):
        self.forge.wait(lambda: self.last(commit) == state, seconds, f"{state} for {commit[:8]}, run: {self.runs()}")

    def runs(self):
        return {r["number"]: (r["state"], r["reason"]) for r in json.loads(self.home.run("runs", "--json").stdout)}

    def slots(self):
        return {s["name"]: s["state"] for s in json.loads(self.home.run("pool", "list", "--json").stdout)[0]["slots"]}


def test_a_push_is_tested_on_a_machine_of_its_version():
    with Workstation("--public") as w:
        commit = w.push()
        w.until(commit, "success")
        assert w.forge.taken()[0] == (commit, "pending")
        url = json.loads(w.forge.got[-1]["body"])["target_url"]
        log = urllib.request.urlopen(url + "/logs/0/raw", timeout=20).read().decode()
        assert all(step + " in " in log for step in ("clone", "dev", "test")), log
        assert w.slots() == {"sd-1": "free", "sd-2": "free"} and os.listdir(w.machines) == []


def test_a_failing_second_step_halts_and_reports_failure():
    with Workstation("--public") as w:
        commit = w.push("test $@ != dev")
        w.until(commit, "failure")
        assert "'dev'" in w.runs()[1][1]
        log = w.home.run("logs", "web/1").stdout
        assert "dev in " in log and "test in " not in log, log


def test_no_machine_of_that_version_is_an_error_that_says_so():
    with Workstation() as w:
        commit = w.push(version="4.1")
        w.until(commit, "error")
        assert "4.1" in w.runs()[1][1] and "pool" in w.runs()[1][1], w.runs()


def test_three_pushes_on_two_machines_run_two_at_a_time():
    with Workstation("--runs", "3") as w:
        go = w.home.path("machines", "go")
        wait = "while [ ! -e go ]; do sleep 0.1; done"
        commits = [w.push(wait, branch=f"b{i}", delivery=f"d{i}") for i in range(3)]
        w.forge.wait(lambda: w.slots() == {"sd-1": "leased", "sd-2": "leased"}, what="two leases")
        time.sleep(1)
        assert sorted(os.listdir(w.machines)) == ["sd-1", "sd-2"]
        for _ in range(200):
            for slot in ("sd-1", "sd-2"):
                folder = os.path.join(w.machines, slot, "src")
                if os.path.isdir(folder):
                    open(os.path.join(folder, "go"), "w", encoding="utf-8").close()
            if all(w.last(c) == "success" for c in commits):
                break
            time.sleep(0.2)
        assert [w.last(c) for c in commits] == ["success"] * 3, w.runs()
        assert not os.path.exists(go) and w.slots() == {"sd-1": "free", "sd-2": "free"}


def test_killed_in_the_middle_leaves_nothing_stuck():
    with Workstation() as w:
        commit = w.push("sleep 100")
        w.forge.wait(lambda: "leased" in w.slots().values() and os.listdir(w.machines) != [], what="a lease")
        w.forge.wait(lambda: "clone in" in w.home.run("logs", "web/1", code=None).stdout, what="a running step")
        w.stop(signal.SIGKILL)
        w.start()
        w.until(commit, "error")
        w.forge.wait(lambda: w.slots() == {"sd-1": "free", "sd-2": "free"}, what="free slots")
        assert os.listdir(w.machines) == []
        again = w.push("true", delivery="again")
        w.until(again, "success")


def test_the_example_of_a_workstation_is_good():
    example = os.path.join(HERE, "..", "..", "..", "examples", "qubes-workstation", "slipway.yaml")
    with scratch.Home() as home:
        assert "jobs: 2" in home.run("check", example).stdout


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
