# SPDX-License-Identifier: Apache-2.0
"""Other people's verifiers accept what `slipway keys sign-file` makes, and refuse it with one byte changed."""
import base64
import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import scratch  # noqa: E402
from scratch import needs, works  # noqa: E402

SLIPWAY = os.path.join(scratch.BUILD, "src", "cli", "slipway")
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PASSPHRASE = "correct horse"
PREDICATE_TYPE = "https://in-toto.io/attestation/release/v0.1"


class World:
    """A folder with files to sign, and the environment of every program that runs in it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="slipway-keys-")
        os.mkdir(self.path("gnupg"), 0o700)
        self.env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.dir, "LC_ALL": "C.UTF-8",
                    "GNUPGHOME": self.path("gnupg")}
        self.write("a.txt", b"one\n- two  \nFrom three\n")
        self.write("b.bin", os.urandom(300_000))
        self.write("pass", PASSPHRASE.encode() + b"\n", 0o600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if shutil.which("gpgconf"):
            self.run("gpgconf", "--kill", "gpg-agent", code=None)
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o644):
        with open(self.path(name), "wb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            file.write(content)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def run(self, *argv, code=0, stdin=b""):
        done = subprocess.run(argv, cwd=self.dir, env=self.env, input=stdin, capture_output=True, timeout=60)
        assert code is None or done.returncode == code, (argv, done)
        return done

    def slipway(self, *words, code=0):
        return self.run(SLIPWAY, *words, code=code).stdout.decode()

    def sign(self, key, form, *files, more=()):
        self.slipway("keys", "sign-file", *files, "--key", key, "--format", form, *more)

    def show(self, key, form, *more):
        return self.slipway("keys", "show", key, "--format", form, *more)

    def judge(self, content, signature, verify):
        """@verify() is good as things are, and not with a bit of the content or of the signature changed."""
        assert verify(), "refused as made"
        for name, at in (content, 0), (signature, None):
            good = self.read(name)
            bad = bytearray(good)
            at = base64_place(good) if at is None else at
            bad[at] = ord("A") if bad[at] != ord("A") else ord("B")
            self.write(name, bytes(bad))
            assert not verify(), f"accepted with byte {at} of {name} changed"
            self.write(name, good)
        assert verify(), "refused once it was as made again"

    def ssh_holds(self, key_line, name="b.bin", name_space="file"):
        self.write("allowed", b"me " + key_line.encode())
        return self.run("ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "me", "-n", name_space, "-s", name + ".sig",
                        stdin=self.read(name), code=None).returncode == 0

    def minisign_holds(self, public):
        self.write("minisign.pub", public.encode())
        return self.run("minisign", "-V", "-p", "minisign.pub", "-m", "b.bin", code=None).returncode == 0


def base64_place(text):
    """A place in the middle of the longest run of base64 of a signature file."""
    longest = max(re.finditer(rb"[A-Za-z0-9+/]{20,}", text), key=lambda match: len(match[0]))
    return (longest.start() + longest.end()) // 2


@contextlib.contextmanager
def agent(world):
    done = world.run("ssh-agent", "-s").stdout.decode()
    pid = int(re.search(r"SSH_AGENT_PID=(\d+)", done)[1])
    world.env["SSH_AUTH_SOCK"] = re.search(r"SSH_AUTH_SOCK=([^;]+)", done)[1]
    try:
        yield
    finally:
        os.kill(pid, 15)


def test_gpg_judges_signatures_and_clear_signed_checksums_of_our_own_keys():
    needs("gpg", works("gpg", "--version"))
    with World() as w:
        w.slipway("keys", "new", "--out", "key")
        w.write("cert", w.show("key", "openpgp", "--user-id", "Release <release@example.org>").encode())
        w.run("gpg", "--import", "cert")
        w.sign("key", "openpgp", "a.txt", "b.bin")
        for name in "a.txt", "b.bin":
            w.judge(name, name + ".asc",
                    lambda name=name: w.run("gpg", "--verify", name + ".asc", name, code=None).returncode == 0)
        w.sign("key", "checksum", "b.bin", "a.txt")
        assert re.findall(rb"^[0-9a-f]{64}  (.*)$", w.read("CHECKSUM.asc"), re.M) == [b"./a.txt", b"./b.bin"]
        w.run("sha256sum", "-c", "CHECKSUM.asc")
        good = w.read("CHECKSUM.asc")
        assert w.run("gpg", "--verify", "CHECKSUM.asc", code=None).returncode == 0
        w.write("CHECKSUM.asc", good.replace(b"./a.txt", b"./c.txt"))
        assert w.run("gpg", "--verify", "CHECKSUM.asc", code=None).returncode != 0
        w.write("CHECKSUM.asc", good)
        w.write("b.bin", b"another")
        assert w.run("sha256sum", "-c", "CHECKSUM.asc", code=None).returncode != 0


def test_gpg_clear_signed_text_keeps_dashes_and_blanks():
    needs("gpg", works("gpg", "--version"))
    with World() as w:
        w.slipway("keys", "new", "--out", "key")
        w.write("cert", w.show("key", "openpgp", "--user-id", "Release <release@example.org>").encode())
        w.run("gpg", "--import", "cert")
        for name in "-dash.txt", "two words.txt", "end .txt":
            w.write(name, b"x")
        w.slipway("keys", "sign-file", "--key", "key", "--format", "checksum", "--", "-dash.txt", "two words.txt", "end .txt")
        w.run("gpg", "--verify", "CHECKSUM.asc")
        w.run("sha256sum", "-c", "CHECKSUM.asc")


def test_keys_of_gpg_sign_too():
    needs("gpg", works("gpg", "--version"))
    with World() as w:
        for name, kind in ("rsa@example.org", "rsa3072"), ("ed@example.org", "ed25519"):
            w.run("gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--quick-gen-key", name, kind, "sign")
            w.run("gpgconf", "--kill", "gpg-agent", code=None)
            w.sign(f"gpg:{name}", "openpgp", "b.bin", more=["--passphrase-file", "pass"])
            w.judge("b.bin", "b.bin.asc", lambda: w.run("gpg", "--verify", "b.bin.asc", "b.bin", code=None).returncode == 0)
        w.sign("gpg:ed@example.org", "checksum", "a.txt", more=["--passphrase-file", "pass"])
        w.run("gpg", "--verify", "CHECKSUM.asc")
        w.slipway("keys", "sign-file", "--key", "gpg:nobody", "--format", "openpgp", "b.bin", code=1)
        w.slipway("keys", "sign-file", "--key", "gpg:ed@example.org", "--format", "minisign", "b.bin", code=1)


def test_ssh_keygen_judges_signatures_of_our_own_keys():
    with World() as w:
        for kind in "ed25519", "p256", "p384":
            with scratch.label(kind):
                w.slipway("keys", "new", "--out", kind, "--type", kind)
                w.sign(kind, "sshsig", "b.bin")
                line = w.show(kind, "ssh")
                w.judge("b.bin", "b.bin.sig", lambda line=line: w.ssh_holds(line))
        w.sign("p256", "sshsig", "b.bin", more=["--namespace", "release"])
        assert not w.ssh_holds(w.show("p256", "ssh"))
        assert w.ssh_holds(w.show("p256", "ssh"), name_space="release")


def test_keys_of_an_agent_sign():
    needs("ssh-agent", works("sh", "-c", "command -v ssh-agent"))
    with World() as w, agent(w):
        for kind, bits in ("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("rsa", "3072"):
            name = kind + bits
            with scratch.label(name):
                w.run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", name, "-f", name)
                w.run("ssh-add", "-q", name)
                os.unlink(w.path(name))  # only the agent has it now
                w.sign("ssh-agent:" + name, "sshsig", "b.bin")
                line = w.read(name + ".pub").decode()
                w.judge("b.bin", "b.bin.sig", lambda line=line: w.ssh_holds(line))
        fingerprint = w.run("ssh-keygen", "-l", "-f", "ed25519256.pub").stdout.decode().split()[1]
        w.sign("ssh-agent:" + fingerprint, "sshsig", "b.bin")
        assert w.ssh_holds(w.read("ed25519256.pub").decode())
        if works("minisign", "-v"):
            w.sign("ssh-agent:" + fingerprint, "minisign", "b.bin")
            assert w.minisign_holds(w.show("ssh-agent:" + fingerprint, "minisign"))
        assert "holds no key" in w.run(SLIPWAY, "keys", "show", "ssh-agent:SHA256:none", code=1).stderr.decode()
        w.run("ssh-add", "-x", stdin=b"", code=None)
        w.run("ssh-add", "-D")
        w.slipway("keys", "sign-file", "--key", "ssh-agent:" + fingerprint, "--format", "sshsig", "b.bin", code=1)


def test_minisign_judges_signatures_of_our_own_keys():
    needs("minisign", works("minisign", "-v"))
    with World() as w:
        w.slipway("keys", "new", "--out", "key")
        w.sign("key", "minisign", "b.bin")
        public = w.show("key", "minisign")
        w.judge("b.bin", "b.bin.minisig", lambda: w.minisign_holds(public))
        good = w.read("b.bin.minisig")
        w.write("b.bin.minisig", good.replace(b"file:b.bin", b"file:c.bin"))
        assert not w.minisign_holds(public), "accepted with another trusted comment"


def pae(payload_type, payload):
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type, len(payload), payload)


OPENSSL = {"p256": ["-sha256"], "p384": ["-sha384"],
           "rsa": ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]}


def openssl_holds(w, kind, key):
    """Whether b.bin.intoto.jsonl is signed by @key, says openssl."""
    envelope = json.loads(w.read("b.bin.intoto.jsonl"))
    w.write("public.pem", w.show(key[0], "pem", *key[1:]).encode())
    w.write("message", pae(envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])))
    w.write("signature", base64.b64decode(envelope["signatures"][0]["sig"]))
    if kind == "ed25519":
        argv = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "message", "-sigfile",
                "signature"]
    else:
        argv = ["openssl", "dgst", *OPENSSL[kind], "-verify", "public.pem", "-signature", "signature", "message"]
    return w.run(*argv, code=None).returncode == 0


def check_intoto(w, kind, key, more=()):
    w.write("predicate.json", b'{"releaseId": "x"}')
    w.sign(key, "intoto", "b.bin", more=["--predicate-type", PREDICATE_TYPE, "--predicate", "predicate.json", *more])
    statement = json.loads(base64.b64decode(json.loads(w.read("b.bin.intoto.jsonl"))["payload"]))
    assert statement["predicateType"] == PREDICATE_TYPE and statement["subject"][0]["name"] == "b.bin", statement
    assert openssl_holds(w, kind, [key, *more])
    envelope = json.loads(w.read("b.bin.intoto.jsonl"))
    payload = bytearray(base64.b64decode(envelope["payload"]))
    payload[20] ^= 1
    envelope["payload"] = base64.b64encode(payload).decode()
    w.write("b.bin.intoto.jsonl", json.dumps(envelope).encode())
    assert not openssl_holds(w, kind, [key, *more]), "accepted with another payload"


def test_openssl_judges_every_kind_of_key_and_reads_encrypted_ones():
    needs("openssl", works("openssl", "version"))
    with World() as w:
        for kind in "ed25519", "p256", "p384", "rsa":
            with scratch.label(kind):
                w.slipway("keys", "new", "--out", kind, "--type", kind, "--passphrase-file", "pass")
                assert b"ENCRYPTED" in w.read(kind)
                assert os.stat(w.path(kind)).st_mode & 0o777 == 0o600
                w.run("openssl", "pkey", "-in", kind, "-passin", "file:pass", "-noout")
                check_intoto(w, kind, kind, ["--passphrase-file", "pass"])


def test_keys_that_openssl_encrypted_are_read():
    needs("openssl", works("openssl", "version"))
    with World() as w:
        for words in (["-v2", "aes-256-cbc"], ["-scrypt"]):
            w.run("openssl", "genpkey", "-algorithm", "ED25519", "-out", "plain.pem")
            w.run("openssl", "pkcs8", "-topk8", "-in", "plain.pem", "-out", "sealed.pem", "-passout", "file:pass", *words)
            os.chmod(w.path("sealed.pem"), 0o600)
            os.chmod(w.path("plain.pem"), 0o600)
            assert w.show("sealed.pem", "pem", "--passphrase-file", "pass") == w.show("plain.pem", "pem")


def test_a_passphrase_comes_from_file_variable_credential_or_terminal():
    with World() as w:
        w.slipway("keys", "new", "--out", "key", "--passphrase-file", "pass")
        wanted = w.show("key", "pem", "--passphrase-file", "pass")
        w.write("bad", b"wrong\n", 0o600)
        for words, says in (["--passphrase-file", "bad"], "does not open it"), ([], "no terminal"):
            done = subprocess.run([SLIPWAY, "keys", "show", "key", *words], cwd=w.dir, env=w.env, capture_output=True,
                                  stdin=subprocess.DEVNULL, start_new_session=True, timeout=60)
            assert done.returncode == 1 and says in done.stderr.decode(), done
        w.env["SLIPWAY_PASSPHRASE_FILE"] = w.path("pass")
        assert w.show("key", "pem") == wanted
        del w.env["SLIPWAY_PASSPHRASE_FILE"]
        os.mkdir(w.path("credentials"))
        w.write("credentials/slipway.passphrase", PASSPHRASE.encode(), 0o440)
        w.env["CREDENTIALS_DIRECTORY"] = w.path("credentials")
        assert w.show("key", "pem") == wanted
        del w.env["CREDENTIALS_DIRECTORY"]
        os.chmod(w.path("pass"), 0o644)
        assert "others may read it" in w.run(SLIPWAY, "keys", "show", "key", "--passphrase-file", "pass", code=1).stderr.decode()
        shown = on_terminal(w, [SLIPWAY, "keys", "show", "key", "--format", "pem"], PASSPHRASE)
        assert wanted.replace("\n", "\r\n") in shown and PASSPHRASE not in shown, shown


def on_terminal(w, argv, answer):
    """What a terminal shows while @argv runs on it and is given @answer at its first prompt."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(w.dir)
        os.execve(argv[0], argv, w.env)
    shown = b""
    try:
        while not shown.endswith(b"': "):
            shown += os.read(fd, 4096)
        while subprocess.run(["stty", "-a"], stdin=fd, capture_output=True, check=True).stdout.find(b" -echo ") < 0:
            pass
        os.write(fd, answer.encode() + b"\n")
        while True:
            shown += os.read(fd, 4096)
    except OSError:  # the other end is closed
        pass
    os.waitpid(pid, 0)
    os.close(fd)
    return shown.decode()


