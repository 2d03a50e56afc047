// A canvas that is drawn on: its ink, normalized as the images of the training are, is the row.

const { height, width, low, high, least, extent, center } = data.image;
/** Pixels of the canvas for one of the image. */
const FACTOR = Math.ceil(280 / Math.max(height, width));
const PEN = FACTOR * Math.max(1, 0.085 * Math.max(height, width));

// ---------------------------------------------------------------------------------------------
// From ink to a row
// ---------------------------------------------------------------------------------------------

/** The ink on the canvas, from 0 to 1, as a matrix of rows. */
function inkOf(canvas) {
  const { width: n, height: m } = canvas;
  const { data: pixels } = canvas.getContext("2d").getImageData(0, 0, n, m);
  const ink = Array.from({ length: m }, () => new Float64Array(n));
  for (let i = 0; i < n * m; i++) ink[Math.floor(i / n)][i % n] = pixels[4 * i + 3] / 255; // alpha
  return ink;
}

/** First and last row and column with ink, or null. */
function boxOf(ink) {
  const rows = ink.flatMap((line, y) => (line.some((value) => value > least) ? [y] : []));
  if (!rows.length) return null;
  const columns = [...ink[0].keys()].filter((x) => rows.some((y) => ink[y][x] > least));
  return { top: rows[0], bottom: rows.at(-1) + 1, left: columns[0], right: columns.at(-1) + 1 };
}

/** Means of a vector over ``n`` intervals of equal length from ``start``; 0 outside. */
function averages(vector, start, length, n) {
  const total = new Float64Array(vector.length + 1);
  vector.forEach((value, i) => (total[i + 1] = total[i] + value));
  const until = (x) => {
    const inside = Math.min(Math.max(x, 0), vector.length), i = Math.floor(inside);
    return total[i] + (inside - i) * (vector[i] ?? 0);
  };
  const ends = Array.from({ length: n + 1 }, (_, k) => until(start + k * length));
  return Float64Array.from({ length: n }, (_, k) => (ends[k + 1] - ends[k]) / length);
}

const transposed = (matrix) =>
  Array.from(matrix[0], (_, j) => Float64Array.from(matrix, (line) => line[j]));
const totals = (matrix) => matrix.map((line) => line.reduce((sum, value) => sum + value, 0));

/** The mean of a matrix over ``n`` by ``m`` squares of some size. */
function resampled(ink, top, left, size, n, m) {
  const wide = ink.map((line) => averages(line, left, size, m));
  return transposed(transposed(wide).map((line) => averages(line, top, size, n)));
}

/** By how many of ``n`` pixels masses are moved to be centered, if there is room for it. */
function shiftOf(masses, middle, n) {
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  const mean = masses.reduce((sum, mass, i) => sum + i * mass, 0) / total;
  const room = n - masses.length;
  return Math.min(Math.max(Math.round(middle - mean), Math.min(0, room)), Math.max(0, room));
}

/** An image of the usual size, with its center of mass at the usual place. */
function normalized(ink) {
  const box = boxOf(ink);
  if (box === null) return null;
  const size = Math.max(box.bottom - box.top, box.right - box.left) / extent;
  const [rows, columns] = [box.bottom - box.top, box.right - box.left].map((length) =>
    Math.ceil(length / size - 1e-9),
  );
  const cut = resampled(ink, box.top, box.left, size, rows, columns);
  const down = shiftOf(totals(cut), center[0], height);
  const right = shiftOf(totals(transposed(cut)), center[1], width);
  return Array.from({ length: height }, (_, y) =>
    Float64Array.from({ length: width }, (_, x) => cut[y - down]?.[x - right] ?? 0),
  );
}

const rowOf = (image) => image.flatMap((line) => Array.from(line, (ink) => low + ink * (high - low)));

// ---------------------------------------------------------------------------------------------
// The page
// ---------------------------------------------------------------------------------------------

