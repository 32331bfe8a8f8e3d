// SPDX-License-Identifier: Apache-2.0
// verify: Sigstore's own client judges a bundle of ours, as made and tampered with. Usage: verify.mjs FOLDER
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const folder = process.argv[2];
const read = (name) => readFileSync(join(folder, name), 'utf8');
const good = read('bundle.json');
const engine = createPublicKey(read('engine.pem'));
const hint = JSON.parse(good).verificationMaterial.publicKey.hint;

const trustedRoot = TrustedRoot.fromJSON(JSON.parse(read('trusted_root.json')));
const material = toTrustMaterial(trustedRoot, (asked) => {
  if (asked !== hint) throw new Error(`unknown hint ${asked}`);
  return { publicKey: engine, validFor: () => true };
});
const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 });

function judge(text) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text))));
    return 'accepted';
  } catch (error) {
    return `refused: ${error.message}`;
  }
}

// A base64 text with one bit of its first byte changed.
function flipped(text) {
  const bytes = Buffer.from(text, 'base64');
  bytes[0] ^= 1;
  return bytes.toString('base64');
}

function changed(change) {
  const bundle = JSON.parse(good);
  change(bundle, bundle.verificationMaterial.tlogEntries[0]);
  return JSON.stringify(bundle);
}

const cases = [
  ['bundle_as_made_is_accepted', true, good],
  ['other_payload_is_refused', false,
    changed((b) => { b.dsseEnvelope.payload = flipped(b.dsseEnvelope.payload); })],
  ['other_leaf_is_refused', false,
    changed((b, e) => { e.canonicalizedBody = flipped(e.canonicalizedBody); })],
  ['other_proof_hash_is_refused', false,
    changed((b, e) => { e.inclusionProof.hashes[0] = flipped(e.inclusionProof.hashes[0]); })],
  ['missing_proof_hash_is_refused', false, changed((b, e) => { e.inclusionProof.hashes.pop(); })],
  ['other_checkpoint_is_refused', false,
    changed((b, e) => {
      e.inclusionProof.checkpoint.envelope = e.inclusionProof.checkpoint.envelope.replace('\n7\n', '\n8\n');
    })],
  ['unknown_log_is_refused', false, changed((b, e) => { e.logId.keyId = flipped(e.logId.keyId); })],
  ['two_signatures_are_refused', false,
    changed((b) => { b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0]); })],
];

let failed = 0;
console.log(`1..${cases.length}`);
cases.forEach(([name, wanted, text], i) => {
  const verdict = judge(text);
  const ok = (verdict === 'accepted') === wanted;
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${i + 1} - ${name}`);
  console.log(`# ${verdict.replaceAll('\n', ' ')}`);
});
process.exit(failed === 0 ? 0 : 1);
