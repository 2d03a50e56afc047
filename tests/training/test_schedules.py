"""Schedules as functions of the place in training."""

from fractions import Fraction

import numpy as np
import pytest
from mlp import mlp_regressor
from sklearn.exceptions import ConvergenceWarning

from skdnn import Cosine, CosLog, OneCycle
from skdnn.training.schedules import (
    REGULARIZATION_SCHEDULES,
    SCHEDULES,
    Position,
    StepFactors,
    make_schedule,
)

N_EPOCHS, N_STEPS = 15, 40


def whole(schedule):
    """Factors of all steps of a training."""
    positions = [Position(epoch, N_EPOCHS, N_STEPS, epoch * 1000) for epoch in range(N_EPOCHS)]
    return np.concatenate([schedule.factors(position) for position in positions])


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_factor_for_every_step(name):
    factors = whole(make_schedule(name, 0.5))
    assert factors.shape == (N_EPOCHS * N_STEPS,)
    assert factors.min() >= 0
    assert factors.max() <= 1 + 1e-12
    assert factors.max() > 0.99


@pytest.mark.parametrize("name", {**SCHEDULES, **REGULARIZATION_SCHEDULES})
def test_step_factors_are_those_of_the_schedule_in_every_epoch(name):
    schedule = make_schedule(name, 0.5)
    factors = StepFactors(schedule, "learning_rate")
    for epoch in (0, 1, 7, 14):
        position = Position(epoch, N_EPOCHS, N_STEPS, epoch * 1000)
        np.testing.assert_array_equal(factors(position), schedule.factors(position))
        assert factors(position).dtype == np.float64


def test_a_constant_schedule_is_asked_and_checked_once():
    def n_arrays(name):
        factors = StepFactors(make_schedule(name), "learning_rate")
        kept = [factors(Position(epoch, N_EPOCHS, N_STEPS, 0)) for epoch in range(3)]
        return len({id(array) for array in kept})

    assert n_arrays("constant") == n_arrays("adaptive") == 1
    assert n_arrays("cosine") == 3


def test_constant_and_adaptive():
    assert (whole(make_schedule("constant", 0.5)) == 1).all()
    assert (whole(make_schedule("adaptive", 0.5)) == 1).all()


def test_inverse_scaling():
    factors = whole(make_schedule("invscaling", 0.25)).reshape(N_EPOCHS, N_STEPS)
    expected = 1 / (1000 * np.arange(N_EPOCHS) + 1) ** 0.25
    np.testing.assert_allclose(factors, np.repeat(expected[:, None], N_STEPS, axis=1))


