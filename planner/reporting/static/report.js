// Charts drawn when they come into view, the rest in idle time; tables to sort and filter; sources to copy.
"use strict";
(() => {
  const RUN = document.body.dataset.run || "";
  const MOST_SEEN = 25; // Rows from which a table has a field to filter them.

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", { "aria-hidden": "true", style: "position:fixed;top:0;opacity:0" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1200);
  };

  const copyButton = (text) => {
    const button = make("button", { type: "button" }, "Copy source");
    button.addEventListener("click", () => copy(text(), button));
    return button;
  };
  for (const details of document.querySelectorAll("details.source")) {
    details.append(copyButton(() => details.querySelector("p").textContent));
  }

  // A link into a folded chapter opens it.
  const openAround = (node) => {
    for (let at = node; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
  };
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    openAround(target.querySelector("details.chapter") || target);
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", openTarget);

  // ---- charts ------------------------------------------------------------------------------------------------
  const store = document.getElementById("chart-data");
  const { datasets, charts } = store ? JSON.parse(store.textContent) : { datasets: {}, charts: {} };
  const named = (spec, found = new Set()) => {
    if (spec && typeof spec === "object") {
      if (spec.data && spec.data.name in datasets) found.add(spec.data.name);
      for (const inner of Object.values(spec)) named(inner, found);
    }
    return found;
  };

  // On a dark screen the ink, the grid and the ground of a chart change places; on paper it is light.
  const DARK = { "#1d2733": "#e4e9ee", "#5b6773": "#a9b4bf", "#dfe4ea": "#36414c", white: "#161c22", "#0b6db0": "#4aa3e0", "#e9edf1": "#26303a", "#cfd8e1": "#3d4a56" };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let onPaper = false;
  const inScheme = (spec) => {
    if (onPaper || !dark.matches) return structuredClone(spec);
    return JSON.parse(JSON.stringify(spec), (_, value) => DARK[value] || value);
  };

  const drawn = new Set();
  const draw = async (node) => {
    const name = node.dataset.chart;
    if (drawn.has(name)) return;
    drawn.add(name);
    const room = Math.floor(node.clientWidth || document.querySelector("main").clientWidth - 80);
    const spec = fitted(inScheme(charts[name]), room);
    spec.datasets = Object.fromEntries([...named(spec)].map((data) => [data, structuredClone(datasets[data])]));
    const actions = { export: { png: true, svg: true }, source: false, compiled: false, editor: false };
    await vegaEmbed(node, spec, {
      ast: true, renderer: "svg", actions, downloadFileName: name, scaleFactor: { png: 2 },
    });
    node.querySelector("summary")?.setAttribute("aria-label", `Save “${node.dataset.title}” as a picture`);
    listen(node);
    node.dataset.drawn = "yes";
  };

  const fail = (node, error) => {
    node.textContent = `This chart could not be drawn (${error.message}).`;
    console.error(node.dataset.chart, error);
  };

  // By keyboard: arrow keys go through the marks of a chart, whose figures are then told in a corner.
  const tip = make("div", { id: "tip", role: "status", hidden: "" });
  const words = make("p");
  tip.append(words, copyButton(() => `${words.textContent} [${RUN}]`));
  document.body.append(tip);
  const hide = () => { tip.hidden = true; };
  const tell = (mark) => {
    words.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
  };
  const listen = (node) => {
    const svg = node.querySelector("svg");
    if (!svg) return;
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `${node.dataset.title}. Arrow keys go through its figures.`);
    let at = -1;
    svg.addEventListener("keydown", (event) => {
      const marks = [...svg.querySelectorAll('[role="graphics-symbol"][aria-roledescription]')]
        .filter((mark) => (mark.getAttribute("aria-label") || "").includes("source: "));
      const last = marks.length - 1;
      const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last };
      if (!(event.key in steps) || last < 0) return;
      at = Math.min(Math.max(steps[event.key], 0), last);
      tell(marks[at]);
      event.preventDefault();
    });
    svg.addEventListener("blur", (event) => { if (!tip.contains(event.relatedTarget)) hide(); });
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  const nodes = [...document.querySelectorAll(".chart")];
  const idle = window.requestIdleCallback || ((call) => setTimeout(call, 1));
  const drawRest = () => {
    const next = nodes.find((node) => !drawn.has(node.dataset.chart));
    if (next) draw(next).catch((error) => fail(next, error)).finally(() => idle(drawRest));
    else document.body.dataset.charts = "drawn";
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) draw(target).catch((error) => fail(target, error));
  });
  for (const node of nodes) seen.observe(node);
  idle(drawRest);

  const drawAll = () => {
    drawn.clear();
    for (const node of nodes) draw(node).catch((error) => fail(node, error));
  };
  // Paper shows every chapter and table but the inputs, with light charts.
  const print = (paper) => {
    const redrawn = dark.matches && onPaper !== paper;
    onPaper = paper;
    if (redrawn) drawAll();
  };
  window.addEventListener("beforeprint", () => {
    const shut = document.querySelectorAll("details.chapter, section:not(#inputs) details.fold");
    for (const details of shut) details.open = true;
    print(true);
    for (const node of nodes) draw(node).catch((error) => fail(node, error));
  });
  window.addEventListener("afterprint", () => print(false));
  dark.addEventListener("change", drawAll);

  let width = window.innerWidth;
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      drawAll();
    }, 250);
  });

  // ---- tables: a button in each heading sorts, a field above filters -------------------------------------------
  const NUMBER = /^[<>]?\s*[−-]?[\d,]*\.?\d+/;
  const amount = (text) => {
    const found = NUMBER.exec(text);
    return found ? Number(found[0].replace(/[<>,\s]/g, "").replace("−", "-")) : -Infinity;
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const given = [...body.rows];
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        const rows = given.filter((row) => !row.classList.contains("total"));
        if (next) {
          head.setAttribute("aria-sort", next);
          const numeric = head.classList.contains("n");
          const key = (row) => row.cells[column].textContent.trim();
          const compare = numeric ? (a, b) => amount(key(a)) - amount(key(b)) : (a, b) => key(a).localeCompare(key(b), "en");
          rows.sort((a, b) => (next === "ascending" ? 1 : -1) * compare(a, b));
        }
        body.append(...rows, ...given.filter((row) => row.classList.contains("total")));
      });
    });
  };
  const quoted = (cell) => `"${cell.textContent.trim().replaceAll('"', '""')}"`;
  const download = (table, name) => {
    const lines = [...table.rows].map((row) => [...row.cells].map(quoted).join(","));
    const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    make("a", { href: address, download: `${name}.csv` }).click();
    URL.revokeObjectURL(address);
  };
  const downloadButton = (scroll, table) => {
    const name = scroll.getAttribute("aria-label") || "table";
    const button = make("button", { type: "button", "aria-label": `${name} as CSV` }, "CSV");
    button.addEventListener("click", () => download(table, name));
    return button;
  };
  const filterable = (scroll, table) => {
    const rows = [...table.tBodies[0].rows];
    const left = make("output", { class: "left" });
    const label = `Filter: ${scroll.getAttribute("aria-label")}`;
    const field = make("input", { type: "search", "aria-label": label, placeholder: "Filter rows" });
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      let group = null;
      for (const row of rows) {
        if (row.classList.contains("group")) {
          group = row;
          row.hidden = wanted.length > 0;
          continue;
        }
        const text = `${group ? group.textContent : ""} ${row.textContent}`.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
        if (!row.hidden) {
          count += 1;
          if (group) group.hidden = false;
        }
      }
      const of = rows.filter((row) => !row.classList.contains("group")).length;
      left.textContent = wanted.length ? `${count} of ${of} rows` : "";
    });
    return [field, left];
  };
  for (const scroll of document.querySelectorAll(".scroll")) {
    const table = scroll.querySelector(":scope > table");
    if (!table || table.tBodies[0].rows.length < 3) continue;
    if (!table.querySelector("tr.group")) sortable(table);
    if (scroll.closest("#answer > .panels")) continue;
    const search = table.tBodies[0].rows.length >= MOST_SEEN ? filterable(scroll, table) : [];
    scroll.before(make("div", { class: "filter" }, ...search, downloadButton(scroll, table)));
  }
  openTarget();
})();
