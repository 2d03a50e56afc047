// The page: connects controls, network, output and server.

import { CLASS_COLORS, colorOf, css, theme } from "./colors.js";
import { connect } from "./connection.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { byId, element, short, showDialog, toast } from "./dom.js";
import { LESSONS } from "./lessons.js";
import { drawClasses, drawNumbers, drawOutput, drawPoints, drawSpread, drawUnit, scaleOf } from "./maps.js";
import { Network } from "./network.js";
import { savePicture } from "./share.js";
import { State } from "./state.js";

const SPEEDS = [1, 2, 5, 10, 25, 100];
const MAX_FILE = 2e6;

let state, controls, network, limits;
let data = null, frame = null, shown = null, playing = false;
const curves = new Curves(byId("curves"));

const send = connect({ hello, data: setData, frame: setFrame, table: setTable, script: showScript,
  error: ({ message }) => complain(message), notice: ({ message }) => toast(message), closed });

// ---------------------------------------------------------------- messages of the server

function hello(message) {
  limits = { layers: message.max_layers, units: message.max_units };
  state = new State(message.options);
  controls = new Controls(message, change);
  network = new Network({ toggle, setUnits, show, hide }, limits);
  byId("speed").replaceChildren(...SPEEDS.map((n) => new Option(n)));
  restore();
  addEventListener("hashchange", restore);
}

function setData(message) {
  data = message;
  setBusy(false);
  byId("message").hidden = true;
  byId("notices").hidden = !data.notices.length;
  byId("notices").textContent = data.notices.join("\n");
  byId("decisions").hidden = !data.classes;
  frame = null;
  shown = null;
  curves.clear();
  network.build(data.settings, data);
  showLayers();
  showAxes();
  drawDots();
  showLegend();
}

function setFrame(received) {
  if (!data || received.run !== data.run) return;
  frame = received;
  setPlaying(frame.playing);
  network.draw(frame.arrays);
  drawMain();
  drawMembers();
  curves.add(frame);
  curves.draw();
  showFigures();
  const { dataset } = document.body;
  dataset.state = "ready";
  dataset.epoch = frame.epoch;
  dataset.sequence = frame.sequence;
  dataset.frames = Number(dataset.frames ?? 0) + 1;
}

function setTable(message) {
  controls.table(message);
  if (message.is_sample) toast(`The first ${message.rows} rows are used`);
  // Those of a link, if the table has them.
  const { columns: [target, ...axes] } = state.values;
  const fits = message.targets.includes(target) && axes.every((name) => message.numbers.includes(name))
    && new Set([target, ...axes]).size === 3;
  change({ data: "csv", columns: fits ? [target, ...axes] : message.chosen, lesson: 0 });
}

let busyTimer;
function setBusy(value) {
  clearTimeout(busyTimer);
  if (value) busyTimer = setTimeout(() => { byId("busy").hidden = false; }, 700);
  else byId("busy").hidden = true;
}

function complain(message) {
  setBusy(false);
  byId("message").textContent = message;
  byId("message").hidden = false;
  setPlaying(false);
}

function closed() {
  // A page that is refused has got the reason.
  if (state) complain("The connection to the server has ended. Start it again with “python -m skdnn playground”, and open the address that it prints.");
  document.body.dataset.state = "closed";
}

// ---------------------------------------------------------------- settings

// Take over settings and begin anew with them.
function change(changes) {
  const { values } = state;
  Object.assign(values, changes);
  if (!controls.suits(values.loss, values)) values.loss = "auto";
  history.replaceState(null, "", `#${state.toHash()}`);
  apply();
}

function apply() {
  const { values } = state;
  controls.show(state);
  byId("test").checked = values.test;
  byId("discretize").checked = values.discretize;
  byId("speed").value = values.speed;
  showLesson();
  send("view", { speed: values.speed });
  setBusy(true);
  send("configure", { settings: state.model() });
}

function restore() {
  state.fromHash(location.hash);
  apply();
}

// What does not change the model.
function changeView(changes) {
  Object.assign(state.values, changes);
  history.replaceState(null, "", `#${state.toHash()}`);
}

function toggle(name) {
  const { features } = state.values;
  const others = features.filter((each) => each !== name);
  if (others.length) change({ features: others.length < features.length ? others : [...features, name] });
}

function setUnits(layer, n) {
  change({ hidden: state.values.hidden.map((old, i) => (i === layer ? n : old)) });
}

