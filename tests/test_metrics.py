"""Metrics of quantiles, intervals and sets against scikit-learn's and direct formulas."""

from functools import partial

import numpy as np
import pytest
from mlp import mlp_classifier, mlp_regressor
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import Quantile
from skdnn import metrics as m

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS = [0.1, 0.5, 0.9]


def sample(n_outputs=None):
    rng = np.random.default_rng(0)
    shape = (50,) if n_outputs is None else (50, n_outputs)
    return rng.normal(size=shape), np.sort(rng.normal(size=(*shape, 3)), axis=-1), rng.random(50)


@pytest.mark.parametrize("n_outputs", [None, 2])
def test_pinball_loss_is_that_of_sklearn_for_each_level(n_outputs):
    y, quantiles, weights = sample(n_outputs)
    expected = np.mean([
        mean_pinball_loss(y, quantiles[..., i], alpha=level, sample_weight=weights)
        for i, level in enumerate(LEVELS)
    ])  # fmt: skip
    found = m.pinball_loss(y, quantiles, LEVELS, sample_weight=weights)
    assert found == pytest.approx(expected, rel=1e-12)


def test_crps_of_many_quantiles_is_that_of_the_distribution():
    y, levels = np.linspace(-2, 2, 9), (np.arange(1000) + 0.5) / 1000
    exact = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    quantiles = np.tile(norm.ppf(levels), (9, 1))
    assert m.crps(y, quantiles, levels) == pytest.approx(exact.mean(), rel=1e-3)
    assert m.crps(y, np.zeros((9, 3)), [0.1, 0.2, 0.7]) == pytest.approx(np.abs(y).mean(), rel=0.3)


def test_levels_of_crps_stand_for_the_levels_around_them():
    y, quantiles, weights = sample()
    losses = [
        mean_pinball_loss(y, quantiles[:, i], alpha=level, sample_weight=weights)
        for i, level in enumerate(LEVELS)
    ]
    found = m.crps(y, quantiles, LEVELS, sample_weight=weights)
    assert found == pytest.approx(2 * np.dot(losses, [0.3, 0.4, 0.3]), rel=1e-12)


def test_reliability_and_coverage_count_rows_with_their_weights():
    y, quantiles, weights = sample(2)
    shares = m.quantile_reliability(y, quantiles, sample_weight=weights)
    assert shares.shape == (2, 3)
    below = y[:, 1] <= quantiles[:, 1, 2]
    assert shares[1, 2] == pytest.approx(weights[below].sum() / weights.sum())
    inside = (quantiles[..., 0] <= y) & (y <= quantiles[..., 2])
    found = m.interval_coverage(y, quantiles[..., [0, 2]], sample_weight=weights)
    assert found == pytest.approx(np.average(inside.mean(axis=1), weights=weights))
    width = m.interval_width(quantiles[..., [0, 2]], sample_weight=weights)
    expected = np.average((quantiles[..., 2] - quantiles[..., 0]).mean(axis=1), weights=weights)
    assert width == pytest.approx(expected)


def test_sets_are_compared_with_labels():
    y, sets = ["b", "a", "b"], np.array([[0, 1], [0, 1], [1, 1]], dtype=bool)
    assert m.set_coverage(y, sets, ["a", "b"]) == pytest.approx(2 / 3)
    assert m.set_coverage(y, sets, ["a", "b"], sample_weight=[1, 0, 1]) == 1
    assert m.set_size(sets, sample_weight=[1, 1, 2]) == 1.5


def test_what_does_not_fit_together_is_refused():
    y, quantiles, _ = sample()
    with pytest.raises(ValueError, match=r"quantiles must have the shape of y_true, \(49,\)"):
        m.pinball_loss(y[1:], quantiles, LEVELS)
    with pytest.raises(ValueError, match=r"interval must have the shape \(n_samples, 2\)"):
        m.interval_coverage(y, y)
    with pytest.raises(ValueError, match="levels must be a number for each of the 3 quantiles"):
        m.crps(y, quantiles, [0.5])
    for levels in ([0.1, 0.1, 0.9], [0.1, 0.5, 1.0]):
        with pytest.raises(ValueError, match="levels must increase and be above 0 and below 1"):
            m.pinball_loss(y, quantiles, levels)


