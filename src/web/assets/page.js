// The status page comes complete from the server. This script adds what needs one: the table of
// containers can be sorted, searched and filtered; the page refreshes in place; large plots can be
// looked into; the log shows within the page.
//
// Text from the server is never made into markup here: a new page is parsed as a document of its
// own, which runs nothing, and what has changed is taken over node by node.

"use strict";

const refreshEvery = 5000; // milliseconds

// --- what the user has chosen ---------------------------------------------------------------------

const chosen = {
  sort: "", // the key of a column; empty: the order of the server
  descending: false,
  search: "",
  state: "",
  byProject: true,
  collapsed: [], // groups
};

function loadChoice() {
  try {
    Object.assign(chosen, JSON.parse(sessionStorage.getItem("tidegauge-table") || "{}"));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

function saveChoice() {
  try {
    sessionStorage.setItem("tidegauge-table", JSON.stringify(chosen));
  } catch {
    // as above
  }
}

// --- small helpers --------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Much faster than localeCompare for hundreds of names.
const collator = new Intl.Collator("en", { numeric: true });

// --- the table of containers ----------------------------------------------------------------------
//
// `arrange` brings a table to what is chosen: the shown one after a click, and the table of a new
// page before it is taken over.

// Of a row of a container, or of a group by its sums.
function valueOf(element, key) {
  const row = element.tagName === "TR" ? element : element.rows[0];
  if (key === "name") return row.firstElementChild.textContent;
  const text = row.querySelector(`[data-key="${key}"]`)?.dataset.value;
  return text ? Number(text) : null;
}

// What is not known comes last, whichever the direction.
function compareValues(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? collator.compare(a, b) : a - b;
  return chosen.descending && chosen.sort ? -order : order;
}

function sorted(elements, key) {
  const keyed = elements.map((element) => [valueOf(element, key), element]);
  keyed.sort(([a], [b]) => compareValues(a, b));
  return keyed.map(([, element]) => element);
}

// What the badges of a row, or of all rows, say: "running", "stuck", "unhealthy".
function statesOf(element) {
  const badges = element.querySelectorAll(":is(.state, .health)");
  return [...new Set([...badges].map((badge) => badge.textContent))].sort();
}

function isWanted(row) {
  if (chosen.state && !statesOf(row).includes(chosen.state)) return false;
  if (!chosen.search) return true;
  const text = `${row.dataset.key} ${row.firstElementChild.title} ${row.dataset.home}`;
  return text.toLowerCase().includes(chosen.search.toLowerCase());
}

function arrange(table) {
  const bodies = [...table.tBodies];
  const rows = [...table.querySelectorAll("tr.container")];
  // Where they stand in a page from the server.
  for (const row of rows) row.dataset.home ??= row.parentNode.dataset.group;
  bodies.forEach((body, index) => (body.dataset.order ??= String(index)));
  const shown = rows.filter(isWanted);
  const isShown = new Set(shown);
  for (const row of rows) row.hidden = !isShown.has(row);
  if (chosen.byProject) arrangeByProject(table, bodies, rows);
  else arrangeFlat(bodies, rows);
  for (const heading of table.tHead.rows[0].cells) arrangeHeading(heading);
  return `${shown.length} of ${rows.length} containers`;
}

// Groups are sorted by their sums, and rows within their group.
function arrangeByProject(table, bodies, rows) {
  for (const body of bodies) {
    const own = rows.filter((row) => row.dataset.home === body.dataset.group);
    const group = body.querySelector("tr.group");
    reorder(body, sorted(own, chosen.sort || "name"), group ? 1 : 0);
    const isCollapsed = chosen.collapsed.includes(body.dataset.group);
    body.hidden = own.every((row) => row.hidden);
    if (!group) continue;
    arrangeGroup(group, isCollapsed);
    if (isCollapsed) for (const row of own) row.hidden = true;
  }
  if (bodies.length < 2) return;
  const first = [...table.children].indexOf(table.tBodies[0]);
  reorder(table, chosen.sort ? sorted(bodies, chosen.sort) : inServerOrder(bodies), first);
}

// All rows stand in the first body.
function arrangeFlat(bodies, rows) {
  for (const body of bodies) {
    const group = body.querySelector("tr.group");
    if (group) group.hidden = true;
    body.hidden = body !== bodies[0];
  }
  const group = bodies[0].querySelector("tr.group");
  reorder(bodies[0], sorted(rows, chosen.sort || "name"), group ? 1 : 0);
}

function inServerOrder(bodies) {
  return [...bodies].sort((a, b) => Number(a.dataset.order) - Number(b.dataset.order));
}

// Moves only what stands elsewhere.
function reorder(parent, children, first) {
  children.forEach((child, index) => {
    const there = parent.children[first + index] ?? null;
    if (there !== child) parent.insertBefore(child, there);
  });
}

function arrangeGroup(group, isCollapsed) {
  group.hidden = false;
  const heading = group.firstElementChild;
  let button = heading.querySelector("button");
  if (!button) {
    button = make("button", { type: "button" });
    button.append(...heading.childNodes);
    heading.append(button);
  }
  button.setAttribute("aria-expanded", String(!isCollapsed));
}

function arrangeHeading(heading) {
  if (!heading.querySelector("button")) {
    const button = make("button", { type: "button" });
    button.append(...heading.childNodes);
    heading.append(button);
  }
  if (heading.dataset.sort === chosen.sort) {
    heading.setAttribute("aria-sort", chosen.descending ? "descending" : "ascending");
  } else {
    heading.removeAttribute("aria-sort");
  }
}

function rearrange() {
  saveChoice();
  const table = document.getElementById("container-table");
  if (table) document.getElementById("shown").textContent = arrange(table);
}

// --- controls -------------------------------------------------------------------------------------

// There is no table before the first container, and its states come and go.
function updateControls() {
  const table = document.getElementById("container-table");
  if (!table) return;
  if (!document.getElementById("controls")) {
    document.getElementById("shown").after(makeControls());
  }
  const select = document.getElementById("state-filter");
  const states = ["", ...statesOf(table)];
  if (chosen.state && !states.includes(chosen.state)) states.push(chosen.state);
  if (states.join() === [...select.options].map((option) => option.value).join()) return;
  select.replaceChildren(...states.map((name) => make("option", { value: name }, name || "any")));
  select.value = chosen.state;
}

function makeControls() {
  const search = make("input", { type: "search", id: "search", autocomplete: "off" });
  search.value = chosen.search;
  search.addEventListener("input", () => {
    chosen.search = search.value;
    rearrange();
  });
  const state = make("select", { id: "state-filter" });
  state.addEventListener("change", () => {
    chosen.state = state.value;
    rearrange();
  });
  const group = make("input", { type: "checkbox", id: "group" });
  group.checked = chosen.byProject;
  group.addEventListener("change", () => {
    chosen.byProject = group.checked;
    rearrange();
  });
  return make(
    "div",
    { id: "controls", "data-keep": "" },
    make("label", {}, "Search", search),
    make("label", {}, "State", state),
    make("label", {}, group, "By project"),
  );
}

function onTableClick(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const heading = button.closest("th[data-sort]");
  if (heading) {
    const isSame = chosen.sort === heading.dataset.sort;
    // Names begin at A, numbers at the greatest.
    chosen.descending = isSame ? !chosen.descending : heading.dataset.sort !== "name";
    chosen.sort = heading.dataset.sort;
  } else {
    const group = button.closest("tbody").dataset.group;
    chosen.collapsed = chosen.collapsed.includes(group)
      ? chosen.collapsed.filter((name) => name !== group)
      : [...chosen.collapsed, group];
  }
  rearrange();
}

// --- taking over a new page -----------------------------------------------------------------------

// What tells a node from its neighbours, so that it is found again where it has moved.
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return "";
  return node.id || node.dataset.key || node.dataset.group || "";
}

// Makes `old` equal to `fresh` and replaces nothing that can stay: focus, selection and scrolling
// stay as they are. What this script has made (data-keep) stays as well.
function takeOver(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  takeOverChildren(old, fresh);
}

function takeOverChildren(old, fresh) {
  const isKept = (node) => node.nodeType === Node.ELEMENT_NODE && "keep" in (node.dataset ?? {});
  const known = new Map();
  for (const node of old.childNodes) {
    if (keyOf(node) && !known.has(keyOf(node))) known.set(keyOf(node), node);
  }
  const done = new Set();
  let next = old.firstChild;
  const skip = () => {
    while (next && (isKept(next) || done.has(next))) next = next.nextSibling;
  };
  for (const child of [...fresh.childNodes]) {
    skip();
    let match = keyOf(child) ? known.get(keyOf(child)) : next;
    if (match && (match.nodeName !== child.nodeName || keyOf(match) !== keyOf(child))) match = null;
    if (match) {
      known.delete(keyOf(match)); // two containers may have one name
      takeOver(match, child);
      if (match !== next) old.insertBefore(match, next);
    } else {
      match = old.insertBefore(document.importNode(child, true), next);
    }
    done.add(match);
  }
  for (const node of [...old.childNodes]) if (!done.has(node) && !isKept(node)) node.remove();
}

// --- refreshing -----------------------------------------------------------------------------------

let version = ""; // the ETag of the page that is shown
let isRefreshing = false;

function showLost(text) {
  document.getElementById("lost").textContent = text;
}

async function refresh() {
  if (document.hidden || isRefreshing) return;
  isRefreshing = true;
  try {
    const headers = version ? { "If-None-Match": version } : {};
    const signal = AbortSignal.timeout(10000);
    const response = await fetch(location.href, { headers, signal, cache: "no-store" });
    if (response.ok) {
      show(await response.text());
      version = response.headers.get("ETag") ?? "";
    }
    showLost(lostText(response));
    if (response.ok) await refreshLargePlots();
  } catch {
    showLost("tidegauge does not answer. What is shown is as old as it says above.");
  } finally {
    isRefreshing = false;
  }
}

function lostText(response) {
  if (response.ok || response.status === 304) return "";
  if (response.status === 404) return "This is not watched any more. What is shown is old.";
  return `tidegauge answers with status ${response.status}. What is shown is old.`;
}

function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const table = fresh.getElementById("container-table");
  if (table) fresh.getElementById("shown").textContent = arrange(table);
  document.title = fresh.title;
  const focused = document.activeElement;
  takeOver(document.getElementById("as-of"), fresh.getElementById("as-of"));
  takeOver(document.querySelector("main"), fresh.querySelector("main"));
  // What was moved has lost the focus.
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  updateControls();
  addPlotButton();
}

