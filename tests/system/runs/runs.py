#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of a run: what each rule of a pipeline does to real jobs, and what is left when somebody or
something stops it. Every scenario runs with each executor this machine has."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SLIPWAY = pathlib.Path(os.environ["SLIPWAY_BUILD"]) / "src" / "cli" / "slipway"
results = []


def check(name, holds, detail=""):
    results.append(bool(holds))
    print(f"{'ok' if holds else 'not ok'} {len(results)} - {name}", flush=True)
    if not holds and detail:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


class World:
    """A data folder, a repository, and an executor."""

    def __init__(self, executor):
        self.executor = executor
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="slipway-runs-"))
        self.repo = self.dir / "repo"
        self.home = self.dir / "home"
        self.env = {"PATH": "/usr/bin:/bin", "SLIPWAY_HOME": str(self.home), "HOME": str(self.dir), "LC_ALL": "C.UTF-8"}
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.slipway("init", "--root-key", self.dir / "root.key")

    def git(self, *args):
        env = {**self.env, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args], cwd=self.repo, env=env, check=True,
                       capture_output=True)

    def commit(self, pipeline, files=()):
        (self.repo / "slipway.yaml").write_text("slipway: 1\nproject: p\n" + pipeline)
        for name, text in dict(files).items():
            (self.repo / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "c")

    def argv(self, *args):
        return [str(SLIPWAY), *map(str, args)]

    def slipway(self, *args):
        return subprocess.run(self.argv(*args), env=self.env, text=True, capture_output=True, stdin=subprocess.DEVNULL)

    def run_argv(self, *args):
        extra = ["--executor", "host"] if self.executor == "host" else []
        return self.argv("run", "--source", self.repo, "--branch", "main", *extra, *args)

    def run(self, *args):
        """Runs the pipeline; (exit code, what `slipway show --json` says, stdout + stderr)."""
        done = subprocess.run(self.run_argv("--json", *args), env=self.env, text=True, capture_output=True)
        try:
            shown = json.loads(done.stdout)
        except ValueError:
            shown = {}
        return done.returncode, shown, done.stdout + done.stderr

    def start(self, *args, **more):
        return subprocess.Popen(self.run_argv(*args), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                **more)

    def free(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def jobs(shown):
    return {j["name"]: j for j in shown.get("jobs", [])}


def processes(marker):
    """Pids whose environment or command line has the marker."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        for name in ("cmdline", "environ"):
            try:
                if marker.encode() in (entry / name).read_bytes():
                    found.append(int(entry.name))
                    break
            except OSError:
                pass
    return found


def wait_for(condition, seconds=20):
    """Polls a condition of another process; there is nothing to be woken by."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return condition()


# ---- scenarios ------------------------------------------------------------------------------------------


def first_failure_halts(w):
    w.commit("""jobs:
  a:
    steps:
      - run: echo one
      - { name: breaks, run: "echo the reason; exit 3" }
      - run: echo never
      - { run: "echo cleaned", always: true }
  b: { needs: [a], steps: [ { run: "true" } ] }
  c: { steps: [ { run: "true" } ] }
""")
    code, shown, text = w.run()
    by = jobs(shown)
    check("a failing step fails the run with exit 1", code == 1 and shown.get("state") == "failed", text)
    check("its exit code and step are kept", by["a"]["exitCode"] == 3 and by["a"]["failedStep"] == 1, by)
    check("dependants are skipped and say why", by["b"]["state"] == "skipped" and "'a'" in by["b"]["reason"], by)
    check("other jobs run", by["c"]["state"] == "passed", by)
    steps = {s["step"] for s in shown["steps"] if s["position"] == by["a"]["position"]}
    check("later steps do not run, always steps do", steps == {0, 1, 3}, steps)
    log = w.slipway("logs", "1", "--job", "a").stdout
    check("the log has what ran and not what did not", "the reason" in log and "cleaned" in log and "never" not in log, log)


def retry_keeps_attempts(w):
    w.commit("""jobs:
  flaky:
    retry: { exit-codes: [75], max: 2 }
    steps: [ { run: "echo try; exit 75" } ]
  other:
    retry: { exit-codes: [75], max: 2 }
    steps: [ { run: "exit 1" } ]
""")
    code, shown, text = w.run()
    attempts = [j["attempt"] for j in shown["jobs"] if j["name"] == "flaky"]
    check("a listed exit code is tried again, every attempt kept", code == 1 and attempts == [1, 2, 3], text)
    check("another exit code is not", [j["attempt"] for j in shown["jobs"] if j["name"] == "other"] == [1], text)
    check("each attempt has a log", all("try" in w.slipway("logs", "1", "--job", "flaky", "--attempt", n).stdout for n in (1, 2, 3)))


def time_limits(w):
    w.commit("""jobs:
  slow: { steps: [ { run: "sleep 60", timeout: 1s } ] }
  whole: { timeout: 2s, steps: [ { run: "sleep 60" } ] }
""")
    begin = time.monotonic()
    code, shown, text = w.run()
    by = jobs(shown)
    check("a step and a job end when their time is up",
          code == 1 and time.monotonic() - begin < 20 and "out of time" in by["slow"]["reason"] and "out of time" in by["whole"]["reason"], text)


def outputs_and_artifacts_flow(w):
    w.commit("""jobs:
  make:
    steps: [ { run: 'echo "colour=blue" >> "$OUTPUT"; echo hi > "$SLIPWAY_OUT/f.txt"; cp /usr/bin/true "$SLIPWAY_OUT/t.txt"' } ]
    outputs: [colour]
    artifacts: ["*.txt"]
  use:
    needs: [make]
    env: { COLOUR: "${needs.make.colour}" }
    steps: [ { run: 'test "$COLOUR" = blue; test "$(cat "$SLIPWAY_IN/make/f.txt")" = hi; "$SLIPWAY_IN/make/t.txt"' } ]
""")
    code, shown, text = w.run()
    check("outputs and artifacts reach the job that needs them", code == 0 and shown["state"] == "passed", text)
    check("artifacts are listed by digest", [a["path"] for a in shown["artifacts"]] == ["f.txt", "t.txt"], shown)
    w.commit('jobs: { a: { steps: [ { run: "true" } ], artifacts: ["none-*"] } }\n')
    code, shown, text = w.run()
    check("a glob that matches nothing fails the job and is named", code == 1 and "none-*" in jobs(shown)["a"]["reason"], text)


def matrix_and_conditions(w):
    w.commit("""jobs:
  t:
    matrix: { n: ["1", "2", "3"], exclude: [ { n: "2" } ] }
    steps: [ { run: 'echo "cell $MATRIX_N"' } ]
  tagged: { when: { tag: "v*" }, steps: [ { run: "true" } ] }
""")
    code, shown, text = w.run("--jobs", "4")
    check("a matrix makes a job a cell, conditions skip", code == 0 and {j["name"]: j["state"] for j in shown["jobs"]} ==
          {"t (n=1)": "passed", "t (n=3)": "passed", "tagged": "skipped"}, text)


def two_cells_that_make_one_path(w):
    w.commit("""jobs:
  t:
    matrix: { n: ["1", "2"] }
    steps: [ { run: 'echo "$MATRIX_N" > "$SLIPWAY_OUT/tool"' } ]
    artifacts: [tool]
  use: { needs: [t], steps: [ { run: "true" } ] }
""")
    code, shown, text = w.run()
    reason = jobs(shown)["use"]["reason"]
    check("two cells that make one path are an error that names both", code != 0 and
          all(word in reason for word in ("t/tool", "t (n=1)", "t (n=2)")), text)


def parallel_up_to_the_limit(w):
    w.commit("jobs:\n" + "".join(f'  j{i}: {{ steps: [ {{ run: "sleep 1" }} ] }}\n' for i in range(4)))
    begin = time.monotonic()
    code, _, text = w.run("--jobs", "4")
    together = time.monotonic() - begin
    begin = time.monotonic()
    w.run("--jobs", "1")
    check("jobs run side by side up to the limit", code == 0 and together < 3.5 < time.monotonic() - begin, (text, together))


def plain_lines(w):
    w.commit('jobs: { a: { steps: [ { name: bad, run: "echo its last words; exit 1" } ] } }\n')
    done = subprocess.run(w.run_argv(), env=w.env, text=True, capture_output=True)
    check("without a terminal there are plain lines and the failing step's last words",
          "\r" not in done.stdout + done.stderr and "\x1b" not in done.stdout and "its last words" in done.stdout and done.returncode == 1,
          done.stdout + done.stderr)


def terminal_progress(w):
    w.commit('jobs: { a: { steps: [ { name: nap, run: "sleep 1; exit 1" } ] } }\n')
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(str(SLIPWAY), w.run_argv(), {**w.env, "TERM": "xterm"})
    seen = b""
    while True:
        try:
            ready, _, _ = select.select([fd], [], [], 30)
            block = os.read(fd, 65536) if ready else b""
        except OSError:
            break
        if not block:
            break
        seen += block
    os.waitpid(pid, 0)
    check("on a terminal a line shows what runs, then the failure", b"running" in seen and b"nap" in seen and b"failed" in seen, seen)


def cancelled_by_command(w):
    marker = f"SLIPMARK{os.getpid()}{w.executor}c"
    w.commit(f'jobs: {{ a: {{ env: {{ MARK: "{marker}" }}, steps: [ {{ run: "sleep 300" }} ] }}, b: {{ needs: [a], steps: [ {{ run: "true" }} ] }} }}\n')
    process = w.start("--json")
    check("the job runs", wait_for(lambda: processes(marker)))
    asked = w.slipway("cancel", "1")
    out, err = process.communicate(timeout=60)
    shown = json.loads(out)
    check("slipway cancel reaches the process that holds the folder", asked.returncode == 0, asked.stdout + asked.stderr)
    check("the run ends as cancelled, exit 1", process.returncode == 1 and shown["state"] == "cancelled", out + err)
    check("waiting jobs are cancelled too", jobs(shown)["b"]["state"] == "cancelled", out)
    check("no process is left", not wait_for(lambda: [] if processes(marker) else [1]) == [] and not processes(marker))


def cancelled_by_signal(w):
    marker = f"SLIPMARK{os.getpid()}{w.executor}s"
    w.commit(f'jobs: {{ a: {{ env: {{ MARK: "{marker}" }}, steps: [ {{ run: "sleep 300" }} ] }} }}\n')
    process = w.start("--json")
    wait_for(lambda: processes(marker))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    check("Ctrl-C cancels the run and leaves nothing", process.returncode == 1 and json.loads(out)["state"] == "cancelled" and not processes(marker),
          out + err)


def killed_engine(w):
    marker = f"SLIPMARK{os.getpid()}{w.executor}k"
    script = f"setsid sh -c 'sleep 300 & sleep 301' & (sleep 302 &) ; sleep 303"
    w.commit(f'jobs: {{ a: {{ env: {{ MARK: "{marker}" }}, steps: [ {{ run: "{script}" }} ] }} }}\n')
    process = w.start()
    wait_for(lambda: len(processes(marker)) >= 4)
    second = w.slipway("admin", "fsck")
    process.kill()
    process.communicate()
    check("a command beside a run is answered by the process that holds the folder", second.returncode == 0, second.stdout + second.stderr)
    check("nothing survives kill -9 of the engine, setsid and double fork included",
          wait_for(lambda: not processes(marker)), [pathlib.Path(f"/proc/{p}/cmdline").read_bytes() for p in processes(marker)])
    after = w.slipway("show", "1", "--json")
    shown = json.loads(after.stdout) if after.returncode == 0 else {}
    check("the next start ends the run as error and says why; the stale lock needs no hand",
          shown.get("state") == "error" and "stopped" in shown.get("reason", ""), after.stdout + after.stderr)
    check("no scratch is left", not any((w.home / "scratch").glob("*")) if (w.home / "scratch").exists() else True)


def broken_file(w):
    w.commit("jobs: { a: { stepz: [ { run: x } ], needs: [nobody] } }\n")
    done = subprocess.run(w.run_argv(), env=w.env, text=True, capture_output=True)
    check("a broken slipway.yaml shows every finding with its line", done.returncode == 1 and done.stderr.count("slipway.yaml:") >= 2 and
          "\\x0A" not in done.stderr, done.stderr)


def hostile_repository(w):
    (w.repo / "evil").symlink_to("/etc")
    w.commit('jobs: { a: { steps: [ { run: "true" } ] } }\n')
    code, shown, text = w.run()
    check("a link out of the tree is refused by name and leaves nothing", code == 1 and "evil" in jobs(shown)["a"]["reason"] and
          not any((w.home / "scratch").glob("*")), text)


def lists_and_logs(w):
    w.commit('jobs: { a: { steps: [ { run: "echo hello" } ] } }\n')
    w.run()
    runs = json.loads(w.slipway("runs", "--json").stdout)
    check("runs, show and logs agree", runs[0]["run"] == "p/1" and "hello" in w.slipway("logs", "p/1").stdout and
          json.loads(w.slipway("show", "1", "--json").stdout)["state"] == "passed")
    check("an unknown run is an error with its name", "p/9" in w.slipway("show", "p/9").stderr)


SCENARIOS = [first_failure_halts, retry_keeps_attempts, time_limits, outputs_and_artifacts_flow, matrix_and_conditions,
             two_cells_that_make_one_path,
             parallel_up_to_the_limit, plain_lines, terminal_progress, cancelled_by_command, cancelled_by_signal, killed_engine,
             broken_file, hostile_repository, lists_and_logs]


def main():
    executors = ["host"]
    probe = subprocess.run([str(SLIPWAY), "admin", "isolation"], text=True, capture_output=True)
    if probe.returncode == 0:
        executors.insert(0, "sandbox")
    elif "bwrap" in os.environ.get("SLIPWAY_REQUIRE", ""):
        check("the sandbox is there", False, probe.stderr)
    only = sys.argv[1:]
    for executor in executors:
        for scenario in SCENARIOS:
            if only and scenario.__name__ not in only:
                continue
            print(f"# {scenario.__name__} ({executor})", flush=True)
            world = World(executor)
            try:
                scenario(world)
            except Exception as error:  # a broken scenario is a failed one, and the next still runs
                check(f"{scenario.__name__} came to its end", False, repr(error))
            finally:
                world.free()
    print(f"1..{len(results)}")
    return 0 if results and all(results) else 1


sys.exit(main())
