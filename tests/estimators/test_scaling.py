"""Scaling of features and of targets."""

import numpy as np
import pytest
from mlp import mlp_regressor
from sklearn.metrics import r2_score
from tables import bits, make, mixed_frame, raw, targets

from skdnn import DNNClassifier, DNNRegressor, Huber, Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = [DNNClassifier, DNNRegressor]


def regression(n_rows=150, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    return X, X @ [2.0, -1.0, 0.5] + 0.1 * rng.normal(size=n_rows)


def regressor(**params):
    params = {"max_iter": 40, "learning_rate_init": 0.02, "dtype": "float64", **params}
    return mlp_regressor((8,), random_state=0, batch_size=30, target_scaling="standard", **params)


# ---------------------------------------------------------------- features


@pytest.mark.parametrize(("scaling", "power"), [("robust", 3), ("standard", -7)])
@pytest.mark.parametrize("embedding", [None, "mixed"])
@pytest.mark.parametrize("cls", CLASSES)
def test_units_of_the_features_do_not_matter(cls, embedding, scaling, power):
    """Powers of two: not even to the last bit."""
    X = mixed_frame()[["number", "gaps"]]
    y = targets(cls, mixed_frame())
    params = {"feature_scaling": scaling, "numeric_embedding": embedding}
    model, other = make(cls, **params).fit(X, y), make(cls, **params).fit(X * 2.0**power, y)
    assert bits(model) == bits(other)
    np.testing.assert_array_equal(raw(model, X), raw(other, X * 2.0**power))


@pytest.mark.parametrize("cls", CLASSES)
def test_standard_is_what_scikit_learn_does(cls):
    X = mixed_frame()[["number"]].to_numpy() * 100 + 3
    y = targets(cls, mixed_frame())
    params = {"numeric_embedding": None, "dtype": "float64"}
    inside = make(cls, feature_scaling="standard", **params).fit(X, y)
    scaled = (X - X.mean()) / X.std()
    outside = make(cls, feature_scaling="standard", **params).fit(scaled, y)
    np.testing.assert_allclose(raw(inside, X), raw(outside, scaled), rtol=1e-9)


@pytest.mark.parametrize("cls", CLASSES)
def test_robust_keeps_outliers_near(cls):
    """Beyond all others, it hardly matters how far."""
    X = mixed_frame()[["number"]].to_numpy().copy()
    X[3] = 1e6
    y = targets(cls, mixed_frame())
    model = make(cls, numeric_embedding=None, max_iter=20).fit(X, y)
    far = raw(model, np.array([[1e3], [1e6], [1e300]]))
    np.testing.assert_allclose(far, far[:1].repeat(3, axis=0), rtol=1e-3)


# ---------------------------------------------------------------- targets


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs", "max_iter": 20}])
def test_units_of_the_target_do_not_matter(params):
    X, y = regression()
    model, other = regressor(**params).fit(X, y), regressor(**params).fit(X, 2.0**20 * y)
    assert bits(model) == bits(other)
    assert model.loss_curve_ == other.loss_curve_
    np.testing.assert_allclose(other.predict(X), 2.0**20 * model.predict(X), rtol=1e-14)
    moved = regressor(**params).fit(X, y + 1000)
    np.testing.assert_allclose(moved.predict(X), model.predict(X) + 1000, rtol=1e-7)
    assert model.score(X, y) == r2_score(y, model.predict(X)) > 0.9


def test_predictions_stay_in_the_range_of_the_training_targets():
    X, y = regression()
    model = regressor().fit(X, y)
    far = model.predict(X * 100)
    assert (far.min(), far.max()) == (y.min(), y.max())
    free = regressor().set_params(target_scaling=None).fit(X, y)
    assert free.predict(X * 100).max() > y.max()


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_on_a_logarithmic_scale(loss):
    """Targets are divided by their mean: above 0 they stay."""
    X, y = regression()
    y = np.exp(y)
    model, other = regressor(loss=loss).fit(X, y), regressor(loss=loss).fit(X, 2.0**20 * y)
    assert bits(model) == bits(other)
    np.testing.assert_allclose(other.predict(X), 2.0**20 * model.predict(X), rtol=1e-14)
    assert y.min() <= model.predict(X * 10).min()
    assert model.predict(X * 10).max() <= y.max()
    assert np.corrcoef(np.log(model.predict(X)), np.log(y))[0, 1] > 0.9
    if loss == "poisson":
        assert regressor(loss=loss).fit(X, np.round(y)).predict(X).min() >= 0
    with pytest.raises(ValueError, match=f"loss='{loss}' needs targets"):
        regressor(loss=loss).fit(X, y - 2 * y.max())


def test_each_output_has_its_own_scale():
    X, y = regression()
    Y = np.column_stack([y, 2.0**15 * y, np.full(len(y), 7.0)])
    model = regressor().fit(X, Y)
    predictions = model.predict(X)
    np.testing.assert_allclose(predictions[:, 2], 7.0, rtol=1e-12)
    for j in range(2):
        assert r2_score(Y[:, j], predictions[:, j]) > 0.9
        assert Y[:, j].min() <= model.predict(X * 9)[:, j].min()


def test_delta_of_huber_is_in_units_of_the_target():
    X, y = regression()
    y[:5] += 50
    small = regressor(loss=Huber(0.5)).fit(X, y)
    large = regressor(loss=Huber(0.5 * 2**10)).fit(X, 2.0**10 * y)
    assert bits(small) == bits(large)
    assert bits(regressor(loss=Huber(0.5 * 2**11)).fit(X, 2.0**10 * y)) != bits(large)
    Y = np.column_stack([y, 2.0**10 * y])
    both = regressor(loss=Huber(512.0)).fit(X, Y)
    assert both.predict(X).shape == (150, 2)


def test_quantiles_are_in_units_of_the_target():
    X, y = regression()
    loss = Quantile([0.1, 0.5, 0.9])
    model, other = (regressor(loss=loss).fit(X, unit * y) for unit in (1, 2.0**20))
    quantiles = model.predict_quantiles(X)
    np.testing.assert_allclose(other.predict_quantiles(X), 2.0**20 * quantiles, rtol=1e-14)
    np.testing.assert_array_equal(model.predict(X), quantiles[:, 1])
    assert (np.diff(quantiles, axis=1) >= 0).all()
    two = regressor(loss=loss).fit(X, np.column_stack([y, 2.0**20 * y]))
    by_target = two.predict_quantiles(X)
    assert by_target.shape == (150, 2, 3)
    np.testing.assert_allclose(by_target.std(axis=(0, 2)) / y.std(), [1, 2.0**20], rtol=0.3)


def test_deviation_of_the_members_is_in_units_of_the_target():
    X, y = regression()
    models = [regressor(n_members=3).fit(X, unit * y) for unit in (1, 2.0**20)]
    deviations = [model.predict(X, return_std=True)[1] for model in models]
    assert deviations[0].max() > 0
    np.testing.assert_allclose(deviations[1], 2.0**20 * deviations[0], rtol=1e-7)


def test_scores_of_validation_are_those_of_the_estimator():
    X, y = regression()
    for params in ({}, {"loss": "poisson"}):
        target = np.exp(y) if params else 1e4 * y
        model = regressor(early_stopping=True, **params)
        model.fit(X[:100], target[:100], X_val=X[100:], y_val=target[100:])
        if not params:  # out of the range of training the estimator clips, the curve does not
            inside = model.predict(X[100:])
            inside = (inside > target[:100].min()) & (inside < target[:100].max())
            assert inside.mean() > 0.9
        assert model.best_validation_score_ == pytest.approx(
            model.score(X[100:], target[100:]), abs=0.02
        )


def test_a_constant_target_is_predicted_exactly():
    X, _ = regression()
    model = regressor(max_iter=3).fit(X, np.full(len(X), 1e9 + 0.5))
    np.testing.assert_array_equal(model.predict(X * 5), 1e9 + 0.5)


def test_targets_of_a_later_partial_fit_keep_the_first_scale_and_widen_the_range():
    """When the first call had enough rows to know it from."""
    X, y = regression()
    model = regressor().partial_fit(np.tile(X[:50], (10, 1)), np.tile(y[:50], 10))
    before = model.predict(X).max()
    assert before <= y[:50].max()
    scale = model._model.task.scaler.scale
    model.partial_fit(X[50:], 1e3 * y[50:])
    assert model._model.task.scaler.scale == scale
    assert y[:50].max() < model.predict(X * 100).max() <= 1e3 * y[50:].max()
