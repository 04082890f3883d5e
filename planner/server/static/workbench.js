// The page's own script: sends what was changed, and fetches the regions that an event says are out of date.
import { dragPoint, drawCharts } from "./charts.js";

const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const phone = matchMedia("(max-width: 760px)");
const versions = {}, turns = {}, holds = {}, fetches = {}, drawings = new Map();
const SAY_PHASE_AFTER = 300, WAIT_FOR_MORE = 150, STOP_AFTER = 1500; // ms
const REACHED = "button, a, input, select, summary, [tabindex]";
const SOLVED = ["/edit", "/change", "/target", "/revert", "/undo", "/redo", "/restore"];
const hand = new Set(); // while anything is in it nothing is drawn anew: a press, until its click is over; a change, until it is done
let connected = true, drawn = "", opener = null, phaseTimer = 0, editTimer = 0, solved = 0, last = null, doing = {};

async function post(path, body = {}) {
  const change = Symbol(path);
  hand.add(change);
  if (SOLVED.includes(path)) { // what is shown is of the state before, from now on
    solved += 1;
    for (const name of Object.keys(last?.of ?? {})) $(`[data-part=${name}]`).ariaBusy = "true";
    $("[data-proof]").textContent = "being solved";
    $("[data-proof]").className = "badge";
    gist("being solved");
  }
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const ended = { fault: "The workbench does not answer: `planner serve` was ended." };
  const answer = await fetch(path, sent).catch(() => Response.json(ended, { status: 503 }));
  const found = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
  if (SOLVED.includes(path)) solved -= 1;
  hand.delete(change);
  say(answer.ok ? "" : found.fault ?? `The server answered ${answer.status}.`);
  if (answer.ok) {
    update(found.news);
    if (found.said) await fetches.shelf; // of which it speaks
    if (last.state === found.news.state) $("[data-word]").textContent = found.said; // else it is of a state before
    return found;
  }
  mark(); // what was refused goes back
  drawings.clear();
  await Promise.all(["questions", "frontier"].map(fetchPart));
  if (last) update(last);
  return null;
}

function say(fault) {
  $("#fault").textContent = fault;
  $("#fault").hidden = !fault;
}

// ---- regions ----------------------------------------------------------------------------------------------

async function fetchPart(name) {
  const turn = turns[name] = (turns[name] ?? 0) + 1, of = last?.of[name];
  const answer = await fetch(`/part/${name}`);
  if (!answer.ok) return;
  const html = await answer.text(), region = $(`[data-part=${name}]`);
  if (turn !== turns[name]) return; // an answer to an earlier question came after that to a later one
  if (hand.size || isTyping(region)) delete versions[name];
  else {
    const wasMet = !$(".conflict");
    put(region, html);
    if (wasMet) $(".conflict")?.scrollIntoView({ block: "nearest" }); // the question may stand far below
    const many = all("#shelf .kept li[id]").length; // the count beside the shelf comes with its rows
    $("#to-shelf").textContent = many ? `Shelf (${many})` : "Shelf";
    holds[name] = of;
    if (last) mark();
  }
}

// Risk and cost in one line, which stays in sight where there is no room for more; what is read aloud is the region itself.
function gist(word) {
  const figures = all("#outcomes .card").slice(0, 2).map((card) => `${$("h3", card).textContent} ${$(".value", card).textContent}`.trim().replace(/\s+/g, " "));
  const before = word.startsWith("certified") ? "" : "; before";
  $("#gist").textContent = figures.length ? `${word}${before}: ${figures.join(", ")}` : word;
}

// What is still of the plan before is dimmed and says so; nothing is called certified while anything is.
function mark() {
  showState();
  gist($("[data-proof]").textContent);
}

function showState() {
  if (connected && (solved || !last)) return;
  let old = false;
  if (last) document.body.classList.toggle("empty", last.empty);
  for (const [name, of] of Object.entries(last?.of ?? {})) {
    $(`[data-part=${name}]`).ariaBusy = String(!of || holds[name]?.split(".")[0] !== of.split(".")[0]);
    if (name !== "questions") old ||= holds[name] !== of; // which is not drawn anew while somebody writes in it
  }
  const badge = $("[data-proof]");
  if (!connected) {
    badge.textContent = "not connected";
    badge.className = "badge failed";
    return;
  }
  badge.textContent = last.proof.startsWith("certified") && old ? "certified, being drawn" : last.proof;
  badge.className = `badge${last.proof.startsWith("certified") && !old ? " certified" : last.proof === "no plan" ? " failed" : ""}`;
}

