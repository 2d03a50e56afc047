// Elements, and small things that pages show.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  const { dataset, ...others } = properties;
  Object.assign(made, others);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

let timer;
export function toast(text) {
  byId("toast").textContent = text;
  byId("toast").dataset.on = "";
  clearTimeout(timer);
  timer = setTimeout(() => delete byId("toast").dataset.on, Math.max(2500, 60 * text.length));
}

export function showDialog(title, ...children) {
  byId("dialog-title").textContent = title;
  byId("dialog-body").replaceChildren(...children);
  byId("dialog").showModal();
}

// Three significant digits.
export function short(x) {
  if (x === null || x === undefined) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e5 || size < 1e-4)) return x.toExponential(1);
  return String(Number(x.toPrecision(3)));
}
