# SPDX-License-Identifier: Apache-2.0
"""A Buildbot master with one worker, as Debian packages them, whose one builder runs `true`. For benchmarks 5 and 7."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time

MASTER = """
from buildbot.plugins import changes, schedulers, steps, util, worker
c = BuildmasterConfig = {{
    "workers": [worker.Worker("w", "pw", max_builds=1)],
    "protocols": {{"pb": {{"port": "tcp:{worker}:interface=127.0.0.1"}}}},
    "change_source": [changes.PBChangeSource(port="tcp:{changes}:interface=127.0.0.1", user="u", passwd="p")],
    "schedulers": [schedulers.AnyBranchScheduler(name="s", treeStableTimer=None, builderNames=["b"])],
    "builders": [util.BuilderConfig(name="b", workernames=["w"], factory=util.BuildFactory([steps.ShellCommand(command=["true"])]))],
    "collapseRequests": False,
    "buildbotURL": "http://127.0.0.1/",
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "buildbotNetUsageData": None,
}}
"""

# Sends changes one by one over one connection and waits until each has its build request.
SENDER = """
import json, sqlite3, statistics, sys, time
from twisted.cred import credentials
from twisted.internet import defer, reactor
from twisted.spread import pb
port, count, path, wait = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4] == "wait"
database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
def requests():
    return database.execute("SELECT count(*) FROM buildrequests").fetchone()[0]
@defer.inlineCallbacks
def main():
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", port, factory)
    remote = yield factory.login(credentials.UsernamePassword(b"u", b"p"))
    took = []
    for i in range(count):
        before, begin = requests(), time.monotonic()
        yield remote.callRemote("addChange", {"who": "a", "files": ["f"], "comments": "c", "branch": "main", "revision": str(i), "project": "", "repository": "", "codebase": ""})
        while wait and requests() == before:
            time.sleep(0.001)
        took.append((time.monotonic() - begin) * 1e3)
    print(json.dumps({"queued_ms": statistics.median(took)}))
    reactor.stop()
def failed(why):
    print(why, file=sys.stderr)
    reactor.stop()
reactor.callWhenRunning(lambda: main().addErrback(failed))
reactor.run()
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Buildbot:
    def __init__(self, bench):
        self.dir = bench.scratch("buildbot")
        self.master, self.worker = os.path.join(self.dir, "m"), os.path.join(self.dir, "w")
        self.port, pb_port = free_port(), free_port()
        self.database = os.path.join(self.master, "state.sqlite")
        self.children = []
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        os.makedirs(self.master)
        with open(os.path.join(self.master, "master.cfg"), "w", encoding="utf-8") as file:
            file.write(MASTER.format(worker=pb_port, changes=self.port))
        subprocess.run(["buildbot", "create-master", "-q", self.master], check=True, **quiet)
        subprocess.run(["buildbot-worker", "create-worker", self.worker, f"127.0.0.1:{pb_port}", "w", "pw"], check=True, **quiet)
        try:
            self.spawn(self.master, "BuildMaster is running")
            self.spawn(self.worker, "Connected to buildmaster; worker is ready")
        except RuntimeError:
            self.stop()
            raise

    def spawn(self, folder, words):
        self.children.append(subprocess.Popen(["twistd3", "--no_save", "--nodaemon", "--python=buildbot.tac"], cwd=folder, stdout=subprocess.DEVNULL,
                                              stderr=subprocess.DEVNULL))
        self.wait(lambda: self.says(folder, words))

    @staticmethod
    def says(folder, words):
        try:
            with open(os.path.join(folder, "twistd.log"), encoding="utf-8", errors="replace") as log:
                return words in log.read()
        except FileNotFoundError:
            return False

    @staticmethod
    def wait(condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("Buildbot took too long")
            time.sleep(0.01)

    def built(self):
        database = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return database.execute("SELECT count(*) FROM builds WHERE complete_at IS NOT NULL").fetchone()[0]
        finally:
            database.close()

    def changes(self, count, wait=True):
        done = subprocess.run(["/usr/bin/python3", "-c", SENDER, str(self.port), str(count), self.database, "wait" if wait else ""], capture_output=True,
                              text=True, timeout=120, check=True)
        return json.loads(done.stdout)

    def drain(self, count):
        """Seconds a build, of so many sent at once."""
        before, begin = self.built(), time.monotonic()
        self.changes(count, wait=False)
        self.wait(lambda: self.built() >= before + count, 120)
        return (time.monotonic() - begin) / count

    def one(self):
        """Seconds from sending a change with its own command to the ended build, less the command's own start."""
        before, begin = self.built(), time.monotonic()
        subprocess.run(["buildbot", "sendchange", f"--master=127.0.0.1:{self.port}", "--auth=u:p", "--vc=git", "--who=a", "--branch=main", "f"], check=True,
                       stdout=subprocess.DEVNULL)
        self.wait(lambda: self.built() > before)
        return time.monotonic() - begin

    def stop(self):
        for child in self.children:
            child.kill()
            child.wait()


def start(bench):
    """None, and a gap, where Buildbot is not there."""
    if not all(shutil.which(name) for name in ("buildbot", "buildbot-worker", "twistd3")):
        bench.gap("buildbot is not installed (packages buildbot and buildbot-worker)")
        return None
    return Buildbot(bench)
