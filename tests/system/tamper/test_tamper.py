# SPDX-License-Identifier: Apache-2.0
"""Every way to tamper with a published release, as a table: what was changed, the check that must notice, the exit code.

A row changes a copy of a real release; `verify` must end with that code, and a finding of that check must say it.
"""
import base64
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import Home, SLIPWAY, needs, tree, works  # noqa: E402

FORGED, REVOKED, STALE, INCOMPLETE = 10, 11, 12, 13
FACTS, CHECKPOINT, STATUS = ".slipway/facts.jsonl", ".slipway/checkpoint", ".slipway/status.json"


class Published:
    """Two releases of one project, and a trust file; made once for all tests."""
    made = None

    def __init__(self):
        self.h = Home()
        self.served = self.h.published("1.0.0")
        self.h.write_source("tool", "#!/bin/sh\necho other\n")
        self.h.commit("second")
        self.other = self.h.published("1.1.0")
        self.trust = self.h.trust()
        self.n_copies = 0

    @classmethod
    def get(cls):
        if cls.made is None:
            cls.made = cls()
        return cls.made

    def copy(self):
        self.n_copies += 1
        path = self.h.path(f"copy-{self.n_copies}")
        shutil.copytree(self.served, path)
        return path

    def judge(self, path):
        """(exit code, {check: [result]}) of verify."""
        result = self.h.run("verify", path, "--trust", self.trust, "--json", code=None)
        assert result.stdout, f"verify said nothing: exit {result.returncode}, {result.stderr}"
        report = json.loads(result.stdout)
        found = {}
        for check in report["checks"]:
            found.setdefault(check["check"], []).append(check["result"])
        return result.returncode, found, result.stdout


def read(path, name):
    with open(os.path.join(path, name), "rb") as file:
        return file.read()


def write(path, name, data):
    with open(os.path.join(path, name), "wb") as file:
        file.write(data)


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def fact_lines(path):
    return [json.loads(line) for line in read(path, FACTS).splitlines()]