def test_cosine():
    factors = whole(Cosine(warmup=0.2))
    n = factors.size
    rise, fall = factors[: n // 5], factors[n // 5 :]
    np.testing.assert_allclose(rise, (np.arange(n // 5) + 0.5) / (n / 5))
    t = np.arange(n - n // 5) / (n - n // 5)
    np.testing.assert_allclose(fall, 0.5 * (1 + np.cos(np.pi * t)), atol=1e-12)
    assert whole(Cosine(warmup=0.0))[0] == 1


def test_one_cycle():
    factors = whole(OneCycle(rise=0.3, start=0.1))
    top = factors.argmax()
    assert top == round(0.3 * factors.size)
    assert factors[0] == pytest.approx(0.1)
    assert (np.diff(factors[: top + 1]) > 0).all()
    assert (np.diff(factors[top:]) < 0).all()
    assert factors[-1] < 1e-4


def test_coslog_has_its_zeros_where_the_paper_says():
    factors = whole(CosLog(n_cycles=4))
    t = np.arange(factors.size) / factors.size
    for zero in (0, 1 / 15, 3 / 15, 7 / 15):
        assert factors[np.abs(t - zero).argmin()] == pytest.approx(0, abs=1e-9)
    inside = factors[1:-1]
    assert ((inside > factors[:-2]) & (inside > factors[2:])).sum() == 4


@pytest.mark.parametrize("n_cycles", [1, 2, 4])
@pytest.mark.parametrize("n_epochs", [1, 3, 24, 60, 500])
def test_the_best_epoch_is_at_the_end_of_a_cycle(n_cycles, n_epochs):
    schedule, n_steps = CosLog(n_cycles), 1000
    positions = [Position(epoch, n_epochs, n_steps, 0) for epoch in range(n_epochs)]
    can_be_best = [schedule._can_be_best(position) for position in positions]
    rates = [schedule.factors(position)[-1] for position in positions]
    assert can_be_best[-1]
    assert max(rate for rate, can in zip(rates, can_be_best, strict=True) if can) < 0.27
    if n_epochs == 500:
        assert not can_be_best[0]  # before the first cycle is over
        assert sum(np.diff(np.r_[0, can_be_best]) == 1) == n_cycles
    # After the end the cycles begin again.
    assert schedule._can_be_best(Position(n_epochs, n_epochs, n_steps, 0)) == can_be_best[0]
    assert Cosine()._can_be_best(positions[0])


class Told:
    """A schedule that says what it is told to."""

    def __init__(self, factors):
        self.told = factors

    def factors(self, position):
        return self.told


WRONG_FACTORS = {
    "too many": np.ones(1000),
    "too few": np.ones(1),
    "a column": np.ones((3, 1)),
    "negative": -np.ones(3),
    "not finite": np.full(3, np.nan),
}


@pytest.mark.parametrize("factors", WRONG_FACTORS.values(), ids=WRONG_FACTORS)
def test_factors_of_a_foreign_schedule_are_checked(factors):
    """The kernels trust them: one step too many would write outside of the arrays."""
    X = np.random.default_rng(0).standard_normal((21, 2))
    model = mlp_regressor((3,), batch_size=7, learning_rate=Told(factors))
    with pytest.raises(ValueError, match=r"factors of learning_rate=.*one for each of the 3 steps"):
        model.fit(X, X[:, 0])
    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_factors_may_be_any_sequence_of_numbers():
    X = np.random.default_rng(0).standard_normal((21, 2))
    params = dict(hidden_layer_sizes=(3,), batch_size=7, max_iter=2, random_state=0)
    told = mlp_regressor(learning_rate=Told([0.5, 0.5, 0.5]), **params).fit(X, X[:, 0])
    half = mlp_regressor(learning_rate_init=0.0005, **params).fit(X, X[:, 0])
    np.testing.assert_array_equal(told.coefs_[0], half.coefs_[0])


class Varying:
    """Equal factors, as an array of another kind in each epoch."""

    def factors(self, position):
        told = np.tile([0.5, 0.25], 3)
        read_only = told[::2].copy()
        read_only.flags.writeable = False
        kinds = [told[::2].tolist(), told[::2], read_only, told[::2].astype("f4")]
        return kinds[position.epoch % len(kinds)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["learning_rate", "regularization_schedule"])
def test_the_kind_of_array_of_factors_may_change(name):
    """The machine code of an epoch relies on that of the first one."""
    X = np.random.default_rng(0).standard_normal((21, 2))
    params = dict(
        hidden_layer_sizes=(3,), batch_size=7, max_iter=8, random_state=0, solver="adamw",
        weight_decay=3.0, learning_rate_init=0.1,
    )  # fmt: skip
    varying = mlp_regressor(**params, **{name: Varying()}).fit(X, X[:, 0])
    told = mlp_regressor(**params, **{name: Told(np.full(3, 0.5))}).fit(X, X[:, 0])
    np.testing.assert_array_equal(varying.coefs_[0], told.coefs_[0])


def test_the_class_of_a_schedule_is_not_a_schedule():
    with pytest.raises(ValueError, match=r"must be an object, not a class: Cosine\(\)\. Got"):
        mlp_regressor(learning_rate=Cosine).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "coslog4", OneCycle(rise=0.5)])
def test_the_end_of_an_annealed_rate_is_no_reason_to_warn(schedule):
    X = np.random.default_rng(0).standard_normal((21, 2))
    model = mlp_regressor((3,), learning_rate=schedule, max_iter=5, random_state=0)
    assert model.fit(X, X[:, 0]).n_iter_ == 5
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(5\)"):
        model.set_params(learning_rate="constant").fit(X, X[:, 0])


@pytest.mark.parametrize("n_cycles", [0, -1, 2000, "a", 2.5, True])
def test_number_of_cycles(n_cycles):
    with pytest.raises(ValueError, match=r"'n_cycles' parameter of CosLog must be an int"):
        CosLog(n_cycles).check()


@pytest.mark.parametrize("schedule", [Cosine(warmup=1.0), OneCycle(rise=-0.1), OneCycle(start="x")])
def test_settings_name_what_is_wrong(schedule):
    with pytest.raises(ValueError, match=r"parameter of (Cosine|OneCycle) must be a float in"):
        schedule.check()


@pytest.mark.parametrize("power_t", [200.0, 1e300, 10**9, 10**400, np.int8(127)])
def test_a_rate_that_no_float_can_hold_is_zero(power_t):
    schedule = make_schedule("invscaling", power_t)
    assert schedule.factors(Position(1, 10, 3, 10**18)).tolist() == [0, 0, 0]
    assert schedule.factors(Position(0, 10, 1, 0)).tolist() == [1]


LEAST, MOST = 5e-324, 1 - 2**-53
EXTREMES = [
    Cosine(0), Cosine(LEAST), Cosine(MOST), Cosine(Fraction(1, 3)), Cosine(np.float16(0.999)),
    OneCycle(0, 0), OneCycle(LEAST, LEAST), OneCycle(MOST, MOST), OneCycle(Fraction(1, 3)),
    CosLog(1), CosLog(30), CosLog(np.int8(30)), make_schedule("flat_cos"),
    make_schedule("invscaling", LEAST), make_schedule("invscaling", Fraction(1, 2)),
]  # fmt: skip


@pytest.mark.parametrize("schedule", EXTREMES, ids=lambda each: repr(each).split(" object")[0])
@pytest.mark.parametrize("n_epochs", [1, np.int8(100), 10**18, 2**53, 10**400], ids=str)
def test_factors_at_the_ends_of_what_is_accepted(schedule, n_epochs):
    for epoch in (0, 1, 99, 300):
        factors = StepFactors(schedule, "learning_rate")(Position(epoch, n_epochs, 3, 10**30))
        assert ((factors >= 0) & (factors <= 1 + 1e-12)).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "params",
    [
        {"learning_rate": "invscaling", "power_t": 200.0, "max_iter": 3},
        {"learning_rate": "cosine", "max_iter": 10**400, "tol": 1e9, "n_iter_no_change": 1},
        {"learning_rate": "cosine", "max_iter": np.int8(2)},
    ],
    ids=["power_t", "max_iter", "max_iter of int8"],
)
def test_a_training_with_an_extreme_schedule(params):
    X = np.random.default_rng(0).standard_normal((21, 2))
    model = mlp_regressor((3,), random_state=0, **params).fit(X, X[:, 0])
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.history_["learning_rate"]).all()


@pytest.mark.parametrize("learning_rate", ["adaptive", Told([10.0])])
def test_a_rate_that_is_too_large_is_named(learning_rate):
    X = np.random.default_rng(0).standard_normal((21, 2))
    model = mlp_regressor((3,), learning_rate=learning_rate, learning_rate_init=1e308, solver="sgd")
    with pytest.raises(ValueError, match="learning_rate_init=1e\\+308"):
        model.fit(X, X[:, 0])
