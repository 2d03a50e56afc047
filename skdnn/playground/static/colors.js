// Colors of numbers and classes (Okabe & Ito), safe for color-blind readers.

export const CLASS_COLORS = ["#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const LOW = [238, 158, 66], HIGH = [66, 142, 198];
const NEUTRAL = { light: [242, 243, 244], dark: [36, 42, 51] };
const STEPS = 256;

export const theme = () => document.documentElement.dataset.theme ?? "light";

const mix = (a, b, t) => a.map((x, i) => Math.round(x + (b[i] - x) * t));
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
export const css = (color) => `rgb(${color.join(" ")})`;

// From orange (0) over a neutral color (0.5) to blue (1).
export function colorOf(t) {
  const x = Math.min(1, Math.max(0, t)), neutral = NEUTRAL[theme()];
  return x < 0.5 ? mix(LOW, neutral, 2 * x) : mix(neutral, HIGH, 2 * x - 1);
}

const tables = {};
function table() {
  return (tables[theme()] ??= Uint8ClampedArray.from(
    Array.from({ length: STEPS }, (_, i) => [...colorOf(i / (STEPS - 1)), 255]).flat()));
}

// Colors of n numbers as image data; `scale` maps them to 0 ... 1.
export function paintNumbers(pixels, numbers, scale) {
  const colors = table();
  for (let i = 0; i < numbers.length; i++) {
    const t = scale(numbers[i]);
    const k = 4 * Math.round((STEPS - 1) * (t > 0 ? (t < 1 ? t : 1) : 0));
    pixels[4 * i] = colors[k];
    pixels[4 * i + 1] = colors[k + 1];
    pixels[4 * i + 2] = colors[k + 2];
    pixels[4 * i + 3] = 255;
  }
}

// The color of the most likely class, paler where it is less sure.
export function paintClasses(pixels, labels, probabilities, nClasses, discretize) {
  const palette = CLASS_COLORS.map(rgb), neutral = NEUTRAL[theme()];
  for (let i = 0; i < labels.length; i++) {
    const sure = (probabilities[i] - 1 / nClasses) / (1 - 1 / nClasses);
    const color = mix(neutral, palette[labels[i]], discretize ? 0.7 : 0.05 + 0.65 * sure);
    pixels.set([...color, 255], 4 * i);
  }
}

// White (nothing) to dark: how much members disagree.
export function paintSpread(pixels, numbers, most) {
  const neutral = NEUTRAL[theme()], strong = theme() === "dark" ? [240, 228, 66] : [120, 40, 110];
  for (let i = 0; i < numbers.length; i++) {
    pixels.set([...mix(neutral, strong, Math.min(1, numbers[i] / most)), 255], 4 * i);
  }
}
