// The network: inputs, units with their maps, and weights as lines.

import { element } from "./dom.js";
import { drawNumbers, drawUnit } from "./maps.js";

const SVG = "http://www.w3.org/2000/svg";
const SIZE = 50;
// Columns of a table that are shown.
const MAX_INPUTS = 9;
const POSITIVE = "#1f77b4", NEGATIVE = "#e08a1e";

const FEATURES = {
  "x1": (x) => x, "x2": (x, y) => y, "x1^2": (x) => x * x, "x2^2": (x, y) => y * y,
  "x1 x2": (x, y) => x * y, "sin x1": (x) => Math.sin(x), "sin x2": (x, y) => Math.sin(y),
};
const NAMES = { "x1": "x₁", "x2": "x₂", "x1^2": "x₁²", "x2^2": "x₂²", "x1 x2": "x₁x₂",
  "sin x1": "sin x₁", "sin x2": "sin x₂" };

export class Network {
  // `actions`: toggle(feature), setUnits(layer, n), show(caption, n, numbers) and hide().
  constructor(actions, limits) {
    this.actions = actions;
    this.limits = limits;
    this.columns = document.getElementById("columns");
    this.lines = document.getElementById("lines");
    this.tip = document.getElementById("tip");
    this.paths = [];
    new ResizeObserver(() => this.place()).observe(document.getElementById("graph"));
    this.lines.addEventListener("pointermove", (event) => this.tell(event));
    this.lines.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  // New inputs, layers and outputs.
  build(state, data) {
    const kept = document.activeElement?.id;
    this.data = data;
    this.inputs = this.inputNodes(state, data);
    const used = this.inputs.filter((each) => each.row >= 0);
    this.hidden = state.hidden.map((n, layer) =>
      Array.from({ length: n }, (_, i) => this.unitNode(layer, i)));
    const nOut = data.classes && data.classes.length > 2 ? data.classes.length : 1;
    this.outputs = Array.from({ length: nOut }, (_, i) => element("div", {
      className: "dot", title: nOut > 1 ? data.classes[i] : "Output" }));
    this.columns.replaceChildren(
      this.column("inputs", "Inputs", this.inputs.map((each) => each.node)),
      ...this.hidden.map((units, layer) =>
        this.column("units", this.counter(layer, units.length), units.map((each) => each.node))),
      this.column("outputs", "", this.outputs));
    this.layers = [used, ...this.hidden, this.outputs.map((node) => ({ node, box: node }))];
    this.lines.replaceChildren();
    this.paths = this.layers.slice(1).map((targets, layer) => this.layers[layer].map((source) =>
      targets.map((target) => {
        const path = document.createElementNS(SVG, "path");
        this.lines.append(path);
        return { path, source: source.box, target: target.box, weight: 0 };
      })));
    this.place();
    if (kept) document.getElementById(kept)?.focus();
  }

  column(kind, head, nodes) {
    const title = element("div", { className: "head" }, head);
    return element("div", { className: `column ${kind}` }, title,
      element("div", { className: "nodes" }, ...nodes));
  }

  counter(layer, n) {
    const change = (by, text, label, disabled) => element("button", {
      textContent: text, disabled, id: `units-${layer}-${text === "+" ? "more" : "less"}`,
      ariaLabel: `${label} unit in layer ${layer + 1}`,
      onclick: () => this.actions.setUnits(layer, n + by) });
    return element("div", { className: "counter units" }, change(-1, "−", "One less", n === 1),
      element("span", {}, `${n}`, element("span", { className: "word" }, n === 1 ? " unit" : " units")),
      change(1, "+", "One more", n === this.limits.units));
  }

  inputNodes(state, data) {
    if (state.data !== "csv") {
      return Object.keys(FEATURES).map((name) => this.inputNode(
        name, NAMES[name], data.columns.indexOf(name), FEATURES[name], true));
    }
    const shown = data.columns.slice(0, MAX_INPUTS);
    return shown.map((name, row) => {
      const axis = data.axes.indexOf(name);
      return this.inputNode(name, name, row,
        axis < 0 ? null : [(x) => x, (x, y) => y][axis], false, data.numbers.includes(name));
    });
  }

  inputNode(name, text, row, map, toggles, isNumber = true) {
    const canvas = element("canvas", { width: SIZE, height: SIZE });
    const box = element("button", { className: "unit", ariaPressed: `${row >= 0}`,
      ariaLabel: `Input ${name}`, id: `input-${name}`.replaceAll(/\W/g, "-") }, canvas);
    if (map) {
      const [left, right, bottom, top] = this.data.bounds;
      const numbers = Float32Array.from({ length: SIZE * SIZE }, (_, i) => map(
        left + ((i % SIZE) + 0.5) / SIZE * (right - left),
        top - (Math.floor(i / SIZE) + 0.5) / SIZE * (top - bottom)));
      const low = Math.min(...numbers), high = Math.max(...numbers);
      const most = Math.max(-low, high);
      const scale = this.data.axes.includes("x1") ? (x) => 0.5 + x / most / 2
        : (x) => (x - low) / (high - low);
      drawNumbers(canvas, SIZE, numbers, scale);
      this.hover(box, text, () => [SIZE, numbers, scale]);
    }
    if (toggles) box.onclick = () => this.actions.toggle(name);
    else if (!map) canvas.replaceWith(element("small", {}, isNumber ? "123" : "abc"));
    const node = element("div", { className: "node", title: name }, element("span", {}, text), box);
    return { node, box, row, canvas };
  }

  unitNode(layer, i) {
    const canvas = element("canvas", { width: SIZE, height: SIZE });
    const box = element("button", { className: "unit", id: `unit-${layer}-${i}`,
      ariaLabel: `Layer ${layer + 1}, unit ${i + 1}: show its activation` }, canvas);
    const unit = { node: box, box, canvas, numbers: null };
    this.hover(box, `Layer ${layer + 1}, unit ${i + 1}`, () => unit.numbers && [SIZE, unit.numbers]);
    return unit;
  }

  hover(box, caption, map) {
    const show = () => this.actions.show(caption, map);
    box.addEventListener("pointerenter", show);
    box.addEventListener("focus", show);
    box.addEventListener("pointerleave", () => this.actions.hide());
    box.addEventListener("blur", () => this.actions.hide());
  }

  // Lines follow the units.
  place() {
    const origin = this.lines.getBoundingClientRect();
    for (const line of this.paths.flat(2)) {
      const from = line.source.getBoundingClientRect(), to = line.target.getBoundingClientRect();
      const x1 = from.right - origin.left, y1 = from.top + from.height / 2 - origin.top;
      const x2 = to.left - origin.left, y2 = to.top + to.height / 2 - origin.top;
      const bend = (x2 - x1) / 2;
      line.path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    }
  }

  // Activations and weights of a frame.
  draw(arrays) {
    const { units } = arrays;
    this.hidden.flat().forEach((unit, i) => {
      unit.numbers = units.data.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
      drawUnit(unit.canvas, SIZE, unit.numbers);
    });
    this.paths.forEach((sources, layer) => {
      const { shape: [, nOut], data } = arrays[`weights${layer}`];
      sources.forEach((targets, i) => targets.forEach((line, j) => {
        const row = layer === 0 ? this.layers[0][i].row : i;
        line.weight = data[row * nOut + j];
        const size = Math.abs(line.weight);
        line.path.style.stroke = line.weight < 0 ? NEGATIVE : POSITIVE;
        line.path.style.strokeWidth = `${Math.min(9, 0.4 + 2.6 * Math.sqrt(size))}px`;
        line.path.style.strokeOpacity = `${Math.min(0.9, 0.12 + 0.45 * size)}`;
      }));
    });
  }

  tell(event) {
    const line = this.paths.flat(2).find((each) => each.path === event.target);
    this.tip.hidden = !line;
    if (!line) return;
    const origin = this.lines.getBoundingClientRect();
    this.tip.textContent = `Weight ${line.weight.toPrecision(3)}`;
    this.tip.style.left = `${event.clientX - origin.left}px`;
    this.tip.style.top = `${event.clientY - origin.top}px`;
  }
}
