// SPDX-License-Identifier: Apache-2.0
// log_in: sigstore-js signs with a certified key, has it time-stamped and logged by us, and verifies what it got. (It sends a
// bare key as if it were a certificate, which no Rekor takes.) Usage: log_in.mjs URL TRUSTED_ROOT KEY_PEM CERTIFICATE_PEM
import { execFileSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [url, rootPath, keyPath, certificatePath] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyPath));
const certificate = readFileSync(certificatePath, 'utf8');
const signer = {
  sign: async (data) => ({ signature: sign('sha256', data, key), key: { $case: 'x509Certificate', certificate } }),
};
// Its own TSAWitness asks in JSON; RFC 3161 has a request of its own.
async function stamp(content) {
  const signature = content.$case === 'dsseEnvelope' ? content.dsseEnvelope.signatures[0].sig : content.messageSignature.signature;
  writeFileSync(`${keyPath}.signature`, signature);
  const query = execFileSync('openssl', ['ts', '-query', '-data', `${keyPath}.signature`, '-sha256', '-cert']);
  const headers = { 'Content-Type': 'application/timestamp-query' };
  const answer = await fetch(`${url}/api/v1/timestamp`, { method: 'POST', headers, body: query });
  if (!answer.ok) throw new Error(`time stamp: ${answer.status}`);
  return { rfc3161Timestamps: [{ signedTimestamp: Buffer.from(await answer.arrayBuffer()) }] };
}
const witnesses = [
  new RekorWitness({ rekorBaseURL: url, majorApiVersion: 2, retry: 0, timeout: 20000 }),
  { testify: stamp },
];
const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(rootPath, 'utf8'))));
const verifier = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 1 });

const artifact = { data: Buffer.from('an artifact\n') };
const statement = { data: Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}'), type: 'application/vnd.in-toto+json' };
const builders = {
  message: [new MessageSignatureBundleBuilder({ signer, witnesses }), artifact],
  dsse: [new DSSEBundleBuilder({ signer, witnesses, certificateChain: false }), statement],
};
for (const [name, [builder, what]] of Object.entries(builders)) {
  const made = bundleToJSON(await builder.create(what));
  const judge = (bundle) => {
    try {
      verifier.verify(toSignedEntity(bundleFromJSON(bundle), name === 'message' ? artifact.data : undefined));
      return 'accepted';
    } catch (error) {
      return `refused: ${error.message.replaceAll('\n', ' ')}`;
    }
  };
  const changed = structuredClone(made);
  const entry = changed.verificationMaterial.tlogEntries[0];
  entry.logId.keyId = Buffer.alloc(32, 1).toString('base64');
  console.log(`${name}\t${judge(made)}`);
  console.log(`${name} of another log\t${judge(changed)}`);
  console.log(`${name} kind\t${made.verificationMaterial.tlogEntries[0].kindVersion.kind}`);
}
