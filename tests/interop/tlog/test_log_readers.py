# SPDX-License-Identifier: Apache-2.0
"""Other people's readers judge the logs we serve: Go's sumdb/note and sumdb/tlog, and Tessera's fsck. What cannot be
installed is skipped by name."""
import contextlib
import functools
import json
import os
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..", "clients"),
                os.path.join(HERE, "..", "..", "system", "foreign-log")]
import scratch  # noqa: E402
from foreign_log import Service  # noqa: E402
from scratch import BUILD, needs, works  # noqa: E402
from test_clients import go, install  # noqa: E402

WORK = os.path.abspath(os.path.join(BUILD, "tests", "interop", "tlog"))
N_ENTRIES = 300  # more than a tile, so that there are full and partial ones


@functools.cache
def logreader():
    needs("go", works("go", "version"))
    os.makedirs(WORK, exist_ok=True)
    program = os.path.join(WORK, "logreader")
    install("logreader", "go", "build", "-mod=readonly", "-o", program, ".", where=os.path.join(HERE, "go"),
            env={**os.environ, "GOFLAGS": "", "GOTOOLCHAIN": "local"})
    return program


@contextlib.contextmanager
def logs():
    """A server with a filled foreign log: (service, [(url, vkey)] of both its logs, older checkpoints by url)."""
    with Service("--per-minute", "0") as service:
        facts = json.loads(service.home.run("log", "checkpoint", "--json").stdout)["vkey"]
        found = [(service.url + "/log", facts), (service.url + "/log/foreign", service.vkey())]
        old = {}
        service.post(service.key.hashedrekord(b"first"))
        for number, (url, _) in enumerate(found):
            old[url] = service.home.path(f"old.{number}")
            with urllib.request.urlopen(url + "/checkpoint") as answer, open(old[url], "wb") as file:
                file.write(answer.read())
        for i in range(N_ENTRIES):
            service.post(service.key.hashedrekord(b"%d" % i))
        service.home.set_roster()
        yield service, found, old


def run(*words, code=0):
    done = subprocess.run(words, text=True, capture_output=True, timeout=120)
    assert (done.returncode == 0) == (code == 0), f"{' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def test_go_reads_our_logs():
    """Go's sumdb/note opens our checkpoints, its tlog proves every record and every growth, and refuses another key and a changed entry"""
    program = logreader()
    with logs() as (service, found, old):
        for url, vkey in found:
            assert "records" in run(program, url, vkey, old[url])
        run(program, found[0][0], found[1][1], code=1)
        run(program, found[1][0], found[1][1], old[found[0][0]], code=1)
        tile = os.path.join(service.home.home, "logs", "foreign.public", "tile", "entries", "000")
        with open(tile, "r+b") as file:
            file.seek(40)
            old = file.read(1)
            file.seek(40)
            file.write(bytes([old[0] ^ 1]))
        run(program, *found[1], code=1)


def test_tessera_fsck_accepts_our_logs():
    """Tessera's fsck derives every tile of our logs anew and finds ours"""
    program = go("github.com/transparency-dev/tessera/cmd/fsck")
    with logs() as (service, found, _):
        for number, (url, vkey) in enumerate(found):
            key = service.home.path(f"vkey.{number}")
            with open(key, "w", encoding="utf-8") as file:
                file.write(vkey + "\n")
            run(program, "--storage_url", url + "/", "--public_key", key, "--ui=false")


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
