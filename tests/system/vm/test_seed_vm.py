# SPDX-License-Identifier: Apache-2.0
"""The workstation CI of the seeds on real machines: a signed webhook, a domain of the right version reverted, three steps, a status out."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..", "forge"), os.path.join(HERE, "..", "seed-securedrop")]
import hypervisor  # noqa: E402
import scratch  # noqa: E402
import test_seed  # noqa: E402
from forge import Scene  # noqa: E402

EXAMPLE = os.path.join(HERE, "..", "..", "..", "examples", "qubes-workstation")
SECONDS = 120  # under emulation, on a busy machine
ALL = ("vm-1", "vm-2")
machines = None  # the Hypervisor, made by main


class Workstation(test_seed.Workstation):
    executor = "vm"

    def __init__(self, *options):
        Scene.__init__(self, *options)
        self.make_pool(machines.settings(), ALL)

    def until(self, commit, state, seconds=SECONDS):
        super().until(commit, state, seconds)

    def wait(self, condition, what):
        self.forge.wait(condition, SECONDS, what)

    def log(self):
        return self.home.run("logs", "web/1", code=None).stdout

    def all_free(self):
        return self.slots() == dict.fromkeys(ALL, "free")


def running():
    return [name for name in ALL if machines.state(name) != "shut off"]


def helpers_of(pid):
    found = subprocess.run(["pgrep", "-P", str(pid), "-x", "slipway-vm"], check=False, stdout=subprocess.PIPE, text=True).stdout
    return [int(word) for word in found.split()]


def test_a_push_is_tested_on_a_machine_of_its_version():
    with Workstation("--public") as w:
        commit = w.push()
        w.until(commit, "success")
        assert w.forge.taken()[0] == (commit, "pending")
        url = json.loads(w.forge.got[-1]["body"])["target_url"]
        log = urllib.request.urlopen(url + "/logs/0/raw", timeout=20).read().decode()
        assert all(step + " in /slipway/src" in log for step in ("clone", "dev", "test")), log
        assert w.all_free() and running() == []


def test_a_failing_second_step_halts_and_reports_failure():
    with Workstation("--public") as w:
        commit = w.push("test $@ != dev")
        w.until(commit, "failure")
        assert "'dev'" in w.runs()[1][1]
        log = w.log()
        assert "dev in " in log and "test in " not in log, log
        assert running() == []


def test_three_pushes_on_two_machines_run_two_at_a_time():
    with Workstation("--runs", "3") as w:
        commits = [w.push("test $@ != clone || sleep 6", branch=f"b{i}", delivery=f"d{i}") for i in range(3)]
        w.wait(lambda: w.slots() == dict.fromkeys(ALL, "leased"), "two leases")
        w.wait(lambda: len(running()) == 2, "two machines")
        assert sum(w.last(c) == "success" for c in commits) == 0, "the third did not wait"
        w.wait(lambda: all(w.last(c) == "success" for c in commits), f"three successes: {w.runs()}")
        w.wait(w.all_free, "free slots")
        assert running() == []


def test_killed_in_the_middle_leaves_nothing_stuck():
    """kill -9 of the engine: its helper cuts the power; the status ends as error, the slot is free, the next push runs"""
    with Workstation() as w:
        commit = w.push("sleep 100")
        w.wait(lambda: "clone in" in w.log(), "a running step")
        w.stop(signal.SIGKILL)
        w.wait(lambda: running() == [], "a machine that is off without an engine")
        w.start()
        w.until(commit, "error")
        w.wait(w.all_free, "free slots")
        again = w.push("true", delivery="again")
        w.until(again, "success")


def test_killed_with_its_helper_leaves_no_machine_on():
    """kill -9 of the engine and of its helper: the next start reclaims the machine"""
    with Workstation() as w:
        commit = w.push("sleep 100")
        w.wait(lambda: "clone in" in w.log(), "a running step")
        helpers = helpers_of(w.process.pid)
        assert len(helpers) == 1, helpers
        os.kill(helpers[0], signal.SIGSTOP)
        w.stop(signal.SIGKILL)
        os.kill(helpers[0], signal.SIGKILL)
        time.sleep(0.5)
        assert running() != [], "nothing was left to reclaim"
        w.start()
        w.until(commit, "error")
        w.wait(lambda: running() == [] and w.all_free(), "a free machine that is off")


def test_a_release_built_in_a_machine_is_attested_as_isolated():
    with scratch.Home(unisolated=False) as home:
        home.executor = "vm"
        home.run("pool", "set", "any", "--executor", "vm", "--slot", ALL[0],
                 *(word for name, value in machines.settings().items() for word in ("--setting", f"{name}={value}")))
        served, trust = home.published(), home.trust()
        home.verify(served, trust)
        with open(os.path.join(served, ".slipway", "facts.jsonl"), encoding="utf-8") as file:
            facts = [base64.b64decode(json.loads(line)["pae"]) for line in file]
        assert any(b"/builder/vm/isolated" in fact for fact in facts)
        assert running() == []


def test_the_guest_agent_is_a_way_in():
    """no SSH, no address: files and commands go over the hypervisor's channel, output comes while a step runs"""
    with Workstation() as w:
        w.make_pool(machines.settings(**{"access": "agent", "address": "127.0.0.1:1", "key-file": None}), ALL[:1])
        slow = w.push("echo seen-$@; test $@ != dev || sleep 8")
        w.wait(lambda: "seen-dev" in w.log() and w.last(slow) != "success", "output of a step that still runs")
        w.until(slow, "success")
        failing = w.push("exit 7", delivery="again")
        w.until(failing, "failure")
        assert running() == []