# ---------------------------------------------------------------- scorers


def data(n_rows=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 2))
    return X, X[:, 0] + 0.3 * rng.normal(size=n_rows)


def test_scorers_of_a_regressor():
    X, y = data()
    weights = np.arange(200.0)
    model = mlp_regressor((4,), loss=Quantile(LEVELS), max_iter=5, random_state=0).fit(X, y)
    quantiles, interval = model.predict_quantiles(X), model.conformalize(X, y).predict_interval
    assert m.pinball_scorer(model, X, y, weights) == -m.pinball_loss(
        y, quantiles, LEVELS, sample_weight=weights
    )
    assert m.crps_scorer(model, X, y) == -m.crps(y, quantiles, LEVELS)
    assert m.coverage_scorer(model, X, y, coverage=0.8) == m.interval_coverage(y, interval(X, 0.8))
    assert m.width_scorer(model, X, y, weights) == -m.interval_width(
        interval(X), sample_weight=weights
    )


def test_scorers_of_a_classifier():
    X, y = data()
    model = mlp_classifier((4,), max_iter=1, random_state=0).fit(X, y > 0).conformalize(X, y > 0)
    sets = model.predict_set(X, 0.99)
    assert m.coverage_scorer(model, X, y > 0, coverage=0.99) == m.set_coverage(
        y > 0, sets, model.classes_
    )
    assert m.width_scorer(model, X, coverage=0.99) == -m.set_size(sets) < -1


def test_scorers_see_through_pipelines_and_searches():
    X, y = data()
    network = mlp_regressor(
        (4,), loss=Quantile(LEVELS), max_iter=20, random_state=0, early_stopping=True
    )
    pipe = make_pipeline(StandardScaler(), network)
    scorer = partial(m.width_scorer, coverage=0.5)
    assert (cross_val_score(pipe, 100 * X, y, scoring=scorer, cv=2) < 0).all()
    name = "dnnregressor__hidden_layer_sizes"
    search = GridSearchCV(pipe, {name: [(1,), (16,)]}, scoring=m.pinball_scorer, cv=2)
    search.fit(100 * X, y)
    assert m.pinball_scorer(search, 100 * X, y) == m.pinball_scorer(
        search.best_estimator_[-1], search.best_estimator_[:-1].transform(100 * X), y
    )


# ---------------------------------------------------------------- normal distributions


@pytest.mark.parametrize("n_outputs", [None, 2])
def test_scores_of_normal_distributions(n_outputs):
    """The score by its definition, an integral; the density of SciPy."""
    y, _, weights = sample(n_outputs)
    rng = np.random.default_rng(1)
    mean, std = rng.normal(size=y.shape), rng.uniform(0.2, 2, y.shape)
    x = np.linspace(-15, 15, 30_001)[:, *[None] * y.ndim]
    integral = ((norm.cdf(x, mean, std) - (x >= y)) ** 2).sum(axis=0) * (x[1] - x[0]).item()
    expected = np.average(integral, axis=0, weights=weights).mean()
    assert m.crps_normal(y, mean, std, sample_weight=weights) == pytest.approx(expected, rel=1e-3)
    density = np.average(norm.logpdf(y, mean, std), axis=0, weights=weights).mean()
    found = m.log_likelihood_normal(y, mean, std, sample_weight=weights)
    assert found == pytest.approx(density, rel=1e-12)
    assert m.crps_normal(y, mean, np.full(y.shape, 1e-12)) == pytest.approx(np.abs(y - mean).mean())


