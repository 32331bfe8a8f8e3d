// SPDX-License-Identifier: Apache-2.0
// The way from an entry to the root, computed again from the log's tiles and a checkpoint fetched now.
// The page is whole without it; what it finds it writes into the verdict and marks in the drawing.
"use strict";
(async () => {
  const entry = document.querySelector("[data-entry]");
  const verdict = document.querySelector("[data-verdict]");
  if (!entry || !verdict) return;
  const say = (text, good) => { verdict.textContent = text; verdict.classList.toggle("good", good); verdict.classList.toggle("bad", !good); };
  if (!window.crypto || !crypto.subtle) {
    verdict.textContent += " It needs a page over https to do so.";
    return;
  }
  const WIDTH = 256n;
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const sha256 = async (prefix, ...parts) => {
    const all = new Uint8Array(1 + parts.reduce((n, part) => n + part.length, 0));
    all[0] = prefix;
    let at = 1;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  };
  const parent = (left, right) => sha256(1, left, right);
  const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

  const checkpoint = async () => {
    const note = await (await fetch("/log/checkpoint", { cache: "no-store" })).text();
    const lines = note.split("\n");
    return { note, size: BigInt(lines[1]), root: fromBase64(lines[2]) };
  };

  // C2SP tlog-tiles: tile/LEVEL/NNN, x-groups of three digits, ".p/W" for one that is not full.
  const tiles = new Map();
  const tilePath = (level, number, width) => {
    const groups = [String(number % 1000n).padStart(3, "0")];
    for (let rest = number / 1000n; rest > 0n; rest /= 1000n) groups.unshift("x" + String(rest % 1000n).padStart(3, "0"));
    return `/log/tile/${level}/${groups.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
  };
  const tile = (level, number, size) => {
    const left = (size >> BigInt(8 * level)) - number * WIDTH;
    const path = tilePath(level, number, left < WIDTH ? left : WIDTH);
    if (!tiles.has(path)) {
      tiles.set(path, fetch(path).then(async (answer) => {
        if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
        return new Uint8Array(await answer.arrayBuffer());
      }));
    }
    return tiles.get(path);
  };
  // The hash of the complete subtree of 2^height entries that begins at entry start.
  const complete = async (start, height, size) => {
    const level = Math.floor(height / 8);
    const within = height - 8 * level;
    const first = start >> BigInt(8 * level);
    const bytes = await tile(level, first / WIDTH, size);
    let row = [];
    for (let i = 0n; i < 1n << BigInt(within); i++) {
      const at = Number((first + i) % WIDTH) * 32;
      row.push(bytes.subarray(at, at + 32));
    }
    while (row.length > 1) row = await Promise.all(row.filter((_, i) => i % 2 === 0).map((node, i) => parent(node, row[2 * i + 1])));
    return row[0];
  };
  // RFC 6962 section 2.1 over entries start to end.
  const subtree = async (start, end, size) => {
    const n = end - start;
    let height = 0;
    while (1n << BigInt(height + 1) <= n) height++;
    const split = 1n << BigInt(height);
    if (split === n) return complete(start, height, size);
    return parent(await complete(start, height, size), await subtree(start + split, end, size));
  };

  try {
    const index = BigInt(entry.dataset.entry);
    const size = BigInt(entry.dataset.size);
    const now = await checkpoint();
    if (index >= now.size) {
      verdict.textContent = `The checkpoint served now covers ${now.size} entries: this one waits for the log's witnesses.`;
      return;
    }
    if (!same(await subtree(0n, now.size, now.size), now.root)) throw new Error("the tiles do not give the root of the checkpoint");
    let node = await complete(index, 0, now.size);
    if (`sha256:${hex(node)}` !== entry.dataset.leafHash) throw new Error("the tiles have another leaf hash");
    if (entry.dataset.leaf && !same(await sha256(0, fromBase64(entry.dataset.leaf)), node)) throw new Error("the leaf shown is not the one in the log");
    const siblings = [...document.querySelectorAll("[data-level]")].sort((a, b) => a.dataset.level - b.dataset.level);
    const waits = now.size < size; // for witnesses: what is served lags behind what this page shows
    for (const sibling of siblings) {
      if (BigInt(sibling.dataset.end) > now.size) break;
      const hash = await subtree(BigInt(sibling.dataset.start), BigInt(sibling.dataset.end), now.size);
      if (`sha256:${hex(hash)}` !== sibling.dataset.hash) {
        sibling.classList.add("bad");
        throw new Error(`the tiles have another hash for ${sibling.querySelector("title").textContent}`);
      }
      sibling.classList.add("good");
      node = await (sibling.dataset.left ? parent(hash, node) : parent(node, hash));
    }
    if (waits) {
      const done = document.querySelectorAll(".sibling.good").length;
      say(`Checked in this browser: the leaf and ${done} of ${siblings.length} siblings follow from the tiles under the checkpoint ` +
        `of ${now.size} entries fetched now. The root of ${size} entries waits for the log's witnesses.`, true);
      return;
    }
    if (`sha256:${hex(node)}` !== entry.dataset.root) throw new Error("the way does not end at the root");
    document.querySelector(".node.root").classList.add("good");
    say(`Checked in this browser: the leaf, ${siblings.length} siblings and the root of ${size} entries follow from ${tiles.size} ${tiles.size === 1 ? "tile" : "tiles"}, ` +
      `which ${tiles.size === 1 ? "gives" : "give"} the root of the checkpoint of ${now.size} entries fetched now.`, true);
  } catch (error) {
    say(`This entry does not check: ${error.message}.`, false);
  }
})();
