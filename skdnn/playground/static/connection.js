// The websocket, and the frames in it.

const LITTLE = true;

// Header and arrays of a frame: see skdnn/playground/frames.py.
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, LITTLE);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let start = 4 + length;
  const arrays = {};
  for (const [name, shape] of header.arrays) {
    const size = shape.reduce((a, b) => a * b, 1);
    arrays[name] = { shape, data: new Float32Array(buffer, start, size) };
    start += 4 * size;
  }
  return { ...header, arrays };
}

// Calls handlers[type](message) for messages, and handlers.frame(frame) once for each picture of
// the screen. The server gets to know which frames were drawn, and sends no more than it can show.
export function connect(handlers) {
  const address = new URL("socket", location.href.split("#")[0]);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  const frames = [];
  const send = (type, more = {}) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, ...more }));
  };
  const draw = () => {
    const frame = frames.shift();
    if (frames.length) requestAnimationFrame(draw);
    send("drawn");
    handlers.frame(decode(frame));
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      handlers[message.type]?.(message);
    } else if (frames.push(data) === 1) requestAnimationFrame(draw);
  };
  socket.onclose = () => handlers.closed();
  return send;
}
