"""Operations on the bits of numbers, in 32 bits: Numba computes with integers of 64."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

_WORD = ir.IntType(32)
_MASK = 0xFFFFFFFF
#: The multipliers of "lowbias32", and the golden ratio, by which counters are spread.
_MULTIPLIERS, _GOLDEN = (0x7FEB352D, 0x846CA68B), 0x9E3779B9


def _power_of_two_python(exponent):
    return np.uint32((int(exponent) + 127) << 23).view(np.float32)


@intrinsic
def _power_of_two_intrinsic(typingctx, exponent):
    def codegen(context, builder, sig, args):
        biased = builder.add(args[0], ir.Constant(_WORD, 127))
        shifted = builder.shl(biased, ir.Constant(_WORD, 23))
        return builder.bitcast(shifted, ir.FloatType())

    return types.float32(types.int32), codegen


def _random_bits_python(counter, key):
    counter, key = int(counter), int(key)
    halves = key & _MASK, key >> 32
    x = ((counter * _GOLDEN) & _MASK) ^ halves[0]
    for step, multiplier in enumerate(_MULTIPLIERS):
        x = (x + step * halves[1]) & _MASK
        x ^= x >> 16
        x = (x * multiplier) & _MASK
        x ^= x >> 15
    return np.uint32(x ^ (x >> 16))


@intrinsic
def _random_bits_intrinsic(typingctx, counter, key):
    def codegen(context, builder, sig, args):
        counter, key = args
        low = builder.trunc(key, _WORD)
        high = builder.trunc(builder.lshr(key, ir.Constant(key.type, 32)), _WORD)

        def fold(x, shift):
            return builder.xor(x, builder.lshr(x, ir.Constant(_WORD, shift)))

        x = builder.mul(builder.trunc(counter, _WORD), ir.Constant(_WORD, _GOLDEN))
        x = builder.xor(x, low)
        for step, multiplier in enumerate(_MULTIPLIERS):
            x = builder.add(x, high) if step else x
            x = fold(builder.mul(fold(x, 16), ir.Constant(_WORD, multiplier)), 15)
        return fold(x, 16)

    return types.uint32(types.uint64, types.uint64), codegen


#: ``power_of_two(n)``: float32 2**n from an int32 between -126 and 127.
power_of_two = _power_of_two_python if config.DISABLE_JIT else _power_of_two_intrinsic

#: ``random_bits(counter, key)``: 32 random bits, as uint32, from a counter and a key, both uint64;
#: of the counter the lowest 32 bits count. Half of the key enters before each round, so that two
#: keys do not give shifted copies of one sequence. The mixing function is "lowbias32" (C. Wellons,
#: Prospecting for hash functions, 2018).
random_bits = _random_bits_python if config.DISABLE_JIT else _random_bits_intrinsic