// What somebody is writing is not drawn anew before it is sent.
function isTyping(region) {
  const node = document.activeElement;
  return region?.contains(node) && node.matches("input.box, #drawn input") && node.value !== node.defaultValue;
}

function put(region, html) {
  if (!region || drawings.get(region) === html) return;
  drawings.set(region, html);
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const selected = focused?.selectionEnd > 0 && focused.selectionStart === 0, before = focused && reach(region).map(known);
  const open = Object.fromEntries(all("details[id]", region).map((node) => [node.id, node.open]));
  const scroll = region.scrollTop, was = focused?.getBoundingClientRect().top, written = blanks(region);
  const boxes = all(".scroll", region).map((box) => [box.scrollLeft, box.scrollTop]);
  region.style.minHeight = `${region.offsetHeight}px`; // until its charts are drawn, so that the page stays where it is
  region.innerHTML = html;
  for (const [place, field] of blanks(region)) if (written.has(place)) field.value = written.get(place).value; // nothing typed is lost
  drawCharts(region).finally(() => { region.style.minHeight = ""; });
  for (const node of all("details[id]", region)) if (node.id in open) node.open = open[node.id];
  for (const field of all("[data-find]", region)) if (field.value) find(field);
  region.scrollTop = scroll;
  for (const [at, box] of all(".scroll", region).entries()) [box.scrollLeft, box.scrollTop] = boxes[at] ?? [0, 0];
  if (!focused) return;
  const there = new Map(reach(region).map((node) => [known(node), node]).reverse()), same = there.get(known(focused));
  const left = before.slice(0, before.indexOf(known(focused))).findLast((one) => there.has(one)); // if it is gone
  const node = same ?? there.get(left) ?? [...there.values()].at(-1);
  node?.focus({ preventScroll: true });
  if (same) region.scrollTop += same.getBoundingClientRect().top - was; // what is worked at stays where it is
  if (same?.type === "search") same.setSelectionRange(same.value.length, same.value.length);
  if (same && selected) same.select?.(); // as whoever is about to write over it had it
}

// The blanks of forms that are not sent yet, by form and name.
function blanks(region) {
  const fields = all("form.target", region).flatMap((form, at) => [...form.elements].filter((field) => field.name && field.type !== "hidden").map((field) => [`${at} ${field.name}`, field]));
  return new Map([...fields, ...all("[data-find]", region).map((field) => [field.id, field])]);
}

// Of a list the rows that have what is looked for.
function find(field) {
  const list = field.closest("details"), wanted = field.value.trim().toLowerCase();
  for (const row of all(".control", list)) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  for (const folded of all("details", list)) folded.open = wanted !== "" && $(".control:not([hidden])", folded) !== null;
}

// What the keyboard reaches.
const reach = (region) => all(REACHED, region).filter((node) => node.checkVisibility());

const known = (node) => node.id || node.ariaLabel || JSON.stringify([node.textContent, { ...node.dataset }]);

function update(news) {
  if (last && news.turn < last.turn) news = last; // it was long on its way, and its change was in the hand meanwhile
  const changed = last && news.state !== last.state;
  last = news;
  if (changed) $("[data-word]").textContent = "";
  if (changed && drawn) openDrawer(drawn); // a row that is open is that of the state
  for (const [name, version] of Object.entries(news.versions)) {
    if (versions[name] === version || hand.size || isTyping($(`[data-part=${name}]`))) continue;
    versions[name] = version;
    fetches[name] = fetchPart(name);
  }
  mark();
  clearTimeout(phaseTimer);
  doing = { since: Date.now() - 1000 * news.seconds };
  doing.phase = news.phase;
  if (!news.phase) { $("[data-phase]").textContent = ""; hideStop(true); }
  else phaseTimer = setTimeout(sayPhase, SAY_PHASE_AFTER);
  for (const name of ["undo", "redo", "keep"]) $(`#${name}`).ariaDisabled = String(!news[name]); // and keeps the focus
  if (news.fault) say(news.fault);
}

// What goes on, since when, and about how long it takes, as far as that is known.
function sayPhase() {
  const seconds = Math.round((Date.now() - doing.since) / 1000), since = seconds > 2 ? `, ${seconds} s` : "";
  $("[data-phase]").textContent = doing.phase + since + (last.expected && ` (${last.expected})`);
  $("#stop").textContent = last.stop;
  hideStop(!last.stop || Date.now() - doing.since < STOP_AFTER);
  phaseTimer = setTimeout(sayPhase, 1000);
}

function hideStop(hidden) {
  if (hidden && document.activeElement === $("#stop")) $("#undo").focus();
  $("#stop").hidden = hidden;
}

