# SPDX-License-Identifier: Apache-2.0
"""`slipway sigstore verify-bundle` in the words of sigstore-conformance: its verification cases, one process each by
artifact and by digest."""
import glob
import hashlib
import json
import os
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


def test_the_kept_trusted_root_is_believed_without_an_option():
    needs("vectors", len(cases()) > 0)
    case = f"{VECTORS}/happy-path-v0.3"
    words = command(case, f"{VECTORS}/a.txt")
    at = words.index("--trusted-root")
    del words[at:at + 2]
    with tempfile.TemporaryDirectory(prefix="slipway-sigstore-") as home:
        env = dict(os.environ, XDG_CONFIG_HOME=home)
        refused = run(words, env=env)
        assert refused.returncode == 1 and "--trusted-root" in refused.stderr, refused
        os.mkdir(f"{home}/slipway")
        with open(f"{VECTORS}/default_trusted_root.json", "rb") as source, \
                open(f"{home}/slipway/trusted_root.json", "wb") as kept:
            kept.write(source.read())
        verified = run(words, env=env)
        assert verified.returncode == 0, verified


def test_nobody_named_is_a_usage_error():
    result = run([SLIPWAY, "sigstore", "verify-bundle", "--bundle", "b.json", "a.txt"])
    assert result.returncode == 1 and "--certificate-identity" in result.stderr, result


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