def put_fact_lines(path, lines):
    write(path, FACTS, b"".join(json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n" for line in lines))


def kind_of(line):
    pae = base64.b64decode(line["pae"])
    return json.loads(pae[pae.index(b"{"):])["predicateType"]


def flip_fact(kind, member):
    """One bit of the @member of the first fact of that kind."""
    def change(path):
        lines = fact_lines(path)
        line = next(line for line in lines if kind in kind_of(line))
        if member == "proof":
            assert line["proof"], "a proof without hashes"
            line["proof"][0] = base64.b64encode(flip(base64.b64decode(line["proof"][0]), 3)).decode()
        else:
            data = base64.b64decode(line[member])
            line[member] = base64.b64encode(flip(data, data.rindex(b'"') - 3)).decode()
        put_fact_lines(path, lines)
    return change


def flip_file(name, at):
    def change(path):
        data = read(path, name)
        write(path, name, flip(data, at if at >= 0 else len(data) + at))
    return change


def flip_after(name, marker, after):
    def change(path):
        data = read(path, name)
        write(path, name, flip(data, data.index(marker) + len(marker) + after))
    return change


def with_stamp(path, change):
    """Changes the DER of the time stamp in a bundle; the file stays the one text that bundles have."""
    name = "tool.sigstore.json"
    bundle = json.loads(read(path, name))
    stamp = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
    stamp["signedTimestamp"] = base64.b64encode(change(base64.b64decode(stamp["signedTimestamp"]))).decode()
    write(path, name, (json.dumps(bundle, sort_keys=True, separators=(",", ":")) + "\n").encode())


def flip_stamp(at):
    return lambda path: with_stamp(path, lambda der: flip(der, at if at >= 0 else len(der) + at))


def other_stamp(path):
    """A good time stamp by an authority that nobody named."""
    with scratch.Home() as other:
        other.published()
        bundle = json.loads(read(other.served(), "tool.sigstore.json"))
    stamps = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    with_stamp(path, lambda _: base64.b64decode(stamps[0]["signedTimestamp"]))


def check_row(published, what, change, checks, codes):
    path = published.copy()
    change(path)
    code, found, text = published.judge(path)
    with scratch.label(what):
        bad = sorted(check for check, results in found.items() if any(result != "ok" for result in results))
        assert code in codes, f"exit {code}, wanted {codes}; {bad}\n{text}"
        assert any(check in bad for check in checks), f"wanted a finding of {checks}, got {bad}\n{text}"
    print(f"# {what}: {code}, {', '.join(bad)}")


def test_one_changed_byte():
    """A table of bytes: asset, seal, provenance, approval, roster, proof hash, checkpoint, status, index."""
    published = Published.get()
    table = [
        ("an asset", flip_file("tool", 5), ["digest"], [FORGED]),
        ("the notes", flip_file("notes.txt", 0), ["digest"], [FORGED]),
        ("the seal", flip_fact("seal", "pae"), ["signature"], [FORGED]),
        ("the leaf of the seal", flip_fact("seal", "leaf"), ["signature", "inclusion"], [FORGED]),
        ("the claim", flip_fact("claim", "pae"), ["signature"], [FORGED]),
        ("the provenance", flip_fact("provenance", "pae"), ["signature"], [FORGED]),
        ("the approval", flip_fact("approval", "pae"), ["signature"], [FORGED]),
        ("the roster", flip_fact("roster", "pae"), ["signature"], [FORGED]),
        ("the root", flip_fact("root", "pae"), ["signature", "root"], [FORGED]),
        ("the request", flip_fact("request", "pae"), ["signature"], [FORGED]),
        ("the intent", flip_fact("publish-intent", "pae"), ["signature"], [FORGED]),
        ("a hash of an inclusion proof", flip_fact("seal", "proof"), ["inclusion"], [FORGED]),
        ("the checkpoint's origin", flip_file(CHECKPOINT, 0), ["checkpoint"], [FORGED]),
        ("the checkpoint's root", flip_after(CHECKPOINT, b"\n", 8), ["checkpoint"], [FORGED]),
        ("the checkpoint's signature", flip_file(CHECKPOINT, -10), ["checkpoint"], [FORGED]),
        ("the status's payload", flip_after(STATUS, b'"payload":"', 40), ["status"], [FORGED]),
        ("the status's signature", flip_after(STATUS, b'"sig":"', 20), ["status"], [FORGED]),
        ("the index", flip_after("release.json", b'"sha256:', 9), ["derived"], [FORGED]),
        ("the sums", flip_file("SHA256SUMS", 3), ["derived"], [FORGED]),
        ("a bundle", flip_file("tool.sigstore.json", 400), ["derived"], [FORGED, INCOMPLETE]),
        ("the time in a bundle's stamp", flip_stamp(300), ["derived"], [FORGED]),
        ("the signature of a bundle's stamp", flip_stamp(-1), ["derived"], [FORGED]),
        ("another release's stamp in a bundle", other_stamp, ["derived"], [FORGED]),
        ("the attestations", flip_after("attestations.intoto.jsonl", b'"payload":"', 30), ["derived"], [FORGED]),
    ]
    for what, change, checks, codes in table:
        check_row(published, what, change, checks, codes)


def test_each_file_removed():
    """Without facts or checkpoint the bundles prove nothing either, and that is the worse finding."""
    published = Published.get()
    for name in sorted(tree(published.served)):
        check_row(published, f"without {name}", lambda path, name=name: os.unlink(os.path.join(path, name)),
                  ["files", "complete"], [INCOMPLETE] if name not in (FACTS, CHECKPOINT) else [FORGED, INCOMPLETE])


def test_each_file_swapped_with_another_release_s():
    published = Published.get()
    other = tree(published.other)
    for name, data in sorted(tree(published.served).items()):
        if other[name] == data:
            continue  # the same notes in both
        check_row(published, f"{name} of the other release", lambda path, name=name: write(path, name, other[name]),
                  ["digest", "derived", "chain", "checkpoint", "inclusion", "status", "admission", "complete"],
                  [FORGED, INCOMPLETE])


def test_a_file_too_many():
    published = Published.get()
    check_row(published, "one more file", lambda path: write(path, "extra", b"x"), ["complete"], [INCOMPLETE])
    check_row(published, "one more in .slipway", lambda path: write(path, ".slipway/extra", b"x"), ["complete"], [INCOMPLETE])


def test_each_fact_removed():
    published = Published.get()
    lines = fact_lines(published.served)
    for i, line in enumerate(lines):
        def change(path, i=i):
            put_fact_lines(path, lines[:i] + lines[i + 1:])
        check_row(published, f"without fact {i}, {kind_of(line)}", change,
                  ["complete", "chain", "admission", "root", "provenance", "approvals", "derived", "facts"], [FORGED, INCOMPLETE])


def test_another_log_s_trust_file_refuses():
    published = Published.get()
    with Home() as stranger:
        stranger.seal()
        assert stranger.run("verify", published.served, "--trust", stranger.trust(), code=None).returncode == FORGED


def test_the_release_and_the_trust_file_alone_verify_for_another_user_without_network():
    published = Published.get()
    needs("root", os.geteuid() == 0)
    alone = ["unshare", "-n", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    needs("netns", works(*alone, "true"))
    place = published.h.path("alone")
    shutil.copytree(published.served, os.path.join(place, "release"))
    shutil.copy(published.trust, place)
    shutil.copy(SLIPWAY, os.path.join(place, "slipway"))
    for base, folders, files in os.walk(place):
        for name in [*folders, *files]:
            os.chmod(os.path.join(base, name), 0o755)
    os.chmod(place, 0o755)
    os.chmod(published.h.dir, 0o711)
    result = subprocess.run([*alone, os.path.join(place, "slipway"), "verify", os.path.join(place, "release"), "--trust",
                             os.path.join(place, "trust.json")], env={"PATH": "/usr/bin:/bin"}, cwd="/",
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0, result.stdout
    peek = subprocess.run([*alone, "ls", published.h.home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert peek.returncode != 0, "the data folder was readable: nothing is proved"


if __name__ == "__main__":
    code = scratch.main(sys.modules[__name__])
    if Published.made is not None:
        Published.made.h.remove()
    sys.exit(code)