// ---- what is changed ----------------------------------------------------------------------------------------

function valueOf(control) {
  if (control.type === "checkbox") return control.checked ? false : control.dataset.off === "0" ? 0 : control.dataset.off;
  if (control.dataset.json) return JSON.parse(control.value);
  if (control.dataset.absolute && /^[-+\u2212]\s*[\d.]+$/.test(control.value.trim())) return NaN; // a risk is no step
  if (control.type !== "range" && !("amount" in control.dataset)) return control.value;
  return Number((amount(control.value, Number(control.dataset.amount)) * (control.dataset.scale ?? 1)).toPrecision(12));
}

// A number as people write one: 80, 1,200, 80 %, or of what stands there now: +30 %, -5, x2.
function amount(text, now) {
  const plain = text.replace(/\s|,(?=\d{3}\b)/g, "").replace("−", "-").replace(/[×*]/g, "x");
  const times = plain.match(/^(?:x([\d.]+)|([\d.]+)x)$/), step = plain.match(/^([+-][\d.]+)(%?)$/);
  if (times) return now * (times[1] ?? times[2]);
  if (step && Number.isFinite(now)) return step[2] ? now * (1 + step[1] / 100) : now + Number(step[1]);
  return plain === "" ? NaN : Number(plain.replace(/%$/, ""));
}

// Help for what is no number: a decimal comma is the likeliest slip.
function noNumber(text) {
  const comma = text.trim().match(/^([+-]?\d+),(\d+)\s*(%?)$/);
  if (comma) return `${text}: write a decimal point, ${comma[1]}.${comma[2]}${comma[3] && " %"}; commas only group thousands, as in 1,200.`;
  return `${text}: is no number. Write 80, +30 %, -5 or x2.`;
}

async function sendEdit(control) {
  const key = control.dataset.edit, value = valueOf(control), most = control.dataset.most;
  const shownValue = value / (control.dataset.scale ?? 1), [label, unit] = (control.ariaLabel ?? "").split(/, (?=[^,]*$)/);
  if (Number.isNaN(value)) { refuse(control, control.dataset.absolute ? `${control.value}: write the risk itself, in ${unit}, as 2,000.` : noNumber(control.value)); return; }
  if (unit === "years" && !Number.isInteger(value)) { refuse(control, `${label}: ${shownValue} is no whole number of years.`); return; }
  if (most && (shownValue < 0 || shownValue > Number(most) * (1 + 1e-9))) { refuse(control, `${label}: 0 to ${Number(most).toLocaleString("en")} ${unit}.`); return; }
  const typed = control.defaultValue = control.value;
  const done = await (value === false ? post("/revert", { key }) : post("/edit", { key, value }));
  if (done) return;
  const field = document.getElementById(control.id) ?? control;
  if (field.matches(".box")) field.value = typed; // what is refused stays to be mended
  refuse(field, $("#fault").textContent.replace(/^\S+ as changed:\d+: \w+: /, `${label}: `));
}

// Said where it was written as well: the head of the page may be out of view.
function refuse(control, words) {
  say(words);
  const beside = control.closest(".row, .note") ?? control;
  if (beside.nextElementSibling?.matches(".refused")) beside.nextElementSibling.remove();
  beside.after(Object.assign(document.createElement("small"), { className: "refused worse", textContent: words }));
}

document.addEventListener("change", (event) => {
  const node = event.target;
  if (node.dataset.edit) {
    hand.add("change");
    clearTimeout(editTimer);
    editTimer = setTimeout(() => { sendEdit(node); letGo("change"); }, node.type === "range" ? WAIT_FOR_MORE : 0);
  }
  else if (node.matches("form[data-open] select")) node.form.requestSubmit();
  else if ("pin" in node.dataset) post("/pin", { folder: node.dataset.pin });
});

document.addEventListener("input", ({ target }) => {
  if ("find" in target.dataset) find(target);
  if (target.type === "range") document.getElementById(`${target.id}-box`).value = target.value;
});
document.addEventListener("pointerdown", (event) => { if (event.target.closest?.(`${REACHED}, label, circle`)) hand.add("press"); });
for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, () => setTimeout(letGo, 0, "press"));
window.addEventListener("pointermove", (event) => { if (!event.buttons) letGo("press"); });

// What changed while it was in the hand is drawn once it is let go.
function letGo(what) {
  if (hand.delete(what) && last) update(last);
}

