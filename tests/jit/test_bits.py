"""Operations on bits, compiled and as plain Python."""

import numpy as np
import pytest
from numba import config, njit

from skdnn._jit.bits import (
    _power_of_two_intrinsic,
    _power_of_two_python,
    _random_bits_intrinsic,
    _random_bits_python,
    random_bits,
)

compiled = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)


@njit
def power(exponent):
    return _power_of_two_intrinsic(exponent)


@njit
def bits(counter, key):
    return _random_bits_intrinsic(counter, key)


@compiled
def test_powers_of_two():
    for exponent in (-126, -1, 0, 7, 127):
        assert power(np.int32(exponent)) == _power_of_two_python(exponent) == 2.0**exponent


@compiled
def test_random_bits_are_those_of_the_formula():
    numbers = [0, 1, 12345, 2**31, 2**32 - 1, 2**32, 2**40 + 7, 2**63 + 5, 2**64 - 1]
    for counter in map(np.uint64, numbers):
        for key in map(np.uint64, numbers):
            assert bits(counter, key) == _random_bits_python(counter, key)


def test_random_bits_are_balanced():
    one = bits if not config.DISABLE_JIT else random_bits
    values = np.array([int(one(np.uint64(i), np.uint64(99))) for i in range(4000)])
    assert values.max() < 2**32
    share = (values[:, None] >> np.arange(32) & 1).mean(axis=0)
    assert np.abs(share - 0.5).max() < 5 * 0.5 / np.sqrt(4000)
