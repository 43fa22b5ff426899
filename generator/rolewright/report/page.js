
"use strict";
{
  const filter = document.getElementById("filter");
  const environment = document.getElementById("environment");
  const rows = [...document.querySelectorAll("main tbody tr")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const shares = [...document.querySelectorAll("[data-environment]")];
  for (const name of new Set(shares.map((share) => share.dataset.environment))) {
    environment.add(new Option(name));
    document.getElementById("environments").hidden = false;
  }
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const share of shares) {
      share.hidden = environment.value !== "" && share.dataset.environment !== environment.value;
    }
    for (const row of rows) {
      row.hidden = !words.every((word) => texts.get(row).includes(word));
    }
    for (const table of document.querySelectorAll("main table")) {
      table.hidden = [...table.tBodies[0].rows].every((row) => row.hidden);
    }
    const within = rows.filter((row) => !row.closest("[data-environment][hidden]"));
    const shown = within.filter((row) => !row.hidden).length;
    document.getElementById("count").value = words.length ? `${shown} of ${within.length} rows` : "";
  };
  filter.addEventListener("input", show);
  environment.addEventListener("change", show);
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      show();
    }
  });
  document.getElementById("tools").hidden = false;
  show();
}
