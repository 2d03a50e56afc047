"""Dense layers against NumPy, for shapes that fill tiles and shapes that do not."""

import numpy as np
import pytest

from skdnn.kernels.dense import (
    column_sums,
    dense_backward_input,
    dense_backward_weight,
    dense_forward,
)

SHAPES = [(1, 1, 1), (3, 2, 5), (32, 6, 4), (7, 33, 1), (65, 130, 17), (128, 300, 90)]


NAMES = ("x", "w", "z", "dz", "dw", "dx")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_rows", "n_in", "n_out"), SHAPES)
def test_twin(n_rows, n_in, n_out, dtype, compiled, rng):
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if dtype == np.float64 else {"atol": 1e-4}
    x, w, b, dz = (
        rng.standard_normal(shape).astype(dtype)
        for shape in ((n_rows, n_in), (n_in, n_out), (n_out,), (n_rows, n_out))
    )
    z, dw, db, dx = (np.full_like(a, np.nan) for a in (dz, w, b, x))
    flat = {name: array.reshape(-1) for name, array in locals().items() if name in NAMES}
    sizes = n_rows, n_in, n_out
    compiled(dense_forward)(*sizes, flat["x"], flat["w"], b, False, flat["z"])
    np.testing.assert_allclose(z, x @ w, **tolerance)
    compiled(dense_forward)(*sizes, flat["x"], flat["w"], b, True, flat["z"])
    middle = n_in // 2
    for part in ((0, middle), (middle, n_in)):
        compiled(dense_backward_weight)(*sizes, *part, flat["x"], flat["dz"], flat["dw"])
    compiled(column_sums)(n_rows, n_out, flat["dz"], db)
    w_t = np.full(w.size, np.nan, dtype)
    compiled(dense_backward_input)(*sizes, flat["dz"], flat["w"], w_t, flat["dx"])
    np.testing.assert_allclose(z, x @ w + b, **tolerance)
    np.testing.assert_allclose(dw, x.T @ dz, **tolerance)
    np.testing.assert_allclose(db, dz.sum(axis=0), **tolerance)
    np.testing.assert_allclose(dx, dz @ w.T, **tolerance)