const paper = element("canvas", {
  className: "paper", width: width * FACTOR, height: height * FACTOR, tabIndex: 0,
  role: "application",
  "aria-label":
    "Canvas: draw with a mouse, pen or finger; or move with the arrow keys, and put the pen down " +
    "or up with the space bar",
});
const cursor = element("span", { className: "cursor" });
const seen = element("canvas", {
  className: "seen", width, height, role: "img", "aria-label": "What the network sees",
});
const pen = paper.getContext("2d", { willReadFrequently: true });
Object.assign(pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
const outputs = makeOutputs(() => {});

/** Show what the drawing is; nothing if there is no ink. */
function recognize() {
  const image = normalized(inkOf(paper));
  showSeen(image);
  if (image === null) {
    byId("headline").textContent = "Draw something";
    for (const { line } of outputs) line.hidden = true;
    announce(() => "Draw something");
  } else {
    for (const { line } of outputs) line.hidden = false;
    showPrediction(outputs, predict(model, rowOf(image)));
  }
  document.body.dataset.state = "ready";
}

function showSeen(image) {
  const context = seen.getContext("2d"), pixels = context.createImageData(width, height);
  const inks = (image ?? []).flatMap((line) => Array.from(line));
  inks.forEach((ink, i) => (pixels.data[4 * i + 3] = 255 * ink));
  context.putImageData(pixels, 0, 0);
}

/** Put an image of 8-bit ink on the canvas. */
function paint(image) {
  pen.clearRect(0, 0, paper.width, paper.height);
  image.forEach((ink, i) => {
    pen.fillStyle = `rgb(0 0 0 / ${ink / 255})`;
    pen.fillRect((i % width) * FACTOR, Math.floor(i / width) * FACTOR, FACTOR, FACTOR);
  });
  pen.fillStyle = "black";
  recognize();
}

function makeTools() {
  const clear = element("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => paint([]));
  const example = element("button", { type: "button" }, "Example");
  let shown = -1;
  example.addEventListener("click", () => {
    shown = (shown + 1) % data.image.examples.length;
    paint(Array.from(atob(data.image.examples[shown]), (character) => character.charCodeAt(0)));
  });
  const figure = element("figure", {}, seen, element("figcaption", {}, "what the network sees"));
  return element("div", { className: "under" }, figure, example, clear);
}

let last = null, isDue = false;

function placeOf(event) {
  const box = paper.getBoundingClientRect(), border = paper.clientLeft;
  const scale = paper.width / paper.clientWidth;
  return [(event.clientX - box.left - border) * scale, (event.clientY - box.top - border) * scale];
}

function drawTo(place) {
  pen.beginPath();
  pen.moveTo(...(last ?? place));
  pen.lineTo(...place);
  pen.stroke();
  last = place;
  if (isDue) return;
  isDue = true; // once for each frame
  requestAnimationFrame(() => {
    isDue = false;
    recognize();
  });
}

paper.addEventListener("pointerdown", (event) => {
  paper.setPointerCapture(event.pointerId);
  last = null;
  drawTo(placeOf(event));
});
paper.addEventListener("pointermove", (event) => {
  if (!paper.hasPointerCapture(event.pointerId)) return;
  // The points between two events, if the browser knows them.
  for (const each of [...(event.getCoalescedEvents?.() ?? []), event]) {
    drawTo(placeOf(each));
  }
});

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let hand = [paper.width / 2, paper.height / 2], isPenDown = false;

function showCursor() {
  cursor.style.left = `${(100 * hand[0]) / paper.width}%`;
  cursor.style.top = `${(100 * hand[1]) / paper.height}%`;
  cursor.classList.toggle("is-down", isPenDown);
}

paper.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key], isToggle = event.key === " " || event.key === "Enter";
  if (!(arrow || isToggle) || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault(); // the page does not scroll
  if (arrow) {
    const [x, y] = hand.map((each, i) => each + (arrow[i] * PEN) / 2);
    hand = [Math.min(Math.max(x, 0), paper.width), Math.min(Math.max(y, 0), paper.height)];
  } else {
    if (event.repeat) return;
    isPenDown = !isPenDown;
    byId("live").textContent = isPenDown ? "Pen down" : "Pen up";
    last = null;
  }
  showCursor();
  if (isPenDown) drawTo(hand);
});

document.body.classList.add("drawing");
byId("inputs").className = "panel";
byId("inputs").append(element("div", { className: "sheet" }, paper, cursor), makeTools());
showCursor();
recognize();
