// SPDX-License-Identifier: Apache-2.0
// mock: Sigstore's own mock of Fulcio, Rekor and a time-stamp authority, served on loopback. Prints its address.
// POST /rotate/{ca,ctlog,tlog,tsa} replaces one key; GET /trusted_root.json names all keys there have been (?only=now: those of
// now), GET /signing_config.json the services (?rekor=2: the log's second version). Where the mock logs and stamps in a form of its
// own, what the real services do is done here: see the comments.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, initializeTSA, tsaHandler } from '@sigstore/mock';

const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const now = {};
const past = []; // trusted-root members of every key there has been
let base = '';

const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const start = { start: '2020-01-01T00:00:00Z' };
const publicKey = (der) => ({ rawBytes: b64(der), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: start });
const chain = (...certificates) => ({ certificates: certificates.map((der) => ({ rawBytes: b64(der) })) });

const members = {
  ca: () => ['certificateAuthorities', {
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: base, certChain: chain(now.ca.rootCertificate), validFor: start }],
  ctlog: () => ['ctlogs', {
    baseUrl: base, hashAlgorithm: 'SHA2_256', publicKey: publicKey(now.ctlog.publicKey), logId: { keyId: b64(now.ctlog.logID) } }],
  tlog: () => ['tlogs', {
    baseUrl: base, hashAlgorithm: 'SHA2_256', publicKey: publicKey(now.tlog.publicKey),
    logId: { keyId: b64(createHash('sha256').update(now.tlog.publicKey).digest()) } }],
  tsa: () => ['timestampAuthorities', {
    subject: { organization: 'sigstore.mock', commonName: 'tsa signing' }, uri: base,
    certChain: chain(now.tsa.intCertificate, now.tsa.rootCertificate), validFor: start }],
};
const make = {
  ctlog: async () => { now.ctlog = await initializeCTLog(keys()); now.ca = await initializeCA(now.caKeys, now.ctlog); },
  ca: async () => { now.caKeys = keys(); now.ca = await initializeCA(now.caKeys, now.ctlog); },
  tlog: async () => { now.tlog = await initializeTLog(base, keys()); },
  tsa: async () => {
    now.tsa = await initializeTSA(keys());
    // Whole seconds: of some fractions the mock writes what sigstore-js does not read.
    now.tsa.getCurrentTime = () => new Date(Math.floor(Date.now() / 1000) * 1000);
  },
};

async function rotate(what) {
  await make[what]();
  past.push(members[what]());
  if (what === 'ctlog') past.push(members.ca()); // its certificate is made anew by the same key
}

function trustedRoot(onlyNow) {
  const root = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  for (const [list, member] of onlyNow ? Object.values(members).map((f) => f()) : past) root[list].push(member);
  return root;
}

function signingConfig(rekor) {
  const service = (url, majorApiVersion) => ({ url, majorApiVersion, validFor: start, operator: 'sigstore.mock' });
  return { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(base, 1)], oidcUrls: [], rekorTlogUrls: [service(base, rekor)], tsaUrls: [service(`${base}/api/v1/timestamp`, 1)],
    rekorTlogConfig: { selector: 'ANY' }, tsaConfig: { selector: 'ANY' } };
}

// The mock keeps a proposed dsse entry as it came; Rekor keeps hashes and signatures of it.
function asLogged(entry) {
  if (entry.kind !== 'dsse') return entry;
  const hash = (bytes) => ({ algorithm: 'sha256', value: createHash('sha256').update(bytes).digest('hex') });
  const { envelope, verifiers } = entry.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  return { apiVersion: '0.0.1', kind: 'dsse', spec: { envelopeHash: hash(envelope), payloadHash: hash(Buffer.from(payload, 'base64')),
    signatures: signatures.map(({ sig }, i) => ({ signature: sig, verifier: verifiers[i] })) } };
}

// The mock keeps the request of version 2; Rekor keeps this.
function asLoggedV2({ hashedRekordRequestV002: { digest, signature } }) {
  const { keyDetails, x509Certificate } = signature.verifier;
  return { apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: {
    data: { algorithm: 'SHA2_256', digest },
    signature: { content: signature.content, verifier: { keyDetails, x509Certificate } } } } };
}

async function logV2(body) {
  const entry = Object.values(await now.tlog.log(asLoggedV2(JSON.parse(body))))[0];
  const proof = entry.verification.inclusionProof;
  return { logIndex: '0', logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    inclusionProof: { logIndex: '0', treeSize: '1', rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'), hashes: [],
      checkpoint: { envelope: proof.checkpoint } },
    canonicalizedBody: entry.body };
}

// The mock reads requests as JSON only; here they come as RFC 3161 has them.
async function stamp(der) {
  const at = der.indexOf(Buffer.from([0x04, 0x20])); // the imprint's hash
  const nonce = at + 34; // an INTEGER behind it
  if (at < 0 || der[nonce] !== 0x02) return { statusCode: 400, response: 'no SHA-256 request with a nonce' };
  const number = Number(BigInt(`0x${der.subarray(nonce + 2, nonce + 2 + der[nonce + 1]).toString('hex')}`));
  const request = { artifactHash: der.subarray(at + 2, at + 34).toString('base64'), hashAlgorithm: 'sha256', nonce: number, certificates: true };
  return tsaHandler(now.tsa).fn(JSON.stringify(request));
}

async function answer(request, body) {
  const url = new URL(request.url, base);
  const json = (value) => ({ statusCode: 200, response: JSON.stringify(value) });
  switch (`${request.method} ${url.pathname}`) {
    case 'POST /api/v2/signingCert': return fulcioHandler(now.ca).fn(body.toString());
    case 'POST /api/v1/log/entries': return { statusCode: 201, response: JSON.stringify(await now.tlog.log(asLogged(JSON.parse(body)))) };
    case 'POST /api/v2/log/entries': return { statusCode: 201, response: JSON.stringify(await logV2(body)) };
    case 'POST /api/v1/timestamp': return stamp(body);
    case 'GET /trusted_root.json': return json(trustedRoot(url.searchParams.get('only') === 'now'));
    case 'GET /signing_config.json': return json(signingConfig(Number(url.searchParams.get('rekor') ?? 1)));
    default:
      if (!url.pathname.startsWith('/rotate/')) return { statusCode: 404, response: 'no such thing' };
      await rotate(url.pathname.split('/')[2]);
      return json({});
  }
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const { statusCode, response: text } = await answer(request, Buffer.concat(parts)).catch((error) => ({ statusCode: 500, response: `${error.stack}` }));
    response.writeHead(statusCode);
    response.end(text);
  });
});
server.listen(0, '127.0.0.1', async () => {
  base = `http://127.0.0.1:${server.address().port}`;
  now.caKeys = keys();
  now.ctlog = await initializeCTLog(keys());
  for (const what of ['ca', 'tlog', 'tsa']) await make[what]();
  for (const member of Object.values(members)) past.push(member());
  console.log(base);
});
