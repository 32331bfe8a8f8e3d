# SPDX-License-Identifier: Apache-2.0
"""The database after every crash: a recorded run of db_victim, cut after any step, unsynced parts lost in every way.
What db_write acknowledged is there, whole; what it did not is there whole or not at all.

usage: test_db_replay.py LIBRARY VICTIM [STATES]
"""
import os
import shutil
import subprocess
import sys
import tempfile

import replay


def record_run(watch, victim, path, n_rows):
    """Returns [(length of the record, rows acknowledged)]."""
    process = subprocess.Popen([victim, "write", path, str(n_rows)], env=watch.environment(dict(os.environ)),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    acknowledged = [(0, 0)]
    for line in process.stdout:
        acknowledged.append((watch.record_size(), int(line)))
        process.stdin.write("\n")
        process.stdin.flush()
    assert process.wait() == 0, "the victim failed"
    assert acknowledged[-1][1] == n_rows
    return acknowledged


class Checker:
    def __init__(self, victim):
        self.process = subprocess.Popen([victim, "check"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, path, n):
        self.process.stdin.write(f"{n} {path}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


N_SYNCS_TAKEN = 10


def losses(per_step, step):
    yield replay.DROP, 0
    yield replay.KEEP, 0
    for i in range(max(0, per_step - 2)):
        yield (replay.TORN, replay.SHUFFLE)[i % 2], step * 100 + i


def run(library, victim, wanted, folder):
    home = os.path.join(folder, "home")
    os.mkdir(home)
    watch = replay.Watch(os.path.join(folder, "watch"), [home], library, recording=True)
    into = os.path.join(folder, "crashed")
    n_rows = max(20, min(700, wanted // 12))  # over 500, a checkpoint comes in between
    acknowledged = record_run(watch, victim, os.path.join(home, "victim.db"), n_rows)
    events = replay.read_record(watch.path("record"))
    per_step = max(2, -(-wanted // (len(events) + 1)))
    checker, disk, n_states, broken = Checker(victim), replay.Disk(), 0, 0

    def is_sound(disk, event, loss, seed):
        n = max(n for size, n in acknowledged if size <= (event.end if event else 0))
        replay.write_out(disk, disk.crash(loss, seed), home, into)
        answer = checker.ask(os.path.join(into, "victim.db"), n)
        shutil.rmtree(into)
        if answer != "ok":
            problems.append(f"# after {event}, {loss} {seed}: {answer}")
        return answer == "ok"

    problems = []
    for step, event in enumerate([None] + events):
        if event is not None:
            disk.feed(event)
        for loss, seed in losses(per_step, step):
            broken += not is_sound(disk, event, loss, seed)
            n_states += 1
    print("\n".join(problems[:20]))
    print(f"# {n_rows} rows, {watch.n_calls()} calls, {len(events)} steps, {n_states} states, {broken} broken")
    unmissed = [str(event) for event in syncs_to_take(events, acknowledged)
                if not is_missed(events, event, is_sound)]
    print("".join(f"# not missed: {text}\n" for text in unmissed), end="")
    return broken == 0 and n_states >= wanted, not unmissed


def syncs_to_take(events, acknowledged):
    """Some of the syncs that an acknowledgement waited for: the last one before it."""
    last, found = None, []
    sizes = {size for size, n in acknowledged if n > 0}
    for event in events:
        if event.kind == replay.SYNC and event.path.endswith("-wal"):
            last = event
        if event.end in sizes and last not in found:
            found.append(last)
    return found[::max(1, len(found) // N_SYNCS_TAKEN)][:N_SYNCS_TAKEN]


def is_missed(events, taken, is_sound):
    """Whether a loss of power at once finds something missing when this sync is taken away."""
    disk = replay.Disk()
    for event in events:
        if event is taken:
            return not is_sound(disk, event, replay.DROP, 0)
        disk.feed(event)
    return False


def main():
    library, victim = (os.path.abspath(a) for a in sys.argv[1:3])
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        results = run(library, victim, wanted, os.path.realpath(folder))
    names = ("what the database acknowledged survives every crash", "every sync of a commit is needed")
    print(f"1..{len(names)}")
    for number, (ok, name) in enumerate(zip(results, names), 1):
        print(f"{'ok' if ok else 'not ok'} {number} - {name}")
    sys.exit(0 if all(results) else 1)


main()
