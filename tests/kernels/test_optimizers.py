"""Every update rule against its NumPy twin over several steps, with segments and penalty."""

import numpy as np
import pytest
from numpy_twin import OPTIMIZERS as TWINS

from skdnn.kernels import optimizers as rules
from skdnn.kernels.network import Program, State, Step
from skdnn.kernels.optimizers import OPTIMIZERS, UPDATE_BLOCK, n_slots_of
from skdnn.kernels.team import make_team

HYPER = {
    "momentum": 0.8, "nesterov": True, "beta_1": 0.85, "beta_2": 0.97, "epsilon": 1e-3,
    "weight_decay": 0.1, "l2": 0.3, "l1": 0.0, "clip_norm": np.inf,
}  # fmt: skip


def update(
    compiled, name, hyper, step, n_rows, segments, factors, params, grads, slots, bounds=None
):  # fmt: skip
    """One step; returns the penalty."""
    empty = np.empty(0, params.dtype)
    low, high = (empty, empty) if bounds is None else bounds
    program = Program(
        np.zeros((1, 1), np.int64), np.zeros(1), np.zeros((0, 1), np.int64),
        np.zeros(0, np.int64), segments, factors, hyper, 0, np.zeros(1), OPTIMIZERS[name].code, 0,
    )  # fmt: skip
    places = np.empty(0, np.int64)
    state = State(
        params, empty, grads.copy(), slots, low, high, empty,
        np.empty(UPDATE_BLOCK, params.dtype), empty, empty, empty, places, empty, empty, places,
        empty, empty, np.zeros(1, np.int64), n_rows,
    )  # fmt: skip
    n_blocks = sum(-(-(stop - start) // UPDATE_BLOCK) for start, stop in segments)
    (team,) = make_team(1, n_blocks)
    assert compiled(rules.update)(program, state, team, step, n_rows)
    return team.penalties.sum()


def make_step(number=1, rate=0.1, factor=1.0):
    return Step(number, np.uint64(0), rate, factor)


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
    for number in (1, 2, 3):
        grads = rng.standard_normal(n)
        value = update(
            compiled, name, _hyper(nesterov=nesterov), make_step(number), n_rows, segments, factors,
            params, grads, slots,
        )  # fmt: skip
        w, b = expected[:split], expected[split:]
        assert value == pytest.approx(0.5 * HYPER["l2"] * (w**2).sum(), rel=1e-13)
        g = grads[:split] + HYPER["l2"] / n_rows * w
        w = TWINS[name](w, g, twin_slots[0], number, 0.05, **hyper)
        hyper_b = {**hyper, "weight_decay": 0}
        b = TWINS[name](b, grads[split:], twin_slots[1], number, 0.1, **hyper_b)
        expected = np.concatenate([w, b])
        np.testing.assert_allclose(params, expected, rtol=1e-12, atol=1e-13)


def step(compiled, name, w, g, *, factor=1.0, bounds=None, **changes):
    """One step of all parameters with a rate of 0.1; the penalty's value and the new weights."""
    w = w.copy()
    value = update(
        compiled, name, _hyper(**{"l2": 0.0, "weight_decay": 0.0, **changes}),
        make_step(factor=factor), 1, np.array([[0, w.size]]), np.ones((1, rules.N_FACTORS)), w, g,
        np.zeros(OPTIMIZERS[name].n_slots * w.size, w.dtype), bounds,
    )  # fmt: skip
    return value, w


def test_the_penalty_keeps_its_accuracy_in_float32(compiled):
    w = np.full(1_000_001, 0.1, dtype=np.float32)
    value, _ = step(compiled, "sgd", w, np.zeros_like(w), l2=2.0, l1=3.0)
    expected = w.size * (float(w[0]) ** 2 + 3 * float(w[0]))
    assert value == pytest.approx(expected, rel=3e-5)


def test_the_regularization_factor_scales_the_weight_decay(compiled):
    w, g = np.ones(3), np.zeros(3)
    for factor in (0.0, 0.5, 1.0):
        _, after = step(compiled, "adamw", w, g, weight_decay=0.2, factor=factor)
        np.testing.assert_allclose(after, 1 - 0.1 * 0.2 * factor)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_long_gradient_is_shortened_and_a_short_one_is_not(name, compiled, rng):
    w, g = rng.standard_normal(2000), rng.standard_normal(2000)
    norm = np.linalg.norm(g)
    _, clipped = step(compiled, name, w, g, clip_norm=norm / 4, l2=0.5)
    _, quarter = step(compiled, name, w, g / 4, l2=0.5)
    np.testing.assert_allclose(clipped, quarter, rtol=1e-13)
    _, free = step(compiled, name, w, g, l2=0.5)
    np.testing.assert_array_equal(
        step(compiled, name, w, g, clip_norm=norm * 1.01, l2=0.5)[1], free
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_ends_at_the_bounds(name, compiled, rng):
    w, g = rng.standard_normal(2000), rng.standard_normal(2000)
    low = np.where(rng.random(w.size) < 0.5, -np.inf, 0.0)
    high = np.where(rng.random(w.size) < 0.5, np.inf, 0.0)
    changes = {"l1": 0.3} if name == "sgd" else {}
    _, free = step(compiled, name, w, g, **changes)
    _, after = step(compiled, name, w, g, bounds=(low, high), **changes)
    np.testing.assert_array_equal(after, np.clip(free, low, high))
    assert (after != free).any()


def test_l1_moves_by_its_sign_and_ends_at_zero(compiled):
    w = np.array([1.0, -1.0, 0.04, -0.04, 0.0, 0.0, 0.0])
    g = np.array([0.0, 0.0, 0.0, 0.0, 0.3, -0.9, 0.9])
    value, after = step(compiled, "sgd", w, g, l1=0.5, momentum=0.0, nesterov=False)
    assert value == pytest.approx(0.5 * np.abs(w).sum())
    # Crossing zero ends there; at zero, a gradient below the penalty moves nothing.
    np.testing.assert_allclose(after, [0.95, -0.95, 0, 0, 0, 0.04, -0.04], atol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_l1_finds_the_minimum_with_its_zeros(name, compiled):
    """Soft thresholding is the solution of 0.5 (w - c)^2 + l1 |w|, for every solver."""
    c, l1 = np.array([2.0, 0.3, -0.2, -1.5, 0.0]), 0.5
    w, slots = c.copy(), np.zeros(OPTIMIZERS[name].n_slots * c.size)
    hyper = _hyper(l2=0.0, l1=l1, weight_decay=0.0, epsilon=1e-8)
    for number in range(1, 3000):
        update(
            compiled, name, hyper, make_step(number, 0.02 / number**0.5), 1,
            np.array([[0, c.size]]), np.ones((1, rules.N_FACTORS)), w, w - c, slots,
        )  # fmt: skip
    np.testing.assert_allclose(w, np.sign(c) * np.maximum(np.abs(c) - l1, 0), atol=2e-3)
    assert (w[[1, 2, 4]] == 0).all()


@pytest.mark.parametrize("l1", [0.0, 0.5])
@pytest.mark.parametrize("w", [0.0, 1.0])
def test_nan_in_a_gradient_is_not_hidden(w, l1, compiled):
    bounds = np.zeros(1), np.full(1, np.inf)
    for name in OPTIMIZERS:
        _, after = step(compiled, name, np.array([w]), np.array([np.nan]), l1=l1, bounds=bounds)
        assert np.isnan(after).all()


def test_number_of_state_vectors():
    assert {name: n_slots_of(name) for name in ("sgd", "adamw", "lbfgs")} == {
        "sgd": 1, "adamw": 2, "lbfgs": 0
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"'solver' parameter must be one of .* Got 'Adam' inst"):
        n_slots_of("Adam")
