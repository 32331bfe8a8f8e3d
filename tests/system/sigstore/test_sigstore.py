# SPDX-License-Identifier: Apache-2.0
"""`slipway sigstore verify-bundle` in the words of sigstore-conformance: its verification cases, one process each by
artifact and by digest."""
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "interop", "clients"))
import scratch  # noqa: E402
from scratch import SLIPWAY, needs  # noqa: E402
from world import CHANGES, World  # noqa: E402

VECTORS = os.path.join(os.environ.get("VECTORS", ""), "sigstore-bundles")
IDENTITY = ("https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
            "extremely-dangerous-oidc-beacon.yml@refs/heads/main")
ISSUER = "https://token.actions.githubusercontent.com"


def text_or(path, otherwise):
    if not os.path.exists(path):
        return otherwise
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def command(case, artifact):
    """The words in the order in which the suite gives them."""
    words = [SLIPWAY, "sigstore", "verify-bundle", "--bundle", f"{case}/bundle.sigstore.json"]
    if os.path.exists(f"{case}/key.pub"):
        words += ["--key", f"{case}/key.pub"]
    else:
        words += ["--certificate-identity", text_or(f"{case}/identity", IDENTITY),
                  "--certificate-oidc-issuer", text_or(f"{case}/issuer", ISSUER)]
    root = f"{case}/trusted_root.json"
    words += ["--trusted-root", root if os.path.exists(root) else f"{VECTORS}/default_trusted_root.json"]
    return words + [artifact]


def run(words, **kwargs):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, **kwargs)


def cases():
    return sorted(os.path.dirname(path) for path in glob.glob(f"{VECTORS}/*/bundle.sigstore.json"))


def test_conformance_cases_are_judged_as_their_names_say():
    needs("vectors", len(cases()) > 0)
    wrong = []
    for case in cases():
        artifact = f"{case}/artifact" if os.path.exists(f"{case}/artifact") else f"{VECTORS}/a.txt"
        with open(artifact, "rb") as file:
            digest = "sha256:" + hashlib.sha256(file.read()).hexdigest()
        for what in (artifact, digest):
            result = run(command(case, what))
            if (result.returncode == 0) == case.endswith("_fail"):
                wrong.append(f"{os.path.basename(case)} {what}: {result.returncode}\n{result.stdout}{result.stderr}")
    assert not wrong, "\n".join(wrong)


def test_a_verified_bundle_tells_each_check_as_json():
    needs("vectors", len(cases()) > 0)
    case = f"{VECTORS}/rekor2-dsse-happy-path"
    result = run(command(case, f"{VECTORS}/a.txt") + ["--json"])
    report = json.loads(result.stdout)
    checks = [check["check"] for check in report["checks"] if check["result"] == "ok"]
    assert report["result"] == "ok", report
    assert checks == ["bundle", "timestamp", "log", "certificate", "transparency", "identity", "signature", "artifact"], checks


def without(words, option):
    at = words.index(option)
    return words[:at] + words[at + 2:]


def test_without_a_trusted_root_the_kept_or_the_public_one_is_believed():
    needs("vectors", len(cases()) > 0)
    public, own = f"{VECTORS}/happy-path-v0.3", f"{VECTORS}/intoto-with-custom-trust-root"
    public_words = without(command(public, f"{VECTORS}/a.txt"), "--trusted-root")
    own_words = without(command(own, f"{own}/artifact" if os.path.exists(f"{own}/artifact") else f"{VECTORS}/a.txt"),
                        "--trusted-root")
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as home:
        env = dict(os.environ, XDG_CONFIG_HOME=home)
        built_in = run(public_words, env=env)
        assert built_in.returncode == 0 and "public instance" in built_in.stderr, built_in
        assert run(own_words, env=env).returncode != 0
        os.mkdir(f"{home}/slipway")
        shutil.copyfile(f"{own}/trusted_root.json", f"{home}/slipway/trusted_root.json")
        kept = run(own_words, env=env)
        assert kept.returncode == 0 and "public instance" not in kept.stderr, kept
        with open(f"{home}/slipway/trusted_root.json", "w", encoding="ascii") as broken:
            broken.write("{}")  # is not passed over
        assert run(public_words, env=env).returncode == 1


