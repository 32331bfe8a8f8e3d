/* SPDX-License-Identifier: Apache-2.0
 * Live updates of a page that is complete without them: log lines are appended as text, a changed run is read anew. */
"use strict";
for (const log of document.querySelectorAll("[data-log]")) {
  const source = new EventSource(log.dataset.log);
  let number = Number(log.dataset.lines);
  source.addEventListener("lines", (event) => {
    const low = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    for (const line of JSON.parse(event.data).lines) {
      number += 1;
      const row = document.createElement("span");
      const link = document.createElement("a");
      row.id = log.dataset.prefix + number;
      link.href = "#" + row.id;
      link.textContent = String(number);
      row.append(link, line.text);
      log.append(row);
    }
    if (low) log.scrollTop = log.scrollHeight;
  });
  source.addEventListener("end", () => source.close());
}
for (const run of document.querySelectorAll("[data-run]")) {
  const source = new EventSource(run.dataset.run);
  const look = (state) => JSON.stringify([state.state, state.jobs && state.jobs.map((job) => [job.state, job.attempt])]);
  let first = null;
  source.addEventListener("run", (event) => {
    const now = look(JSON.parse(event.data));
    if (first === null) first = now;
    if (first !== now) location.reload();
  });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) source.close(); });
}
document.addEventListener("keydown", (event) => {
  const filter = document.querySelector("[data-filter]");
  if (event.key === "/" && filter && document.activeElement !== filter) { event.preventDefault(); filter.focus(); }
});
