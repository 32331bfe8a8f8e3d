# SPDX-License-Identifier: Apache-2.0
"""The installed verifier library and the static slipway-verify: an example program built with pkg-config's flags alone, from
an installed prefix, judges good and bad releases and bundles; nothing but slipway_… is exported."""
import base64
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import scratch  # noqa: E402
from scratch import BUILD, Home, needs, works  # noqa: E402

STATIC = os.path.join(BUILD, "src", "verify", "slipway-verify")
KEPT = []  # folders that live as long as the tests
STATEMENT = {"_type": "https://in-toto.io/Statement/v1", "predicate": {"passedTests": [], "result": "PASSED"},
             "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
             "subject": [{"digest": {"sha256": "ab" * 32}, "name": "tool"}]}


def checked(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, **more)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


class Prefix:
    """What `meson install` puts below a prefix, and programs built from it."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="slipway-prefix-")
        checked("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--tags", "devel,runtime,man", "--destdir", self.dir.name)
        self.pc = glob.glob(self.dir.name + "/**/slipway-verify.pc", recursive=True)[0]
        self.lib = os.path.dirname(os.path.dirname(self.pc))
        with open(self.pc, encoding="utf-8") as stream:
            prefix = stream.readline().strip().removeprefix("prefix=")
        self.prefix = self.dir.name + prefix

    def flags(self, *words):
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(self.pc))
        return checked("pkg-config", f"--define-variable=prefix={self.prefix}", *words, "slipway-verify", env=env).split()

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def build(self, name, *flags, compiler="cc", standard="c99"):
        checked(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x",
                "c++" if standard.startswith("c++") else "c", os.path.join(SOURCE, "examples", "verify.c"), "-x", "none", "-o",
                self.path(name), *flags)
        return self.path(name)

    def run(self, program, *words):
        env = dict(os.environ, LD_LIBRARY_PATH=self.lib)
        return subprocess.run([program, *words], env=env, text=True, capture_output=True, timeout=60)


@functools.cache
def prefix():
    needs("pkg-config", works("pkg-config", "--version"))
    KEPT.append(Prefix())
    return KEPT[-1]


@functools.cache
def example():
    return prefix().build("example", *prefix().flags("--cflags", "--libs"))


class Release:
    """A published release with its trust file, and a logged statement with its bundle."""

    def __init__(self):
        self.home = h = Home()
        self.folder, self.trust = h.published(), h.trust()
        text = json.dumps(STATEMENT, sort_keys=True, separators=(",", ":"))
        statement = h.call("log.append", statement=text)["statement"]
        self.bundle = json.loads(h.call("log.prove", entry=statement)["bundle"])
        h.run("keys", "trust-root", "--out", h.path("root"))
        self.root = h.path("root", "trusted_root.json")
        body = json.loads(base64.b64decode(self.bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]))
        spki = body["spec"]["hashedRekordV002"]["signature"]["verifier"]["publicKey"]["rawBytes"]
        self.key = self.file("key.pem", f"-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
        self.artifact = "sha256:" + "ab" * 32

    def file(self, name, text):
        path = self.home.path(name)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return path

    def tampered(self):
        folder = self.home.path("tampered")
        if not os.path.isdir(folder):
            shutil.copytree(self.folder, folder)
            with open(os.path.join(folder, "tool"), "a", encoding="utf-8") as stream:
                stream.write("#")
        return folder

    def good_bundle(self):
        return self.file("good.json", json.dumps(self.bundle))

    def bad_bundle(self):
        bundle = json.loads(json.dumps(self.bundle))
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"PASSED", b"FAILED")
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        return self.file("bad.json", json.dumps(bundle))

    def openpgp(self):
        return self.file("tool.asc", "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n")


@functools.cache
def release():
    KEPT.append(Release())
    return KEPT[-1]


def judges(run, release_words, bundle_words):
    """Each of them, by exit code. @run: words -> CompletedProcess."""
    r = release()
    cases = [("a good release", release_words(r.folder), 0), ("a changed file", release_words(r.tampered()), 10),
             ("a good bundle", bundle_words(r.good_bundle()), 0),
             ("a changed bundle", bundle_words(r.bad_bundle()), 10), ("OpenPGP", bundle_words(r.openpgp()), 15)]
    for what, words, code in cases:
        with scratch.label(what):
            done = run(*words)
            assert done.returncode == code, (done.returncode, done.stdout, done.stderr)


def test_a_program_built_with_pkg_config_alone_judges_right():
    r = release()
    judges(lambda *words: prefix().run(example(), *words), lambda folder: ("release", folder, r.trust),
           lambda bundle: ("bundle", r.artifact, bundle, r.root, r.key))


def test_what_cannot_be_read_is_an_error_with_a_message():
    r = release()
    for words in (("release", r.home.path("nowhere"), r.trust), ("release", r.folder, r.key), ("bundle", "x", "y", "z", "k")):
        with scratch.label(*words):
            done = prefix().run(example(), *words)
            assert done.returncode == 1 and len(done.stderr) > len("verify: \n"), done


def test_a_program_with_the_static_archive_judges_the_same():
    r = release()
    archive = os.path.join(prefix().lib, "libslipway-verify.a")
    flags = [word for word in prefix().flags("--static", "--cflags", "--libs") if word != "-lslipway-verify"]
    program = prefix().build("example-static", archive, *flags)
    assert "libslipway-verify" not in checked("ldd", program)
    judges(lambda *words: prefix().run(program, *words), lambda folder: ("release", folder, r.trust),
           lambda bundle: ("bundle", r.artifact, bundle, r.root, r.key))


def test_the_static_program_judges_the_same():
    r = release()
    assert "not a dynamic executable" in subprocess.run(["ldd", STATIC], text=True, capture_output=True).stderr
    judges(lambda *words: subprocess.run([STATIC, *words], text=True, capture_output=True, timeout=60),
           lambda folder: (folder, "--trust", r.trust),
           lambda bundle: (r.artifact, "--bundle", bundle, "--trusted-root", r.root, "--key", r.key))


def test_the_static_program_prints_the_report_as_json():
    r = release()
    done = subprocess.run([STATIC, r.folder, "--trust", r.trust, "--json"], text=True, capture_output=True)
    report = json.loads(done.stdout)
    assert report["exitCode"] == 0 and report["object"] == "release:tiny/main@1.0.0" and report["checks"], report


def test_the_static_program_refuses_a_wrong_command_line():
    for words in ([], ["x"], ["x", "--trust"], ["x", "--bundle", "b"], ["x", "--trust", "t", "--bundle", "b"], ["--colour"]):
        with scratch.label(words):
            assert subprocess.run([STATIC, *words], capture_output=True).returncode == 1


def test_the_header_is_c_and_c_plus_plus():
    needs("g++", works("g++", "--version"))
    flags = prefix().flags("--cflags")
    for compiler, language in (("cc", "c"), ("g++", "c++")):
        subprocess.run([compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", *flags, "-x", language, "-"],
                       input="#include <slipway/verify.h>\nint main(void) { return SLIPWAY_OK; }\n", text=True, check=True)
    with open(os.path.join(prefix().prefix, "include", "slipway", "verify.h"), encoding="utf-8") as stream:
        assert "glib" not in stream.read().lower()


def exported(path, *options):
    names = set()
    for line in checked("nm", "--defined-only", *options, path).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TDBRVW":
            names.add(words[2].split("@")[0])
    return names


def test_nothing_else_is_exported():
    shared = exported(os.path.realpath(os.path.join(prefix().lib, "libslipway-verify.so")), "-D")
    static = exported(os.path.join(prefix().lib, "libslipway-verify.a"), "-g")
    assert shared == static and len(shared) > 15, (shared ^ static)
    assert all(name.startswith("slipway_") for name in shared), shared


def test_manual_pages_are_installed_and_name_every_function():
    pages = {os.path.basename(path): path for path in glob.glob(prefix().dir.name + "/**/man*/*", recursive=True)}
    assert "slipway-verify.1" in pages and "libslipway-verify.3" in pages, pages
    with open(pages["libslipway-verify.3"], encoding="utf-8") as stream:
        text = stream.read()
    for name in exported(os.path.join(prefix().lib, "libslipway-verify.a"), "-g"):
        assert name in text, name


def test_the_stripped_program_is_under_six_megabytes():
    lines = checked(os.path.join(SOURCE, "tools", "size-by-library"), BUILD).splitlines()
    assert any("libcrypto.a" in line for line in lines) and any("src/verify" in line for line in lines), lines
    assert int(lines[-1].split()[0]) < 6 << 20, lines[-1]


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
