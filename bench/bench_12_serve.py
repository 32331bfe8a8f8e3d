# SPDX-License-Identifier: Apache-2.0
"""Benchmark 12: serving: a tile of the log, a small JSON answer, a large artifact, and 1000 people who follow one log, by wrk and a reader in C.
nginx serves the same bytes in the same round. What counts is requests by second of the server's CPU: the client has the other
core."""

import json
import os
import re
import shutil
import subprocess
import time

from peer_buildbot import free_port
from server import Server, cpu_seconds

NUMBER = 12
TITLE = "Serve"
SECONDS = 2
FOLLOWERS = 1000
LARGE_BYTES = 100 << 20
FOLLOW_SECONDS = 5
# Lines of 100 bytes, 20,000 bytes five times a second, for five minutes.
TALK = "i=0; while [ $i -lt 1500 ]; do head -c 19800 /dev/zero | tr '\\0' x | fold -w 99; sleep 0.2; i=$((i+1)); done"

NGINX = """
daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    client_body_temp_path {dir}/t; proxy_temp_path {dir}/t; fastcgi_temp_path {dir}/t; uwsgi_temp_path {dir}/t; scgi_temp_path {dir}/t;
    server {{ listen 127.0.0.1:{port}; root {dir}/www; default_type application/octet-stream; }}
}}
"""


class Nginx:
    """One process, which is one core's worth, as ours is."""

    def __init__(self, bench, files):
        self.dir, port = bench.scratch("nginx"), free_port()
        self.host = f"127.0.0.1:{port}"
        for path, content in files.items():
            os.makedirs(os.path.dirname(self.dir + "/www" + path), exist_ok=True)
            with open(self.dir + "/www" + path, "wb") as file:
                file.write(content)
        with open(self.dir + "/nginx.conf", "w", encoding="utf-8") as file:
            file.write(NGINX.format(dir=self.dir, port=port))
        self.process = subprocess.Popen(["nginx", "-c", self.dir + "/nginx.conf", "-p", self.dir], stderr=subprocess.DEVNULL)
        time.sleep(0.3)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.kill()
        self.process.wait()


def asked(server, path, connections=32):
    """Requests a second, and microseconds of the server's CPU for one."""
    def once():
        before = server.cpu()
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", f"http://{server.host}{path}"], capture_output=True, text=True, check=True)
        spent = server.cpu() - before
        assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        total = int(re.search(r"(\d+) requests in", done.stdout).group(1))
        return {"per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), "cpu_us": spent * 1e6 / total}
    return once


def follow(bench):
    """1000 readers of a log that grows."""
    server = Server(bench, "followed")
    commit = server.commit(TALK)
    server.start("--runs", "1")
    server.command("queue", "add", "p", "--commit", commit)
    server.wait(lambda: server.count("running") == 1)
    time.sleep(1)
    before = server.resident()[0]
    reader = subprocess.Popen([bench.program("follow"), "--host", server.host, "--path", "/events/runs/p/2/logs/0", "--connections", str(FOLLOWERS),
                               "--seconds", str(FOLLOW_SECONDS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if reader.stdout.readline() != "following\n":
        bench.gap(f"{FOLLOWERS} followers could not be had: {reader.communicate()[1].strip()}")
        server.stop()
        return
    spent = server.cpu()
    result = reader.communicate()[0]
    spent = (server.cpu() - spent) / FOLLOW_SECONDS
    each = (server.resident()[0] - before) * 1024 / FOLLOWERS
    server.stop()
    counts = json.loads(result)
    bench.say(f"- {FOLLOWERS} followers of a log of 0.1 MB/s got {counts['bytes'] / counts['seconds'] / 1e6:.0f} MB/s together, the slowest "
              f"{counts['least'] * FOLLOWERS / counts['bytes']:.2f} of the average")
    bench.goal(f"{FOLLOWERS} followers, cores", [spent], at_most=1)
    bench.goal(f"{FOLLOWERS} followers, KB of memory each", [each], at_most=20)
    bench.gap("a log of 10 MB/s for 1000 followers is 10 GB/s over loopback, more than the two cores of this machine copy: 0.1 MB/s is measured")


def artifact(bench):
    """A large file that a job left, by sendfile from both."""
    server = Server(bench, "artifact")
    commit = server.commit(f'head -c {LARGE_BYTES} /dev/urandom > "$SLIPWAY_OUT/large"', "    artifacts: [ large ]\n")
    server.start("--runs", "1")
    server.command("queue", "add", "p", "--commit", commit)
    server.wait(lambda: server.count("passed") == 2)
    path = "/projects/p/runs/2/artifacts/0/large"
    connection = server.connect()
    nginx = Nginx(bench, {path: server.get(connection, path)})
    try:
        rounds = bench.rounds([("ours", asked(server, path, 4)), ("nginx", asked(nginx, path, 4))])
    finally:
        nginx.stop()
        server.stop()
    bench.say(f"An artifact of {LARGE_BYTES >> 20} MiB, over 4 connections:")
    bench.say()
    bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['per_s'] * LARGE_BYTES / 1e9:.2f} GB/s, cpu {one[name]['cpu_us'] / 1e3:.1f} ms") for name in ("ours", "nginx")])
    bench.goal("large file, bytes by CPU second, ours by nginx", [one["nginx"]["cpu_us"] / one["ours"]["cpu_us"] for one in rounds], at_least=0.9)
    bench.say()


def run(bench):
    if not shutil.which("nginx") or not shutil.which("wrk"):
        bench.gap("nginx and wrk are not installed (packages nginx-light and wrk)")
    else:
        server = Server(bench, "served")
        tile = os.urandom(8192)
        folder = os.path.join(server.dir, "home", "logs", "public", "tile", "0")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "000"), "wb") as file:  # as an export leaves it
            file.write(tile)
        server.start()
        connection = server.connect()
        status = server.get(connection, "/version")
        assert server.get(connection, "/log/tile/0/000") == tile
        nginx = Nginx(bench, {"/log/tile/0/000": tile, "/version": status})
        try:
            rounds = bench.rounds([("tile ours", asked(server, "/log/tile/0/000")), ("tile nginx", asked(nginx, "/log/tile/0/000")),
                                   ("JSON ours", asked(server, "/version")), ("JSON nginx", asked(nginx, "/version"))])
        finally:
            nginx.stop()
            server.stop()
        bench.table(rounds, [(name, lambda one, name=name: f"{one[name]['per_s']:,.0f}/s, cpu {one[name]['cpu_us']:.1f} us")
                             for name in ("tile ours", "tile nginx", "JSON ours", "JSON nginx")])
        for what in ("tile", "JSON"):
            bench.goal(f"{what}, requests by CPU second, ours by nginx", [one[what + " nginx"]["cpu_us"] / one[what + " ours"]["cpu_us"] for one in rounds],
                       at_least=1)
        artifact(bench)
    follow(bench)
