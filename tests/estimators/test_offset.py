"""Offsets of losses with a log link: generalized linear models with an exposure."""

from functools import partial

import numpy as np
import pytest
import sklearn
from mlp import mlp_regressor
from scipy.optimize import minimize
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DNNRegressor, Tweedie

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LOSSES = ["poisson", "gamma", Tweedie(1.3)]
POWERS = {"poisson": 1.0, "gamma": 2.0, "Tweedie(power=1.3)": 1.3}


def claims(loss="poisson", n_rows=300):
    rng = np.random.default_rng(0)
    X, exposure = rng.normal(size=(n_rows, 3)), rng.uniform(0.1, 3, n_rows)
    mean = exposure * np.exp(X @ [0.4, -0.3, 0.1] + 0.5)
    if loss == "poisson":
        return X, rng.poisson(mean), np.log(exposure)
    shape = 2 if loss == "gamma" else 2 * rng.poisson(1, n_rows)
    return X, rng.gamma(shape, mean / 2), np.log(exposure)


exact = partial(
    mlp_regressor, (), solver="lbfgs", alpha=0.0, tol=1e-10, max_iter=2000, random_state=0
)
small = partial(DNNRegressor, (8,), max_iter=3, random_state=0)


@pytest.mark.parametrize(("loss", "reference"), [
    ("poisson", PoissonRegressor), ("gamma", GammaRegressor),
    (Tweedie(1.3), partial(TweedieRegressor, power=1.3, link="log")),
], ids=str)  # fmt: skip
def test_the_generalized_linear_model_of_rates(loss, reference):
    X, y, offset = claims(loss)
    exposure = np.exp(offset)
    weights = exposure ** (2 - POWERS[str(loss)])
    expected = reference(alpha=0, tol=1e-10, max_iter=10_000)
    expected.fit(X, y / exposure, sample_weight=weights)
    model = exact(loss=loss).fit(X, y, offset=offset)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.intercepts_[0], expected.intercept_, rtol=1e-4)
    rates = expected.predict(X)
    np.testing.assert_allclose(model.predict(X), rates, rtol=1e-4)
    np.testing.assert_allclose(model.predict(X, offset=offset), exposure * rates, rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_the_offset_is_a_term_of_the_linear_predictor(loss):
    """The deviance of the targets themselves, minimized by SciPy, with sample weights."""
    X, y, offset = claims(loss)
    power = POWERS[str(loss)]
    weights = np.random.default_rng(1).uniform(0, 2, len(y))

    def deviance(parameters):
        z = X @ parameters[:-1] + parameters[-1] + offset
        if power == 1:
            values = np.exp(z) - y * z
        elif power == 2:
            values = y * np.exp(-z) + z
        else:
            values = np.exp((2 - power) * z) / (2 - power)
            values -= y * np.exp((1 - power) * z) / (1 - power)
        return (weights * values).mean()

    expected = minimize(deviance, np.zeros(4), options={"gtol": 1e-9}).x
    model = exact(loss=loss).fit(X, y, sample_weight=weights, offset=offset)
    found = [*model.coefs_[0][:, 0], *model.intercepts_[0]]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_an_offset_of_zero_is_none_and_a_constant_is_a_unit(loss):
    X, y, _ = claims(loss)
    plain = small(loss=loss).fit(X, y).predict(X)
    zero = small(loss=loss).fit(X, y, offset=np.zeros(len(y)))
    np.testing.assert_allclose(zero.predict(X), plain, rtol=1e-5)
    # Dividing by a power of two changes no digit.
    unit = np.full(len(y), 5 * np.log(2))
    other = small(loss=loss, dtype="float64").fit(X, y, offset=unit)
    same = small(loss=loss, dtype="float64").fit(X, y)
    np.testing.assert_allclose(32 * other.predict(X), same.predict(X), rtol=1e-6)


def test_the_same_as_rates_and_weights():
    X, y, offset = claims()
    Y = np.column_stack([y, 2 * y + 1])
    exposure = np.exp(offset)
    model = small(loss="poisson").fit(X, Y, offset=offset)
    rates = small(loss="poisson").fit(X, (Y.T / exposure).T, sample_weight=exposure)
    mean, std = model.predict(X, return_std=True, offset=offset)
    expected = rates.predict(X, return_std=True)
    np.testing.assert_allclose(mean, (expected[0].T * exposure).T, rtol=1e-5)
    np.testing.assert_allclose(std, (expected[1].T * exposure).T, rtol=1e-3, atol=1e-6)
    assert model.score(X, Y, offset=offset) == r2_score(Y, mean)
    assert model.score(X, Y, offset=offset) != model.score(X, Y)


def test_held_out_rows_have_offsets():
    X, y, offset = claims()
    params = {"loss": "poisson", "early_stopping": True, "n_members": 1}
    model = small(**params).fit(
        X[:200], y[:200], offset=offset[:200], X_val=X[200:], y_val=y[200:],
        offset_val=offset[200:],
    )  # fmt: skip
    exposure = np.exp(offset)
    rates = y / exposure
    expected = r2_score(rates[200:], model.predict(X[200:]), sample_weight=exposure[200:])
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-4)


