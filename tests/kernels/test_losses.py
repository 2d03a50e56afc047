"""Every loss against its NumPy twin, its gradient against differences, its borders."""

import numpy as np
import pytest
from numpy_twin import loss_parameters, loss_targets, n_outputs, weighted_loss
from scipy.special import logit

from skdnn.kernels.losses import LOSSES, loss_gradient

pytestmark = pytest.mark.parametrize("name", LOSSES)


def _apply(compiled, name, raw, y, weights):
    dz = np.full_like(raw, np.nan)
    total = compiled(loss_gradient)(
        0, LOSSES[name].code, *raw.shape, raw.reshape(-1), y.reshape(-1), weights,
        loss_parameters(name, raw.shape[1]), dz.reshape(-1),
    )  # fmt: skip
    return total, dz


@pytest.mark.parametrize("n_out", [1, 3, 17])
def test_twin(name, n_out, compiled, rng):
    n_out = n_outputs(name, n_out)
    raw, weights = rng.standard_normal((9, n_out)), rng.uniform(0, 2, 9)
    y = loss_targets(name, rng, 9, n_out)
    total, dz = _apply(compiled, name, raw, y, weights)
    expected, expected_dz = weighted_loss(name, raw, y, weights, loss_parameters(name, n_out))
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    np.testing.assert_allclose(dz, expected_dz, rtol=1e-11, atol=1e-15)
    total32, dz32 = _apply(compiled, name, *(v.astype(np.float32) for v in (raw, y, weights)))
    np.testing.assert_allclose(total32, expected, rtol=1e-5)
    np.testing.assert_allclose(dz32, expected_dz, rtol=2e-6, atol=2e-6)


def test_gradient(name, compiled, rng):
    raw, weights = rng.standard_normal((4, n_outputs(name, 3))), rng.uniform(0, 2, 4)
    y = loss_targets(name, rng, *raw.shape)
    _, dz = _apply(compiled, name, raw, y, weights)
    eps = 1e-4
    for index in np.ndindex(raw.shape):
        values = []
        for k in (-2, -1, 1, 2):
            moved = raw.copy()
            moved[index] += k * eps
            values.append(_apply(compiled, name, moved, y, weights)[0])
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * eps)
        assert dz[index] * len(raw) == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_raw_predictions_stay_finite(name, dtype, compiled):
    raw = np.array([[500.0, -500.0, 0.0, 0.0], [-500.0, 500.0, 0.0, -500.0]], dtype)
    if LOSSES[name].link == "exp":
        raw = np.clip(raw, -80, 80)  # the mean itself is infinite beyond
    y = np.array([[1.0], [1.0]] if LOSSES[name].class_index else np.ones((2, 4)), dtype)
    total, dz = _apply(compiled, name, raw, y, np.ones(2, dtype))
    assert np.isfinite(total)
    assert np.isfinite(dz).all()


def test_nan_is_not_hidden(name, compiled):
    y = np.ones((3, 1) if LOSSES[name].class_index else (3, 2))
    for row in range(3):
        raw = np.zeros((3, 2))
        raw[row, 1] = np.nan
        assert np.isnan(_apply(compiled, name, raw, y, np.ones(3))[0])


def test_zero_weights_contribute_nothing(name, compiled, rng):
    raw, y = rng.standard_normal((6, 2)), loss_targets(name, rng, 6, 2)
    weights = np.array([1.0, 0, 2, 0, 0, 1])
    total, dz = _apply(compiled, name, raw, y, weights)
    kept = weights > 0
    expected, _ = _apply(compiled, name, raw[kept], y[kept], weights[kept])
    np.testing.assert_allclose(total, expected, rtol=1e-14)
    assert not dz[~kept].any()


def test_the_best_prediction_of_a_constant(name, compiled, rng):
    """What the loss is for: its minimum is where mean, median or quantile are."""
    of_columns = LOSSES[name].domain == "classes"
    n_out = 3 if LOSSES[name].class_index else n_outputs(name, 1 + of_columns)
    y = loss_targets(name, rng, 4000, n_out)
    if LOSSES[name].class_index:
        y[:1000] = 0
    shares = [(y == k).mean() for k in range(3)]
    best = {
        "absolute_error": lambda: np.median(y),
        "quantile": lambda: np.quantile(y, 0.8),
        "huber": lambda: 0.0,
    }.get(name) or {
        "identity": y.mean,
        "normal": y.mean,
        "exp": lambda: np.log(y.mean()),
        "logistic": lambda: logit(y.mean()),
        "softmax of columns": lambda: logit(0.9 * y[:, 0].mean() + 0.05),
        # Smoothed labels: a part of each share goes to all classes alike.
        "softmax": lambda: np.log((0.9 * shares[0] + 0.1 / 3) / (0.9 * shares[1] + 0.1 / 3)),
    }[LOSSES[name].link]
    candidates = best() + np.linspace(-0.5, 0.5, 101)
    totals = []
    for z in candidates:
        raw = np.zeros((len(y), n_out))
        raw[:, 0] = z
        if n_out == 3:
            raw[:, 2] = np.log((0.9 * shares[2] + 0.1 / 3) / (0.9 * shares[1] + 0.1 / 3))
        totals.append(_apply(compiled, name, raw, y, np.ones(len(y)))[0])
    assert candidates[np.argmin(totals)] == pytest.approx(best(), abs=0.06)
