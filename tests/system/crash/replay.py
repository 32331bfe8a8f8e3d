# SPDX-License-Identifier: Apache-2.0
"""replay: the disks that a crash may leave, out of what crashpoint.c recorded.

What a crash keeps: the data of a file up to its last fsync or fdatasync; the names of a folder up to the folder's
last fsync; everything up to a syncfs. A rename is there whole or not at all and brings its source name along.
Folders themselves are taken as made at once. Memory-mapped writes are unseen: of ours only SQLite's -shm file has
any, and SQLite makes it anew after a crash.
"""
import mmap
import os
import random
import struct

HEADER = struct.Struct("<IIIIQQQ")
WRITE, TRUNCATE, SYNC, SYNC_DIR, SYNC_ALL, CREATE, RENAME, LINK, UNLINK, MKDIR, RMDIR = range(1, 12)
NAMES = dict(enumerate("write truncate sync sync-folder syncfs create rename link unlink mkdir rmdir".split(), 1))
SECTOR = 512
DROP, KEEP, TORN, SHUFFLE = "drop", "keep", "torn", "shuffle"


class Watch:
    """The shared state of one watched run: numbers, the call to stop at, the record."""

    def __init__(self, folder, roots, library, kill_at=0, recording=False):
        self.folder, self.roots, self.library = folder, roots, library
        os.makedirs(folder, exist_ok=True)
        for name in ("state", "record"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        with open(self.path("state"), "wb") as stream:
            stream.write(struct.pack("<QQQII", 0, 0, kill_at, 0, 1 if recording else 0).ljust(4096, b"\0"))
        self.file = open(self.path("state"), "r+b")
        self.map = mmap.mmap(self.file.fileno(), 4096)

    def path(self, name):
        return os.path.join(self.folder, name)

    def environment(self, env):
        return dict(env, LD_PRELOAD=self.library, CRASHPOINT_DIR=self.folder,
                    CRASHPOINT_ROOTS=":".join(self.roots))

    def n_calls(self):
        return struct.unpack_from("<Q", self.map, 8)[0]

    def is_dead(self):
        return struct.unpack_from("<I", self.map, 24)[0] != 0

    def record_size(self):
        return os.path.getsize(self.path("record")) if os.path.exists(self.path("record")) else 0


class Event:
    __slots__ = ("kind", "inode", "offset", "number", "path", "target", "data", "end")

    def __init__(self, kind, inode, offset, number, path, target, data, end):
        self.kind, self.inode, self.offset, self.number = kind, inode, offset, number
        self.path, self.target, self.data, self.end = path, target, data, end

    def __str__(self):
        return (f"call {self.number} {NAMES[self.kind]} {self.path} {self.target} "
                f"at {self.offset}, {len(self.data)} bytes")


def read_record(path):
    """All events, in order; `end` is the length of the record after each."""
    with open(path, "rb") as stream:
        data = stream.read()
    events, at = [], 0
    while at < len(data):
        kind, n_path, n_target, n_data, inode, offset, number = HEADER.unpack_from(data, at)
        at += HEADER.size
        name = data[at:at + n_path].decode(errors="surrogateescape")
        target = data[at + n_path:at + n_path + n_target].decode(errors="surrogateescape")
        at += n_path + n_target
        events.append(Event(kind, inode, offset, number, name, target, data[at:at + n_data], at + n_data))
        at += n_data
    return events


def move_names(names, old, new):
    """Renames a file or, with all below it, a folder."""
    for path in [p for p in names if p == old or p.startswith(old + "/")]:
        names[new + path[len(old):]] = names.pop(path)


def apply_write(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def apply_truncate(content, size):
    if len(content) > size:
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


class Disk:
    """What is surely there, and what waits for a sync; fed event by event."""

    def __init__(self):
        self.n_files = 0
        self.files = {}    # inode -> file, while recording
        self.live = {}     # path -> file, as a running program sees it
        self.content = {}  # file -> durable bytes
        self.names = {}    # durable path -> file
        self.folders = set()
        self.data = []     # pending (file, kind, offset, bytes)
        self.pending = []  # pending (kind, path, target, file)

    def new_file(self, inode):
        self.files[inode] = self.n_files
        self.content[self.n_files] = bytearray()
        self.n_files += 1
        return self.n_files - 1

    def file_of(self, event):
        """The file an event on a descriptor means; one never seen gets its name now."""
        file = self.files.get(event.inode)
        if file is None:
            file = self.new_file(event.inode)
            if event.path and not event.path.endswith(" (deleted)"):
                self.add_name(event.path, file)
        return file

    def add_name(self, path, file):
        self.live[path] = file
        self.pending.append((LINK, path, "", file))

    def feed(self, event):
        kind = event.kind
        if kind in (WRITE, TRUNCATE):
            self.data.append((self.file_of(event), kind, event.offset, event.data))
        elif kind == CREATE:
            self.add_name(event.path, self.new_file(event.inode))
        elif kind == LINK:
            file = self.live.get(event.path, self.files.get(event.inode))
            if file is not None:
                self.add_name(event.target, file)
        elif kind == RENAME:
            moved = {f for f in self.folders if f == event.path or f.startswith(event.path + "/")}
            self.folders |= {event.target + f[len(event.path):] for f in moved}
            move_names(self.live, event.path, event.target)
            self.pending.append((RENAME, event.path, event.target, None))
        elif kind == UNLINK:
            self.live.pop(event.path, None)
            self.pending.append((UNLINK, event.path, "", None))
        elif kind == MKDIR:
            self.folders.add(event.path)
        elif kind == RMDIR:
            self.folders.discard(event.path)
        elif kind == SYNC:
            file = self.file_of(event)
            self.settle_data(lambda pending: pending[0] == file)
        elif kind == SYNC_DIR:
            self.settle_names(event.path)
        elif kind == SYNC_ALL:
            self.settle_data(lambda pending: True)
            self.settle_names(None)

    def settle_data(self, chosen):
        for pending in self.data:
            if chosen(pending):
                self.change(self.content, pending)
        self.data = [p for p in self.data if not chosen(p)]

    def settle_names(self, folder):
        """Applies the pending names of @folder (None: all), and what gave their sources."""
        wanted = set()
        for i, (kind, path, target, _) in enumerate(self.pending):
            if folder is None or os.path.dirname(target or path) == folder:
                self.want(i, wanted)
        for i in sorted(wanted):
            self.rename(self.names, self.pending[i])
        self.pending = [p for i, p in enumerate(self.pending) if i not in wanted]

    def want(self, index, wanted):
        if index in wanted:
            return
        wanted.add(index)
        if self.pending[index][0] != RENAME:
            return
        source = self.pending[index][1]
        for i in range(index):
            kind, path, target, _ = self.pending[i]
            given = target if kind == RENAME else path
            if kind != UNLINK and (given == source or given.startswith(source + "/")):
                self.want(i, wanted)

    @staticmethod
    def change(content, pending):
        file, kind, offset, data = pending
        if kind == WRITE:
            apply_write(content[file], offset, data)
        else:
            apply_truncate(content[file], offset)

    @staticmethod
    def rename(names, pending):
        kind, path, target, file = pending
        if kind == LINK:
            names[path] = file
        elif kind == UNLINK:
            names.pop(path, None)
        else:
            move_names(names, path, target)

    def crash(self, loss, seed=0):
        """What a crash now leaves: path -> bytes."""
        names, content = dict(self.names), dict(self.content)
        for file in {p[0] for p in self.data}:
            content[file] = bytearray(content[file])
        chance = random.Random(seed)
        data, pending = list(self.data), list(self.pending)
        if loss == DROP:
            data, pending = [], []
        elif loss == TORN:
            data = data[:chance.randint(0, len(data))]
            pending = pending[:chance.randint(0, len(pending))]
            if data and data[-1][1] == WRITE:
                file, kind, offset, text = data[-1]
                data[-1] = (file, kind, offset, text[:chance.randint(0, len(text))])
        elif loss == SHUFFLE:
            data = [piece for p in data for piece in self.pieces(p, chance)]
            pending = [p for p in pending if chance.random() < 0.5]
        for p in data:
            self.change(content, p)
        for p in pending:
            self.rename(names, p)
        return {path: content[file] for path, file in names.items()}

    @staticmethod
    def pieces(pending, chance):
        """Some sectors of a write; a truncation whole or not."""
        file, kind, offset, text = pending
        if kind != WRITE:
            return [pending] if chance.random() < 0.5 else []
        return [(file, kind, offset + at, text[at:at + SECTOR]) for at in range(0, len(text), SECTOR)
                if chance.random() < 0.5]


def write_out(disk, files, root, into):
    """Puts the files below @root into the folder @into."""
    for folder in disk.folders | {os.path.dirname(path) for path in files}:
        if folder == root or folder.startswith(root + "/"):
            os.makedirs(into + folder[len(root):], mode=0o700, exist_ok=True)
    os.makedirs(into, mode=0o700, exist_ok=True)
    for path, content in files.items():
        if path.startswith(root + "/") and not path.endswith("-shm"):
            fd = os.open(into + path[len(root):], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(fd, content)
            os.close(fd)


NUMBERED = ("write,pwrite64,writev,fsync,fdatasync,syncfs,ftruncate,rename,renameat,renameat2,link,linkat,"
            "unlink,unlinkat")


def strace_command(trace):
    """What goes before a command so that its numbered calls are written to the file @trace."""
    return ["strace", "-f", "-qq", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={NUMBERED}", "-o", trace]


def count_trace(trace, roots):
    """How many calls in the trace concern something below a root."""
    with open(trace, encoding="utf-8", errors="replace") as stream:
        return sum("resumed>" not in line and any(root in line for root in roots) for line in stream)