def test_the_example_runs():
    """examples/qubes-workstation, with its files, on a machine of its version; `slipway check` finds nothing"""
    with Workstation() as w:
        w.make_pool(machines.settings(**{"job-user": None}), ALL[:1])
        shutil.copytree(EXAMPLE, w.home.path("tiny"), dirs_exist_ok=True)
        w.home.run("check", w.home.path("tiny", "slipway.yaml"))
        w.home.write_source("slipway.yaml", open(os.path.join(EXAMPLE, "slipway.yaml"), encoding="utf-8").read().replace(
            "project: securedrop-workstation", "project: web"))
        w.home.commit("the example")
        commit = w.home.git("rev-parse", "HEAD")
        assert w.deliver(Scene.push("refs/heads/main", commit), "d")[0] == 202
        w.until(commit, "success")
        log = w.home.run("logs", "web/1").stdout
        assert "securedrop.Ci" in log and "tested" in log, log


def snapshots(name):
    return machines.virsh("snapshot-list", name, "--name").split()


def test_machines_are_renewed():
    """an update that passes its test is what the next job finds; one that does not changes nothing; the last n are kept"""
    with Workstation() as w:
        def pool(update, **more):
            w.make_pool(machines.settings(**{"refresh-update": update, "refresh-test": "grep new /etc/renewed", **more}), ALL[:1])
        pool("echo old > /etc/renewed")
        w.home.refused("pool", "refresh", "qubes", says=["refresh-test"])
        assert snapshots(ALL[0]) == ["ready"] and running() == []
        pool("echo new > /etc/renewed")
        assert json.loads(w.home.run("pool", "refresh", "qubes", "--json").stdout)[0]["snapshot"] == "ready.1"
        assert sorted(snapshots(ALL[0])) == ["ready", "ready.1"] and running() == []
        commit = w.push("grep new /etc/renewed")
        w.until(commit, "success")
        pool("echo new >> /etc/renewed", **{"refresh-keep": 1})
        w.home.run("pool", "refresh", "qubes")
        assert snapshots(ALL[0]) == ["ready.2"], snapshots(ALL[0])
        pools = json.loads(w.home.run("pool", "list", "--json").stdout)
        assert pools[0]["refreshed"][0]["snapshot"] == "ready.2" and w.slots() == {ALL[0]: "free"}, pools


def main():
    global machines
    missing = hypervisor.missing()
    try:
        scratch.needs("hypervisor", missing is None)
    except scratch.Skip:
        print(f"1..0 # SKIP needs hypervisor: there is no {missing}")
        return 0
    with hypervisor.Hypervisor(ALL) as machines:
        return scratch.main(sys.modules[__name__])


if __name__ == "__main__":
    sys.exit(main())
