"""Every update rule against its NumPy twin over several steps, with segments and penalty."""

import numpy as np
import pytest
from numpy_twin import OPTIMIZERS as TWINS

from skdnn.kernels import optimizers as rules
from skdnn.kernels.optimizers import OPTIMIZERS, squared_norm, update

HYPER = {
    "momentum": 0.8, "nesterov": True, "beta_1": 0.85, "beta_2": 0.97, "epsilon": 1e-3,
    "weight_decay": 0.1, "alpha": 0.3,
}  # fmt: skip


def _hyper(**changes):
    values = np.zeros(rules.N_HYPER)
    for name, value in {**HYPER, **changes}.items():
        values[getattr(rules, name.upper())] = value
    return values


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twin(name, nesterov, compiled, rng):
    n, split, n_rows = 700, 600, 5
    segments = np.array([[0, split], [split, n]])
    # Weights at half the rate; biases without decay and penalty.
    factors = np.array([[0.5, 1.0, 1.0], [1.0, 0.0, 0.0]])
    params = rng.standard_normal(n)
    slots = np.zeros(OPTIMIZERS[name].n_slots * n)
    expected, twin_slots = params.copy(), [[0, 0], [0, 0]]
    hyper = {**HYPER, "nesterov": nesterov}
    for step in (1, 2, 3):
        grads = rng.standard_normal(n)
        value = compiled(update)(
            OPTIMIZERS[name].code, _hyper(nesterov=nesterov), 0.1, step, n_rows, segments,
            factors, params, grads, slots,
        )  # fmt: skip
        w, b = expected[:split], expected[split:]
        assert value == pytest.approx(0.5 * HYPER["alpha"] * (w**2).sum(), rel=1e-13)
        g = grads[:split] + HYPER["alpha"] / n_rows * w
        w = TWINS[name](w, g, twin_slots[0], step, 0.05, **hyper)
        b = TWINS[name](b, grads[split:], twin_slots[1], step, 0.1, **{**hyper, "weight_decay": 0})
        expected = np.concatenate([w, b])
        np.testing.assert_allclose(params, expected, rtol=1e-12, atol=1e-13)


def test_squared_norm_keeps_its_accuracy_in_float32(compiled):
    w = np.full(1_000_001, 0.1, dtype=np.float32)
    assert compiled(squared_norm)(w) == pytest.approx(float(w[0]) ** 2 * w.size, rel=3e-5)
