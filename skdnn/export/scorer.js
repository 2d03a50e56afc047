"use strict";
// Predictions of a saved model: what skdnn computes in Python, for one row at a time.
//
// A model is the document and the arrays of a saved file (skdnn/estimators/_document.py describes
// them), with categories and classes as text. A row is an array with an item for each column: a
// number, or the text of a category; null is missing, and any other text is an unknown category.

// ---------------------------------------------------------------------------------------------
// The model
// ---------------------------------------------------------------------------------------------

const TYPES = { F32: Float32Array, F64: Float64Array, I64: BigInt64Array };

function arrayOf({ dtype, data }) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const values = new TYPES[dtype](bytes.buffer);
  return dtype === "I64" ? Array.from(values, Number) : values;
}

/** A model from its document and arrays; computations are in double precision. */
function loadModel({ document, arrays: stored }) {
  const arrays = {};
  for (const [name, each] of Object.entries(stored)) arrays[name] = arrayOf(each);
  const single = document.dtype === "float32";
  // Numbers are rounded to the dtype of the network before their bins are looked up.
  const round = single ? Math.fround : (x) => x;
  const model = { document, arrays, round, encoding: document.encoding };
  model.limits = single
    ? { tiny: 2 ** -126, most: 1 - 2 ** -24, exponent: Math.log(3.4028234663852886e38) - 1 }
    : { tiny: 2 ** -1022, most: 1 - 2 ** -53, exponent: Math.log(Number.MAX_VALUE) - 1 };
  model.columns = columnsOf(model);
  model.members = document.members.map((member, i) => loadMember(model, member, i));
  return model;
}

/** The columns of a row: their kind, and their place among the columns of this kind. */
function columnsOf({ document, encoding }) {
  const counts = { number: 0, category: 0 };
  const given =
    encoding?.columns ?? Array.from({ length: document.n_features }, () => ({ kind: "number" }));
  return given.map(({ kind }) => {
    const column = { kind, source: counts[kind]++ };
    if (kind === "category") {
      const { values, has_missing: hasMissing } = encoding.categories[column.source];
      column.codes = new Map(values.map((value, i) => [value, i + 1]));
      column.missing = hasMissing ? values.length + 1 : 0;
    }
    return column;
  });
}

function loadMember(model, member, i) {
  const { document, arrays, encoding } = model;
  const of = (name) => arrays[`members.${i}.${name}`];
  const sizes = [...document.network.hidden, document.network.n_outputs];
  const layers = sizes.map((size, k) => ({
    weights: of(`weights.${k}`), biases: of(`biases.${k}`), gains: of(`gains.${k}`),
    means: of(`means.${k}`), variances: of(`variances.${k}`), size,
  }));
  const edges = member.n_bins ? splitEdges(arrays, member.n_bins) : [];
  const nothing = Array.from({ length: document.n_features }, (_, j) => ["number", j, 1, 0, 0]);
  let place = 0;
  const columns = (encoding ? member.columns : nothing).map(([kind, source, width, size], k) => {
    const column = { kind, source, width, size, place, params: of(`columns.${k}`) };
    if (kind === "bins") column.edges = edges[source];
    place += width;
    return column;
  });
  return { columns, layers, scales: of("scales"), weight: member.weight };
}

/** The edges of the bins of each number, which are stored one after the other. */
function splitEdges(arrays, nBins) {
  let start = 0;
  return arrays[`edges.${nBins}.counts`].map((count) => {
    start += count;
    return arrays[`edges.${nBins}.values`].subarray(start - count, start);
  });
}

// ---------------------------------------------------------------------------------------------
// Encoding: skdnn/tabular
// ---------------------------------------------------------------------------------------------

/** A number imputed, scaled and clipped; ``j`` is its place among the numbers. */
function encodeNumber({ arrays, encoding, round }, j, value) {
  if (!encoding) return round(value);
  const x = value === null ? arrays.imputation[j] : value;
  if (encoding.scaling === null) return round(x);
  // Halved, so that the difference of two finite numbers is finite.
  const scaled = (x * 0.5 - arrays.center[j] * 0.5) * (arrays.scale[j] * 2);
  if (encoding.scaling === "standard") return round(scaled);
  const clipped = Math.min(Math.max(scaled, -1e9), 1e9);
  return round(clipped / Math.sqrt(1 + (clipped / 3) ** 2));
}

