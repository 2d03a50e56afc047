// The picture of the page, as a file.

import { byId, short } from "./dom.js";

const WIDTH = 1280, HEIGHT = 640, SCALE = 1.5;

function background(pen) {
  const style = getComputedStyle(document.documentElement);
  pen.fillStyle = style.getPropertyValue("--card");
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = style.getPropertyValue("--text");
}

// The network as it is on the screen, scaled into a rectangle.
function drawNetwork(pen, network, x, y, width, height) {
  const graph = byId("graph").getBoundingClientRect();
  const scale = Math.min(width / graph.width, height / graph.height);
  pen.save();
  pen.translate(x, y);
  pen.scale(scale, scale);
  for (const { path } of network.paths.flat(2)) {
    pen.strokeStyle = path.style.stroke;
    pen.lineWidth = parseFloat(path.style.strokeWidth);
    pen.globalAlpha = Number(path.style.strokeOpacity);
    pen.stroke(new Path2D(path.getAttribute("d")));
  }
  pen.globalAlpha = 1;
  for (const { canvas, box } of [...network.layers[0], ...network.hidden.flat()]) {
    if (!canvas.isConnected) continue; // a column without a map
    const at = box.getBoundingClientRect();
    pen.drawImage(canvas, at.left - graph.left, at.top - graph.top, at.width, at.height);
  }
  pen.restore();
}

export function savePicture(network, frame) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * SCALE;
  canvas.height = HEIGHT * SCALE;
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  background(pen);
  pen.font = "600 20px system-ui, sans-serif";
  const [train, test] = frame.loss;
  pen.fillText(`skdnn · epoch ${frame.epoch} · test loss ${short(test)} · training loss ${short(train)}`, 24, 36);
  drawNetwork(pen, network, 24, 60, 780, 556);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(byId("output"), 836, 60, 420, 420);
  pen.drawImage(byId("dots"), 836, 60, 420, 420);
  pen.drawImage(byId("curves"), 836, 492, 420, 140);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `skdnn-epoch-${frame.epoch}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