def test_keys_of_a_pkcs11_token_sign():
    needs("softhsm2", os.path.exists(SOFTHSM) and works("softhsm2-util", "--version"))
    needs("pkcs11-tool", works("sh", "-c", "command -v pkcs11-tool"))
    with World() as w:
        os.mkdir(w.path("tokens"))
        w.write("softhsm2.conf", f"directories.tokendir = {w.path('tokens')}\nobjectstore.backend = file\n".encode())
        w.env["SOFTHSM2_CONF"] = w.path("softhsm2.conf")
        w.run("softhsm2-util", "--init-token", "--free", "--label", "release", "--pin", "1234", "--so-pin", "5678")
        w.write("pin", b"1234\n", 0o600)
        w.write("wrong", b"4321\n", 0o600)
        for number, (kind, spec) in enumerate([("p256", "EC:prime256v1"), ("p384", "EC:secp384r1"), ("rsa", "rsa:3072"),
                                               ("ed25519", "EC:edwards25519")], 1):
            with scratch.label(kind):
                w.run("pkcs11-tool", "--module", SOFTHSM, "-l", "--pin", "1234", "--keypairgen", "--key-type", spec, "--label",
                      kind, "--id", f"{number:02}")
                uri = f"pkcs11:token=release;object={kind}?module-path={SOFTHSM}"
                check_intoto(w, kind, uri, ["--passphrase-file", "pin"])
                check_intoto(w, kind, f"pkcs11:token=release;id=%{number:02}?module-path={SOFTHSM}&pin-source=file:{w.path('pin')}")
                if kind != "rsa":
                    w.sign(uri, "sshsig", "b.bin", more=["--passphrase-file", "pin"])
                    assert w.ssh_holds(w.show(uri, "ssh", "--passphrase-file", "pin"))
        for uri, pin, says in ((uri, "wrong", "PIN"), (uri.replace("ed25519", "none"), "pin", "no token here"),
                               (f"pkcs11:token=release?module-path={SOFTHSM}", "pin", "several keys"),
                               ("pkcs11:token=release;object=p256?module-path=/nowhere.so", "pin", "module"),
                               ("pkcs11:nonsense", "pin", "RFC 7512")):
            with scratch.label(uri):
                done = w.run(SLIPWAY, "keys", "show", uri, "--passphrase-file", pin, code=1)
                assert says in done.stderr.decode(), done


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
