#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py: bundles of an engine of our own for tests: three facts by the same keys in one log, two of them about the same asset, and
one whose statement names very many subjects. Writes them, the trusted root, the engine's key and the asset into its own folder.
Run it with SLIPWAY_BUILD set to a build folder; the engine is thrown away."""
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..", "..", "..")
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "interop", "clients")]
from world import SPDX, World  # noqa: E402

N_SUBJECTS = 400


def main():
    with World() as w:
        second = w.append(SPDX, {"spdxVersion": "SPDX-second"})
        other = w.append(SPDX, {"spdxVersion": "SPDX-other"}, digest="5" * 64)
        subjects = [{"name": f"s{number}", "digest": {"sha512": f"{number:0128x}"}} for number in range(N_SUBJECTS)]
        many = w.call("log.append", statement=json.dumps(
            {"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": SPDX, "predicate": {}},
            sort_keys=True, separators=(",", ":")))["statement"]
        bundles = {"first": w.bundle, "second": w.prove(second), "other": w.prove(other), "subjects": w.prove(many)}
        for name, bundle in bundles.items():
            with open(os.path.join(HERE, name + ".json"), "w", encoding="utf-8") as out:
                json.dump(bundle, out, separators=(",", ":"))
        for source, name in ((w.trusted_root, "root.json"), (w.key, "engine.pub"), (w.asset, "artifact")):
            shutil.copyfile(source, os.path.join(HERE, name))


if __name__ == "__main__":
    main()
