"""Activation functions, and the link functions of the outputs, in the dtype of their argument."""

from __future__ import annotations

from collections.abc import Callable
from math import erfc

import numpy as np

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
#: ``Phi(-a) exp(a**2 / 2) / t`` is this polynomial in ``t = 1 / (1 + a / 4)``, a >= 0, to the
#: accuracy of float32; the highest power first.
_TAIL = (
    -0.095612937469, 0.35979934974, -0.30085750042, 0.3142354457, 0.0069794854973, 0.117210749275,
    0.098245384278,
)  # fmt: skip

_erfc = np.frompyfunc(erfc, 1, 1)


def logistic(z: np.ndarray) -> np.ndarray:
    """``1 / (1 + exp(-z))``."""
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    mass = np.exp(z - z.max(axis=-1, keepdims=True))
    return mass / mass.sum(axis=-1, keepdims=True)


def _expm1(z: np.ndarray) -> np.ndarray:
    return np.expm1(np.minimum(z, 0))


def _normal(z: np.ndarray) -> np.ndarray:
    """The standard normal distribution."""
    if z.dtype == np.float64:
        # NumPy has no error function, and Python's takes one number at a time.
        return 0.5 * _erfc(-z * np.sqrt(0.5)).astype(z.dtype)
    t = 1 / (1 + 0.25 * np.abs(z))
    tail = np.zeros_like(z)
    for factor in _TAIL:
        tail *= t
        tail += factor
    tail *= t * np.exp(-0.5 * z * z)
    return np.where(z >= 0, 1 - tail, tail)


def _mish(z: np.ndarray) -> np.ndarray:
    # tanh(softplus(z)) = n / (n + 2) with u = exp(z), n = u (u + 2); it is 1 above 20.
    u = np.exp(np.minimum(z, 20))
    n = u * (u + 2)
    return z * (n / (n + 2))


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda z: z,
    "logistic": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, _expm1(z)),
    "selu": lambda z: _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * _expm1(z)),
    "gelu": lambda z: z * _normal(z),
    "silu": lambda z: z * logistic(z),
    "mish": _mish,
    "softplus": lambda z: np.logaddexp(z, 0),
}
