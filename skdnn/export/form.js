// A form made of the columns; the curve above each slider is the effect of the column.

const MOST_POINTS = 41, MOST_CHOICES = 50, MANY_COLUMNS = 8;

/** Values of the form: numbers and texts, null if missing, undefined if unknown. */
let row = [];
let latest = null;

/** What can be chosen in the menu of a category. */
function choicesOf(position) {
  const known = [...model.columns[position].codes.keys()];
  return [...known.map((text) => [text, text]), ["unknown", undefined], ["missing", null]];
}

function startOf({ kind, start }, position) {
  if (kind === "number") return start;
  const column = model.columns[position];
  if (start !== 0 && start === column.missing) return null;
  return [...column.codes.keys()][start - 1];
}

function change(position, value) {
  row[position] = value;
  update();
}

// ---------------------------------------------------------------------------------------------
// Cards of columns
// ---------------------------------------------------------------------------------------------

function makeNumberCard(column, position) {
  const id = `column-${position}`, last = Math.max(column.values.length - 1, 1);
  const { source } = model.columns[position];
  // Fields of type "number" drop commas silently.
  const input = element("input", {
    type: "text", id, className: "number", inputMode: "decimal", autocomplete: "off",
    "aria-describedby": `${id}-message`,
  });
  const message = element("p", { id: `${id}-message`, role: "status" });
  const slider = element("input", {
    type: "range", min: 0, max: last, step: 1, disabled: column.values.length < 2,
    "aria-label": `${column.name}, percentiles`,
  });
  const missing = element("input", { type: "checkbox" });
  const label = element("label", { htmlFor: id }, ...breakable(column.name));
  const head = element("div", { className: "head" }, label);
  if (column.indicated) head.append(element("label", { className: "missing" }, missing, "missing"));
  head.append(input);
  const plot = makePlot();
  const ticks = [...new Set([0, last >> 1, last])].filter((i) => i in column.values);
  const texts = formatTicks(ticks.map((i) => column.values[i]));
  const ends = texts.map((text) => element("span", {}, text));
  const axis = element("div", { className: "ends" }, ...ends);
  const isClear = (n) => new Set(column.values.map((x) => readable(x, n))).size > last;
  const digits = [6, 7].find(isClear) ?? 8; // a field has room for no more
  const card = element("div", { className: "card" }, head, message, plot.view, slider, axis);
  let before = column.values[last >> 1] ?? 0; // while it is missing
  let error = ""; // about the text in the field, which is no value then

  const accept = (value) => {
    error = "";
    change(position, value);
  };
  input.addEventListener("input", () => {
    const isEmpty = input.value.trim() === "" && column.may_be_missing;
    const value = isEmpty ? null : parseNumber(input.value);
    // Not beyond the dtype of the network either.
    if (value === null || Number.isFinite(encodeNumber(model, source, value))) return accept(value);
    const what = Number.isNaN(value) ? "such as 12.5" : "of usual size";
    error = `Enter a number ${what}. The last one is kept.`;
    show();
  });
  // All digits while it is edited.
  input.addEventListener("focus", () => {
    const exact = String(row[position] ?? "");
    if (error || input.value === exact) return;
    input.value = exact;
    input.select();
  });
  input.addEventListener("blur", () => show());
  slider.addEventListener("input", () => accept(column.values[slider.valueAsNumber]));
  missing.addEventListener("change", () => accept(missing.checked ? null : before));

  const show = () => {
    const value = row[position];
    before = value ?? before;
    missing.checked = value === null;
    card.classList.toggle("is-missing", value === null);
    input.placeholder = value === null ? "missing" : "";
    const text = value === null ? "" : readable(value, digits);
    if (document.activeElement !== input && !error) input.value = text;
    input.title = value === null || text === String(value) ? "" : value;
    input.setAttribute("aria-invalid", error !== "");
    message.className = error ? "error" : "hint";
    message.textContent = error || hintOf(column, value);
    slider.value = placeOf(column.values, value ?? before);
    slider.setAttribute("aria-valuetext", text || "missing");
  };
  const restore = () => (error = "");
  const points = pointsOf(column.values);
  const compute = () => effect(model, row, position, points.map((i) => column.values[i]));
  const draw = (results, range) => {
    const value = row[position];
    const at = value === null ? null : placeOf(column.values, value) / last;
    plot.draw(points.map((i) => i / last), results, range, at, isOutside(column, value));
  };
  return { card, name: column.name, show, restore, compute, draw };
}

const isOutside = ({ range, values }, value) =>
  range !== null && value !== null && !(values[0] <= value && value <= values.at(-1));

/** What is unusual about a value, or nothing. */
function hintOf(column, value) {
  if (value === null) return column.indicated ? "" : "missing: the median is used";
  if (!isOutside(column, value)) return "";
  const [low, high] = formatTicks([column.values[0], column.values.at(-1)]);
  return `outside the ${column.range} range ${low} to ${high}`;
}

