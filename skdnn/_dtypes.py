"""The dtypes of the package, each with its reason."""

import numpy as np

#: Offsets, sizes and codes of the layer table, row orders: what Numba indexes with without a cast.
INDEX = np.int64

#: Columns of the stored elements of sparse rows: what SciPy has, and half the memory.
COLUMN = np.int32

#: Codes of categories: no table in memory has 2**31 of them, and half the memory of INDEX.
CODE = np.int32

#: The bin of a number: more than 2**8 of them would be noise, and a byte is least to read.
BIN = np.uint8

#: Where in its bin a number lies, kept for a whole training: 24 bits inside a bin are plenty.
FRACTION = np.float32

#: Sums of losses and of squared weights: a float32 sum over 10**6 rows would lose 3 digits.
ACCUMULATOR = np.float64

#: Scalars that cross the border (rates, hyper-parameters): cast once per array inside a kernel.
SCALAR = np.float64

#: What a network can be trained in. float32 is twice as fast and twice as small; float64 keeps
#: the 1e-7 equivalences (weights against repeated rows) that small problems can afford.
FLOATS = (np.float32, np.float64)