function showLayers() {
  const { hidden } = state.values, n = hidden.length;
  const button = (text, label, disabled, next, id) => element("button", { textContent: text,
    ariaLabel: label, disabled, id, onclick: () => change({ hidden: next }) });
  const kept = document.activeElement?.id;
  byId("layer-count").replaceChildren(
    button("−", "Remove a hidden layer", n === 0, hidden.slice(0, -1), "layers-less"),
    element("span", {}, `${n} hidden layer${n === 1 ? "" : "s"}`),
    button("+", "Add a hidden layer", n === limits.layers, [...hidden, Math.min(4, hidden.at(-1) ?? 4)], "layers-more"));
  if (kept?.startsWith("layers-")) byId(kept)?.focus();
}

// ---------------------------------------------------------------- output

const isDiscrete = () => state.values.discretize && Boolean(data.classes);

function drawMain() {
  if (!frame) return;
  const map = shown?.map();
  if (map?.length === 3) drawNumbers(byId("output"), ...map);
  else if (map) drawUnit(byId("output"), ...map);
  else drawOutput(byId("output"), data, frame.arrays, isDiscrete());
}

function show(caption, map) {
  shown = { map };
  byId("result-title").textContent = caption;
  drawMain();
}

function hide() {
  shown = null;
  byId("result-title").textContent = "Output";
  drawMain();
}

function drawDots() {
  if (!data) return;
  const canvas = byId("dots"), outline = theme() === "dark" ? "#c9d3de" : "#ffffff";
  const radius = data.points.train.length > 600 ? 5 : 7;
  drawPoints(canvas, data, data.points.train, { radius, outline });
  if (state.values.test) {
    drawPoints(canvas, data, data.points.test, { radius, outline: "#1c2530", square: true, clear: false });
  }
}

function showAxes() {
  const names = ["x-low", "x-high", "y-low", "y-high"];
  names.forEach((id, i) => { byId(id).textContent = short(data.bounds[i]); });
  byId("x-name").title = data.axes[0];
  byId("y-name").title = data.axes[1];
  byId("x-name").textContent = data.axes[0] === "x1" ? "x₁" : data.axes[0];
  byId("y-name").textContent = data.axes[1] === "x2" ? "x₂" : data.axes[1];
  byId("y-name").classList.toggle("upright", data.axes[1] === "x2");
}

function showLegend() {
  const legend = byId("legend");
  if (data.classes) {
    legend.replaceChildren(...data.classes.map((name, i) => {
      const dot = element("i");
      dot.style.background = CLASS_COLORS[i];
      return element("span", { title: name }, dot, data.settings.data === "csv" ? name : `class ${name}`);
    }));
    return;
  }
  const bar = element("canvas", { width: 118, height: 1 }), pen = bar.getContext("2d");
  for (let i = 0; i < 118; i++) {
    pen.fillStyle = css(colorOf(i / 117));
    pen.fillRect(i, 0, 1, 1);
  }
  legend.replaceChildren(short(data.range[0]), bar, short(data.range[1]));
}

function showFigures() {
  const [train, test] = frame.loss, [trainScore, testScore] = frame.score;
  const loss = data.classes ? "log-loss" : "squared error", score = data.classes ? "accuracy" : "R²";
  byId("test-name").textContent = `Test ${loss}`;
  byId("train-name").textContent = `Training ${loss}`;
  byId("test-loss").textContent = short(test);
  byId("test-loss").dataset.value = test;
  byId("train-loss").textContent = short(train);
  byId("train-loss").dataset.value = train;
  const percent = (x) => (data.classes && x !== null ? `${Math.round(1000 * x) / 10} %` : short(x));
  byId("test-score").textContent = `${score} ${percent(testScore)}`;
  byId("train-score").textContent = `${score} ${percent(trainScore)}`;
  byId("epoch").textContent = frame.epoch.toLocaleString("en");
  if (!frame.playing) {
    byId("output").setAttribute("aria-label", `Predictions over ${data.axes.join(" and ")} after ` +
      `${frame.epoch} epochs; test ${loss} ${short(test)}, ${score} ${percent(testScore)}`);
  }
}

