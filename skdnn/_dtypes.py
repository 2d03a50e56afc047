"""The dtypes of the package, each with its reason."""

import numpy as np

#: Offsets, sizes and codes of the layer table, row orders: Numba uses it as index without a cast.
INDEX = np.int64

#: Column indices of sparse rows: the dtype of SciPy, and half the memory of INDEX.
COLUMN = np.int32

#: Codes of categories: fewer than 2**31 in any table, and half the memory of INDEX.
CODE = np.int32

#: Bin indices: more than 2**8 bins would not help, and a byte takes the least bandwidth.
BIN = np.uint8

#: Position of a number inside its bin, stored during training: 24 bits inside a bin are enough.
FRACTION = np.float32

#: Sums of losses and of squared weights: a float32 sum over 10**6 rows would lose 3 digits.
ACCUMULATOR = np.float64

#: Scalar arguments of kernels (rates, hyper-parameters): cast once per array inside a kernel.
SCALAR = np.float64

#: Dtypes of networks. float32 is twice as fast and needs half the memory; with float64, sample
#: weights are equivalent to repeated rows to 1e-7, which small problems can afford.
FLOATS = (np.float32, np.float64)
