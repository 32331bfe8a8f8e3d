# SPDX-License-Identifier: Apache-2.0
"""sigstore-python says of each bundle whether it holds. Usage: judge_keyless.py TRUSTED_ROOT IDENTITY ISSUER ARTIFACT FOLDER.

A line "NAME<tab>accepted" or "NAME<tab>refused: why" for each FOLDER/NAME.json.
"""
import pathlib
import sys

from sigstore.errors import Error
from sigstore.models import Bundle, InvalidBundle, TrustedRoot
from sigstore.verify import Verifier, policy

root, identity, issuer, artifact, folder = sys.argv[1:]
verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
wanted = policy.Identity(identity=identity, issuer=issuer)


def judge(text):
    try:
        bundle = Bundle.from_json(text)
        if bundle._inner.dsse_envelope is not None:  # the library tells the two apart in no other way
            verifier.verify_dsse(bundle, wanted)
        else:
            verifier.verify_artifact(pathlib.Path(artifact).read_bytes(), bundle, wanted)
        return "accepted"
    except (Error, InvalidBundle, ValueError, KeyError) as error:
        return f"refused: {type(error).__name__} {error}".replace("\n", " ")


for path in sorted(pathlib.Path(folder).glob("*.json")):
    print(f"{path.stem}\t{judge(path.read_text(encoding='utf-8'))}")