function keepRefreshing() {
  setTimeout(async () => {
    await refresh();
    keepRefreshing();
  }, refreshEvery);
}

// --- large plots ----------------------------------------------------------------------------------

const root = new URL("..", document.currentScript.src); // of the daemon, behind any prefix
let largePlots = null; // { update } while they are shown

function addPlotButton() {
  const section = document.getElementById("plots");
  const isNeeded = section?.querySelector("svg") && !document.getElementById("enlarge");
  if (!isNeeded) return;
  const button = make("button", { type: "button", id: "enlarge", class: "button" }, "Enlarge");
  const place = make("div", { id: "large-plots", "data-keep": "", class: "plots" });
  const bar = make("p", { "data-keep": "" }, button);
  section.querySelector("h2").after(bar, place);
  button.addEventListener("click", async () => {
    button.disabled = true;
    if (!largePlots) place.replaceChildren();
    try {
      if (largePlots) closeLargePlots(place);
      else await openLargePlots(place);
      button.textContent = largePlots ? "Close the large plots" : "Enlarge";
    } catch {
      place.textContent = "The numbers cannot be had: tidegauge does not answer.";
    }
    button.disabled = false;
  });
}

function loadPlotLibrary() {
  if (window.uPlot) return Promise.resolve();
  const style = { id: "plot-style", rel: "stylesheet", href: new URL("assets/uplot/uPlot.min.css", root) };
  if (!document.getElementById("plot-style")) document.head.append(make("link", style));
  return new Promise((resolve, reject) => {
    const script = make("script", { src: new URL("assets/uplot/uPlot.iife.min.js", root) });
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

// The path of the page is that of the root and containers/ENDPOINT/NAME.
async function fetchHistory() {
  const path = location.pathname.slice(root.pathname.length);
  const response = await fetch(new URL(`api/v1/${path}`, root), {
    signal: AbortSignal.timeout(10000),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()).history;
}

const plotKinds = [
  { title: "CPU (cores)", lines: [["cores", "cpu_cores"]] },
  { title: "Memory (MiB)", lines: [["MiB", "memory_working_set_bytes", 1024 * 1024]] },
  {
    title: "Network (KiB/s)",
    lines: [
      ["received", "network_receive_bytes_per_second", 1024],
      ["transmitted", "network_transmit_bytes_per_second", 1024],
    ],
  },
  {
    title: "Disk (KiB/s)",
    lines: [
      ["read", "disk_read_bytes_per_second", 1024],
      ["written", "disk_write_bytes_per_second", 1024],
    ],
  },
];

function dataOf(kind, history) {
  const end = Date.parse(history.until) / 1000;
  const count = history.cpu_cores.length;
  const times = history.cpu_cores.map((_, i) => end - (count - 1 - i) * history.step_seconds);
  const lines = kind.lines.map(([, member, unit = 1]) =>
    history[member].map((value) => (value === null ? null : value / unit)),
  );
  return [times, ...lines];
}

async function openLargePlots(place) {
  const [history] = await Promise.all([fetchHistory(), loadPlotLibrary()]);
  const style = getComputedStyle(document.documentElement);
  const colours = [style.getPropertyValue("--plot"), style.getPropertyValue("--warning")];
  const axis = { stroke: style.getPropertyValue("--faint"), grid: { stroke: style.getPropertyValue("--line") } };
  const plots = plotKinds.map((kind) => {
    const figure = make("figure", {}, make("figcaption", {}, kind.title));
    place.append(figure);
    const series = kind.lines.map(([label], i) => ({ label, stroke: colours[i], dash: i ? [6, 4] : [], width: 2 }));
    const options = {
      width: figure.clientWidth - 20,
      height: 220,
      series: [{}, ...series],
      axes: [axis, { ...axis, size: 60 }],
      scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    };
    return new uPlot(options, dataOf(kind, history), figure);
  });
  largePlots = {
    update: (fresh) => plots.forEach((plot, i) => plot.setData(dataOf(plotKinds[i], fresh))),
    close: () => plots.forEach((plot) => plot.destroy()),
  };
}

function closeLargePlots(place) {
  largePlots.close();
  largePlots = null;
  place.replaceChildren();
}

async function refreshLargePlots() {
  if (!largePlots) return;
  const history = await fetchHistory();
  largePlots?.update(history); // unless they were closed meanwhile
}

// --- the log --------------------------------------------------------------------------------------

function addLog() {
  const link = document.getElementById("show-log");
  if (!link) return;
  const place = make("pre", { "data-keep": "", tabindex: "0", hidden: "", "aria-label": "Log" });
  document.getElementById("log").append(place);
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    place.hidden = false;
    place.textContent = "…";
    try {
      const response = await fetch(link.href, { signal: AbortSignal.timeout(15000), cache: "no-store" });
      place.textContent = (await response.text()) || "(no lines)";
    } catch {
      place.textContent = "The log cannot be had: no answer.";
    }
    place.scrollTop = place.scrollHeight;
  });
}

// --- start ----------------------------------------------------------------------------------------

function start() {
  loadChoice();
  document
    .getElementById("top")
    .after(make("div", { id: "lost", role: "status", "data-keep": "" }));
  document.getElementById("containers")?.addEventListener("click", onTableClick);
  updateControls();
  rearrange();
  addPlotButton();
  addLog();
  document.addEventListener("visibilitychange", refresh);
  keepRefreshing();
}

start();
