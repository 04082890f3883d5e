// Figures on demand, figures to choose, tables to sort and filter. The page is complete without it.
"use strict";
(() => {
  const RUN = document.body.dataset.run || "";

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

  // Marks of a chart: pointer and keyboard show what they stand for and where it comes from.
  const tip = make("div", { id: "tip", role: "group", "aria-label": "Figures and their source", hidden: "" });
  const words = make("p");
  const from = make("p", { class: "from" });
  let shown = null;
  let pinned = false;
  const source = (mark) => [RUN, mark.dataset.from].filter(Boolean).join(": ");
  tip.append(words, from, copyButton(() => `${shown.dataset.tip} [${source(shown)}]`));
  document.body.append(tip);

  const place = (x, y) => {
    const box = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, x + 14), document.documentElement.clientWidth - box.width - 8);
    const below = y + 16 + box.height < window.innerHeight;
    tip.style.left = `${Math.max(8, left) + window.scrollX}px`;
    tip.style.top = `${(below ? y + 16 : Math.max(8, y - box.height - 12)) + window.scrollY}px`;
  };
  const hide = () => {
    tip.hidden = true;
    pinned = false;
    shown = null;
  };
  const show = (mark, x, y) => {
    shown = mark;
    words.textContent = mark.dataset.tip;
    from.textContent = source(mark);
    tip.hidden = false;
    place(x, y);
  };
  const middle = (mark) => {
    const box = mark.getBoundingClientRect();
    return [box.left + box.width / 2, Math.min(box.bottom, box.top + 40)];
  };

  document.addEventListener("pointermove", (event) => {
    if (pinned || tip.contains(event.target)) return;
    const mark = event.target.closest?.("[data-tip]");
    if (mark) show(mark, event.clientX, event.clientY);
    else if (shown && document.activeElement !== shown) hide();
  });
  document.addEventListener("click", (event) => {
    if (tip.contains(event.target)) return;
    const mark = event.target.closest?.("[data-tip]");
    if (!mark) return hide();
    show(mark, event.clientX, event.clientY);
    pinned = true;
  });

  const enter = (svg, mark) => {
    for (const other of svg.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    mark.setAttribute("tabindex", "0");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", `${mark.dataset.tip}. Source: ${mark.dataset.from}`);
  };
  for (const svg of document.querySelectorAll(".panel svg")) {
    const marks = [...svg.querySelectorAll("[data-tip]")];
    if (!marks.length) continue;
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `${svg.querySelector("title").textContent}. Arrow keys go through its figures.`);
    svg.removeAttribute("aria-labelledby");
    svg.setAttribute("aria-describedby", svg.querySelector("desc").id);
    svg.querySelector("title").remove();
    enter(svg, marks[0]);
    svg.addEventListener("keydown", (event) => {
      const at = marks.indexOf(event.target);
      const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1 };
      if (event.key in steps) {
        const next = marks[Math.min(Math.max(steps[event.key], 0), marks.length - 1)];
        enter(svg, next);
        next.focus();
        event.preventDefault();
      } else if (event.key === "Enter" && at >= 0) {
        show(event.target, ...middle(event.target));
        pinned = true;
        tip.querySelector("button").focus();
      }
    });
  }
  // On the document: a browser takes a drawing that listens to focus for one that can have it.
  document.addEventListener("focusin", ({ target }) => {
    if (target.dataset.tip && target.matches(":focus-visible")) {
      pinned = false;
      show(target, ...middle(target));
    }
  });
  document.addEventListener("focusout", () => { if (!pinned) hide(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || tip.hidden) return;
    const back = tip.contains(document.activeElement) ? shown : null;
    hide();
    if (back) {
      back.focus();
      hide();
    }
  });

  for (const details of document.querySelectorAll("details.source")) {
    details.append(copyButton(() => details.querySelector("p").textContent));
  }

  // Figures with many panels: one list per thing they can be chosen by.
  const ALL = "all";
  const chooser = (figure, panels, name, start, update) => {
    const values = [...new Set(panels.map((panel) => panel.choice[name]).filter((value) => value !== undefined))];
    if (values.length < 2) return null;
    const select = make("select", {}, ...[ALL, ...values].map((value) => make("option", {}, value)));
    select.value = values.includes(start) ? start : ALL;
    select.addEventListener("change", update);
    select.id = `choose${document.querySelectorAll("select").length}-${name.toLowerCase()}`;
    const label = make("label", { for: select.id }, name);
    const step = (by, sign, what) => {
      const button = make("button", { type: "button", "aria-label": `${what} ${name.toLowerCase()}` }, sign);
      button.addEventListener("click", () => {
        select.selectedIndex = (select.selectedIndex + by + select.options.length) % select.options.length;
        update();
      });
      return button;
    };
    return { name, select, group: make("div", {}, label, select, step(-1, "‹", "previous"), step(1, "›", "next")) };
  };
  // What is picked stands in the address, so that a view can be sent.
  const view = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  const remember = (key, value, start) => {
    if (value === start) view.delete(key);
    else view.set(key, value);
    history.replaceState(null, "", view.size ? `#${view}` : location.pathname + location.search);
  };
  for (const [place, figure] of document.querySelectorAll("figure[data-start]").entries()) {
    const panels = [...figure.querySelectorAll(".panel")].map((node) => ({ node, choice: JSON.parse(node.dataset.choice) }));
    const start = JSON.parse(figure.dataset.start);
    const names = [...new Set(panels.flatMap((panel) => Object.keys(panel.choice)))];
    const key = (name) => `${place}.${name}`.toLowerCase();
    const update = () => {
      hide();
      for (const { node, choice } of panels) {
        node.hidden = choosers.some(({ name, select }) => select.value !== ALL && name in choice && choice[name] !== select.value);
      }
    };
    const picked = () => {
      for (const { name, select } of choosers) remember(key(name), select.value, start[name] ?? ALL);
      update();
    };
    const choosers = names.map((name) => chooser(figure, panels, name, view.get(key(name)) ?? start[name], picked)).filter(Boolean);
    if (!choosers.length) continue;
    if (Object.keys(start).length) figure.closest("details")?.setAttribute("open", "");
    figure.prepend(make("div", { class: "choosers" }, ...choosers.map(({ group }) => group)));
    update();
    if (choosers.some(({ name }) => view.has(key(name)))) figure.scrollIntoView();
  }

  // Tables: a button in each heading sorts, a field above filters.
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
  const filterable = (scroll, table) => {
    const rows = [...table.tBodies[0].rows];
    const left = make("output", { class: "left" });
    const field = make("input", { type: "search", "aria-label": `Filter: ${scroll.getAttribute("aria-label")}`, placeholder: "Filter rows" });
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
      left.textContent = wanted.length ? `${count} of ${rows.filter((row) => !row.classList.contains("group")).length} rows` : "";
    });
    scroll.before(make("div", { class: "filter" }, field, left));
  };
  for (const scroll of document.querySelectorAll(".scroll")) {
    const table = scroll.querySelector(":scope > table");
    if (!table || table.tBodies[0].rows.length < 3) continue;
    if (!table.querySelector("tr.group")) sortable(table);
    if (table.tBodies[0].rows.length > 8) filterable(scroll, table);
  }
})();
