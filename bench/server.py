# SPDX-License-Identifier: Apache-2.0
"""A running server over a scratch data folder, for benchmarks 5, 7, 12 and 13."""

import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import subprocess
import time
import urllib.parse

from bench_06_steps import Project

ROW = ("INSERT INTO work_run (project, number, event, ref, commit_id, tree_id, pipeline, state, commit_time, created_at, started_at, ended_at) "
       "VALUES ('p', ?, 'push', 'refs/heads/main', ?, '', '', 'passed', 1, 1, 1, 2)")


def cpu_seconds(pid):
    """User and system time of a process that is alive, of all its threads."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server(Project):
    def __init__(self, bench, name, init=()):
        super().__init__(bench, "host", (1,), name, init)
        self.command("project", "set", "p", "--forge", "github", "--repository", "o/r")
        self.secret = json.loads(self.command("project", "hook", "p", "--rotate", "--json"))["secret"]
        self.bench, self.sent = bench, 0
        self.process = None

    def load(self, count, connections, commit=None, host=None):
        """Signed deliveries by a client in C. Returns what it measured, and the CPU of the server's process."""
        before = self.cpu()
        more = ["--commit", commit] if commit else []
        result = self.bench.run_json([self.bench.program("hook_load"), "--host", host or self.host, "--secret", self.secret, "--first",
                                      str(self.sent), "--count", str(count), "--connections", str(connections), *more])
        self.sent += count
        assert result["refused"] == 0, result
        result["cpu_us"] = (self.cpu() - before) * 1e6 / count
        return result

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def commit(self, step, more=""):
        """A commit on a branch of its own whose one job has this one step, and @more lines of the job."""
        self.git("checkout", "-q", "-b", f"step{len(self.commits)}")
        with open(os.path.join(self.repo, "slipway.yaml"), "w", encoding="utf-8") as file:
            file.write(f"slipway: 1\nproject: p\njobs:\n  a:\n    steps:\n      - run: {json.dumps(step)}\n{more}")
        self.git("commit", "-q", "-a", "-m", step)
        self.commits[step] = self.git("rev-parse", "HEAD").strip()
        return self.commits[step]

    def occupy(self):
        """A run that only sleeps takes the one slot of a server with --runs 1: what comes after it waits."""
        self.command("queue", "add", "p", "--commit", self.commit("sleep 3600"))
        self.wait(lambda: self.count("running") == 1)

    def count(self, state):
        database = sqlite3.connect(f"file:{self.dir}/home/slipway.db?mode=ro", uri=True, timeout=30)
        try:
            return database.execute("SELECT count(*) FROM work_run WHERE state = ?", (state,)).fetchone()[0]
        finally:
            database.close()

    @staticmethod
    def wait(condition, seconds=60, every=0.005):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("waited too long")
            time.sleep(every)

    def command(self, *args):
        return subprocess.run([self.slipway, *args], env=self.env, check=True, capture_output=True, text=True).stdout

    def history(self, runs):
        """Ended runs in the database, as if they had been."""
        database = sqlite3.connect(os.path.join(self.dir, "home", "slipway.db"))
        first = database.execute("SELECT max(number) FROM work_run").fetchone()[0] + 1
        database.executemany(ROW, ((first + i, f"{i:040x}") for i in range(runs)))
        database.execute("UPDATE work_project SET next_run = ?", (first + runs,))
        database.commit()
        database.close()

    def start(self, *options):
        begin = time.monotonic()
        self.process = subprocess.Popen([self.slipway, "serve", "--listen", "127.0.0.1:0", "--public", "--no-rate", *options],
                                        env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.host = urllib.parse.urlparse(self.process.stdout.readline().split()[1]).netloc
        return time.monotonic() - begin

    def stop(self):
        self.process.kill()
        self.process.communicate()

    def connect(self):
        return http.client.HTTPConnection(self.host, timeout=30)

    @staticmethod
    def get(connection, path):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:200])
        return body

    def deliver(self, connection, number):
        """A push of a ref of its own, 8 KiB, signed."""
        after = hashlib.sha1(str(number).encode()).hexdigest()
        body = json.dumps({"ref": f"refs/heads/b{number}", "before": "0" * 40, "after": after, "repository": {"full_name": "o/r"},
                           "sender": {"login": "a"}, "head_commit": {"id": after, "message": "m"}, "pad": "x" * 7900}).encode()
        mac = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        connection.request("POST", "/hooks/github/p", body, {
            "Content-Type": "application/json", "X-GitHub-Event": "push", "X-GitHub-Delivery": f"d{number}", "X-Hub-Signature-256": "sha256=" + mac})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 202, (answer.status, text)

    def resident(self):
        """Proportional set size in MB of (serve, all processes of ours that stay)."""
        sizes = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    ours = self.dir.encode() in file.read() or int(pid) == self.process.pid
                parent = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()[1]
                if ours or int(parent) == self.process.pid:
                    rollup = open(f"/proc/{pid}/smaps_rollup", encoding="utf-8").read()
                    sizes[int(pid)] = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
            except (OSError, ProcessLookupError, StopIteration):
                continue
        return sizes.get(self.process.pid, 0.0), sum(sizes.values())

    def wakeups(self, seconds):
        """Voluntary and forced context switches of all its threads."""
        def count():
            total = 0
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                for line in open(f"/proc/{self.process.pid}/task/{task}/status", encoding="utf-8"):
                    if "ctxt_switches" in line:
                        total += int(line.split()[1])
            return total
        before = count()
        time.sleep(seconds)
        return count() - before
