// SPDX-License-Identifier: Apache-2.0
// schema-check: the JSON Schema gives the verdict of "slipway check" on every file of the text tests. Where it cannot,
// the test says "# schema: accepts: why" itself; "# schema: n/a: why" is left out. TAP comes out.
//   node schema-check.mjs SCHEMA FILE.t...    (NODE_PATH or ./node_modules has ajv and yaml)
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const require = createRequire(process.env.SCHEMA_CHECK_MODULES + "/");
const Ajv = require("ajv/dist/2020").default;
const YAML = require("yaml");

const [schemaPath, ...tests] = process.argv.slice(2);
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false, strictTuples: false });
const validate = ajv.compile(JSON.parse(readFileSync(schemaPath, "utf8")));

// The first file of a test, what "slipway check" said of it, and what the test says of the schema.
function parse(path) {
  const files = [];
  let schema = null;
  let checks = 0;
  let refused = false;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("# schema: ")) schema = line.slice(10);
    else if (line.startsWith("file ")) files.push("");
    else if (line.startsWith("|")) files[files.length - 1] += line.slice(2) + "\n";
    else if (line.startsWith("$")) checks = line.startsWith("$ slipway check") && checks === 0 ? 1 : 2;
    else if (line.startsWith("=") && checks === 1) refused = true;
  }
  return { files, schema, refused };
}

let number = 0;
let failed = 0;
function report(ok, name, detail) {
  console.log(`${ok ? "ok" : "not ok"} ${++number} - ${name}`);
  if (!ok) {
    failed++;
    console.log("# " + detail.replaceAll("\n", "\n# "));
  }
}

for (const path of tests) {
  const name = basename(path, ".t");
  const { files, schema, refused } = parse(path);
  if (schema === null) {
    report(false, name, "the test has no '# schema:' line");
    continue;
  }
  if (schema.startsWith("n/a: ")) continue;
  const wanted = schema.startsWith("accepts");
  const exception = schema.startsWith("accepts: ");
  if (exception !== (wanted && refused) || (!wanted && !refused)) {
    report(false, name, `'# schema: ${schema}' does not go with what slipway check says`);
    continue;
  }
  for (const text of files) {
    const good = validate(YAML.parse(text, { schema: "core" }));
    const errors = (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`).join("\n");
    report(good === wanted, name, good ? "the schema accepts it" : `the schema refuses it:\n${errors}`);
  }
}
console.log(`1..${number}`);
process.exit(failed === 0 ? 0 : 1);
