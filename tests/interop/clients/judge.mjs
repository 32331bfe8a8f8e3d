// SPDX-License-Identifier: Apache-2.0
// judge: sigstore-js says of each bundle whether it holds. Usage: judge.mjs 4|5 TRUSTED_ROOT KEY ARTIFACT FOLDER.
// A line "NAME<tab>accepted" or "NAME<tab>refused: why" for each FOLDER/NAME.json.
import { createPublicKey } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';

const [version, rootPath, keyPath, artifactPath, folder] = process.argv.slice(2);
const old = version === '4';
const { bundleFromJSON } = await import(old ? '@sigstore/bundle-4' : '@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = await import(old ? '@sigstore/verify-4' : '@sigstore/verify');

const publicKey = createPublicKey(readFileSync(keyPath));
const artifact = readFileSync(artifactPath);
const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(rootPath, 'utf8')));
const material = toTrustMaterial(root, () => ({ publicKey, validFor: () => true }));
const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 1 });

function judge(text) {
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    verifier.verify(toSignedEntity(bundle, bundle.content.$case === 'messageSignature' ? artifact : undefined));
    return 'accepted';
  } catch (error) {
    return `refused: ${error.code ?? ''} ${error.message}`.replaceAll('\n', ' ');
  }
}

for (const name of readdirSync(folder).filter((n) => n.endsWith('.json')).sort())
  console.log(`${name.slice(0, -5)}\t${judge(readFileSync(join(folder, name), 'utf8'))}`);
