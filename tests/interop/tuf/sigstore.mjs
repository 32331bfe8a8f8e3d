// SPDX-License-Identifier: Apache-2.0
// sigstore: sigstore-js with nothing but our root and the address of our TUF repository.
// Usage: sigstore.mjs ROOT_FILE URL CACHE_FOLDER BUNDLE_FILE KEY_PEM_FILE. Exit 0: verified.
import { readFileSync } from 'node:fs';
import { verify } from 'sigstore';

const [tufRootPath, tufMirrorURL, tufCachePath, bundle, key] = process.argv.slice(2);
try {
  await verify(JSON.parse(readFileSync(bundle, 'utf8')), {
    tufRootPath,
    tufMirrorURL,
    tufCachePath,
    tufForceCache: false,
    ctLogThreshold: 0,
    keySelector: () => readFileSync(key, 'utf8'),
  });
} catch (error) {
  console.error(`${error.code ?? error.name}: ${error.message} ${error.cause ?? ''}`);
  process.exit(1);
}
