// SPDX-License-Identifier: Apache-2.0
// client: one visit of tuf-js. Usage: client.mjs tuf-js-N METADATA_FOLDER URL TARGET_FOLDER [TARGET…]
// METADATA_FOLDER/root.json is what is trusted. Exit 0: everything was verified.
const [name, metadataDir, metadataBaseUrl, targetDir, ...targets] = process.argv.slice(2);
const { Updater } = await import(name);

try {
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl,
    targetDir,
    targetBaseUrl: metadataBaseUrl + '/targets',
    config: { fetchRetry: 0 },
  });
  await updater.refresh();
  for (const target of targets) {
    const info = await updater.getTargetInfo(target);
    if (info === undefined) throw new Error(`no target '${target}'`);
    await updater.downloadTarget(info);
  }
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exit(1);
}
