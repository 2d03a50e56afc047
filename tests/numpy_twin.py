"""Plain NumPy versions of the kernels: slow, readable, what the compiled code is checked by."""

import numpy as np
from scipy.special import erf, expit, log_expit, log_softmax, softmax


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


def squared_error(raw, y):
    return 0.5 * (raw - y) ** 2, raw - y


def binary_log_loss(raw, y):
    return -(y * log_expit(raw) + (1 - y) * log_expit(-raw)), expit(raw) - y


def log_loss(raw, y):
    one_hot = np.eye(raw.shape[1])[y[:, 0].astype(int)]
    return -one_hot * log_softmax(raw, axis=1), softmax(raw, axis=1) - one_hot


#: name -> function of (raw, y) to (loss of every row and output, gradient)
LOSSES = {
    "squared_error": squared_error,
    "binary_log_loss": binary_log_loss,
    "log_loss": log_loss,
}


def weighted_loss(name, raw, y, weights):
    """Sum of the weighted losses, gradient of the sum divided by the number of rows."""
    value, gradient = LOSSES[name](raw, y)
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
OPTIMIZERS = {"sgd": sgd, "adam": adam, "adamw": adamw, "rmsprop": rmsprop}


def forward(coefs, intercepts, activation, X):
    """Inputs and pre-activations of every layer; the last pre-activation is the raw prediction."""
    inputs, zs = [X], []
    for layer, (weight, bias) in enumerate(zip(coefs, intercepts, strict=True)):
        zs.append(inputs[-1] @ weight + bias)
        if layer < len(coefs) - 1:
            inputs.append(ACTIVATIONS[activation][0](zs[-1]))
    return inputs, zs


def gradients(coefs, intercepts, activation, loss, X, y, weights):
    """Sum of the losses, and the gradients of the mean for weights and biases."""
    inputs, zs = forward(coefs, intercepts, activation, X)
    total, dz = weighted_loss(loss, zs[-1], y, weights)
    coef_grads, intercept_grads = [], []
    for layer in reversed(range(len(coefs))):
        coef_grads.insert(0, inputs[layer].T @ dz)
        intercept_grads.insert(0, dz.sum(axis=0))
        if layer > 0:
            dz = (dz @ coefs[layer].T) * ACTIVATIONS[activation][1](zs[layer - 1])
    return total, coef_grads, intercept_grads


def train_epoch(
    coefs, intercepts, activation, loss, optimizer, X, y, weights, order, batch_size, lr,
    slots, t, *, alpha=0.0, **hyper,
):  # fmt: skip
    """One epoch on lists of arrays, changed in place; returns the mean loss and the step."""
    total = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        value, coef_grads, intercept_grads = gradients(
            coefs, intercepts, activation, loss, X[rows], y[rows], weights[rows]
        )
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
