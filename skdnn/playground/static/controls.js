// Controls of the settings.

import { byId, element } from "./dom.js";
import { drawPoints } from "./maps.js";

const LABELS = {
  activation: "Activation", learning_rate_init: "Learning rate", learning_rate: "Schedule",
  solver: "Solver", batch_size: "Batch size", loss: "Loss", penalty: "Penalty",
  alpha: "Penalty rate", dropout: "Dropout", normalization: "Normalization",
  numeric_embedding: "Embedding", n_members: "Members", max_iter: "Epochs",
  seed: "Seed", n_samples: "Points", noise: "Noise", label_noise: "Wrong labels",
  share: "Share of last class", train_share: "Training share",
};
const TITLES = {
  learning_rate: "Schedule of the learning rate over all epochs",
  numeric_embedding: "How a number becomes inputs: as it is, bins, waves, or both in turn",
  n_members: "Networks whose predictions are averaged",
  label_noise: "Share of the training rows whose label is replaced by another one",
  alpha: "Strength of the penalty on the weights",
  max_iter: "Training ends after so many epochs",
  seed: "Of the data, the split, the initial weights and the order of the rows",
};
const WORDS = {
  auto: "default",
  l1: "L1", l2: "L2", lbfgs: "L-BFGS", sgd: "SGD", adam: "Adam", adamw: "AdamW", rmsprop: "RMSprop",
};
const TOP = ["learning_rate_init", "learning_rate", "solver", "activation", "loss", "penalty", "alpha",
  "dropout", "normalization", "numeric_embedding", "n_members", "max_iter"];
const SLIDERS = ["n_samples", "noise", "label_noise", "share", "train_share", "batch_size"];
const PERCENT = ["noise", "label_noise", "share", "train_share"];

const SETS = { circle: "Circle", xor: "Exclusive or", gauss: "Two Gaussians", spiral: "Spiral",
  moons: "Moons", three: "Three classes", plane: "Plane (regression)", hills: "Hills (regression)",
  waves: "Waves (regression)", positive: "Positive target (regression)" };

const text = (name, value) => (PERCENT.includes(name) ? `${Math.round(100 * value)} %` : `${value}`);

export class Controls {
  // `change(changes)` is called with the new values of some settings.
  constructor(hello, change) {
    this.hello = hello;
    this.change = change;
    this.inputs = {};
    this.axes = this.classified = [];
    const top = TOP.map((name) => this.select(name, hello.options[name].values));
    byId("options").replaceChildren(...top, this.seed());
    byId("sliders").replaceChildren(...SLIDERS.map((name) => this.slider(name)));
    this.sets = [...hello.classes, ...hello.numbers].map((name) => this.set(name));
    byId("sets").prepend(...this.sets);
  }

  select(name, values, label = LABELS[name], id = name) {
    const select = element("select", { id: `option-${id}` },
      ...values.map((value) => new Option(WORDS[value] ?? value, value)));
    const number = typeof values[0] === "number";
    select.onchange = () => this.change({ [name]: number ? Number(select.value) : select.value });
    this.inputs[name] = select;
    return element("label", { title: TITLES[name] ?? "" }, element("span", {}, label), select);
  }

  seed() {
    const input = element("input", { type: "number", min: 0, id: "option-seed" });
    input.onchange = () => this.change({ seed: Math.max(0, Math.round(Number(input.value))) });
    this.inputs.seed = input;
    const dice = element("button", { textContent: "⚄", title: "Another seed", ariaLabel: "Another seed",
      type: "button", onclick: () => this.change({ seed: Math.floor(Math.random() * 1e4) }) });
    return element("label", { title: TITLES.seed }, element("span", {}, "Seed"),
      element("div", { className: "seed" }, input, dice));
  }

  slider(name) {
    const { values } = this.hello.options[name], shown = element("b");
    const input = element("input", { type: "range", min: 0, max: values.length - 1, id: `option-${name}` });
    input.oninput = () => { shown.textContent = text(name, values[input.value]); };
    input.onchange = () => this.change({ [name]: values[input.value] });
    this.inputs[name] = input;
    input.show = (value) => {
      const nearest = values.reduce((best, each, i) =>
        (Math.abs(each - value) < Math.abs(values[best] - value) ? i : best), 0);
      input.value = nearest;
      input.setAttribute("aria-valuetext", text(name, value));
      shown.textContent = text(name, value);
    };
    return element("label", { title: TITLES[name] ?? "", dataset: { option: name } },
      element("span", {}, LABELS[name], shown), input);
  }