def test_staging_believes_its_own_kept_root_only():
    needs("vectors", len(cases()) > 0)
    words = without(command(f"{VECTORS}/happy-path-v0.3", f"{VECTORS}/a.txt"), "--trusted-root")
    words.insert(3, "--staging")  # where the suite puts it
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as home:
        env = dict(os.environ, XDG_CONFIG_HOME=home)
        refused = run(words, env=env)
        assert refused.returncode == 1 and "--trusted-root" in refused.stderr, refused
        os.mkdir(f"{home}/slipway")
        shutil.copyfile(f"{VECTORS}/default_trusted_root.json", f"{home}/slipway/trusted_root.staging.json")
        assert run(words, env=env).returncode == 0


def test_a_file_called_like_a_digest_is_the_file():
    needs("vectors", len(cases()) > 0)
    with open(f"{VECTORS}/a.txt", "rb") as file:
        name = "sha256:" + hashlib.sha256(file.read()).hexdigest()
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as folder:
        words = command(f"{VECTORS}/happy-path-v0.3", name)
        assert run(words, cwd=folder).returncode == 0  # no such file
        with open(os.path.join(folder, name), "w", encoding="ascii") as other:
            other.write("something else")
        assert run(words, cwd=folder).returncode != 0
        shutil.copyfile(f"{VECTORS}/a.txt", os.path.join(folder, name))
        assert run(words, cwd=folder).returncode == 0


def test_wrong_command_lines_are_refused_with_a_word_about_it():
    needs("vectors", len(cases()) > 0)
    right = command(f"{VECTORS}/happy-path-v0.3", f"{VECTORS}/a.txt")
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as folder:
        empty = os.path.join(folder, "empty")
        with open(empty, "w", encoding="ascii"):
            pass
        wrong = {
            "nobody named": without(right, "--certificate-identity"),
            "no issuer": without(right, "--certificate-oidc-issuer"),
            "no bundle named": without(right, "--bundle"),
            "unknown option": right[:3] + ["--certificate-github-workflow-sha", "x"] + right[3:],
            "no artifact": right[:-1],
            "two artifacts": right + [right[-1]],
            "an option without its value": right + ["--bundle"],
            "key and identity": right[:3] + ["--key", f"{VECTORS}/managed-key-and-trusted-root/key.pub"] + right[3:],
            "missing artifact": right[:-1] + ["/nonexistent/a.txt"],
            "digest of another length": right[:-1] + ["sha256:abcd"],
            "digest of another algorithm": right[:-1] + ["sha512:" + "0" * 128],
        }
        for option in ("--bundle", "--trusted-root"):
            at = right.index(option) + 1
            wrong[f"missing {option}"] = right[:at] + ["/nonexistent/x"] + right[at + 1:]
            wrong[f"empty {option}"] = right[:at] + [empty] + right[at + 1:]
            wrong[f"folder as {option}"] = right[:at] + [folder] + right[at + 1:]
        said = {name: run(words) for name, words in wrong.items()}
    bad = {name: (done.returncode, done.stderr) for name, done in said.items()
           if not 1 <= done.returncode <= 15 or (done.returncode == 1 and not done.stderr)}
    assert not bad, bad
    assert all(said[name].returncode == 1 for name in said if not name.startswith("empty")), \
        {name: done.returncode for name, done in said.items()}


def test_a_signature_asked_for_wrongly_leaves_nothing_behind():
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as folder:
        artifact, bundle = os.path.join(folder, "a"), os.path.join(folder, "b.json")
        with open(artifact, "w", encoding="ascii") as file:
            file.write("a")
        sign = [SLIPWAY, "sigstore", "sign-bundle"]
        for words in (["--bundle", bundle, artifact],
                      ["--identity-token", "x", artifact],
                      ["--identity-token", "x", "--bundle", bundle],
                      ["--identity-token", "x", "--bundle", bundle, "--nosuch", artifact],
                      ["--identity-token", "x", "--bundle", bundle, "--signing-config", artifact, artifact],
                      ["--identity-token", "not a token", "--bundle", bundle, "--signing-config", "/nonexistent", artifact]):
            done = run(sign + words)
            assert done.returncode in (1, 2) and done.stderr and not os.path.exists(bundle), (words, done)


def test_our_own_bundle_is_accepted_and_every_change_of_it_refused():
    with World() as w:
        folder, wrong = w.cases(CHANGES), []
        for name in sorted(os.listdir(folder)):
            result = run([SLIPWAY, "sigstore", "verify-bundle", "--bundle", os.path.join(folder, name), "--key", w.key,
                          "--trusted-root", w.trusted_root, w.asset])
            if (result.returncode == 0) != (name == "as_made.json"):
                wrong.append(f"{name}: {result.returncode}\n{result.stdout}{result.stderr}")
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    sys.exit(scratch.main(sys.modules[__name__]))
