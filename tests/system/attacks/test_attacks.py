# SPDX-License-Identifier: Apache-2.0
"""The three attacks of 2026: a cache or workspace poisoned by an outside proposal, an identity lifted from a job's memory or
environment, a publication from a run that failed. Each is tried by a real job through a real server, and must come to nothing."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..", "forge")]
import scratch  # noqa: E402
from forge import Scene  # noqa: E402
from scratch import Home, isolated, needs  # noqa: E402

# Leaves a mark wherever a job may write; an innocent job looks for it in everything it can see.
POISON = """for place in "$HOME" "$TMPDIR" /tmp /var/tmp /dev/shm "$SLIPWAY_SRC" "$SLIPWAY_OUT" "$SLIPWAY_IN" /usr/local/bin /etc; do
  echo evil > "$place/poisoned" 2>/dev/null || true
done
echo "tried: $(cat notes.txt)"
"""
LOOK = "if find / -name poisoned 2>/dev/null | grep .; then exit 9; fi; echo clean"
SEARCH = """cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' || true
find / -path /proc -prune -o -path /usr -prune -o -type f \\( -name '*.key' -o -name '*token*' -o -name '*secret*' -o -name slipway.db \\) -print 2>/dev/null | while read f; do cat "$f"; done || true
for p in /proc/[0-9]*; do head -c 65536 $p/mem 2>/dev/null || true; done
echo searched"""


def pipeline(*steps):
    rows = "".join(f"      - {{ run: {json.dumps(step)} }}\n" for step in steps)
    return f"slipway: 1\nproject: web\njobs:\n  test:\n    steps:\n{rows}"


def state(scene, number):
    return json.loads(scene.home.run("show", f"web/{number}", "--json").stdout)["state"]


def log(scene, number):
    return scene.home.run("logs", f"web/{number}", code=None).stdout


def ended(scene, number):
    scene.forge.wait(lambda: state(scene, number) in ("passed", "failed", "error", "cancelled"), what=f"the end of run {number}")
    return state(scene, number)


def proposal_from_outside(scene, number, commit):
    body = json.dumps({"action": "opened", "repository": {"full_name": "o/r"}, "pull_request": {
        "number": number, "title": "t", "base": {"ref": "main"},
        "head": {"sha": commit, "repo": {"full_name": "stranger/r"}}}}).encode()
    return scene.deliver(body, f"proposal-{number}", event="pull_request")[1]


def test_an_outside_proposal_poisons_nothing_that_others_use():
    needs("bwrap", isolated())
    with Scene() as scene:
        h = scene.home
        h.write_source("slipway.yaml", pipeline(POISON, LOOK.replace("exit 9", "true")))
        h.commit("the rules of main")
        h.git("checkout", "-q", "-b", "topic")
        # Its own file would run something else without isolation: it must not be asked.
        h.write_source("slipway.yaml", "slipway: 1\nproject: web\njobs:\n  mine: { executor: host, steps: [ { run: \"echo OWNED\" } ] }\n")
        h.write_source("notes.txt", "proposed\n")
        h.commit("evil")
        commit = h.git("rev-parse", "HEAD")
        h.git("checkout", "-q", "main")
        h.git("update-ref", "refs/pull/7/head", commit)
        h.git("branch", "-q", "-D", "topic")
        before = h.run("log", "tail", "--json").stdout
        answer = proposal_from_outside(scene, 7, commit)
        assert answer["action"] == "held", answer
        assert state(scene, 1) == "queued", "it ran before a maintainer looked"
        h.refused("allow", "web/1", "--commit", "0" * 40)
        h.run("allow", "web/1", "--commit", commit)
        assert ended(scene, 1) == "passed", log(scene, 1)
        text = log(scene, 1)
        assert "tried: proposed" in text and "OWNED" not in text, text
        h.write_source("slipway.yaml", pipeline(LOOK))
        h.commit("look")
        scene.deliver(scene.push("refs/heads/main", h.git("rev-parse", "HEAD")), "look")
        assert ended(scene, 2) == "passed" and "clean" in log(scene, 2), log(scene, 2)
        assert h.run("log", "tail", "--json").stdout == before, "a proposal reached the fact log"


def test_no_identity_is_in_a_job_s_memory_environment_or_files():
    needs("bwrap", isolated())
    with Scene() as scene:
        h = scene.home
        h.run("secret", "set", "web/DEPLOY", "--file", planted(h))
        h.write_source("slipway.yaml", pipeline(SEARCH))
        h.write_source("my.token", "findable-value\n")
        h.commit("search")
        scene.deliver(scene.push("refs/heads/main", h.git("rev-parse", "HEAD")), "search")
        assert ended(scene, 1) == "passed", log(scene, 1)
        text = log(scene, 1)
        assert "searched" in text and "findable-value" in text and "CI_SYSTEM_NAME=slipway" in text, "the search itself is broken"
        for secret in ("s3cret-token", scene.secret, "PRIVATE KEY", "planted-value", "SLIPWAY_HOME"):
            assert secret not in text, f"a job found '{secret}'"


def planted(h):
    path = h.path("planted")
    Scene.write(path, "planted-value\n")
    return path


def test_nothing_is_published_from_a_run_that_failed():
    with Home() as h:
        h.write_source("slipway.yaml", scratch.PIPELINE + "  check:\n    needs: [build]\n    steps: [ { run: \"exit 1\" } ]\n")
        h.commit("build, then fail")
        h.build(code=1)
        h.refused("release", "seal", h.release(), says=["draft"])
        h.refused("release", "request", h.release(), "--target", "site")
        h.refused("release", "publish", h.release())
        assert os.listdir(h.site) == []


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
