// The settings of the page: those of the model, those of the view, and both in the address.

const VIEW = { speed: 1, test: false, discretize: false, lesson: 0 };
const LISTS = ["hidden", "features", "columns"];

export class State {
  constructor(options) {
    this.defaults = { hidden: [4, 2], features: ["x1", "x2"], columns: [], ...VIEW };
    for (const [name, option] of Object.entries(options)) this.defaults[name] = option.default;
    this.reset();
  }

  reset(changes = {}) {
    this.values = { ...structuredClone(this.defaults), ...structuredClone(changes) };
  }

  // What the server gets.
  model() {
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => !(name in VIEW)));
  }

  isDefault(name) {
    return JSON.stringify(this.values[name]) === JSON.stringify(this.defaults[name]);
  }

  toHash() {
    const changed = Object.keys(this.values).filter((name) => !this.isDefault(name));
    return new URLSearchParams(changed.map((name) => {
      const value = this.values[name];
      return [name, LISTS.includes(name) ? JSON.stringify(value) : String(value)];
    })).toString();
  }

  fromHash(hash) {
    this.reset();
    for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
      if (!(name in this.defaults)) continue;
      const usual = this.defaults[name];
      if (LISTS.includes(name)) {
        try { this.values[name] = JSON.parse(text); } catch { /* the default stays */ }
      } else if (typeof usual === "number") this.values[name] = Number(text);
      else if (typeof usual === "boolean") this.values[name] = text === "true";
      else this.values[name] = text;
    }
  }
}
