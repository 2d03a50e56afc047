"""Activation functions: scalar formula, array loop, record.

The formula returns value and derivative together, since they share their expensive part (one
``exp`` for Mish, SiLU, GELU). The forward pass keeps the derivative beside the value; the backward
pass is then one multiplication for every activation.

To add one: a code, the formula, its array loop, a branch in ``activation_forward``, a record in
``ACTIVATIONS``.
"""

import math

from skdnn._jit import kernel
from skdnn.kernels.elementary import exp, expm1, logistic, normal, softplus, tanh
from skdnn.kernels.records import Activation, by_name

IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, ELU, SELU, GELU, SILU, MISH, SOFTPLUS = range(11)

LEAKY_SLOPE = 0.01
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@kernel
def logistic_pair(z):
    s = logistic(z)
    return s, s * (type(z)(1) - s)


@kernel
def tanh_pair(z):
    t = tanh(z)
    return t, type(z)(1) - t * t


@kernel
def relu_pair(z):
    # Written so that NaN stays NaN: a diverged network must not look like a dead one.
    return (type(z)(0) if z <= 0 else z), type(z)(1 if z > 0 else 0)


@kernel
def leaky_relu_pair(z):
    slope = type(z)(1 if z > 0 else LEAKY_SLOPE)
    return z * slope, slope


@kernel
def elu_pair(z):
    e = expm1(type(z)(0) if z > 0 else z)
    return (z if z > 0 else e), e + type(z)(1)


@kernel
def selu_pair(z):
    e = type(z)(SELU_SCALE * SELU_ALPHA) * expm1(type(z)(0) if z > 0 else z)
    scale = type(z)(SELU_SCALE)
    return (scale * z if z > 0 else e), (scale if z > 0 else e + type(z)(SELU_SCALE * SELU_ALPHA))


@kernel
def gelu_pair(z):
    cdf, pdf = normal(z)
    return z * cdf, cdf + z * pdf


@kernel
def silu_pair(z):
    s = logistic(z)
    return z * s, s * (type(z)(1) + z * (type(z)(1) - s))


@kernel
def mish_pair(z):
    # tanh(softplus(z)) = n / (n + 2) with u = exp(z), n = u (u + 2): one exp, one division.
    # Above 20 the quotient is 1 in both dtypes, and n**2 would overflow float32 soon after.
    real = type(z)
    u = exp(real(20) if z > 20 else z)
    n = u * (u + real(2))
    inverse = real(1) / (n + real(2))
    t = n * inverse
    return z * t, t + z * real(4) * u * (u + real(1)) * inverse * inverse


@kernel
def softplus_pair(z):
    return softplus(z), logistic(z)


def _array_loop(pair):
    """Apply ``pair`` in place: ``a`` becomes the value, ``d`` the derivative."""

    @kernel
    def loop(a, d):
        for i in range(a.size):
            a[i], d[i] = pair(a[i])

    return loop


_logistic = _array_loop(logistic_pair)
_tanh = _array_loop(tanh_pair)
_relu = _array_loop(relu_pair)
_leaky_relu = _array_loop(leaky_relu_pair)
_elu = _array_loop(elu_pair)
_selu = _array_loop(selu_pair)
_gelu = _array_loop(gelu_pair)
_silu = _array_loop(silu_pair)
_mish = _array_loop(mish_pair)
_softplus = _array_loop(softplus_pair)


@kernel
def activation_forward(code, a, d):
    """Activate ``a`` in place and keep the derivative.

    Prediction calls it too and drops the derivative: a second set of loops would be two thirds
    of a second more to compile and nothing to gain beside the matrix products.

    Parameters
    ----------
    code : int
    a : (n,) array, in: pre-activations, out: activations
    d : (n,) array, out: derivatives
    """
    if code == IDENTITY:
        for i in range(d.size):
            d[i] = 1
    elif code == LOGISTIC:
        _logistic(a, d)
    elif code == TANH:
        _tanh(a, d)
    elif code == RELU:
        _relu(a, d)
    elif code == LEAKY_RELU:
        _leaky_relu(a, d)
    elif code == ELU:
        _elu(a, d)
    elif code == SELU:
        _selu(a, d)
    elif code == GELU:
        _gelu(a, d)
    elif code == SILU:
        _silu(a, d)
    elif code == MISH:
        _mish(a, d)
    elif code == SOFTPLUS:
        _softplus(a, d)


# Gains: scikit-learn's MLP uses 1 for relu, tanh and identity and sqrt(1/3) for logistic; the He
# initialiser has sqrt(2) for rectifiers, corrected for the slope of the negative side.
_HE = math.sqrt(2)
ACTIVATIONS = by_name(
    [
        Activation("identity", IDENTITY, "glorot_uniform", 1, "Identity", "-"),
        Activation(
            "logistic", LOGISTIC, "glorot_uniform", math.sqrt(1 / 3), "Sigmoid", "Rumelhart 1986"
        ),
        Activation("tanh", TANH, "glorot_uniform", 1, "Tanh", "LeCun 1998"),
        Activation("relu", RELU, "glorot_uniform", 1, "Relu", "Nair & Hinton 2010"),
        Activation(
            "leaky_relu", LEAKY_RELU, "he_uniform", math.sqrt(2 / (1 + LEAKY_SLOPE**2)),
            "LeakyRelu(alpha=0.01)", "Maas et al. 2013",
        ),
        Activation("elu", ELU, "he_uniform", _HE, "Elu", "Clevert et al. 2016, arXiv 1511.07289"),
        Activation(
            "selu", SELU, "lecun_uniform", 1, "Selu", "Klambauer et al. 2017, arXiv 1706.02515"
        ),
        Activation(
            "gelu", GELU, "he_uniform", _HE, "Gelu",
            "Hendrycks & Gimpel 2016, arXiv 1606.08415 (exact form)",
        ),
        Activation(
            "silu", SILU, "he_uniform", _HE, "Mul(x, Sigmoid(x))",
            "Elfwing et al. 2017, arXiv 1702.03118",
        ),
        Activation("mish", MISH, "he_uniform", _HE, "Mish", "Misra 2019, arXiv 1908.08681"),
        Activation(
            "softplus", SOFTPLUS, "glorot_uniform", 1, "Softplus", "Dugas et al. 2001"
        ),
    ]
)  # fmt: skip
