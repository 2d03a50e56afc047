"""Plain NumPy versions of the kernels: slow, readable, what the compiled code is checked by.

Losses, solvers and kinds of columns are functions of their names.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import erf, expit, log_expit, log_softmax, softmax, xlogy
from scipy.stats import norm

from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES as RECORDS
from skdnn.kernels.optimizers import OPTIMIZERS as OPTIMIZER_RECORDS


def _sech2(z):
    return 1 / np.cosh(z) ** 2


def _normal_cdf(z):
    return 0.5 * (1 + erf(z / np.sqrt(2)))


def _normal_pdf(z):
    return np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)


def _softplus(z):
    return np.logaddexp(0, z)


_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805

#: name -> (function, derivative)
ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "tanh": (np.tanh, _sech2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "selu": (
        lambda z: _SCALE * np.where(z > 0, z, _ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z: _SCALE * np.where(z > 0, 1, _ALPHA * np.exp(np.minimum(z, 0))),
    ),
    "gelu": (lambda z: z * _normal_cdf(z), lambda z: _normal_cdf(z) + z * _normal_pdf(z)),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z))),
    "mish": (
        lambda z: z * np.tanh(_softplus(z)),
        lambda z: np.tanh(_softplus(z)) + z * _sech2(_softplus(z)) * expit(z),
    ),
    "softplus": (_softplus, expit),
}


def squared_error(raw, y, _):
    return 0.5 * (raw - y) ** 2, raw - y


def absolute_error(raw, y, _):
    return np.abs(raw - y), np.sign(raw - y)


def huber(raw, y, delta):
    error = np.abs(raw - y)
    value = np.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta))
    return value, np.clip(raw - y, -delta, delta)


def quantile(raw, y, level):
    above = y - raw
    return np.where(above >= 0, level, level - 1) * above, np.where(above > 0, -level, 1 - level)


def poisson(raw, y, _):
    return np.exp(raw) - y * raw + xlogy(y, y) - y, np.exp(raw) - y


def gamma(raw, y, _):
    return np.log(np.exp(raw) / y) + y / np.exp(raw) - 1, 1 - y / np.exp(raw)


def tweedie(raw, y, p):
    mean = np.exp(raw)
    value = y ** (2 - p) / ((1 - p) * (2 - p)) - y * mean ** (1 - p) / (1 - p)
    return value + mean ** (2 - p) / (2 - p), mean ** (2 - p) - y * mean ** (1 - p)


def normal(raw, y, _):
    mean, z, y = raw[:, ::2], raw[:, 1::2], y[:, ::2]
    deviation = np.exp(z) + 1e-3
    slope = (1 - ((y - mean) / deviation) ** 2) / deviation * np.exp(z)
    gradient = np.stack([(mean - y) / deviation**2, slope], axis=2).reshape(raw.shape)
    return -norm.logpdf(y, mean, deviation), gradient


def binary_log_loss(raw, y, smoothing):
    y = y * (1 - smoothing) + smoothing / 2
    return -(y * log_expit(raw) + (1 - y) * log_expit(-raw)), expit(raw) - y


def binary_brier(raw, y, smoothing):
    p, y = expit(raw), y * (1 - smoothing) + smoothing / 2
    return (p - y) ** 2, 2 * (p - y) * p * (1 - p)


def _smooth_one_hot(raw, y, smoothing):
    n = raw.shape[1]
    return (1 - smoothing[0]) * np.eye(n)[y[:, 0].astype(int)] + smoothing[0] / n


def log_loss(raw, y, smoothing):
    target = _smooth_one_hot(raw, y, smoothing)
    return -target * log_softmax(raw, axis=1), softmax(raw, axis=1) - target


def columns_log_loss(raw, y, parameters):
    column, smoothing = parameters[1::2], parameters[0]
    p, target = np.empty_like(raw), np.empty_like(raw)
    for k in np.unique(column):
        own = column == k
        p[:, own] = softmax(raw[:, own], axis=1)
        target[:, own] = (1 - smoothing) * y[:, own] + smoothing / own.sum()
    return -target * np.log(p), p - target


def brier(raw, y, smoothing):
    p = softmax(raw, axis=1)
    error = p - _smooth_one_hot(raw, y, smoothing)
    return 0.5 * error**2, p * (error - (p * error).sum(axis=1, keepdims=True))


#: name -> function of (raw, y, parameters) to (loss of every row and output, gradient)
LOSSES = {name: globals().get(name) for name in RECORDS}


def loss_parameters(name, n_out):
    """Parameters that suit a loss, for tests."""
    if RECORDS[name].domain == "classes":
        return np.column_stack([np.full(n_out, 0.1), np.arange(n_out) // 2]).ravel()
    values = {"delta": 0.7, "quantile": 0.8, "label_smoothing": 0.1, "power": 1.4}
    return np.tile([values.get(each, 0.6) for each in RECORDS[name].parameters], n_out)


def n_outputs(name, n):
    """At least ``n`` outputs, as many as a loss may have."""
    per_target = RECORDS[name].outputs_per_target
    return n if per_target == "levels" else -(-n // per_target) * per_target


def loss_targets(name, rng, n_rows, n_out):
    """Targets in the domain of a loss, for tests."""
    domain = RECORDS[name].domain
    if domain == "class":
        return rng.integers(0, n_out, (n_rows, 1)).astype(float)
    if domain == "classes":
        y = np.zeros((n_rows, n_out))
        for start in range(0, n_out, 2):
            chosen = start + rng.integers(0, min(2, n_out - start), n_rows)
            y[np.arange(n_rows), chosen] = 1
        return y
    if domain == "unit":
        return rng.integers(0, 2, (n_rows, n_out)).astype(float)
    if domain == "non-negative":
        return rng.integers(0, 4, (n_rows, n_out)).astype(float)
    if domain == "positive":
        return rng.uniform(0.1, 3, (n_rows, n_out))
    per_target = n_outputs(name, 1)
    return rng.standard_normal((n_rows, n_out // per_target)).repeat(per_target, axis=1)


def weighted_loss(name, raw, y, weights, parameters=None):
    """Sum of the weighted losses, gradient of the sum divided by the number of rows."""
    n_parameters = raw.shape[1] * len(RECORDS[name].parameters)
    parameters = np.zeros(n_parameters) if parameters is None else parameters
    value, gradient = LOSSES[name](raw, y, parameters)
    return (weights[:, None] * value).sum(), weights[:, None] * gradient / len(raw)


def sgd(w, g, slots, t, lr, *, momentum, nesterov, **_):
    slots[0] = momentum * slots[0] - lr * g
    return w + (momentum * slots[0] - lr * g if nesterov else slots[0])


def adam(w, g, slots, t, lr, *, beta_1, beta_2, epsilon, **_):
    slots[0] = beta_1 * slots[0] + (1 - beta_1) * g
    slots[1] = beta_2 * slots[1] + (1 - beta_2) * g**2
    rate = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - rate * slots[0] / (np.sqrt(slots[1]) + epsilon)


def adamw(w, g, slots, t, lr, *, beta_1, beta_2, epsilon, weight_decay, **_):
    slots[0] = beta_1 * slots[0] + (1 - beta_1) * g
    slots[1] = beta_2 * slots[1] + (1 - beta_2) * g**2
    mean, square = slots[0] / (1 - beta_1**t), slots[1] / (1 - beta_2**t)
    return w * (1 - lr * weight_decay) - lr * mean / (np.sqrt(square) + epsilon)


def rmsprop(w, g, slots, t, lr, *, beta_2, epsilon, **_):
    slots[0] = beta_2 * slots[0] + (1 - beta_2) * g**2
    return w - lr * g / (np.sqrt(slots[0] / (1 - beta_2**t)) + epsilon)


#: name -> function of (parameters, gradient, two slots, step, learning rate, hyper-parameters)
OPTIMIZERS = {name: globals().get(name) for name in OPTIMIZER_RECORDS}


EPSILON = 1e-5


def batch_normalize(z, weights):
    """Normalized columns, and their 1 / deviation."""
    mean = np.average(z, axis=0, weights=weights)
    variance = np.average((z - mean) ** 2, axis=0, weights=weights)
    return (z - mean) / np.sqrt(variance + EPSILON), 1 / np.sqrt(variance + EPSILON)


def batch_normalize_backward(d_normal, z, weights):
    """By the chain rule through mean and variance (Ioffe & Szegedy 2015, section 3)."""
    share = (weights / weights.sum())[:, None]
    mean = (share * z).sum(axis=0)
    centered = z - mean
    variance = (share * centered**2).sum(axis=0) + EPSILON
    d_variance = (d_normal * centered * -0.5 * variance**-1.5).sum(axis=0)
    d_mean = -(d_normal / np.sqrt(variance)).sum(axis=0)
    d_mean = d_mean - 2 * d_variance * (share * centered).sum(axis=0)
    return d_normal / np.sqrt(variance) + d_variance * 2 * share * centered + d_mean * share


def layer_normalize(z, weights=None):
    normal, spread = batch_normalize(z.T, np.ones(z.shape[1]))
    return normal.T, spread


def layer_normalize_backward(d_normal, z, weights=None):
    return batch_normalize_backward(d_normal.T, z.T, np.ones(z.shape[1])).T


#: name -> (forward, backward)
NORMALIZATIONS = {
    "batch": (batch_normalize, batch_normalize_backward),
    "layer": (layer_normalize, layer_normalize_backward),
}


def forward(coefs, intercepts, activation, X, *, normalization=None, gains=(), weights=None):
    """Inputs, products and pre-activations of every layer; the last one is the raw prediction."""
    inputs, products, zs = [X], [], []
    for layer, (weight, bias) in enumerate(zip(coefs, intercepts, strict=True)):
        last = layer == len(coefs) - 1
        products.append(inputs[-1] @ weight)
        if normalization is None or last:
            zs.append(products[-1] + bias)
        else:
            normal, _ = NORMALIZATIONS[normalization][0](products[-1], weights)
            zs.append(normal * gains[layer] + bias)
        if not last:
            inputs.append(ACTIVATIONS[activation][0](zs[-1]))
    return inputs, products, zs


def gradients(*args, **kwargs):
    """Sum of the losses, and the gradients of the mean for weights, biases and gains."""
    return _gradients(*args, **kwargs)[:4]


def _gradients(
    coefs, intercepts, activation, loss, X, y, weights, *, parameters=None, normalization=None,
    gains=(),
):  # fmt: skip
    """As ``gradients``, and the gradient of the inputs."""
    inputs, products, zs = forward(
        coefs, intercepts, activation, X, normalization=normalization, gains=gains, weights=weights
    )
    total, dz = weighted_loss(loss, zs[-1], y, weights, parameters)
    coef_grads, intercept_grads, gain_grads = [], [], []
    for layer in reversed(range(len(coefs))):
        intercept_grads.insert(0, dz.sum(axis=0))
        if normalization is not None and layer < len(coefs) - 1:
            normalize, backward = NORMALIZATIONS[normalization]
            gain_grads.insert(0, (dz * normalize(products[layer], weights)[0]).sum(axis=0))
            dz = backward(dz * gains[layer], products[layer], weights)
        coef_grads.insert(0, inputs[layer].T @ dz)
        dz = dz @ coefs[layer].T
        if layer > 0:
            dz = dz * ACTIVATIONS[activation][1](zs[layer - 1])
    return total, coef_grads, intercept_grads, gain_grads, dz


def train_epoch(
    coefs, intercepts, activation, loss, optimizer, X, y, weights, order, batch_size, lr,
    slots, t, *, parameters=None, alpha=0.0, **hyper,
):  # fmt: skip
    """One epoch on lists of arrays, changed in place; returns the mean loss and the step."""
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        value, coef_grads, intercept_grads, _ = gradients(
            coefs, intercepts, activation, loss, X[rows], y[rows], weights[rows],
            parameters=parameters,
        )  # fmt: skip
        t += 1
        total += value + 0.5 * alpha * sum((w**2).sum() for w in coefs)
        rule = OPTIMIZERS[optimizer]
        for i, g in enumerate(coef_grads):
            g = g + alpha * coefs[i] / len(rows)
            coefs[i] = rule(coefs[i], g, slots[0][i], t, lr, **hyper)
        for i, g in enumerate(intercept_grads):
            hyper_bias = {**hyper, "weight_decay": 0.0}
            intercepts[i] = rule(intercepts[i], g, slots[1][i], t, lr, **hyper_bias)
    return total / len(order), t


def dense_rows(features):
    """The rows that dense features mean, as a matrix in their own dtype."""
    n_rows, n_in, row, column = features.shape[:4]
    elements = features.single if features.single.size else features.double
    at = features.rows if features.rows.size else np.arange(n_rows)
    return elements[at[:, None] * row + np.arange(n_in) * column]


class Table(NamedTuple):
    """Columns of a table: numbers, the bins of some and how far in them these are, codes."""

    numbers: np.ndarray
    bins: np.ndarray
    fractions: np.ndarray
    codes: np.ndarray

    def take(self, rows):
        return Table(*(array[rows] for array in self))


def n_column_params(column):
    return COLUMN_KINDS[column.kind].n_params(column.size, column.width)


def number(column, table, params):
    return table.numbers[:, column.source, None]


def bins(column, table, params):
    own, places = table.bins[:, column.source, None], np.arange(column.width)
    inside = table.fractions[:, column.source, None]
    return np.where(places < own, 1.0, np.where(places == own, inside, 0.0))


def split_periodic(column, params):
    """Frequencies, phases, matrix and bias."""
    n = column.size
    frequencies, phases, matrix, bias = np.split(params, np.cumsum([n, n, n * column.width]))
    return frequencies, phases, matrix.reshape(n, column.width), bias


def periodic(column, table, params):
    frequencies, phases, matrix, bias = split_periodic(column, params)
    x = table.numbers[:, column.source, None]
    return np.cos(2 * np.pi * frequencies * x + phases) @ matrix + bias


def periodic_gradient(column, table, params, dx):
    frequencies, phases, matrix, _ = split_periodic(column, params)
    x = table.numbers[:, column.source, None]
    angles = 2 * np.pi * frequencies * x + phases
    d_angles = -np.sin(angles) * (dx @ matrix.T)
    parts = (d_angles * 2 * np.pi * x).sum(axis=0), d_angles.sum(axis=0), np.cos(angles).T @ dx
    return np.concatenate([*(part.ravel() for part in parts), dx.sum(axis=0)])


def one_hot(column, table, params):
    return np.eye(column.size + 1)[table.codes[:, column.source], 1:]


def binary(column, table, params):
    return np.array([0.0, -1.0, 1.0])[table.codes[:, column.source], None]


def embedding(column, table, params):
    return params.reshape(-1, column.width)[table.codes[:, column.source]]


def embedding_gradient(column, table, params, dx):
    gradient = np.zeros((column.size + 1, column.width))
    np.add.at(gradient, table.codes[:, column.source], dx)
    return gradient.ravel()


def column_inputs(column, table, params):
    """The (n_rows, width) inputs of a column with its own parameters."""
    return globals()[column.kind](column, table, params)


def column_gradient(column, table, params, dx):
    """Gradient of the parameters of a column from that of its inputs."""
    return globals()[f"{column.kind}_gradient"](column, table, params, dx)


def split_columns(columns, params):
    """The parameters of each column."""
    return np.split(params, np.cumsum([n_column_params(column) for column in columns])[:-1])


def table_inputs(columns, table, params):
    """Inputs of the first layer, (n_rows, n_in)."""
    own = split_columns(columns, params)
    parts = [column_inputs(column, table, p) for column, p in zip(columns, own, strict=True)]
    return np.concatenate(parts, axis=1)


def table_gradients(
    coefs, intercepts, columns, params, scales, activation, loss, table, y, weights,
    *, parameters=None,
):  # fmt: skip
    """Sum of the losses, and the gradients of the mean for weights, biases, columns and scales."""
    inputs = table_inputs(columns, table, params)
    total, coef_grads, intercept_grads, _, dx = _gradients(
        coefs, intercepts, activation, loss, inputs * scales, y, weights, parameters=parameters
    )
    places = np.cumsum([column.width for column in columns])[:-1]
    own = zip(
        columns, split_columns(columns, params), np.split(dx * scales, places, axis=1), strict=True
    )
    column_grads = [
        column_gradient(column, table, p, d) for column, p, d in own if n_column_params(column)
    ]
    grads = np.concatenate([np.empty(0), *column_grads])
    return total, coef_grads, intercept_grads, grads, (dx * inputs).sum(axis=0)
