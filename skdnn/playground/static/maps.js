// Heat maps on canvases.

import { CLASS_COLORS, colorOf, css, paintClasses, paintNumbers, paintSpread } from "./colors.js";

// Draw n x n numbers on a canvas of n x n pixels. `paint` fills the image data.
export function drawMap(canvas, n, paint) {
  if (canvas.width !== n) canvas.width = canvas.height = n;
  const pen = canvas.getContext("2d");
  const image = (canvas.image ??= pen.createImageData(n, n));
  paint(image.data);
  pen.putImageData(image, 0, 0);
}

const byLargest = (numbers) => {
  let most = 1e-12;
  for (const x of numbers) if (Math.abs(x) > most) most = Math.abs(x);
  return (x) => 0.5 + (0.5 * x) / most;
};

export const drawUnit = (canvas, n, numbers) =>
  drawMap(canvas, n, (pixels) => paintNumbers(pixels, numbers, byLargest(numbers)));

// From a prediction to 0 ... 1: a probability, or a number in the range of the targets.
export function scaleOf(data, discretize) {
  const [low, high] = data.classes ? [0, 1] : data.range;
  const scale = (x) => (x - low) / (high - low || 1);
  return discretize ? (x) => (scale(x) >= 0.5 ? 0.95 : 0.05) : scale;
}

export function drawOutput(canvas, data, arrays, discretize) {
  const { output, label } = arrays, n = output.shape[0];
  if (label) drawClasses(canvas, n, label.data, output.data, data.classes.length, discretize);
  else drawNumbers(canvas, n, output.data, scaleOf(data, discretize));
}

// Several classes: the most likely one, and its probability.
export function drawClasses(canvas, n, labels, probabilities, nClasses, discretize) {
  drawMap(canvas, n, (pixels) => paintClasses(pixels, labels, probabilities, nClasses, discretize));
}

export function drawNumbers(canvas, n, numbers, scale) {
  drawMap(canvas, n, (pixels) => paintNumbers(pixels, numbers, scale));
}

export function drawSpread(canvas, data, { shape, data: numbers }) {
  const most = data.classes ? 0.35 : (data.range[1] - data.range[0]) / 4;
  drawMap(canvas, shape[0], (pixels) => paintSpread(pixels, numbers, most));
}

export const pointColor = (data, target) => {
  if (!data.classes) {
    const [low, high] = data.range;
    return css(colorOf((target - low) / (high - low || 1)));
  }
  return CLASS_COLORS[target];
};

// Those of the points [[x, y, target], ...] that lie within the bounds.
export function drawPoints(canvas, data, points, { radius, outline, square = false, clear = true }) {
  const pen = canvas.getContext("2d"), { width, height } = canvas;
  const [left, right, bottom, top] = data.bounds;
  if (clear) pen.clearRect(0, 0, width, height);
  pen.lineWidth = radius / 3;
  pen.strokeStyle = outline;
  for (const [x, y, target] of points) {
    if (x < left || x > right || y < bottom || y > top) continue;
    pen.fillStyle = pointColor(data, target);
    pen.beginPath();
    const across = ((x - left) / (right - left)) * width;
    const down = ((top - y) / (top - bottom)) * height;
    if (square) pen.rect(across - radius, down - radius, 2 * radius, 2 * radius);
    else pen.arc(across, down, radius, 0, 7);
    pen.fill();
    pen.stroke();
  }
}
