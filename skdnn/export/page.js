// What pages with a form and with a canvas share: the model, and the panel of the prediction.

const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (those with a hyphen, and role) and children. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children); // text is never read as HTML
  return made;
}

const data = JSON.parse(byId("data").textContent);
const model = loadModel(data);
const task = model.document.task;
const isClassifier = task.kind !== "number";
/** The class, label or target whose effects are shown. */
let output = task.kind === "class" && data.targets.length === 2 ? 1 : 0;
let isOutputChosen = output === 1 || data.targets.length === 1;

// ---------------------------------------------------------------------------------------------
// Numbers as text
// ---------------------------------------------------------------------------------------------

const formats = [];

/**
 * Text of a number with some significant digits, but never less than its integer part has. Groups
 * of digits are separated by a narrow space: commas would be decimal ones if they were typed.
 */
function formatNumber(x, digits = 4, large = 1e12) {
  const size = Math.abs(x);
  if (x !== 0 && (size < 1e-4 || size >= large)) return x.toExponential(digits - 2);
  const n = Math.max(digits, Math.floor(Math.log10(Math.max(size, 1))) + 1);
  formats[n] ??= new Intl.NumberFormat("en", { maximumSignificantDigits: n, useGrouping: "min2" });
  return formats[n].format(x).replaceAll(",", "\u202f");
}

/** Texts of numbers with as many digits as it takes to tell them apart. */
function formatTicks(values, large) {
  for (let digits = 4; ; digits++) {
    const texts = values.map((x) => formatNumber(x, digits, large));
    if (digits === 17 || new Set(texts).size === new Set(values).size) return texts;
  }
}

/** Text of a number in a field: whole if it is an integer, otherwise of some digits. */
function readable(x, digits) {
  if (Number.isInteger(x)) return String(x);
  const nInteger = Math.floor(Math.log10(Math.max(Math.abs(x), 1))) + 1;
  return String(Number(x.toPrecision(Math.max(digits, nInteger))));
}

/** The number that a text means, with a decimal point or comma, or NaN. */
function parseNumber(text) {
  const plain = text.trim().replace(/\s(?=\d{3}(\D|$))/g, "").replace("\u2212", "-");
  const isNumber = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i.test(plain);
  return isNumber ? Number(plain.replace(",", ".")) : NaN;
}

function formatOutput(x) {
  if (!isClassifier) return formatNumber(x);
  if (x < 0.001) return "< 0.1 %";
  return x > 0.999 ? "> 99.9 %" : `${(100 * x).toFixed(1)} %`;
}

/** The round numbers at the ends of a vertical axis, which has room for few digits. */
const formatEnds = (range) =>
  isClassifier ? range.map((x) => `${formatNumber(100 * x)} %`) : formatTicks(range, 1e6);

/** A name that may be broken after its punctuation. */
const breakable = (name) =>
  name.split(/(?<=[_.:/-])/).flatMap((part, i) => (i ? [element("wbr"), part] : [part]));

// ---------------------------------------------------------------------------------------------
// The prediction
// ---------------------------------------------------------------------------------------------

/** The value of an output in a prediction, and the interval around it. */
function valueOf(result, k) {
  if (isClassifier) {
    const value = result.probabilities[k];
    return { value, low: value, high: value };
  }
  const value = result.prediction[k];
  if (task.levels.length > 1) {
    return { value, low: result.quantiles[k][0], high: result.quantiles[k].at(-1) };
  }
  return { value, low: value - result.deviation[k], high: value + result.deviation[k] };
}

/** The range of the training targets, or null. */
function targetRange(k) {
  if (isClassifier || task.target_scaling === null) return null;
  return [model.arrays["target.low"][k], model.arrays["target.high"][k]];
}

/** A line for each output, with a radio button if one can be chosen. */
function makeOutputs(onChoice) {
  const several = data.targets.length > 1 && data.image === null;
  return data.targets.map((name, k) => {
    const value = element("span", { className: "value" });
    const line = element(several ? "label" : "div", { className: "output" });
    if (several) {
      const radio = element("input", { type: "radio", name: "output", checked: k === output });
      radio.addEventListener("change", () => {
        [output, isOutputChosen] = [k, true];
        onChoice();
      });
      line.append(radio);
    }
    const isAlone = !isClassifier && data.targets.length === 1; // in the headline
    value.hidden = isAlone;
    const label = element("span", { className: "name", hidden: isAlone }, ...breakable(name));
    line.append(label, " ", value);
    const parts = { line, value, radio: line.querySelector("input") };
    const range = targetRange(k);
    if (isClassifier || range) {
      parts.band = element("span", { className: isClassifier ? "share" : "band" });
      parts.point = element("span", { className: "point", hidden: isClassifier });
      line.append(element("span", { className: "bar" }, parts.band, parts.point));
    }
    if (range) {
      const ends = formatTicks(range).map((end) => element("span", {}, end));
      line.append(element("span", { className: "ends" }, ...ends));
    }
    byId("outputs").append(line);
    return parts;
  });
}