/** Where a number is among increasing values, from 0 to their number less 1. */
function placeOf(values, x) {
  const above = values.findIndex((value) => value >= x);
  if (above === 0) return 0;
  if (above < 0) return Math.max(values.length - 1, 0);
  return above - (values[above] - x) / (values[above] - values[above - 1]);
}

/** Some of the indices of values, evenly, with the first and the last one. */
function pointsOf({ length }) {
  const n = Math.min(length, MOST_POINTS);
  return Array.from({ length: n }, (_, i) => Math.round((i * (length - 1)) / Math.max(n - 1, 1)));
}

/** A curve in a box of 100 by 100, and a dot on it. */
function makePlot() {
  const space = "http://www.w3.org/2000/svg";
  const view = element("div", { className: "plot", role: "img" });
  const svg = document.createElementNS(space, "svg");
  const add = (tag, attributes) => {
    const made = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    svg.append(made);
    return made;
  };
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  for (const y of [0, 50, 100]) add("line", { x1: 0, x2: 100, y1: y, y2: y });
  const band = add("path", { class: "band" }), curve = add("path", { class: "curve" });
  const dot = element("span", { className: "dot" });
  const high = element("span", { className: "high" }), low = element("span", { className: "low" });
  view.append(svg, high, low, dot);
  const draw = (places, results, range, at, isOutside) => {
    const y = (value) => 100 - 100 * shareOf(range, value);
    const line = (part) => results.map((each, i) => `${100 * places[i]} ${y(each[part])}`);
    const around = [...line("high"), ...line("low").reverse()];
    curve.setAttribute("d", results.length ? `M${line("value").join("L")}` : "");
    band.setAttribute("d", results.length ? `M${around.join("L")}Z` : "");
    [low.textContent, high.textContent] = formatEnds(range);
    dot.hidden = at === null;
    dot.classList.toggle("is-outside", isOutside);
    if (at !== null) dot.style.left = `${100 * at}%`;
    dot.style.top = `${y(latestValue())}%`;
    view.setAttribute("aria-label", describe(results));
  };
  return { view, draw };
}

function makeCategoryCard(column, position) {
  const id = `column-${position}`, choices = choicesOf(position);
  const select = element("select", { id });
  const known = element("optgroup", { label: "known" });
  const other = element("optgroup", { label: "other" });
  choices.forEach(([text], i) => {
    const group = i < choices.length - 2 ? known : other;
    group.append(element("option", { value: i }, text));
  });
  select.append(...[known, other].filter((group) => group.children.length));
  select.addEventListener("change", () => change(position, choices[select.value][1]));
  const list = element("div", { className: "choices", role: "img" });
  let lines = [], chosen = null;
  // With very many categories the first of them, the chosen one, and the last two choices.
  const fill = () => {
    const drawn = choices.filter(
      ([, value], i) => i < MOST_CHOICES || i >= choices.length - 2 || value === row[position],
    );
    lines = drawn.map(([text, value]) => makeLine(text, value, () => change(position, value)));
    const views = lines.map(({ line }) => line);
    const rest = choices.length - drawn.length;
    const more = rest ? [element("p", { className: "muted" }, `${rest} more in the menu`)] : [];
    list.replaceChildren(...views.slice(0, -2), ...more, ...views.slice(-2));
  };
  if (choices.length > 6) list.tabIndex = 0; // it can be scrolled by keyboard
  const low = element("span"), high = element("span");
  const label = element("label", { htmlFor: id }, ...breakable(column.name));
  const head = element("div", { className: "head" }, label, select);
  const axis = element("div", { className: "ends" }, low, high);
  const card = element("div", { className: "card" }, head, list, axis);

  const show = () => {
    const before = chosen;
    const find = () => lines.find(({ value }) => value === row[position]);
    if (!find()) fill();
    chosen = find().line;
    select.value = choices.findIndex(([, value]) => value === row[position]);
    for (const { line } of lines) line.classList.toggle("is-chosen", line === chosen);
    if (chosen !== before) reveal();
  };
  /** Scroll the list, but not the page, to the chosen line. */
  const reveal = () => {
    const top = chosen.offsetTop, bottom = top + chosen.offsetHeight;
    const isVisible = top >= list.scrollTop && bottom <= list.scrollTop + list.clientHeight;
    if (!isVisible) list.scrollTop = (top + bottom - list.clientHeight) / 2;
  };
  const compute = () => effect(model, row, position, lines.map(({ value }) => value));
  const draw = (results, range) => {
    results.forEach(({ value }, i) => (lines[i].dot.style.left = `${100 * shareOf(range, value)}%`));
    [low.textContent, high.textContent] = formatEnds(range);
    list.setAttribute("aria-label", describe(results));
  };
  return { card, name: column.name, show, reveal, compute, draw };
}

