"""The first layer on sparse rows, against NumPy and against the dense kernels."""

import numpy as np
import pytest
from numba import config
from scipy import sparse

from skdnn.kernels.dense import dense_backward_weight, dense_forward
from skdnn.kernels.dropout import dropout_input, dropout_key
from skdnn.kernels.sparse import sparse_backward, sparse_forward
from skdnn.training.data import make_features

N_IN, N_OUT = 30, 9
ROWS = np.array([4, 0, 7, 7, 2])


def random_rows(rng, dtype=np.float64):
    X = rng.standard_normal((8, N_IN)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.8] = 0
    X[0] = 0
    return sparse.csr_array(X)


@pytest.mark.parametrize("rate", [0.0, 0.4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_dense_layer(dtype, rate, compiled, rng):
    """Bit for bit: the same terms in the same order; a dropped input is dropped in both."""
    tolerance = {"atol": 1e-5 if dtype == np.float32 else 1e-13}

    def assert_equal(ours, dense):
        if config.DISABLE_JIT:  # NumPy adds in an order of its own
            np.testing.assert_allclose(ours, dense, **tolerance)
        else:
            np.testing.assert_array_equal(ours, dense)

    X = random_rows(rng, dtype)
    weight = rng.standard_normal(N_IN * N_OUT).astype(dtype)
    bias, dz = (rng.standard_normal(n).astype(dtype) for n in (N_OUT, len(ROWS) * N_OUT))
    key = compiled(dropout_key)(np.uint64(3), 1, 0)
    x = X.toarray()[ROWS].reshape(-1)
    if rate:
        compiled(dropout_input)(x, 0, rate, key)
    sizes = len(ROWS), N_IN, N_OUT
    for with_bias in (True, False):
        z, expected = np.full((2, len(ROWS) * N_OUT), np.nan, dtype)
        compiled(dense_forward)(*sizes, x, weight, bias, with_bias, expected)
        features = make_features(X, np.dtype(dtype))
        compiled(sparse_forward)(N_OUT, features, ROWS, 0, weight, bias, with_bias, rate, key, z)
        assert_equal(z, expected)
    gradient, expected = np.full((2, N_IN * N_OUT), np.nan, dtype)
    compiled(dense_backward_weight)(*sizes, 0, N_IN, x, dz, expected)
    compiled(sparse_backward)(N_OUT, features, ROWS, dz, rate, key, gradient)
    assert_equal(gradient, expected)
    assert not gradient.reshape(N_IN, N_OUT)[x.reshape(len(ROWS), N_IN).any(axis=0) == 0].any()


def test_elements_stored_twice_are_added(compiled, rng):
    X = sparse.csr_array(
        (np.array([1.0, 2.0, 5.0]), np.array([3, 3, 1]), np.array([0, 2, 3])), shape=(2, N_IN)
    )
    weight = rng.standard_normal(N_IN * N_OUT)
    z = np.empty(2 * N_OUT)
    compiled(sparse_forward)(
        N_OUT, make_features(X, np.dtype(float)), np.arange(2), 0, weight, np.zeros(N_OUT), True,
        0.0, np.uint64(0), z,
    )  # fmt: skip
    np.testing.assert_allclose(z, (X.toarray() @ weight.reshape(N_IN, N_OUT)).reshape(-1))
