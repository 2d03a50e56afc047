"""Activation functions: scalar functions and their records.

A function returns value and derivative together, since they share their expensive part (one
``exp`` for Mish, SiLU, GELU). The forward pass stores the derivative with the value; the backward
pass is then one multiplication for every activation.

To add one: a function with the decorator ``activation``, which creates its record.
"""

import math
from collections.abc import Callable
from typing import Any

from skdnn._jit import kernel
from skdnn.kernels.dispatch import record_dispatcher
from skdnn.kernels.elementary import exp, expm1, logistic, normal, softplus, tanh
from skdnn.kernels.records import Activation, numbered

LEAKY_SLOPE = 0.01
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805

# Gains: scikit-learn's MLP uses 1 for relu, tanh and identity and sqrt(1/3) for logistic; the He
# initializer has sqrt(2) for rectifiers, corrected for the slope of the negative side.
_HE = math.sqrt(2)

_records: list[Activation] = []


def _array_loop(pair: Callable) -> Callable:
    """Apply ``pair`` in place: ``a`` becomes the value, ``d`` the derivative."""

    @kernel
    def loop(a, d):
        for i in range(a.size):
            a[i], d[i] = pair(a[i])

    return loop


def activation(name: str, **fields: Any) -> Callable[[Callable], Callable]:
    """Decorator of an activation function: compile it, and add its record with these fields."""

    def decorate(formula: Callable) -> Callable:
        pair = kernel(formula)
        _records.append(Activation(name, _array_loop(pair), **fields))
        return pair

    return decorate


@activation(
    "identity",
    initializer="glorot_uniform",
    gain=1,
    onnx="Identity",
    reference="-",
    monotone=True,
)
def identity_pair(z):
    return z, type(z)(1)


@activation(
    "logistic",
    initializer="glorot_uniform",
    gain=math.sqrt(1 / 3),
    onnx="Sigmoid",
    reference="Rumelhart 1986",
    monotone=True,
)
def logistic_pair(z):
    s = logistic(z)
    return s, s * (type(z)(1) - s)


@activation(
    "tanh",
    initializer="glorot_uniform",
    gain=1,
    onnx="Tanh",
    reference="LeCun 1998",
    monotone=True,
)
def tanh_pair(z):
    t = tanh(z)
    return t, type(z)(1) - t * t


@activation(
    "relu",
    initializer="glorot_uniform",
    gain=1,
    onnx="Relu",
    reference="Nair & Hinton 2010",
    common=True,
    monotone=True,
)
def relu_pair(z):
    # NaN must stay NaN, so that divergence is detected.
    return (type(z)(0) if z <= 0 else z), type(z)(1 if z > 0 else 0)


@activation(
    "leaky_relu",
    initializer="he_uniform",
    gain=math.sqrt(2 / (1 + LEAKY_SLOPE**2)),
    onnx="LeakyRelu(alpha=0.01)",
    reference="Maas et al. 2013",
    monotone=True,
)
def leaky_relu_pair(z):
    slope = type(z)(1 if z > 0 else LEAKY_SLOPE)
    return z * slope, slope


@activation(
    "elu",
    initializer="he_uniform",
    gain=_HE,
    onnx="Elu",
    reference="Clevert et al. 2016, arXiv 1511.07289",
    monotone=True,
)
def elu_pair(z):
    e = expm1(type(z)(0) if z > 0 else z)
    return (z if z > 0 else e), e + type(z)(1)


@activation(
    "selu",
    initializer="lecun_uniform",
    gain=1,
    onnx="Selu",
    reference="Klambauer et al. 2017, arXiv 1706.02515",
    monotone=True,
)
def selu_pair(z):
    e = type(z)(SELU_SCALE * SELU_ALPHA) * expm1(type(z)(0) if z > 0 else z)
    scale = type(z)(SELU_SCALE)
    return (scale * z if z > 0 else e), (scale if z > 0 else e + type(z)(SELU_SCALE * SELU_ALPHA))


@activation(
    "gelu",
    initializer="he_uniform",
    gain=_HE,
    onnx="Gelu",
    reference="Hendrycks & Gimpel 2016, arXiv 1606.08415 (exact form)",
)
def gelu_pair(z):
    cdf, pdf = normal(z)
    return z * cdf, cdf + z * pdf


@activation(
    "silu",
    initializer="he_uniform",
    gain=_HE,
    onnx="Mul(x, Sigmoid(x))",
    reference="Elfwing et al. 2017, arXiv 1702.03118",
)
def silu_pair(z):
    s = logistic(z)
    return z * s, s * (type(z)(1) + z * (type(z)(1) - s))


@activation(
    "mish",
    initializer="he_uniform",
    gain=_HE,
    onnx="Mish",
    reference="Misra 2019, arXiv 1908.08681",
    common=True,
)
def mish_pair(z):
    # tanh(softplus(z)) = n / (n + 2) with u = exp(z), n = u (u + 2): one exp, one division.
    # Above 20 the quotient is 1 in both dtypes, and n**2 would overflow float32 soon after.
    real = type(z)
    u = exp(real(20) if z > 20 else z)
    n = u * (u + real(2))
    inverse = real(1) / (n + real(2))
    t = n * inverse
    return z * t, t + z * real(4) * u * (u + real(1)) * inverse * inverse


@activation(
    "softplus",
    initializer="glorot_uniform",
    gain=1,
    onnx="Softplus",
    reference="Dugas et al. 2001",
    monotone=True,
)
def softplus_pair(z):
    return softplus(z), logistic(z)


ACTIVATIONS = numbered(_records)

#: Activate ``a`` in place and store the derivative: ``(uncommon, code, a, d)``, ``a`` (n,), in:
#: pre-activations, out: activations, and ``d`` (n,), out: derivatives. Predictions use it too and
#: ignore the derivative: a second set of loops would take two thirds of a second to compile, and
#: save little compared with the matrix products.
activation_forward = record_dispatcher(
    "activation_forward", "a, d", ACTIVATIONS.values(), "forward"
)
