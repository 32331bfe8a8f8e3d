// SPDX-License-Identifier: Apache-2.0
// Live updates and keys. Every page is whole without it.
"use strict";
(() => {
  const main = document.getElementById("main");
  const rows = () => [...document.querySelectorAll("tr.row, [data-row]")];
  let at = -1;

  const move = (step) => {
    const all = rows();
    if (all.length === 0) return;
    if (at >= 0 && all[at]) all[at].classList.remove("at");
    at = Math.max(0, Math.min(all.length - 1, at + step));
    all[at].classList.add("at");
    all[at].scrollIntoView({ block: "nearest" });
    const link = all[at].querySelector("a.main");
    if (link) link.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector("[data-key='/']");
    const error = document.querySelector(".first-error");
    if (event.key === "/" && field) { event.preventDefault(); field.focus(); field.select(); }
    if (event.key === "e" && error) error.click();
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
  });
  for (const hint of document.querySelectorAll("[data-for]")) hint.hidden = !document.querySelector(hint.dataset.for);
  for (const keys of document.querySelectorAll(".keys")) keys.hidden = false;

  // As page_ago of the server writes it.
  const ago = (then) => {
    const seconds = Math.trunc((Date.now() - then) / 1000), size = Math.abs(seconds);
    if (size < 5) return "just now";
    if (size >= 30 * 86400) return new Date(then).toISOString().slice(0, 10);
    const [unit, name] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([one]) => size >= one);
    const text = `${Math.trunc(size / unit)} ${name}`;
    return seconds < 0 ? `in ${text}` : `${text} ago`;
  };
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = ago(Date.parse(time.dateTime));
  };
  setInterval(tick, 10000);

  const events = main && main.dataset.events;
  if (!events || !window.EventSource) return;
  const finals = ["passed", "failed", "error", "cancelled"];
  const setClass = (element, state) => { element.classList.remove(...element.classList); element.classList.add(...state); };

  const onRun = (message) => {
    const run = JSON.parse(message.data);
    const badge = document.querySelector("[data-run-state]");
    if (badge && run.state) { badge.textContent = run.state; setClass(badge, ["state", run.state]); }
    for (const job of run.jobs || []) {
      const dot = document.querySelector(`[data-job="${job.position}"]`);
      if (dot) { setClass(dot, ["dot", job.state]); dot.title = job.state; }
    }
    if (finals.includes(run.state) || (run.jobs || []).length !== document.querySelectorAll("[data-job]").length) {
      source.close();
      if (lines) lines.close();
      setTimeout(() => location.reload(), 300);
    }
  };
  const source = new EventSource(events);
  source.addEventListener("run", onRun);

  const box = document.querySelector("[data-log]");
  let lines = null;
  if (!box) return;
  let number = Number(box.dataset.lines);
  const plain = (text) => text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/\x1b./g, "");
  const append = (line) => {
    const row = document.createElement("div"), link = document.createElement("a"), code = document.createElement("code");
    number += 1;
    row.id = `L${number}`;
    row.className = line.kind;
    link.href = `#L${number}`;
    link.textContent = number;
    code.textContent = plain(line.text);
    row.append(link, code);
    box.append(row);
  };
  lines = new EventSource(`${events}/logs/${box.dataset.log}?offset=${box.dataset.next}`);
  lines.addEventListener("lines", (message) => {
    const low = window.innerHeight + window.scrollY >= document.body.scrollHeight - 80;
    for (const line of JSON.parse(message.data).lines) append(line);
    if (low) window.scrollTo(0, document.body.scrollHeight);
  });
})();
