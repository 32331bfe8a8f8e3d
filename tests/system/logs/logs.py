#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logs of real jobs: secrets are given and hidden, groups fold, the line that says why is found, steps are found
by their index, and what comes back raw is what the job wrote."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SLIPWAY = pathlib.Path(os.environ["SLIPWAY_BUILD"]) / "src" / "cli" / "slipway"
VALUE = "correct horse battery staple/42"
PIPELINE = r"""slipway: 1
project: p
jobs:
  speak:
    secrets: [ TOKEN, ABSENT ]
    steps:
      - run: |
          echo "::group::Look"
          echo "token is $TOKEN"
          echo "$TOKEN" | base64
          printf 'x%s' "$TOKEN" | base64
          printf 'xy%s\n' "$TOKEN" | base64
          echo "::endgroup::"
          printf '%s' "$TOKEN" | head -c 9; sleep 0.3; printf '%s' "$TOKEN" | tail -c +10; echo
          test -z "$ABSENT"
      - run: |
          echo building
          echo "**bold** $TOKEN" >> "$STEP_SUMMARY"
          mkdir "$SLIPWAY_TESTS"
          echo '<testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>' > "$SLIPWAY_TESTS/t.xml"
          echo '<testsuite><testcase name="c"/><testcase na' > "$SLIPWAY_TESTS/cut.xml"
          echo "a.c:3:7: error: no such thing"
          echo "make: *** [all] Error 1"
          exit 3
"""
results = []


def check(name, holds, detail=""):
    results.append(bool(holds))
    print(f"{'ok' if holds else 'not ok'} {len(results)} - {name}", flush=True)
    if not holds:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-logs-"))
    repo, home = folder / "repo", folder / "home"
    env = {"PATH": "/usr/bin:/bin", "SLIPWAY_HOME": str(home), "HOME": str(folder), "LC_ALL": "C.UTF-8",
           "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

    def slipway(*args, stdin=None):
        return subprocess.run([str(SLIPWAY), *map(str, args)], env=env, text=True, capture_output=True, input=stdin)

    try:
        repo.mkdir()
        (repo / "slipway.yaml").write_text(PIPELINE)
        for args in (["init", "-q", "-b", "main"], ["add", "-A"],
                     ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "c"]):
            subprocess.run(["git", *args], cwd=repo, env=env, check=True, capture_output=True)
        slipway("init", "--root-key", folder / "root.key")
        kept = slipway("secret", "set", "p/TOKEN", "--ref", "main", stdin=VALUE + "\n")
        check("a secret is kept", kept.returncode == 0, kept.stderr)
        check("no answer shows it", VALUE not in kept.stdout + kept.stderr + slipway("secret", "list", "--json").stdout)

        run = slipway("run", "--source", repo, "--branch", "main", "--executor", "host", "--json")
        shown = json.loads(run.stdout)
        number = shown["run"]
        check("the job got it and went on to its second step", shown["jobs"][0]["failedStep"] == 1, run.stdout + run.stderr)

        raw = slipway("logs", number, "--raw").stdout
        text = slipway("logs", number).stdout
        forms = [VALUE] + [base64.b64encode((b"x" * shift) + VALUE.encode()).decode()[4:-4] for shift in range(3)]
        everything = raw + text + run.stdout + run.stderr
        for path in home.rglob("*"):
            if path.is_file():
                everything += path.read_bytes().decode("latin-1")
        check("it is nowhere in what people see or what is on disk, in no form",
              not any(form in everything for form in forms), [f for f in forms if f in everything])
        check("what is hidden is shown as hidden, also across two reads", raw.count("***") >= 5, raw)
        check("the log says which secret was not given", "secret not given: ABSENT: the server has no such secret" in text, text)
        check("who was given it is written down",
              json.loads(slipway("call", "secret.uses", '{"project": "p", "name": "TOKEN"}').stdout or "[]") != [],
              slipway("call", "secret.uses", '{"project": "p", "name": "TOKEN"}'))

        check("a group is a heading for people", "▾ Look" in text and "::endgroup::" not in text, text)
        check("and stays as it was written where bytes are asked for", "::group::Look\n" in raw, raw)
        errors = json.loads(slipway("logs", number, "--errors", "--json").stdout)
        check("the line that says why is found", len(errors) == 1 and errors[0]["text"] == "a.c:3:7: error: no such thing"
              and errors[0]["step"] == 2, errors)
        second = slipway("logs", number, "--raw", "--step", "2").stdout
        check("a step is found alone", second.startswith("building\n") and second.endswith("Error 1\n"), second)

        summary = json.loads(slipway("call", "run.summary", json.dumps({"run": number})).stdout)
        check("the summary is there, without the secret", summary and summary[0]["summary"] == "**bold** ***\n", summary)
        tests = json.loads(slipway("call", "run.tests", json.dumps({"run": number})).stdout)
        check("the test results of a failed job are there", tests and tests[0]["tests"]["failed"] == 1
              and tests[0]["tests"]["cases"][0]["name"] == "b", tests)
        check("a file that was cut short takes no other with it, and is named", tests[0]["tests"]["tests"] == 3
              and "cut.xml" in tests[0]["tests"]["unread"] and "a report was not kept" in text, tests)
        check("nothing of it is missing or too much", slipway("admin", "fsck").returncode == 0)

        local = subprocess.run([str(SLIPWAY), "exec", "speak", "--executor", "host"], cwd=repo, env=env, text=True,
                               capture_output=True)
        check("a job of the working tree runs here, without secrets", local.returncode == 1 and "token is \n" in local.stdout
              and "job 'speak' failed" in local.stderr, local.stdout + local.stderr)

        slipway("secret", "rotate", "p/TOKEN", "--ref", "other", stdin=VALUE + "\n")
        again = json.loads(slipway("run", "--source", repo, "--branch", "main", "--executor", "host", "--json").stdout)
        log = slipway("logs", again["run"]).stdout
        leak = PIPELINE.split("    steps:")[0] + """    outputs: [ out ]
    steps: [ { run: 'printf out=; printf %s "x$TOKEN" | base64' }, { run: 'echo "out=$(printf %s "x$TOKEN" | base64 | head -n 1)" >> "$OUTPUT"' } ]
"""
        slipway("secret", "rotate", "p/TOKEN", "--ref", "main", stdin=VALUE + "\n")
        (repo / "slipway.yaml").write_text(leak)
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qam", "leak"], cwd=repo, env=env, check=True)
        leaked = json.loads(slipway("run", "--source", repo, "--branch", "main", "--executor", "host", "--json").stdout)
        check("an output that holds a secret fails the job and is not kept", leaked["state"] == "failed" and leaked["outputs"] == []
              and "output 'out' holds a secret" in leaked["jobs"][0]["reason"], leaked)
        check("another ref's secret is not given", "secret not given: TOKEN: not for this ref" in log, log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)


main()
