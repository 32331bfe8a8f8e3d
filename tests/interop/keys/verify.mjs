// SPDX-License-Identifier: Apache-2.0
// verify: sigstore-js judges a bundle. Usage: verify.mjs BUNDLE TRUSTED_ROOT IDENTITY ISSUER ARTIFACT. Exit 0: accepted.
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [bundleFile, rootFile, identity, issuer, artifact] = process.argv.slice(2);
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundleFile, 'utf8')));
const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(rootFile, 'utf8'))));
const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 });
const policy = { subjectAlternativeName: identity, extensions: { issuer } };
verifier.verify(toSignedEntity(bundle, readFileSync(artifact)), policy);
