// Draws the charts of a region as reports do, gives their pictures and figures as files, has the point of the frontier dragged.
/* global fitted */
const views = new WeakMap();
const AXIS_ROOM = 58, LEAST_HEIGHT = 120, DIGITS = 4, STEP = 0.02, COMMIT_AFTER = 700; // px, px, digits, share of the axis, ms
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: DIGITS });

// ---- drawing ------------------------------------------------------------------------------------------------

export async function drawCharts(region) {
  const nodes = [...region.querySelectorAll("[data-chart]")];
  for (const node of nodes) { // room at once, so that what is scrolled to stays where it is
    node.style.minHeight = `${(JSON.parse(node.dataset.spec).height ?? LEAST_HEIGHT) + AXIS_ROOM}px`;
  }
  for (const node of nodes) {
    await draw(node).catch((error) => { node.textContent = `This chart could not be drawn (${error.message}).`; });
  }
}

async function draw(node) {
  const { datasets, ...drawing } = JSON.parse(node.dataset.spec);
  const spec = { ...fitted(drawing, Math.floor(node.clientWidth)), datasets };
  const options = { ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: tell };
  const { view } = await window.vegaEmbed(node, spec, options);
  views.set(node, { view, spec });
  const caption = node.closest("figure").querySelector("figcaption");
  if (!caption.querySelector("[data-save]")) caption.append(...["png", "csv"].map((kind) => saving(kind, node.dataset.title)));
  const point = node.closest("#curve")?.querySelector("#point");
  if (point) place(point, node);
}

function saving(kind, title) {
  const button = Object.assign(document.createElement("button"), { className: "small", textContent: kind.toUpperCase(), ariaLabel: `${title} as ${kind.toUpperCase()}` });
  button.dataset.save = kind;
  return button;
}

// A tooltip of the page in place of the library's, which would bring a style of its own.
function tell(_handler, event, _item, told) {
  const tip = document.querySelector("#tip");
  tip.hidden = !told;
  if (!told) return;
  const lines = Object.entries(told).map(([name, value]) => (name ? `${name}: ${value}` : value));
  const source = Object.assign(document.createElement("small"), { textContent: told.source ?? "" });
  tip.replaceChildren(lines.filter((line) => !line.startsWith("source:")).join("; "), source);
  tip.style.left = `${Math.min(event.pageX + 12, window.scrollX + window.innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${event.pageY + 14}px`;
}

// ---- files --------------------------------------------------------------------------------------------------

function save(name, address) {
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
}

function asCsv(spec) {
  const tables = Object.values(spec.datasets);
  const quoted = (cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""));
  const blocks = tables.map((rows) => {
    const columns = Object.keys(rows[0] ?? {});
    const lines = rows.map((row) => columns.map((column) => quoted(row[column])).join(","));
    return [columns.join(","), ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-save]");
  const node = button?.closest("figure").querySelector("[data-chart]");
  if (!node || !views.has(node)) return;
  const { view, spec } = views.get(node), kind = button.dataset.save, name = `${node.dataset.chart}.${kind}`;
  if (kind === "png") save(name, await view.toImageURL("png", 2));
  else save(name, `data:text/csv;charset=utf-8,${encodeURIComponent(asCsv(spec))}`);
});

// ---- the point of the frontier ------------------------------------------------------------------------------

function axis(node) {
  const { view } = views.get(node), scale = view.scale("y"), padding = view.padding();
  const top = node.offsetTop + padding.top + view.origin()[1];
  const left = node.offsetLeft + padding.left + view.origin()[0];
  const [low, high] = scale.domain();
  return { scale, top, left, low, high, across: view.scale("x") };
}

function place(point, node) {
  const { scale, top, left, across } = axis(node), { cost, risk } = point.closest("#curve").dataset;
  point.hidden = risk === "";
  point.style.left = `${left + across(Number(cost))}px`;
  point.style.top = `${top + scale(Number(risk))}px`;
}

// The risk at a height, within the axis.
function bounded(point, risk) {
  const { low, high } = axis(point.closest("#curve").querySelector("[data-chart]"));
  return Number(Math.min(high, Math.max(low, risk)).toPrecision(DIGITS));
}

function move(point, risk) {
  const { scale, top } = axis(point.closest("#curve").querySelector("[data-chart]"));
  point.style.top = `${top + scale(risk)}px`;
  point.ariaValueNow = String(risk);
  document.querySelector("#limit").value = number.format(risk).replaceAll(",", "");
}

export function dragPoint(commit) {
  let timer = 0;
  document.addEventListener("pointerdown", (event) => {
    const point = event.target.closest?.("#point");
    if (!point) return;
    const curve = point.closest("#curve"), { scale, top } = axis(curve.querySelector("[data-chart]"));
    const riskAt = (moved) => bounded(point, scale.invert(moved.clientY - curve.getBoundingClientRect().top - top));
    let risk = null;
    point.setPointerCapture(event.pointerId);
    point.onpointermove = (moved) => { risk = riskAt(moved); move(point, risk); };
    point.onpointerup = () => {
      point.onpointermove = point.onpointerup = null;
      if (risk !== null) commit(risk);
    };
  });
  document.addEventListener("keydown", (event) => {
    const point = event.target.closest?.("#point"), way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!point || !way) return;
    event.preventDefault();
    const { low, high } = axis(point.closest("#curve").querySelector("[data-chart]"));
    const risk = bounded(point, Number(point.ariaValueNow) + way * STEP * (high - low));
    move(point, risk);
    clearTimeout(timer);
    timer = setTimeout(() => commit(risk), COMMIT_AFTER);
  });
}