/** Numbers, then indicators of missing ones; codes of the categories, 0 if unknown. */
function encode(model, row) {
  const numbers = [], codes = [], missing = [];
  model.columns.forEach((column, position) => {
    const value = row[position];
    if (column.kind === "category") {
      codes.push(value === null ? column.missing : column.codes.get(value) ?? 0);
    } else {
      missing.push(Number(value === null));
      numbers.push(encodeNumber(model, column.source, value));
    }
  });
  for (const j of model.encoding?.indicated ?? []) numbers.push(missing[j]);
  return { numbers, codes, round: model.round };
}

/** The bin of a number, and its position in the bin: from -3 to 4, to extrapolate. */
function locate(edges, x) {
  const last = edges.length - 2;
  let bin = 0;
  while (bin < last && edges[bin + 1] <= x) bin++;
  const isFar = edges[0] < -(2 ** 960) || edges[last + 1] > 2 ** 960;
  const unit = isFar ? 0.5 : 1; // so that the difference of two finite numbers is finite
  const lower = edges[bin] * unit;
  const fraction = Math.fround((x * unit - lower) / (edges[bin + 1] * unit - lower));
  return [bin, Math.min(Math.max(fraction, -3), 4)];
}

/** Inputs of the first layer that a column becomes: functions that call ``add(index, value)``. */
const COLUMN_KINDS = {
  number: ({ source }, { numbers }, add) => add(0, numbers[source]),
  bins({ source, edges }, { numbers }, add) {
    const [bin, fraction] = locate(edges, numbers[source]);
    for (let t = 0; t < bin; t++) add(t, 1);
    add(bin, fraction);
  },
  periodic({ source, size, width, params }, { numbers, round }, add) {
    const matrix = 2 * size, bias = matrix + size * width;
    const cosines = Array.from({ length: size }, (_, k) => {
      const turns = round(params[k] * numbers[source] + round(params[size + k] / (2 * Math.PI)));
      return Math.cos(2 * Math.PI * (turns - Math.floor(turns)));
    });
    for (let j = 0; j < width; j++) {
      let total = params[bias + j];
      for (let k = 0; k < size; k++) total += cosines[k] * params[matrix + k * width + j];
      add(j, total);
    }
  },
  one_hot({ source }, { codes }, add) {
    if (codes[source] > 0) add(codes[source] - 1, 1);
  },
  binary: ({ source }, { codes }, add) => add(0, codes[source] === 0 ? 0 : 2 * codes[source] - 3),
  embedding({ source, width, params }, { codes }, add) {
    for (let j = 0; j < width; j++) add(j, params[codes[source] * width + j]);
  },
};

// ---------------------------------------------------------------------------------------------
// Layers: skdnn/kernels
// ---------------------------------------------------------------------------------------------

const logistic = (z) => 1 / (1 + Math.exp(-z));
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** The standard normal distribution (Marsaglia 2004, Evaluating the normal distribution). */
function normal(z) {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let term = z, total = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(total); k += 2) {
    term *= (z * z) / k;
    total += term;
  }
  return 0.5 + (total * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}

const SELU_ALPHA = 1.6732632423543772, SELU_SCALE = 1.0507009873554805;

