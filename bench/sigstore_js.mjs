// SPDX-License-Identifier: Apache-2.0
// sigstore_js: benchmark 4: Sigstore's own client verifies one bundle so many times in one process.
// Usage: sigstore_js.mjs NODE_MODULES BUNDLE TRUSTED_ROOT KEY COUNT
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, bundlePath, rootPath, keyPath, count] = process.argv.slice(2);
const load = createRequire(modules + '/');
const { bundleFromJSON } = load('@sigstore/bundle');
const { TrustedRoot } = load('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = load('@sigstore/verify');

const text = readFileSync(bundlePath, 'utf8');
const key = createPublicKey(readFileSync(keyPath, 'utf8'));
const trustedRoot = TrustedRoot.fromJSON(JSON.parse(readFileSync(rootPath, 'utf8')));
const material = toTrustMaterial(trustedRoot, () => ({ publicKey: key, validFor: () => true }));
const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 });
const verify = () => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(text))));

for (let i = 0; i < 50; i++) verify(); // until it is compiled
const before = process.cpuUsage();
for (let i = 0; i < Number(count); i++) verify();
const spent = process.cpuUsage(before);
console.log(JSON.stringify({ count: Number(count), cpu_us: (spent.user + spent.system) / Number(count) }));
