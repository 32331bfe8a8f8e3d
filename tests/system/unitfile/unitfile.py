#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packaging/slipway.service under systemd-analyze: no complaint, and no more exposed than it is today."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from scratch import SLIPWAY, main, needs  # noqa: E402

UNIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "packaging", "slipway.service")
EXPOSURE = "35"  # of 100; sandboxed jobs need namespaces and a network


def analyze(*args):
    needs("systemd-analyze", shutil.which("systemd-analyze"))
    return subprocess.run(["systemd-analyze", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=50)


def test_the_unit_is_valid():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "slipway.service")
        with open(UNIT, encoding="utf-8") as file:
            text = file.read().replace("/usr/bin/slipway", os.path.abspath(SLIPWAY))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = analyze("verify", "--man=no", path)
        said = [line for line in done.stdout.splitlines() if "slipway.service" in line]  # others' units are not ours
        assert not said, done.stdout


def test_the_unit_is_not_more_exposed_than_it_was():
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", UNIT)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "\u2713" not in line)


if __name__ == "__main__":
    sys.exit(main(sys.modules["__main__"]))