def test_partial_fit():
    X, y, offset = claims()
    params = {"loss": "poisson", "random_state": 0, "learning_rate": "constant"}
    model = DNNRegressor((8,), **params)
    for _ in range(30):
        model.partial_fit(X, y, offset=offset)
    with_offset = np.abs(model.predict(X, offset=offset) - y).mean()
    assert with_offset < np.abs(model.predict(X) - y).mean()


def test_pipelines_and_cross_validation():
    X, y, offset = claims()
    model = make_pipeline(StandardScaler(), small(loss="poisson"))
    model.fit(X, y, dnnregressor__offset=offset)
    alone = small(loss="poisson").fit(StandardScaler().fit_transform(X), y, offset=offset)
    expected = alone.predict(StandardScaler().fit_transform(X), offset=offset)
    np.testing.assert_array_equal(model.predict(X, offset=offset), expected)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = small(loss="poisson").set_fit_request(offset=True).set_score_request(offset=True)
        model = make_pipeline(StandardScaler(), routed)
        cv = KFold(2)
        scores = cross_validate(model, X, y, cv=cv, params={"offset": offset})["test_score"]
        train, test = next(cv.split(X))
        model.fit(X[train], y[train], offset=offset[train])
        assert scores[0] == model.score(X[test], y[test], offset=offset[test])


@pytest.mark.parametrize(("params", "offset", "message"), [
    ({"loss": "squared_error"}, np.zeros(300), "offset needs a loss .* Got loss='squared_error'"),
    ({}, np.zeros(299), r"offset must have one number for each of the 300 rows. Got .* \(299,\)"),
    ({}, np.zeros((300, 2)), r"offset must have one number .* \(300, 2\)"),
    ({}, np.full(300, 1e3), r"offset is a logarithm, from -100 to 100. Got 1000"),
    ({}, np.full(300, -np.inf), r"offset is a logarithm, from -100 to 100. Got inf"),
    ({}, np.full(300, np.nan), "offset contains NaN"),
])  # fmt: skip
def test_wrong_offsets(params, offset, message):
    X, y, _ = claims()
    params = {"loss": "poisson", **params}
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, y, offset=offset)
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, y).predict(X, offset=offset)


def test_offsets_of_validation_rows_are_not_forgotten():
    X, y, offset = claims()
    with pytest.raises(ValueError, match="offset and offset_val must be given together"):
        small(loss="poisson").fit(X, y, offset=offset, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="offset_val is given without X_val"):
        small(loss="poisson").fit(X, y, offset=offset, offset_val=offset)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_row_of_weight_0_is_absent(loss):
    """Its offset, too, though weights are relative to the largest one."""
    X, y, offset = claims(loss, 60)
    weights = np.random.default_rng(0).integers(0, 3, 60).astype(float)
    offset[np.flatnonzero(weights == 0)[0]] = 3.7
    kept = weights > 0
    params = dict(loss=loss, early_stopping=False, dropout=0.0)
    full = small(**params).fit(X, y, weights, offset=offset)
    less = small(**params).fit(X[kept], y[kept], weights[kept], offset=offset[kept])
    np.testing.assert_array_equal(full.predict(X), less.predict(X))


def test_targets_that_overflow_with_the_offset_are_refused():
    X, y, offset = claims()
    y, offset = y.astype(float), np.zeros_like(offset)
    y[7], offset[7] = 1e300, -50
    message = r"{0} must not be so small that y / exp\({0}\) overflows. Got -50 .* 1e\+300 in row 7"
    model = small(loss="poisson")
    with pytest.raises(ValueError, match=message.format("offset")):
        model.fit(X, y, offset=offset)
    zeros = {"offset": np.zeros_like(offset)}
    with pytest.raises(ValueError, match=message.format("offset_val")):
        model.fit(X, y, **zeros, X_val=X, y_val=y, offset_val=offset)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_predictions_with_an_offset_are_finite():
    X, y, offset = claims()
    model = small(loss="poisson").fit(X, 1e290 * y)
    predicted, std = model.predict(X, return_std=True, offset=np.full_like(offset, 100))
    assert np.isfinite(predicted).all()
    assert np.isfinite(std).all()
