// SPDX-License-Identifier: Apache-2.0
// pages.mjs URL TOKEN SCENARIO: one scenario in a new browser; exit 1 and a message when something is not as it must be.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [url, token, scenario] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const mistakes = [];
  page.on("pageerror", (error) => mistakes.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") mistakes.push(message.text()); });
  await page.goto(`${url}/runs`);
  await page.fill("#token", token);
  await page.click("main button");
  await page.waitForURL(/\/runs/);
  return { page, mistakes };
}

async function state(page, wanted) {
  await page.waitForFunction((text) => document.querySelector("[data-run-state]")?.textContent === text, wanted, { timeout: 30000 });
}

const scenarios = {
  async failed() {
    const { page, mistakes } = await open();
    await page.screenshot({ path: "runs.png" });
    await page.click("tr.failed a.main");
    assert.match(await page.textContent(".reason"), /step 'integration' ended with exit code 3/);
    assert.equal((await page.textContent(".job.chosen li.failed a")).trim(), "integration");
    await page.click(".first-error");
    assert.match(await page.textContent(".lines div:target code"), /wanted <b>Ada<\/b>/);
    await page.screenshot({ path: "run-failed.png", fullPage: true });
    await page.click(".job >> text=lint");
    assert.match(await page.textContent(".lines details summary"), /Files/);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: "run-dark.png", fullPage: true });
    await page.setViewportSize({ width: 400, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 401), "the page is wider than a phone");
    await page.screenshot({ path: "run-phone.png", fullPage: true });
    assert.deepEqual(mistakes, []);
  },
  async reports() {
    const { page, mistakes } = await open();
    await page.click("tr.failed a.main");
    assert.match(await page.textContent(".tests"), /1 failed, 1 passed of 2/);
    assert.match(await page.textContent(".tests tbody tr"), /failed.*sums takes away.*wanted 3, got 4/s);
    assert.equal(await page.textContent(".prose h3"), "Coverage");
    assert.equal(await page.locator(".prose script").count(), 0, "a job's HTML is in the page");
    assert.match(await page.textContent(".reason .advice"), /marked in the log/);
    await page.screenshot({ path: "run-reports.png", fullPage: true });
    await page.click("details.config summary");
    await page.click("text=The file and the plan as run");
    assert.match(await page.textContent("pre.file"), /test .*host.*2 steps/);
    assert.match(await page.textContent(".lines #L2"), /project: tiny/);
    await page.screenshot({ path: "config.png", fullPage: true });
    await page.setViewportSize({ width: 400, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 401), "the page is wider than a phone");
    await page.goBack();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 401), "the run is wider than a phone");
    await page.screenshot({ path: "run-reports-phone.png", fullPage: true });
    assert.deepEqual(mistakes, []);
  },
  async entry() {
    const { page, mistakes } = await open();
    await page.goto(`${url}/log`);
    await page.click("tbody tr:first-child a.main");
    await page.waitForSelector(".verdict.good");
    assert.match(await page.textContent(".verdict"), /Checked in this browser: the leaf, [1-9]/);
    assert.equal(await page.locator(".sibling.good").count(), await page.locator(".sibling").count());
    assert.match(await page.textContent("pre.statement"), /"predicateType"/);
    assert.match(await page.textContent("dl.plain"), /time stamp20\d\d-/);
    await page.screenshot({ path: "entry.png", fullPage: true });
    const entries = await page.evaluate(() => Number(document.querySelector("[data-entry]").dataset.size));
    for (let index = 0; index < entries; index++) {
      await page.goto(`${url}/log/entries/${index}`);
      await page.waitForSelector(".verdict.good", { timeout: 10000 });
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: "entry-dark.png", fullPage: true });
    await page.setViewportSize({ width: 400, height: 800 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 401), "the page is wider than a phone");
    await page.screenshot({ path: "entry-phone.png", fullPage: true });
    assert.deepEqual(mistakes, []);
    for (const [what, tamper] of [
      ["a tile", (route, body) => { body[40] ^= 1; return route.fulfill({ body }); }],
      ["the leaf", null],
    ]) {
      const other = await open();
      if (tamper) {
        await other.page.route(/\/log\/tile\/0\//, async (route) => tamper(route, await (await route.fetch()).body()));
      } else {
        await other.page.route(/\/log\/entries\//, async (route) => {
          const answer = await route.fetch();
          const text = (await answer.text()).replace(/data-leaf="(....)/, 'data-leaf="e30K');
          return route.fulfill({ response: answer, body: text });
        });
      }
      await other.page.goto(`${url}/log/entries/1`);
      await other.page.waitForSelector(".verdict.bad", { timeout: 10000 }).catch(() => assert.fail(`${what} was changed and nobody noticed`));
      await other.page.screenshot({ path: `entry-bad.png`, fullPage: true });
    }
  },
  async witnessed() {
    const { page } = await open();
    await page.goto(`${url}/log`);
    const row = page.locator(".witnesses tbody tr");
    assert.match(await row.textContent(), /w\.example\/1|one/);
    assert.match(await row.locator(".state").textContent(), /behind|silent/);
    assert.match(await row.textContent(), /3 fewer than there are/);
    await page.screenshot({ path: "log-witnesses.png", fullPage: true });
    await page.goto(`${url}/log/entries/1`);
    await page.waitForSelector(".verdict.good");
    assert.match(await page.textContent(".verdict"), /gives? the root of the checkpoint/); // what is witnessed is proved to it
    const next = await page.evaluate(() => Number(document.querySelector("[data-entry]").dataset.size));
    await page.goto(`${url}/log/entries/${next}`);
    await page.waitForFunction(() => /waits for the log's witnesses/.test(document.querySelector(".verdict").textContent));
    assert.equal(await page.locator(".verdict.bad").count(), 0);
    await page.screenshot({ path: "entry-waits.png", fullPage: true });
  },
  async every() {
    const pages = JSON.parse(process.argv[5]), links = new Map();
    for (const [kind, options] of Object.entries({
      light: {}, dark: { colorScheme: "dark" }, phone: { viewport: { width: 390, height: 844 } } })) {
      const { page, mistakes } = await open(options);
      for (const [name, path] of Object.entries(pages)) {
        const answer = await page.goto(url + path);
        assert.equal(answer.status(), name === "problem" ? 404 : 200, path);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= page.viewportSize().width + 1, `${path} is ${width} wide on a ${kind} screen`);
        assert.equal(await page.locator("h1").count(), 1, `headings of ${path}`);
        for (const link of await page.$$eval("main a, nav a", (all) => all.map((one) => new URL(one.getAttribute("href"), location.href).href.split("#")[0]))) links.set(link, path);
        await page.screenshot({ path: `every-${name}-${kind}.png`, fullPage: true });
      }
      assert.deepEqual(mistakes.filter((one) => !/status of 404/.test(one)), []);
      await page.context().close();
    }
    const { page } = await open();
    for (const [link, from] of links) {
      if (!link.startsWith(url)) continue;
      assert.equal((await page.request.get(link)).status(), 200, `${link}, named by ${from}`);
    }
    await page.goto(`${url}/runs`);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/projects\/images\/runs\/1/); // the second row
    await page.goto(`${url}/releases`);
    await page.keyboard.press("/");
    await page.keyboard.type("1.2");
    await page.keyboard.press("Enter");
    await page.waitForURL(/name=1\.2/);
    assert.equal(await page.locator("tr.row").count(), 1);
  },
  async live() {
    const { page, mistakes } = await open();
    await page.goto(`${url}/projects/tiny/runs/2`);
    await state(page, "running");
    await page.waitForSelector("#L3");
    const before = await page.locator(".lines div").count();
    await page.waitForFunction((n) => document.querySelectorAll(".lines div").length >= n, before + 10, { timeout: 20000 });
    const numbers = await page.$$eval(".lines div > a", (all) => all.map((one) => Number(one.textContent)));
    assert.deepEqual(numbers, numbers.map((_, i) => i + 1), "lines are missing or twice");
    await page.screenshot({ path: "run-live.png" });
    assert.deepEqual(mistakes, []);
  },
  async cancel() {
    const { page } = await open();
    await page.goto(`${url}/projects/tiny/runs/2`);
    await state(page, "running");
    await page.click("button.danger");
    await state(page, "cancelled");
    await page.waitForSelector("button.danger", { state: "detached" });
  },
  async plain() {
    const { page } = await open({ javaScriptEnabled: false });
    await page.click("tr.failed a.main");
    assert.match(await page.textContent(".lines"), /wanted <b>Ada<\/b>/);
    for (const path of ["/queue", "/releases", "/log", "/projects/tiny"]) {
      const answer = await page.goto(url + path);
      assert.equal(answer.status(), 200, path);
    }
    await page.screenshot({ path: "project.png" });
  },
};

let code = 0;
try {
  await scenarios[scenario]();
} catch (error) {
  console.error(error);
  code = 1;
}
await browser.close();
process.exit(code);
