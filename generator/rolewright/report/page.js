"use strict";
{
  const filter = document.getElementById("filter");
  const only = document.getElementById("only");
  const environment = document.getElementById("environment");
  const rows = [...document.querySelectorAll("main section:not(#overview) tbody tr")];
  const parts = [...rows, ...document.querySelectorAll(".findings li")];
  const sections = [...document.querySelectorAll("section.workload")];
  const overview = new Map([...document.querySelectorAll("#overview tbody tr")].map((row) => [row.dataset.of, row]));
  const folds = [...document.querySelectorAll("section.workload > details, #touched > details")];
  const shares = [...document.querySelectorAll("[data-environment]")];
  const named = (part) => part.closest("section.workload")?.querySelector("summary > h2").textContent ?? "";
  const texts = new Map(parts.map((part) => [part, `${named(part)} ${part.textContent}`.toLowerCase()]));
  const unproven = (part) => part.matches(".findings *, [data-unproven] *");
  const kindsOf = (part) => [...(part.dataset.kinds ?? "").split(" "), ...(unproven(part) ? ["unproven"] : [])];
  const kinds = new Map(parts.map((part) => [part, kindsOf(part)]));
  let before = null;
  for (const name of new Set(shares.map((share) => share.dataset.environment))) {
    environment.add(new Option(name));
    document.getElementById("environments").hidden = false;
  }
  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = words.length > 0 || only.value !== "";
    for (const share of shares) {
      share.hidden = environment.value !== "" && share.dataset.environment !== environment.value;
    }
    for (const part of parts) {
      const fits = only.value === "" || kinds.get(part).includes(only.value);
      part.hidden = !fits || !words.every((word) => texts.get(part).includes(word));
    }
    for (const table of document.querySelectorAll("main section:not(#overview) table")) {
      table.hidden = [...table.tBodies[0].rows].every((row) => row.hidden);
    }
    for (const section of sections) {
      const seen = [...section.querySelectorAll("tbody tr:not([hidden])")].some((row) => !row.closest("div[hidden]"));
      section.hidden = (chosen || environment.value !== "") && !seen;
      overview.get(section.id)?.toggleAttribute("hidden", section.hidden);
    }
    for (const section of document.querySelectorAll("#findings, #touched")) {
      section.hidden = chosen && !parts.some((part) => section.contains(part) && !part.hidden);
    }
    if (chosen && before === null) {
      before = folds.map((fold) => fold.open);
    }
    folds.forEach((fold, number) => {
      fold.open = chosen || (before === null ? fold.open : before[number]);
    });
    before = chosen ? before : null;
    const within = rows.filter((row) => !row.closest("[data-environment][hidden]"));
    const shown = within.filter((row) => !row.hidden).length;
    document.getElementById("count").value = chosen ? `${shown} of ${within.length} rows` : "";
  };
  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    target?.querySelector(":scope > details")?.setAttribute("open", "");
    target?.scrollIntoView();
  };
  const openAll = (open) => {
    for (const fold of document.querySelectorAll("main details:not(td details)")) {
      fold.open = open;
    }
    before = null;
  };
  filter.addEventListener("input", show);
  only.addEventListener("change", show);
  environment.addEventListener("change", show);
  document.getElementById("unfold").addEventListener("click", () => openAll(true));
  document.getElementById("fold").addEventListener("click", () => openAll(false));
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-only]");
    if (link) {
      only.value = link.dataset.only;
      show();
    }
  });
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
  window.addEventListener("beforeprint", () => openAll(true));
  window.addEventListener("hashchange", openTarget);
  document.getElementById("tools").hidden = false;
  show();
  openTarget();
}