const ACTIVATIONS = {
  identity: (z) => z,
  logistic,
  tanh: Math.tanh,
  relu: (z) => Math.max(z, 0),
  leaky_relu: (z) => (z > 0 ? z : 0.01 * z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  selu: (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
  gelu: (z) => z * normal(z),
  silu: (z) => z * logistic(z),
  mish(z) {
    const u = Math.exp(Math.min(z, 20)), n = u * (u + 2);
    return (z * n) / (n + 2);
  },
  softplus,
};

const EPSILON = 1e-5;

/** Normalizations of the products of a layer, in place, without gain and shift. */
const NORMALIZATIONS = {
  batch(z, { means, variances }) {
    z.forEach((value, j) => (z[j] = (value - means[j]) / Math.sqrt(variances[j] + EPSILON)));
  },
  layer(z) {
    const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
    const variance = z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length;
    const spread = Math.sqrt(variance + EPSILON);
    z.forEach((value, j) => (z[j] = (value - mean) / spread));
  },
};

/** Add ``factor`` times row ``i`` of the weights to the products ``z``. */
function addRow(z, weights, i, factor) {
  const n = z.length, start = i * n;
  for (let j = 0; j < n; j++) z[j] += factor * weights[start + j];
}

/** Add what some columns contribute to the products of the first layer; ``sign`` -1 removes it. */
function addColumns({ layers, scales }, columns, encoded, z, sign = 1) {
  for (const column of columns) {
    COLUMN_KINDS[column.kind](column, encoded, (index, value) => {
      const i = column.place + index;
      if (value !== 0) addRow(z, layers[0].weights, i, sign * value * (scales ? scales[i] : 1));
    });
  }
  return z;
}

/** The raw prediction of a member from the products of its first layer. */
function forward({ document }, { layers }, products) {
  const { activation, normalization } = document.network;
  let z = Float64Array.from(products);
  layers.forEach(({ weights, biases, gains, size, ...moments }, k) => {
    if (k > 0) {
      const inputs = z.map(ACTIVATIONS[activation]);
      z = new Float64Array(size);
      inputs.forEach((value, i) => value !== 0 && addRow(z, weights, i, value));
    }
    const isNormalized = normalization !== null && k < layers.length - 1;
    if (isNormalized) NORMALIZATIONS[normalization](z, moments);
    for (let j = 0; j < size; j++) z[j] = (isNormalized ? z[j] * gains[j] : z[j]) + biases[j];
  });
  return z;
}

// ---------------------------------------------------------------------------------------------
// Predictions: skdnn/training/averages.py, skdnn/estimators/_labels.py and _numbers.py
// ---------------------------------------------------------------------------------------------

/** Weighted mean over the members of arrays of the same length. */
function meanOf({ members }, values) {
  return values[0].map((_, j) => values.reduce((s, each, i) => s + members[i].weight * each[j], 0));
}

/** Weighted standard deviation over the members; squares do not overflow. */
function deviationOf({ members }, values) {
  return meanOf({ members }, values).map((mean, j) => {
    const parts = values.map((each, i) => Math.sqrt(members[i].weight) * (each[j] / 2 - mean / 2));
    return 2 * Math.hypot(...parts);
  });
}

function softmax(raw) {
  const largest = Math.max(...raw);
  const terms = raw.map((value) => Math.exp(value - largest));
  const total = terms.reduce((sum, value) => sum + value, 0);
  return terms.map((value) => value / total);
}

/** Probabilities of the classes, or of each label if a row may have several. */
function probabilities(model, raw) {
  const { kind, classes, sole_class: sole } = model.document.task;
  if (kind === "class" && classes.length === 1) return [1];
  let members = raw.map((each) => Array.from(each));
  if (kind === "class" && members[0].length === 1) members = members.map(([z]) => [-z, z]);
  if (kind === "class" && sole !== null) {
    // Nothing was learned about other classes.
    members = members.map((each) => each.map((_, j) => (j === sole ? 100 : -100)));
  }
  const link = model.document.task.link === "softmax" ? softmax : (z) => z.map(logistic);
  const { tiny, most } = model.limits;
  return meanOf(model, members.map(link)).map((p) => Math.min(Math.max(p, tiny), most));
}

/** In the units of the targets and within their range; ``values`` has one for each target. */
function inverse({ arrays, document }, values) {
  if (document.task.target_scaling === null) return values;
  return values.map((value, j) => {
    const mean = arrays["target.mean"][j], scale = arrays["target.scale"][j];
    const low = arrays["target.low"][j], high = arrays["target.high"][j];
    const largest = Math.max(Math.abs(low), Math.abs(high), scale);
    // Multiplied by a power of two, so that nothing overflows.
    const unit = 2 ** Math.min(Math.max(-Math.ceil(Math.log2(largest)), -1022), 1022);
    return Math.min(Math.max((value * (scale * unit) + mean * unit) / unit, low), high);
  });
}

/** Standard deviations of the mixture of the members' normal distributions. */
function normalDeviation(model, raw) {
  const { arrays, document: { task } } = model;
  const means = raw.map((z) => Array.from(z).filter((_, j) => j % 2 === 0));
  const logs = raw.map((z) => Array.from(z).filter((_, j) => j % 2 === 1));
  return meanOf(model, means).map((mean, j) => {
    const parts = raw.flatMap((_, i) => {
      const own = Math.exp(Math.min(logs[i][j], model.limits.exponent)) + task.least_deviation;
      const root = Math.sqrt(model.members[i].weight);
      return [root * own, root * (means[i][j] - mean)];
    });
    const scale = task.target_scaling === null ? 1 : arrays["target.scale"][j];
    return Math.hypot(...parts) * scale;
  });
}

/** Mean, standard deviation, and quantiles of each target, if there are any. */
function numericPrediction(model, raw) {
  const { network, task } = model.document;
  const perTarget = network.outputs_per_target, { levels, link } = task;
  const limit = Math.exp(model.limits.exponent);
  const distance = levels.map((level) => Math.abs(level - 0.5));
  const central = Math.max(0, distance.indexOf(Math.min(...distance)));

  const chunks = (z) =>
    Array.from({ length: z.length / perTarget }, (_, j) => {
      const chunk = Array.from(z.slice(j * perTarget, (j + 1) * perTarget));
      return levels.length > 1 ? chunk.sort((a, b) => a - b) : chunk;
    });
  const predict = (z) => {
    const values = chunks(z).map((chunk) => chunk[levels.length > 1 ? central : 0]);
    return inverse(model, link === "exp" ? values.map((each) => Math.min(each, limit)) : values);
  };
  // The exponential function of all numbers up to 709 is finite.
  const linked = link === "exp" ? raw.map((z) => z.map((v) => Math.exp(Math.min(v, 709)))) : raw;
  const mean = meanOf(model, linked);
  const result = { prediction: predict(mean), deviation: deviationOf(model, linked.map(predict)) };
  if (link === "normal") result.deviation = normalDeviation(model, raw);
  if (levels.length > 0) {
    const sorted = chunks(mean);
    const columns = levels.map((_, k) => inverse(model, sorted.map((chunk) => chunk[k])));
    result.quantiles = sorted.map((_, j) => columns.map((column) => column[j]));
  }
  return result;
}

/** What is predicted from the members' raw predictions. */
function predictionOf(model, raw) {
  const { kind, classes } = model.document.task;
  if (kind === "number") return numericPrediction(model, raw);
  const proba = probabilities(model, raw);
  const label = classes[proba.indexOf(Math.max(...proba))];
  return kind === "class" ? { probabilities: proba, label } : { probabilities: proba };
}

function predict(model, row) {
  const encoded = encode(model, row);
  const raw = model.members.map((member) => {
    const z = new Float64Array(member.layers[0].size);
    return forward(model, member, addColumns(member, member.columns, encoded, z));
  });
  return predictionOf(model, raw);
}

/** Predictions for a row with other values of one column: only its inputs are computed again. */
function effect(model, row, position, values) {
  const { kind, source } = model.columns[position];
  const nNumbers = model.columns.filter((column) => column.kind === "number").length;
  const indicator = nNumbers + (model.encoding?.indicated.indexOf(source) ?? -1);
  const isOf = (column) =>
    ["one_hot", "binary", "embedding"].includes(column.kind)
      ? kind === "category" && column.source === source
      : kind === "number" &&
        (column.source === source || (column.source === indicator && indicator >= nNumbers));
  const encoded = encode(model, row);
  const parts = model.members.map((member) => {
    const own = member.columns.filter(isOf);
    const z = new Float64Array(member.layers[0].size);
    const others = member.columns.filter((column) => !own.includes(column));
    return { own, z: addColumns(member, others, encoded, z) };
  });
  return values.map((value) => {
    const changed = row.slice();
    changed[position] = value;
    const other = encode(model, changed);
    const raw = model.members.map((member, i) => {
      const z = Float64Array.from(parts[i].z);
      return forward(model, member, addColumns(member, parts[i].own, other, z));
    });
    return predictionOf(model, raw);
  });
}
