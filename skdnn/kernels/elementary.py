"""Elementary functions that LLVM can vectorize, for float32 and float64.

Numba calls the C library for ``exp`` and similar functions, one value at a time. The float32
versions here are polynomials without branches, which vectorize; the float64 versions are those of
the C library, since float64 is used where accuracy matters more than speed.

The maximum error of each float32 version is stated and tested against float64. The polynomials are
Chebyshev approximations.
"""

import math

import numpy as np

from skdnn._jit import by_dtype, kernel, power_of_two

_LOG2_E = 1.4426950408889634
# ln(2) in two parts (Cody and Waite): the first has few enough bits for n * _LN2_HIGH to be exact.
_LN2_HIGH = 0.693145751953125
_LN2_LOW = 1.42860682030941723212e-6
# Between these the result is a normal float32; outside, the functions saturate.
_EXP_MIN = -87.3
_EXP_MAX = 88.0

# (exp(r) - 1 - r) / r**2 on |r| <= ln(2) / 2
_E0, _E1, _E2, _E3, _E4 = 0.5, 0.16666573286, 0.04166654870, 0.0083637740463, 0.0013926926767
# (log1p(u) - 2 s) / s**3 as a polynomial in s**2, with s = u / (2 + u) and 0 <= u <= 1
_L0, _L1, _L2, _L3 = 0.66666640333, 0.40007560645, 0.2823661980531, 0.26851498023
# Phi(-a) exp(a**2 / 2) / t as a polynomial in t = 1 / (1 + a / 4), with a >= 0
_G0, _G1, _G2, _G3 = 0.098245384278, 0.117210749275, 0.0069794854973, 0.3142354457
_G4, _G5, _G6 = -0.30085750042, 0.35979934974, -0.095612937469
# sin(pi u) / u and cos(pi u) as polynomials in u**2, |u| <= 1/2
_S0, _S1, _S2, _S3, _S4 = 3.14159264, -5.16771008, 2.55007752, -0.59829129, 0.07765766
_C0, _C1, _C2 = 1.0, -4.93480214, 4.05870916
_C3, _C4, _C5 = -1.335212, 0.23493731, -0.02439632
_SQRT_HALF = 0.7071067811865476
_INV_SQRT_2PI = 0.3989422804014327


@kernel
def _reduce32(x):
    """exp(r) - 1 and 2**n, with x = n ln(2) + r and |r| <= ln(2) / 2."""
    f = np.float32
    # Conditional expressions instead of min and max, to propagate NaN.
    x = f(_EXP_MIN) if x < f(_EXP_MIN) else (f(_EXP_MAX) if x > f(_EXP_MAX) else x)
    n = np.floor(x * f(_LOG2_E) + f(0.5))
    r = (x - n * f(_LN2_HIGH)) - n * f(_LN2_LOW)
    q = f(_E4)
    q = q * r + f(_E3)
    q = q * r + f(_E2)
    q = q * r + f(_E1)
    q = q * r + f(_E0)
    # The conversion of NaN to an integer is arbitrary; the product stays NaN.
    return q * r * r + r, power_of_two(np.int32(n if n == n else f(0)))


@kernel
def _exp32(x):
    p, scale = _reduce32(x)
    return p * scale + scale


@kernel
def _expm1_32(x):
    p, scale = _reduce32(x)
    return p * scale + (scale - np.float32(1))


@kernel
def _logistic32(x):
    return np.float32(1) / (np.float32(1) + _exp32(-x))


@kernel
def _logistic64(x):
    return 1.0 / (1.0 + math.exp(700.0 if x < -700.0 else -x))


@kernel
def _tanh32(x):
    # tanh(x) = expm1(2x) / (expm1(2x) + 2); on |x| it neither overflows nor cancels.
    e = _expm1_32(np.float32(20) if abs(x) > np.float32(10) else np.float32(2) * abs(x))
    t = e / (e + np.float32(2))
    return t if x >= 0 else -t


@kernel
def _log1p_unit32(u):
    f = np.float32
    s = u / (f(2) + u)
    s2 = s * s
    q = f(_L3)
    q = q * s2 + f(_L2)
    q = q * s2 + f(_L1)
    q = q * s2 + f(_L0)
    return f(2) * s + s * s2 * q


@kernel
def _softplus32(x):
    return (x if x > 0 else np.float32(0)) + _log1p_unit32(_exp32(-abs(x)))


@kernel
def _softplus64(x):
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


@kernel
def _normal32(x):
    f = np.float32
    a = abs(x)
    e = _exp32(f(-0.5) * x * x)
    t = f(1) / (f(1) + f(0.25) * a)
    q = f(_G6)
    q = q * t + f(_G5)
    q = q * t + f(_G4)
    q = q * t + f(_G3)
    q = q * t + f(_G2)
    q = q * t + f(_G1)
    q = q * t + f(_G0)
    tail = q * t * e
    return (f(1) - tail if x >= 0 else tail), f(_INV_SQRT_2PI) * e


@kernel
def _normal64(x):
    return 0.5 * math.erfc(-x * _SQRT_HALF), _INV_SQRT_2PI * math.exp(-0.5 * x * x)


@kernel
def _turns32(u):
    f = np.float32
    u = u - np.floor(u + f(0.5))
    t = u * u
    s = f(_S4)
    s = s * t + f(_S3)
    s = s * t + f(_S2)
    s = s * t + f(_S1)
    s = u * (s * t + f(_S0))
    c = f(_C5)
    c = c * t + f(_C4)
    c = c * t + f(_C3)
    c = c * t + f(_C2)
    c = c * t + f(_C1)
    c = c * t + f(_C0)
    # By the half angle: cos(2 a) = 1 - 2 sin(a)**2.
    return f(1) - f(2) * s * s, f(2) * s * c


@kernel
def _turns64(u):
    angle = 2 * math.pi * u
    return np.cos(angle), np.sin(angle)


#: exp(x), relative error below 2.5e-7; saturates at exp(-87.3) and exp(88).
exp = by_dtype(_exp32, math.exp)
#: exp(x) - 1, relative error below 5e-7.
expm1 = by_dtype(_expm1_32, math.expm1)
#: 1 / (1 + exp(-x)), relative error below 4e-7.
logistic = by_dtype(_logistic32, _logistic64)
#: tanh(x), relative error below 6e-7.
tanh = by_dtype(_tanh32, math.tanh)
#: log(1 + exp(x)), relative error below 4e-7.
softplus = by_dtype(_softplus32, _softplus64)
#: The standard normal distribution and its density, both with an absolute error below 3e-7.
normal = by_dtype(_normal32, _normal64)
#: Cosine and sine of 2 pi u; absolute errors below 1e-6 and 5e-7.
turns = by_dtype(_turns32, _turns64)
