#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever looks at a log over the network is at the mercy of nobody: answers without end, sizes without entries, entries without
sense, trickles. Each look ends soon, says why, and leaves what was seen before as it was."""
import contextlib
import http.server
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import BUILD, SLIPWAY, main  # noqa: E402
from tiles import leaf_hash, root_of  # noqa: E402
from witnesses import Forger  # noqa: E402

FETCH = os.path.join(BUILD, "src", "fetch", "slipway-fetch")
MAX_SECONDS = 40  # of one look on a loaded machine; those that end by a limit take well under one
MAX_MEMORY_KIB = 400 << 10
HUGE = (1 << 62) - 1


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that leaves is what is wanted here."""


@contextlib.contextmanager
def serving(answers):
    """@answers: a path's bytes, or a generator of pieces that may never end; None or absent: 404."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers(self.path.lstrip("/"))
            if answer is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            for piece in [answer] if isinstance(answer, bytes) else answer:
                self.wfile.write(piece)

        def log_message(self, *_):
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def endless(piece):
    while True:
        yield piece


def bundle(entries):
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


class Watch:
    """One who looks again and again, and keeps what was seen."""

    def __init__(self, log):
        self.log, self.dir = log, tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.state = os.path.join(self.dir.name, "seen.json")

    def look(self, url):
        begun = time.monotonic()
        done = subprocess.run([SLIPWAY, "log", "monitor", url, "--vkey", self.log.vkey, "--state", self.state, "--json"],
                              capture_output=True, text=True, timeout=170, check=False)
        assert time.monotonic() - begun < MAX_SECONDS, f"it took {time.monotonic() - begun:.0f} s: {done}"
        return done

    def seen(self):
        if not os.path.exists(self.state):
            return None
        with open(self.state, encoding="utf-8") as file:
            return file.read()


def served(log, entries, size=None):
    """An honest log; @size: what its checkpoint says instead."""
    hashes = [leaf_hash(entry) for entry in entries]
    note = log.note(hashes).encode() if size is None else log.sign(size, root_of(hashes)).encode()

    def answers(path):
        if path == "checkpoint":
            return note
        return bundle(entries) if path.startswith("tile/entries/000") else None
    return answers


def attacks(log, entries):
    """Name: answers, each after an honest look at @entries."""
    good = served(log, entries)
    more = log.note([leaf_hash(entry) for entry in entries + [b"new"]]).encode()

    def grown(tile):
        return lambda path: more if path == "checkpoint" else tile() if path.startswith("tile/entries/000") else None

    return {
        "a checkpoint without end": lambda path: endless(b"log\n" * 1000),
        "a checkpoint of nothing": lambda path: b"",
        "a checkpoint by nobody": lambda path: good(path).rsplit("\u2014".encode(), 1)[0] if path == "checkpoint" else None,
        "more entries than there are": served(log, entries, size=HUGE),
        "no entries at all": lambda path: more if path == "checkpoint" else None,
        "entries without end": grown(lambda: endless(bundle([b"x" * 1000]))),
        "an entry that is cut": grown(lambda: bundle(entries) + b"\xff\xffcut"),
        "entries of no length": grown(lambda: b"\0\0" * 256),
        "other entries": grown(lambda: bundle(entries + [b"other"])),
        "a smaller log": served(log, entries[:2]),
    }


def test_no_answer_of_a_server_holds_or_misleads_a_monitor():
    entries = [f'{{"n":{number}}}'.encode() for number in range(5)]
    with Forger("log.example/hostile") as log:
        watch = Watch(log)
        with serving(served(log, entries)) as url:
            done = watch.look(url)
            assert done.returncode == 0, done
        before = watch.seen()
        assert json.loads(before)["size"] == len(entries), before
        for name, answers in attacks(log, entries).items():
            with serving(answers) as url:
                done = watch.look(url)
            assert done.returncode != 0 and (done.stderr or done.stdout), (name, done)
            assert watch.seen() == before, f"{name}: what was seen before is gone"
        with serving(served(log, entries + [b"new"])) as url:
            done = watch.look(url)
            assert done.returncode == 0 and json.loads(watch.seen())["size"] == len(entries) + 1, done
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert used < MAX_MEMORY_KIB, f"{used} KiB"


def fetched(url, limit=1 << 20, timeout_ms=2000):
    """What our one program with a network connection says of a URL."""
    request = {"method": "GET", "url": url, "headers": [], "limit": limit, "timeoutMs": timeout_ms}
    begun = time.monotonic()
    done = subprocess.run(["sh", "-c", 'exec "$0" 3>/dev/null', FETCH], input=json.dumps(request), capture_output=True, text=True, timeout=100, check=False)
    return done, time.monotonic() - begun


def test_a_trickle_is_given_up():
    """Slow retrieval (TUF specification section 1.5.2): a byte now and then is not progress."""
    def trickle():
        while True:
            time.sleep(0.2)
            yield b"x"
    with serving(lambda path: trickle()) as url:
        done, seconds = fetched(url)
    assert "timeout" in done.stdout, done
    assert seconds < MAX_SECONDS, seconds


def test_a_slow_answer_that_moves_is_waited_for():
    def slow():
        for _ in range(16):
            time.sleep(0.25)
            yield b"x" * 4096
    with serving(lambda path: slow()) as url:
        done, seconds = fetched(url)
    assert done.returncode == 0 and '"status":200' in done.stdout.replace(" ", "") and seconds > 3, (done.stdout[:300], seconds)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
