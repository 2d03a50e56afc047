// The losses of each epoch, and the learning rate if it changes.

import { short } from "./dom.js";

// More points than this are thinned out.
const MAX_POINTS = 600;

export class Curves {
  constructor(canvas) {
    this.canvas = canvas;
    this.clear();
  }

  clear() {
    this.points = [];
  }

  add({ epoch, loss: [train, test], rate }) {
    if (this.points.at(-1)?.epoch === epoch) this.points.pop();
    this.points.push({ epoch, train, test, rate });
    if (this.points.length > MAX_POINTS) this.points = this.points.filter((_, i) => i % 2 === 0);
  }

  draw() {
    const pen = this.canvas.getContext("2d"), { width, height } = this.canvas;
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name);
    const left = 76, bottom = height - 36, top = 12, right = width - 12;
    pen.clearRect(0, 0, width, height);
    const last = Math.max(10, this.points.at(-1)?.epoch ?? 0);
    const losses = this.points.flatMap((p) => [p.train, p.test]).filter((x) => x !== null).sort((a, b) => a - b);
    // A few extreme epochs do not press the rest to the ground.
    const most = Math.min(losses.at(-1) ?? 1, 3 * (losses[Math.floor(losses.length * 0.9)] ?? 1)) || 1;
    const x = (epoch) => left + (epoch / last) * (right - left);
    const y = (loss) => bottom - (Math.min(loss, most) / most) * (bottom - top);
    pen.strokeStyle = color("--line");
    pen.fillStyle = color("--quiet");
    pen.font = "20px system-ui, sans-serif";
    pen.lineWidth = 2;
    for (const share of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(left, y(share * most));
      pen.lineTo(right, y(share * most));
      pen.stroke();
      pen.textAlign = "right";
      pen.fillText(short(share * most), left - 7, y(share * most) + 7);
    }
    pen.textAlign = "left";
    pen.fillText("0", left, height - 8);
    pen.textAlign = "center";
    pen.fillText("epoch", (left + right) / 2, height - 8);
    pen.textAlign = "right";
    pen.fillText(String(last), right, height - 8);
    this.drawRate(pen, x, top, bottom, color("--quiet"));
    for (const [name, stroke] of [["train", color("--orange")], ["test", color("--text")]]) {
      this.line(pen, this.points.filter((p) => p[name] !== null).map((p) => [x(p.epoch), y(p[name])]), stroke, 3);
    }
  }

  drawRate(pen, x, top, bottom, stroke) {
    const rates = this.points.filter((p) => p.rate !== null);
    const most = Math.max(...rates.map((p) => p.rate)), least = Math.min(...rates.map((p) => p.rate));
    if (!rates.length || most === least) return;
    pen.setLineDash([3, 6]);
    this.line(pen, rates.map((p) => [x(p.epoch), bottom - (p.rate / most) * (bottom - top)]), stroke, 2);
    pen.setLineDash([]);
    pen.textAlign = "right";
    pen.fillText(`learning rate (dotted) ${short(rates.at(-1).rate)}`, this.canvas.width - 16, top + 14);
  }

  line(pen, points, stroke, width) {
    pen.strokeStyle = stroke;
    pen.lineWidth = width;
    pen.beginPath();
    points.forEach(([a, b], i) => (i ? pen.lineTo(a, b) : pen.moveTo(a, b)));
    pen.stroke();
  }
}