function drawMembers() {
  const { members, member_labels: labels, spread } = frame.arrays, box = byId("members");
  box.hidden = !members;
  if (!members) return;
  const n = members.shape[0], size = members.shape[1];
  if (box.childElementCount !== n + 1) {
    const small = () => element("canvas", { width: size, height: size });
    box.replaceChildren(
      ...Array.from({ length: n }, (_, i) => element("button", { ariaLabel: `Show member ${i + 1}`,
        title: `Member ${i + 1}`, onclick: () => send("view", { member: i }) },
        small(), element("span", {}, `${i + 1}`))),
      element("div", { title: "Standard deviation of the members' predictions" }, small(), element("span", {}, "disagree")));
  }
  const canvases = box.querySelectorAll("canvas"), scale = scaleOf(data, isDiscrete());
  const part = (all, i) => all.data.subarray(i * size * size, (i + 1) * size * size);
  for (let i = 0; i < n; i++) {
    if (labels) drawClasses(canvases[i], size, part(labels, i), part(members, i), data.classes.length, isDiscrete());
    else drawNumbers(canvases[i], size, part(members, i), scale);
    box.children[i].ariaPressed = `${i === frame.member}`;
  }
  drawSpread(canvases[n], data, spread);
}

// ---------------------------------------------------------------- training

function setPlaying(value) {
  playing = value;
  document.body.toggleAttribute("data-playing", value);
  byId("play").ariaPressed = `${value}`;
  byId("play").ariaLabel = value ? "Pause" : "Train";
}

function play() {
  send(playing ? "pause" : "play");
  setPlaying(!playing && byId("message").hidden);
}

byId("play").onclick = play;
byId("step").onclick = () => send("step");
byId("reset").onclick = () => send("reset");
byId("speed").onchange = (event) => {
  changeView({ speed: Number(event.target.value) });
  send("view", { speed: state.values.speed });
};
byId("test").onchange = (event) => { changeView({ test: event.target.checked }); drawDots(); };
byId("discretize").onchange = (event) => {
  changeView({ discretize: event.target.checked });
  drawMain();
  if (frame) drawMembers();
};

// A button that was clicked leaves the space bar to the page; with the keyboard it keeps the focus.
addEventListener("click", (event) => {
  if (event.detail) event.target.closest("button:not([id^=unit-])")?.blur();
}, true);

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, dialog") || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || (event.key === " " && event.target.closest("button, label"))) return;
  const action = { " ": play, s: byId("step").onclick, r: byId("reset").onclick }[event.key.toLowerCase()];
  if (action) { event.preventDefault(); action(); }
});

byId("file").onchange = async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  if (file.size > MAX_FILE) complain(`${file.name}: the file has ${file.size.toLocaleString("en")} bytes. At most ${MAX_FILE.toLocaleString("en")} are read.`);
  else send("table", { name: file.name, text: await file.text() });
  target.value = "";
};

// ---------------------------------------------------------------- lessons, code, picture, link

function startLesson(number) {
  byId("dialog").close();
  state.reset({ ...LESSONS[number - 1].settings, lesson: number });
  send("reset");
  change({});
}

function showLesson() {
  const { lesson: number } = state.values, lesson = LESSONS[number - 1], box = byId("lesson");
  box.hidden = !lesson;
  if (!lesson) return;
  const button = (text, go, label = text) => element("button", { textContent: text, ariaLabel: label, onclick: go });
  box.replaceChildren(
    element("div", {}, element("h3", {}, `${number}. ${lesson.title}`), element("p", {}, lesson.text)),
    element("div", { className: "moves" },
      ...(number > 1 ? [button("←", () => startLesson(number - 1), "Previous lesson")] : []),
      ...(number < LESSONS.length ? [button("Next →", () => startLesson(number + 1), "Next lesson")] : []),
      button("✕", () => { changeView({ lesson: 0 }); showLesson(); }, "Close the lesson")));
}

byId("lessons").onclick = () => showDialog("Eight lessons", element("ol", {}, ...LESSONS.map((lesson, i) =>
  element("li", {}, element("button", { onclick: () => startLesson(i + 1) },
    element("b", {}, `${i + 1}. ${lesson.title}`), element("span", {}, `${lesson.text.split(/[.:] /)[0]}.`))))));

byId("code").onclick = () => { if (playing) play(); send("script"); };

function showScript({ text, epoch }) {
  const copy = element("button", { textContent: "Copy", onclick: () => copyText(text) });
  showDialog(`Python of this model after ${epoch || 1} epoch${epoch > 1 ? "s" : ""}`, element("pre", { tabIndex: 0 }, text), copy);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser does not allow to copy: select the text, and copy it");
  }
}

byId("picture").onclick = () => { if (frame) savePicture(network, frame); };
byId("link").onclick = () => copyText(location.href);

// ---------------------------------------------------------------- theme

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  if (!data) return;
  network.build(data.settings, data);
  drawDots();
  showLegend();
  if (frame) { network.draw(frame.arrays); drawMain(); drawMembers(); curves.draw(); }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
byId("theme").onclick = () => setTheme(theme() === "dark" ? "light" : "dark");
setTheme(dark.matches ? "dark" : "light");