/** A category and a dot at its prediction. */
function makeLine(text, value, onClick) {
  const dot = element("span", { className: "dot" });
  const name = element("span", { className: "name", title: text }, text);
  const track = element("span", { className: "track" }, dot);
  const line = element("div", { className: "choice" }, name, track);
  line.addEventListener("click", onClick);
  return { line, dot, value };
}

// ---------------------------------------------------------------------------------------------
// Effects
// ---------------------------------------------------------------------------------------------

const latestValue = () => valueOf(latest, output).value;
const shareOf = ([low, high], x) => Math.min(Math.max((x - low) / (high - low), 0), 1);

function describe(results) {
  if (!results.length) return "No effect: no values are known.";
  const values = results.map(({ value }) => value);
  return `Effect: from ${formatOutput(Math.min(...values))} to ${formatOutput(Math.max(...values))}`;
}

/** A range of round numbers that includes all values. */
function roundRange(values) {
  let low = Math.min(...values), high = Math.max(...values);
  if (isClassifier && high - low < 0.05) [low, high] = [low - 0.025, high + 0.025];
  const width = high - low || Math.abs(high) || 1;
  const unit = 10 ** Math.floor(Math.log10(width / 2));
  const step = [1, 2, 5, 10].map((factor) => factor * unit).find((each) => width / each <= 4.5);
  [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  if (low === high) high += step;
  return isClassifier ? [Math.max(low, 0), Math.min(high, 1)] : [low, high];
}

let passes = 0;

/** Compute the effects of all columns in short pieces, and draw them on one scale. */
function updateEffects() {
  const pass = ++passes;
  let next = 0;
  const work = () => {
    if (pass !== passes) return; // the row has changed
    const end = performance.now() + 12;
    while (next < cards.length && performance.now() < end) {
      cards[next].results = cards[next].compute();
      next++;
    }
    if (next < cards.length) setTimeout(work);
    else drawEffects();
  };
  setTimeout(work);
}

function drawEffects() {
  for (const each of cards) each.values = each.results.map((result) => valueOf(result, output));
  const all = cards.flatMap(({ values }) => values.flatMap(({ low, high }) => [low, high]));
  const range = roundRange([...all, latestValue()]);
  for (const each of cards) each.draw(each.values, range);
  document.body.dataset.state = "ready";
}

function showNote() {
  const what = isClassifier ? "the probability of " : data.targets.length > 1 ? "" : "the ";
  byId("note").replaceChildren(
    "Each curve is ", what, element("strong", {}, data.targets[output]),
    " for other values of one column. ", intervalNote(),
  );
}

// ---------------------------------------------------------------------------------------------
// The page
// ---------------------------------------------------------------------------------------------

function update() {
  document.body.dataset.state = "busy";
  latest = predict(model, row);
  showPrediction(outputs, latest);
  for (const each of cards) each.show();
  updateEffects();
}

function reset() {
  row = data.columns.map(startOf);
  for (const each of cards) each.restore?.();
  update();
}

/** The order of the cards: as in the data, or by the present range of the effect. */
function sortCards(order) {
  const size = ({ values }) => {
    const each = values.map(({ value }) => value);
    return each.length ? Math.max(...each) - Math.min(...each) : 0;
  };
  const sorted = order === "data" ? cards : [...cards].sort((a, b) => size(b) - size(a));
  list.append(...sorted.map(({ card }) => card));
  for (const each of cards) each.reveal?.(); // what is moved is scrolled to its start
}

/** For tables with many columns. */
function makeTools() {
  const search = element("input", { type: "search" });
  const nothing = element("p", { className: "muted", role: "status" });
  search.addEventListener("input", () => {
    const text = search.value.toLowerCase();
    for (const { card, name } of cards) card.hidden = !name.toLowerCase().includes(text);
    const isFound = cards.some(({ card }) => !card.hidden);
    nothing.textContent = isFound ? "" : `No column is called “${search.value}”.`;
    for (const each of cards) each.reveal?.();
  });
  const order = element(
    "select", {}, element("option", { value: "data" }, "as in the data"),
    element("option", { value: "effect" }, "largest effect first"),
  );
  order.addEventListener("change", () => sortCards(order.value));
  return element(
    "div", { className: "tools" }, element("label", {}, "Find a column", search),
    element("label", {}, "Order", order), nothing,
  );
}

const outputs = makeOutputs(() => {
  showNote();
  if (document.body.dataset.state === "ready") drawEffects(); // otherwise they will be
});
const cards = data.columns.map((column, position) =>
  (column.kind === "number" ? makeNumberCard : makeCategoryCard)(column, position),
);
const list = element("div", { className: "cards" }, ...cards.map(({ card }) => card));
if (cards.length > MANY_COLUMNS) byId("inputs").append(makeTools());
byId("inputs").append(list);
const again = element("button", { type: "button" }, "Reset");
again.addEventListener("click", reset);
document.querySelector(".top").append(again);
reset();
showNote();
