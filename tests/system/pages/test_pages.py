# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser (headless Chromium, driven by playwright-core): pages.mjs does the clicking; this starts the
server and the runs it looks at. Screenshots are kept in the build folder, pages/*.png."""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
sys.path.insert(1, os.path.dirname(os.path.abspath(__file__)))
import scratch  # noqa: E402
from gallery import Gallery  # noqa: E402
from scratch import SLIPWAY, Home, needs  # noqa: E402
from witnesses import Witness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = sys.argv.pop(1)
PIPELINE = """slipway: 1
project: tiny
jobs:
  lint:
    executor: host
    steps: [ { name: style, run: "echo '::group::Files'; ls; echo '::endgroup::'; printf '\\\\033[32mfine\\\\033[0m\\\\n'" } ]
  test:
    executor: host
    steps:
      - name: unit
        run: |
          echo one; echo two
          printf '# Coverage\\n\\n**81 %%** of <script>alert(1)</script> lines, [more](https://example.org/)\\n' >> "$STEP_SUMMARY"
          mkdir "$SLIPWAY_TESTS"
          echo '<testsuite name="s"><testcase name="adds" time="0.01"/><testcase name="takes away" classname="sums" time="0.2"><failure message="wanted 3, got 4">at sums.c:12</failure></testcase></testsuite>' > "$SLIPWAY_TESTS/t.xml"
      - { name: integration, run: "echo begin; echo 'case 7: error: wanted <b>Ada</b>'; exit 3" }
  build: { executor: host, needs: [test], steps: [ { run: "true" } ] }
"""
SLOW = "slipway: 1\nproject: tiny\njobs:\n  grow:\n    executor: host\n    steps: [ { name: count, run: \"for i in $(seq 1 200); do echo line $i; sleep 0.1; done\" } ]\n"


def browser():
    """The folder with playwright-core installed."""
    needs("chromium", shutil.which("chromium"))
    needs("npm", shutil.which("npm"))
    os.makedirs(WORK, exist_ok=True)
    for name in ("package.json", "pages.mjs"):
        shutil.copy(os.path.join(HERE, name), WORK)
    if not os.path.isdir(os.path.join(WORK, "node_modules", "playwright-core")):
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], cwd=WORK,
                              capture_output=True, text=True)
        if done.returncode != 0:
            needs("playwright-core", False)
    return WORK


class Site(Home):
    def __init__(self):
        super().__init__()
        self.write_source("slipway.yaml", PIPELINE)
        self.commit("fail a step")
        self.run("run", "--source", self.path("tiny"), "--branch", "main", code=None)
        self.write_source("slipway.yaml", SLOW)
        self.commit("grow slowly")
        token = json.loads(self.run("token", "create", "pages", "--role", "developer", "--json").stdout)
        self.token = token.get("token") or token["secret"]
        self.server = subprocess.Popen([SLIPWAY, "serve", "--listen", "127.0.0.1:0"], env=self.environment(), text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.url = self.server.stdout.readline().split()[-1]

    def append(self, count, first=0):
        """That many more entries in the log."""
        for number in range(first, first + count):
            self.call("log.append", statement=json.dumps({
                "_type": "https://in-toto.io/Statement/v1", "predicate": {"passedTests": [], "result": "PASSED"},
                "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
                "subject": [{"digest": {"sha256": f"{number:064x}"}, "name": "tool"}]}, sort_keys=True, separators=(",", ":")))

    def remove(self):
        self.server.kill()
        self.server.communicate()
        super().remove()


def look(*scenario, size=0):
    """One scenario; the log has at least @size entries by then."""
    folder = browser()
    with Site() as site:
        site.append(size)
        if "live" in scenario or "cancel" in scenario:
            site.run("queue", "add", "tiny", "--branch", "main")
        done = subprocess.run(["node", "pages.mjs", site.url, site.token, *scenario], cwd=folder, capture_output=True, text=True,
                              timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_failed_step_is_found_and_shown():
    look("failed")


def test_reports_and_the_file_as_run_are_shown():
    look("reports")


def test_what_waits_for_witnesses_is_not_called_wrong():
    """The served checkpoint lags behind the log: the page says what is witnessed and what is not yet."""
    folder = browser()
    with Site() as site:
        vkey = json.loads(site.run("log", "checkpoint", "--json").stdout)["vkey"]
        with Witness(vkey, name="w.example/1") as witness:
            site.run("witness", "add", "one", witness.vkey, witness.url)
            site.append(3)
            size = json.loads(site.run("log", "checkpoint", "--json").stdout)["size"]
            for _ in range(600):  # until the witness has seen all
                seen = json.loads(site.run("log", "status", "--json").stdout)["logs"][0]["witnesses"][0]["size"]
                if seen == size:
                    break
                time.sleep(0.05)
            assert seen == size
            witness.kill()
            site.append(3, first=100)
            done = subprocess.run(["node", "pages.mjs", site.url, site.token, "witnessed"], cwd=folder, capture_output=True,
                                  text=True, timeout=180)
            assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_fits_every_screen_and_its_links_lead_somewhere():
    folder = browser()
    with Gallery() as site:
        done = subprocess.run(["node", "pages.mjs", site.url, site.token, "every", json.dumps(site.pages())], cwd=folder,
                              capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_entry_of_the_log_is_checked_in_the_browser():
    look("entry", size=9)


def test_a_live_log_grows():
    look("live")


def test_a_click_cancels_a_run():
    look("cancel")


def test_everything_is_there_without_a_script():
    look("plain")


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