document.addEventListener("click", async (event) => {
  const node = event.target.closest("button, a"), questions = $("#questions");
  if (questions.classList.contains("open") && !event.composedPath().includes(questions)) sheet(false);
  if (!node || node.ariaDisabled === "true") return;
  if (node.dataset.post) await post(node.dataset.post, JSON.parse(node.dataset.body ?? "{}"));
  else if (node.dataset.drawer) openDrawer(node.dataset.drawer, node);
  else if (node.dataset.opens) {
    if (phone.matches) sheet(true);
    const group = document.getElementById(node.dataset.opens);
    group.open = true;
    $("select, input", group)?.focus();
  } else if (node.dataset.copy) {
    await navigator.clipboard?.writeText(document.getElementById(node.dataset.copy).textContent);
    node.textContent = "Copied";
  } else if (node.pathname?.endsWith(".xlsx")) {
    event.preventDefault();
    fetchWorkbook(node);
  }
  else if (node.dataset.close || node.id === "ask") sheet(node.id === "ask");
});

// A workbook is written when it is first asked for, and the page says so until it is there.
async function fetchWorkbook(link) {
  const word = $("[data-word]"), since = Date.now(), name = link.textContent;
  const tell = () => { word.textContent = link.textContent = `workbook: being written, ${Math.round((Date.now() - since) / 1000)} s`; };
  tell();
  const telling = setInterval(tell, 1000), answer = await fetch(link.href).catch(() => ({}));
  clearInterval(telling);
  link.textContent = name;
  word.textContent = answer.ok ? "The workbook is there." : "The workbook could not be written.";
  if (answer.ok) location.assign(link.href); // now at once, as a file
}

document.addEventListener("submit", async (event) => {
  const form = event.target, given = Object.fromEntries(new FormData(form));
  if (form.method === "dialog") return;
  event.preventDefault();
  if (form.dataset.open) { openDrawer(`${form.dataset.open}?${new URLSearchParams(given)}`); return; }
  const sentences = () => all("form.target"), place = sentences().indexOf(form);
  if (await post(form.dataset.form, given)) {
    if (place >= 0) sentences().forEach((one) => one.reset());
    else if (!form.dataset.drawerAfter) form.reset();
    else for (const field of form.elements) field.defaultValue = field.value; // it is written no longer
    if (form.dataset.drawerAfter) openDrawer(form.dataset.drawerAfter);
  } else if (place >= 0) refuse(sentences()[place], $("#fault").textContent); // which was drawn anew meanwhile
});

// ---- drawer, sheet ------------------------------------------------------------------------------------

async function openDrawer(address, from = null) {
  const turn = turns.drawer = (turns.drawer ?? 0) + 1, answer = await fetch(`/part/${address}`);
  if (!answer.ok) { say((await answer.json()).fault ?? ""); return; }
  const html = await answer.text(); // after which nothing is waited for
  if (turn !== turns.drawer || (!from && !$("#drawer").open)) return; // another one was opened, or closed while the answer was on its way
  const again = drawn === address;
  drawn = address;
  opener = from ?? opener;
  if (!$("#drawer").open) $("#drawer").show(); // before, so that a chart knows how wide it may be
  if (!again || !isTyping($("#drawn"))) put($("#drawn"), html);
  if (!again) ($("#drawn .chosen input:not([type=hidden])") ?? $("#drawn button, #drawn input, #drawn pre"))?.focus();
}

$("#drawer").addEventListener("close", () => {
  drawn = "";
  put($("#drawn"), "");
  if (opener) reach(document).find((node) => known(node) === known(opener))?.focus(); // it may be drawn anew by now
  opener = null;
});

function sheet(open) {
  $("#questions").classList.toggle("open", open);
  $("#ask").setAttribute("aria-expanded", String(open));
  (open ? $("#questions button, #questions summary") : $("#ask"))?.focus();
}

document.addEventListener("keydown", (event) => {
  const inText = event.target.matches?.("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea");
  if (event.key === "Escape") {
    if ($("#drawer").open) $("#drawer").close();
    else if ($("#questions").classList.contains("open")) sheet(false);
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !inText) {
    event.preventDefault();
    post(event.shiftKey ? "/redo" : "/undo");
  }
});

// ---- the point of the frontier, and tips ----------------------------------------------------------------------

dragPoint((risk) => post("/edit", { key: "goal", value: risk }));

document.addEventListener("pointermove", (event) => {
  if (!event.target.closest?.("[data-chart]")) $("#tip").hidden = true; // a chart shows and hides its own
});

phone.addEventListener("change", () => { drawCharts(document); fetchPart("views"); });
const events = new EventSource("/events");
events.onopen = () => { connected = true; last = null; };
events.onmessage = (event) => update(JSON.parse(event.data));
events.onerror = () => { connected = false; mark(); };