@pytest.mark.parametrize("metric", [m.crps_normal, m.log_likelihood_normal])
@pytest.mark.parametrize(("changes", "message"), [
    ({"std": np.zeros(3)}, "std must be above 0, but contains 0"),
    ({"std": np.array([1, np.nan, 1])}, "std must be finite"),
    ({"y_true": np.array([1, np.nan, 1])}, "y_true must be finite"),
    ({"mean": np.array([1, np.inf, 1])}, "mean must be finite"),
    ({"mean": np.zeros((3, 2))}, r"mean must have the shape of y_true, \(3,\). Got .* \(3, 2\)"),
    ({"std": 1.0}, r"std must have the shape of y_true, \(3,\). Got .* \(\)"),
])  # fmt: skip
def test_wrong_normal_distributions(metric, changes, message):
    with pytest.raises(ValueError, match=message):
        metric(**{"y_true": np.zeros(3), "mean": np.zeros(3), "std": np.ones(3), **changes})


TARGETS, TWO_LEVELS = np.arange(4.0), [0.1, 0.9]
ENDS = np.stack([TARGETS - 1, TARGETS + 1], axis=1)
SETS, LABELS = np.eye(4, 2, dtype=bool), np.array(["a", "b", "b", "a"])


def without_number(values):
    """Values of which one is NaN."""
    changed = np.array(values, dtype=float)
    changed.flat[2] = np.nan
    return changed


BAD = {
    "y_true": [
        lambda: m.pinball_loss(without_number(TARGETS), ENDS, TWO_LEVELS),
        lambda: m.crps(without_number(TARGETS), ENDS, TWO_LEVELS),
        lambda: m.quantile_reliability(without_number(TARGETS), ENDS),
        lambda: m.interval_coverage(without_number(TARGETS), ENDS),
    ],
    "quantiles": [
        lambda: m.pinball_loss(TARGETS, without_number(ENDS), TWO_LEVELS),
        lambda: m.crps(TARGETS, without_number(ENDS), TWO_LEVELS),
        lambda: m.quantile_reliability(TARGETS, without_number(ENDS)),
    ],
    "interval": [
        lambda: m.interval_coverage(TARGETS, without_number(ENDS)),
        lambda: m.interval_width(without_number(ENDS)),
        lambda: m.interval_width(TARGETS),
        lambda: m.interval_width(np.ones((4, 3))),
        lambda: m.interval_coverage(TARGETS, ENDS[:, ::-1]),
    ],
    "sets": [
        lambda: m.set_coverage(LABELS, without_number(SETS), ["a", "b"]),
        lambda: m.set_coverage(LABELS, SETS, ["a", "b", "c"]),
        lambda: m.set_size(without_number(SETS)),
        lambda: m.set_size(SETS[0]),
        lambda: m.set_size(SETS * 0.5),
    ],
}


@pytest.mark.parametrize(
    ("name", "call"), [(name, call) for name, calls in BAD.items() for call in calls]
)
def test_what_is_not_valid_is_named(name, call):
    with pytest.raises(ValueError, match=f"^{name} "):
        call()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (without_number(TARGETS), "^Input sample_weight contains NaN"),
        (-TARGETS, "^Negative values in data passed to `sample_weight`"),
        (0 * TARGETS, "^Sample weights must contain at least one non-zero"),
        ([1, 2], r"^sample_weight.shape == \(2,\), expected \(4,\)"),
    ],
)
@pytest.mark.parametrize(
    "metric",
    [
        partial(m.pinball_loss, TARGETS, ENDS, TWO_LEVELS),
        partial(m.interval_coverage, TARGETS, ENDS),
        partial(m.interval_width, ENDS),
        partial(m.set_size, SETS),
    ],
)
def test_weights_are_checked_as_those_of_fit(metric, weights, message):
    with pytest.raises(ValueError, match=message):
        metric(sample_weight=weights)


def test_intervals_may_be_without_bound():
    unbounded = np.where([[False, True]] * 4, np.inf, ENDS)
    assert m.interval_coverage(TARGETS, unbounded) == 1
    assert m.interval_width(unbounded) == np.inf