  set(name) {
    const points = this.hello.previews[name], targets = points.map((row) => row[2]);
    const classes = this.hello.classes.includes(name) ? [...new Set(targets)].sort() : null;
    const canvas = element("canvas", { width: 96, height: 96 });
    const data = { bounds: [-6.3, 6.3, -6.3, 6.3], classes,
      range: [Math.min(...targets), Math.max(...targets)] };
    drawPoints(canvas, data, points, { radius: 3.4, outline: "transparent" });
    return element("button", { title: SETS[name], ariaLabel: SETS[name], dataset: { name },
      onclick: () => this.change({ data: name }) }, canvas);
  }

  // Whether the targets are classes.
  isClasses({ data, columns }) {
    return data === "csv" ? this.classified.includes(columns[0]) : this.hello.classes.includes(data);
  }

  // Whether a loss suits the targets.
  suits(loss, values) {
    return loss === "auto" || this.hello.losses[this.isClasses(values) ? "classes" : "numbers"].includes(loss);
  }

  // The target and the axes of a table of the user.
  table({ columns, numbers, targets, classified, chosen }) {
    this.classified = classified;
    const kinds = [["Target", targets], ["Horizontal axis", numbers], ["Vertical axis", numbers]];
    this.axes = kinds.map(([label, names], i) => {
      const select = element("select", { id: `column-${i}` }, ...names.map((name) => new Option(name)));
      select.value = chosen[i];
      select.onchange = () => this.change({ columns: this.choose(i) });
      return select;
    });
    byId("table").replaceChildren(...kinds.map(([label], i) =>
      element("label", {}, element("span", {}, label), this.axes[i])),
      element("small", {}, `${columns.length - 1} columns are trained on. In the maps, those that are no axis have their ` +
        "median or most frequent value. Rows without a number for an axis, and the hundredth at either end, are not drawn."));
  }

  // The columns after one was chosen; another that had it before gets a free one.
  choose(i) {
    const chosen = this.axes.map((each) => each.value);
    const twin = chosen.findIndex((name, j) => j !== i && name === chosen[i]);
    if (twin >= 0) {
      const names = [...this.axes[twin].options].map((each) => each.value);
      const free = [this.chosen[i], ...names].find((name) => names.includes(name) && !chosen.includes(name));
      chosen[twin] = free ?? chosen[twin];
    }
    return chosen;
  }

  show(state) {
    const { values } = state;
    for (const [name, input] of Object.entries(this.inputs)) {
      if (input.show) input.show(values[name]);
      else {
        if (input.options && ![...input.options].some((each) => each.value === String(values[name]))) {
          input.add(new Option(values[name], values[name]));
        }
        input.value = values[name];
      }
      const label = input.closest("label");
      if (state.isDefault(name)) delete label.dataset.changed;
      else label.dataset.changed = "";
    }
    const isTable = values.data === "csv", isClasses = this.hello.classes.includes(values.data);
    this.chosen = values.columns;
    this.axes.forEach((each, i) => { each.value = values.columns[i]; });
    for (const each of this.inputs.loss.options) each.disabled = !this.suits(each.value, values);
    this.sets.forEach((each) => { each.ariaPressed = `${each.dataset.name === values.data}`; });
    byId("table").hidden = !isTable;
    document.querySelector(".file").toggleAttribute("data-on", isTable);
    const hidden = { n_samples: isTable, noise: isTable, label_noise: !isClasses, share: !isClasses };
    for (const label of byId("sliders").children) label.hidden = Boolean(hidden[label.dataset.option]);
    this.inputs.alpha.disabled = values.penalty === "none";
    this.inputs.learning_rate_init.disabled = values.solver === "lbfgs";
    this.inputs.learning_rate.disabled = values.solver === "lbfgs";
  }
}