function showOutput({ line, value, band, point }, k, result) {
  const shown = valueOf(result, k);
  value.textContent = [formatOutput(shown.value), intervalOf(result, k)].join(" ");
  value.dataset.value = shown.value;
  if (!isClassifier) [value.dataset.low, value.dataset.high] = [shown.low, shown.high];
  const isLikely =
    task.kind === "class" ? task.classes[k] === result.label : isClassifier && shown.value > 0.5;
  line.classList.toggle("is-likely", isLikely);
  if (!band) return;
  const [low, high] = targetRange(k) ?? [0, 1];
  const share = (x) => 100 * Math.min(Math.max((x - low) / (high - low || 1), 0), 1);
  const start = isClassifier ? 0 : share(shown.low);
  band.style.left = `${start}%`;
  band.style.width = `${share(shown.high) - start}%`;
  point.style.left = `${share(shown.value)}%`;
}

/** What stands behind a number. */
function intervalOf(result, k) {
  if (isClassifier) return "";
  const { low, high } = valueOf(result, k);
  if (task.levels.length > 1) return `(${formatNumber(low)} to ${formatNumber(high)})`;
  const deviation = Number(result.deviation[k].toPrecision(2));
  return data.document.members.length > 1 ? `± ${formatNumber(deviation)}` : "";
}

/** Text of the headline, and what stands beside it. */
function headlineOf(result) {
  if (task.kind === "class") {
    const k = task.classes.indexOf(result.label);
    return [data.targets[k], formatOutput(result.probabilities[k])];
  }
  if (task.kind === "labels") {
    const likely = data.targets.filter((_, k) => result.probabilities[k] > 0.5);
    return [likely.join(", ") || "none of the labels", ""];
  }
  if (data.targets.length > 1) return ["", ""];
  return [formatNumber(result.prediction[0]), intervalOf(result, 0)];
}

let announcement = 0;

/** Tell screen readers a text when nothing else has been told for a while. */
function announce(textOf) {
  clearTimeout(announcement);
  announcement = setTimeout(() => (byId("live").textContent = textOf()), 600);
}

function showPrediction(outputs, result) {
  if (!isOutputChosen && task.kind === "class") {
    // At first the most probable class.
    [output, isOutputChosen] = [task.classes.indexOf(result.label), true];
    if (outputs[output].radio) outputs[output].radio.checked = true;
  }
  outputs.forEach((parts, k) => showOutput(parts, k, result));
  const [text, beside] = headlineOf(result);
  byId("headline").replaceChildren(text, ...(beside ? [" ", element("span", {}, beside)] : []));
  // Screen readers hear the end of a movement, not all steps.
  announce(() => {
    const values = outputs.map((parts, k) => `${data.targets[k]} ${parts.value.textContent}`);
    return `Prediction: ${text || values.join(", ")} ${beside}`;
  });
}

/** What the numbers beside a prediction mean. */
function intervalNote() {
  const n = data.document.members.length;
  const name = (level) => `${formatNumber(100 * level)} %`;
  if (!isClassifier && task.levels.length > 1) {
    const [low, high] = [task.levels[0], task.levels.at(-1)].map(name);
    return `The interval is between the quantiles ${low} and ${high}.`;
  }
  if (task.link === "normal") return "± is the standard deviation that the model predicts.";
  if (isClassifier || n === 1) return "";
  return `± is how much the ${n} networks of the model differ (one standard deviation).`;
}

const networks = data.document.members.length;
const size = data.image
  ? `${data.image.height} × ${data.image.width} pixels`
  : `${model.columns.length} column${model.columns.length > 1 ? "s" : ""}`;
const { estimator } = data.document;
byId("about").textContent = [
  ...(estimator === data.title ? [] : [estimator]), `${networks} network${networks > 1 ? "s" : ""}`, size,
].join(" · ");
byId("origin").textContent =
  "Computed in this page, which sends nothing anywhere. Made by skdnn " +
  `${data.document.skdnn_version}.`;
