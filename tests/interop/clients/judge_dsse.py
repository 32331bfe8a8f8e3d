# SPDX-License-Identifier: Apache-2.0
"""securesystemslib says of each bundle's envelope whether it holds. Usage: judge_dsse.py KEY FOLDER."""
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import SSlibKey

key = load_pem_public_key(pathlib.Path(sys.argv[1]).read_bytes())


def judge(envelope):
    try:
        parsed = Envelope.from_dict(envelope)
        # Whoever verifies knows the key under the name that its signer gives it.
        parsed.verify([SSlibKey.from_crypto(key, keyid=keyid) for keyid in parsed.signatures], 1)
        return "accepted"
    except (UnverifiedSignatureError, VerificationError, ValueError) as error:
        return f"refused: {error}".replace("\n", " ")


for path in sorted(pathlib.Path(sys.argv[2]).glob("*.json")):
    print(f"{path.stem}\t{judge(json.loads(path.read_text(encoding='utf-8'))['dsseEnvelope'])}")
