"""What the losses of the estimators minimize and predict, by scikit-learn, NumPy and SciPy."""

from functools import partial

import numpy as np
import pytest
from mlp import mlp_classifier, mlp_regressor
from scipy.optimize import minimize
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import (
    GammaRegressor,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)
from sklearn.metrics import (
    brier_score_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale
from sklearn.utils import get_tags

import skdnn
from skdnn import DNNRegressor, Huber, Quantile, Tweedie

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

NAMES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]
OTHERS = [Huber(0.3), Quantile(0.8), Quantile([0.2, 0.5, 0.9])]
POSITIVE = ("poisson", "gamma", "tweedie")


def diabetes(n_rows=150):
    X, y = load_diabetes(return_X_y=True)
    return scale(X[:n_rows, :4]), scale(y[:n_rows])


def positive(kind, n_rows=200):
    """Counts, or times, whose logarithmic mean is linear in X."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 3))
    mean = np.exp(X @ [0.4, -0.3, 0.1] + 0.5)
    if kind == "poisson":
        return X, rng.poisson(mean)
    # Tweedie: a sum of a Poisson number of gamma terms.
    shape = 2 * rng.poisson(1, n_rows) if kind == "tweedie" else 2
    return X, rng.gamma(shape, mean / 2)


def data(loss):
    return positive(loss) if loss in POSITIVE else diabetes()


def exact(loss, **params):
    """No hidden layer, to the minimum."""
    defaults = {"solver": "lbfgs", "alpha": 0.0, "tol": 1e-9, "max_iter": 1000, "random_state": 0}
    return mlp_regressor((), loss=loss, **{**defaults, **params})


def annealed(loss, n_rows=150, **params):
    """No hidden layer, for losses with kinks: full batches and a rate that falls to zero."""
    return mlp_regressor(
        (), loss=loss, batch_size=n_rows, learning_rate="cosine", learning_rate_init=0.05,
        max_iter=1500, n_iter_no_change=np.inf, alpha=0.0, random_state=0, dtype="float64",
        **params,
    )  # fmt: skip


# ---------------------------------------------------------------- references of the regressor


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize(("loss", "reference"), [
    ("poisson", PoissonRegressor), ("gamma", GammaRegressor),
    ("tweedie", partial(TweedieRegressor, power=1.5, link="log")),
])  # fmt: skip
def test_without_hidden_layer_it_is_the_generalised_linear_model(loss, reference, alpha):
    X, y = positive(loss)
    expected = reference(alpha=alpha, tol=1e-10, max_iter=10_000).fit(X, y)
    model = exact(loss, alpha=alpha * len(X)).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.intercepts_[0], expected.intercept_, rtol=1e-4)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), rtol=1e-4)
    assert model.out_activation_ == "exp"


@pytest.mark.parametrize(("loss", "deviance"), [
    ("poisson", mean_poisson_deviance), ("gamma", mean_gamma_deviance),
    ("tweedie", partial(mean_tweedie_deviance, power=1.5)),
])  # fmt: skip
def test_the_loss_is_half_the_deviance(loss, deviance):
    X, y = positive(loss)
    model = exact(loss).fit(X, y)
    assert model.loss_ == pytest.approx(0.5 * deviance(y, model.predict(X)), rel=1e-9)


@pytest.mark.parametrize("loss", POSITIVE)
def test_predictions_of_an_exponential_are_positive(loss):
    X, y = positive(loss)
    model = mlp_regressor((8,), loss=loss, max_iter=30, random_state=0).fit(X, y)
    far = 20 * X
    assert (model.predict(far) > 0).all()
    assert model.predict(far).min() < y.mean() / 10


@pytest.mark.parametrize("delta", [0.2, 1.0])
def test_huber_is_scipys_minimum(delta):
    X, y = diabetes()
    y = y + 5 * (np.arange(len(y)) % 10 == 0)

    def objective(parameters):
        error = np.abs(X @ parameters[:-1] + parameters[-1] - y)
        return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2)).mean()

    expected = minimize(objective, np.zeros(X.shape[1] + 1), options={"gtol": 1e-8})
    model = exact(Huber(delta), tol=1e-8).fit(X, y)
    found = [*model.coefs_[0][:, 0], *model.intercepts_[0]]
    np.testing.assert_allclose(found, expected.x, atol=1e-4)
    assert model.loss_ == pytest.approx(expected.fun, rel=1e-9)


def test_absolute_error_without_features_is_the_median():
    rng = np.random.default_rng(0)
    y = rng.exponential(size=151)
    model = annealed("absolute_error", n_rows=151).fit(np.zeros((151, 1)), y)
    assert model.intercepts_[0][0] == pytest.approx(np.median(y), abs=2e-3)
    assert abs(np.median(y) - y.mean()) > 0.1


@pytest.mark.parametrize("level", [0.2, 0.5, 0.9])
def test_quantile_is_quantile_regression(level):
    X, y = diabetes()
    expected = QuantileRegressor(quantile=level, alpha=0).fit(X, y)
    model = annealed(Quantile(level)).fit(X, y)
    least = mean_pinball_loss(y, expected.predict(X), alpha=level)
    assert mean_pinball_loss(y, model.predict(X), alpha=level) == pytest.approx(least, rel=1e-3)
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, atol=0.05)
    assert np.mean(y <= model.predict(X)) == pytest.approx(level, abs=0.04)


def test_the_median_is_half_the_absolute_error():
    """The names are the settings with their defaults."""
    X, y = diabetes()
    quantile, absolute = (annealed(loss).fit(X, y) for loss in ("quantile", "absolute_error"))
    np.testing.assert_allclose(quantile.predict(X), absolute.predict(X), atol=0.05)
    assert quantile.loss_ == pytest.approx(0.5 * absolute.loss_, rel=1e-3)
    assert absolute.loss_ == pytest.approx(mean_absolute_error(y, absolute.predict(X)), rel=1e-3)
    params = {"max_iter": 20, "random_state": 0}
    for name, settings in (("huber", Huber(1.0)), ("quantile", Quantile(0.5))):
        by_name, by_object = (
            mlp_regressor((5,), loss=loss, **params).fit(X, y) for loss in (name, settings)
        )
        np.testing.assert_array_equal(by_name.predict(X), by_object.predict(X))


@pytest.mark.parametrize("loss", [*NAMES, *OTHERS], ids=str)
def test_an_integer_weight_is_so_many_rows(loss):
    """In full batches."""
    X, y = data(loss)
    times = np.random.default_rng(1).integers(0, 4, len(y))
    params = {"loss": loss, "alpha": 0.5, "max_iter": 8, "learning_rate_init": 0.01,
              "random_state": 0, "dtype": "float64"}  # fmt: skip
    repeated = mlp_regressor((6,), "tanh", batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = mlp_regressor((6,), "tanh", batch_size=int((times > 0).sum()), **params).fit(
        X, y, sample_weight=times
    )
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("loss", ["huber", "poisson", "absolute_error"])
def test_several_targets_are_learned_side_by_side(loss):
    """The sum of their losses: without hidden layer each as if it were alone."""
    X, y = data(loss)
    Y = np.column_stack([y, y[::-1]])
    if loss == "absolute_error":
        both = annealed(loss, n_rows=len(X)).fit(X, Y)
        alone = [annealed(loss, n_rows=len(X)).fit(X, column) for column in Y.T]
        tolerance = 0.1
    else:
        both, alone = exact(loss).fit(X, Y), [exact(loss).fit(X, column) for column in Y.T]
        tolerance = 1e-4
    expected = np.column_stack([model.predict(X) for model in alone])
    np.testing.assert_allclose(both.predict(X), expected, atol=tolerance)
    assert both.loss_ == pytest.approx(sum(model.loss_ for model in alone), rel=1e-3)


# ---------------------------------------------------------------- quantiles


def scattered(n_rows=1000):
    """A spread that grows with the feature."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, n_rows)
    return x[:, None] * 2 - 1, x + (0.2 + x) * rng.normal(size=n_rows)


LEVELS = [0.1, 0.4, 0.7, 0.95]


@pytest.fixture(scope="module")
def quantiles():
    X, y = scattered()
    return mlp_regressor(
        (16,), "tanh", loss=Quantile(LEVELS), learning_rate="cosine", learning_rate_init=0.03,
        max_iter=60, n_iter_no_change=np.inf, random_state=0,
    ).fit(X, y)  # fmt: skip


def test_quantiles_do_not_cross_and_cover(quantiles):
    X, y = scattered(4000)
    X, y = X[1000:], y[1000:]
    predicted = quantiles.predict_quantiles(X)
    assert predicted.shape == (3000, 4)
    assert (np.diff(predicted, axis=1) >= 0).all()
    covered = (y[:, None] <= predicted).mean(axis=0)
    np.testing.assert_allclose(covered, LEVELS, atol=0.05)
    # The true quantiles are linear in x, with another slope for each level.
    width = predicted[:, 3] - predicted[:, 0]
    assert width[X[:, 0] > 0.8].mean() > 2 * width[X[:, 0] < -0.8].mean()


def test_the_prediction_is_the_level_next_to_one_half(quantiles):
    X, y = scattered()
    assert quantiles.n_outputs_ == 1
    assert quantiles.predict(X).shape == y.shape
    np.testing.assert_array_equal(quantiles.predict(X), quantiles.predict_quantiles(X)[:, 1])


def test_the_loss_of_several_levels_is_the_sum_of_their_pinball_losses():
    """Untrained, lines cross: the loss is that of the outputs, the predictions are sorted."""
    X, y = diabetes()
    model = mlp_regressor(
        (), loss=Quantile([0.1, 0.6]), max_iter=1, learning_rate_init=1e-12, alpha=0.0,
        random_state=0, dtype="float64",
    )  # fmt: skip
    model.fit(X, y)
    raw = X @ model.coefs_[0] + model.intercepts_[0]
    expected = sum(
        mean_pinball_loss(y, raw[:, j], alpha=level) for j, level in enumerate([0.1, 0.6])
    )
    assert model.loss_ == pytest.approx(expected, rel=1e-6)
    assert (np.diff(raw) < 0).any()
    np.testing.assert_allclose(model.predict_quantiles(X), np.sort(raw), rtol=1e-12)


def test_shapes_of_quantiles():
    X, y = diabetes()
    Y = np.column_stack([y, 10 + y])
    one = mlp_regressor((4,), loss="quantile", max_iter=2, random_state=0)
    assert one.fit(X, y).predict_quantiles(X).shape == (150, 1)
    np.testing.assert_array_equal(one.predict_quantiles(X)[:, 0], one.predict(X))
    assert one.fit(X, Y).predict_quantiles(X).shape == (150, 2, 1)
    many = clone(one).set_params(loss=Quantile(LEVELS), max_iter=600, learning_rate_init=0.02)
    predicted = many.fit(X, Y).predict_quantiles(X)
    assert predicted.shape == (150, 2, 4)
    assert many.predict(X).shape == (150, 2)
    assert many.n_outputs_ == 2
    np.testing.assert_array_equal(many.predict(X), predicted[..., 1])
    # Each target in its place.
    np.testing.assert_allclose(predicted.mean(axis=(0, 2)), [0, 10], atol=1)


@pytest.mark.parametrize("loss", [*(n for n in NAMES if n != "quantile"), Huber()], ids=str)
def test_only_quantiles_have_predict_quantiles(loss):
    model = mlp_regressor((3,), loss=loss)
    assert not hasattr(model, "predict_quantiles")
    assert hasattr(model.set_params(loss=Quantile(0.3)), "predict_quantiles")
    assert hasattr(model.set_params(loss="quantile"), "predict_quantiles")


# ---------------------------------------------------------------- the objects


def test_double_underscore_reaches_into_the_loss():
    model = mlp_regressor((3,), loss=Huber(2.0))
    assert model.get_params()["loss__delta"] == 2.0
    model.set_params(loss__delta=0.5)
    assert model.loss.delta == 0.5
    copy = clone(model)
    assert copy.loss is not model.loss
    assert copy.loss.delta == 0.5
    model.set_params(loss__delta=1.5)
    assert copy.loss.delta == 0.5


def test_search_over_settings_and_names():
    X, y = diabetes()
    y = y + 20 * (np.arange(len(y)) % 15 == 0)
    params = {"cv": 3, "scoring": "neg_median_absolute_error"}
    deltas = [0.1, 100.0]
    search = GridSearchCV(exact(Huber(), tol=1e-5), {"loss__delta": deltas}, **params).fit(X, y)
    by_hand = [
        GridSearchCV(exact(Huber(d), tol=1e-5), {"alpha": [0.0]}, **params).fit(X, y).best_score_
        for d in deltas
    ]
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], by_hand)
    assert search.best_params_ == {"loss__delta": 0.1}
    names = ["squared_error", "huber"]
    search = GridSearchCV(exact("huber", tol=1e-5), {"loss": names}, **params).fit(X, y)
    assert search.best_params_ == {"loss": "huber"}


@pytest.mark.parametrize(("loss", "message"), [
    (Huber(delta=0), r"'delta' parameter of Huber .*Got 0 instead"),
    (Huber(delta=np.inf), r"'delta' parameter of Huber .*Got inf instead"),
    (Huber(delta="1"), r"'delta' parameter of Huber .*Got '1' instead"),
    (Huber(delta=True), r"'delta' parameter of Huber .*Got True instead"),
    (Quantile(1.5), r"'quantile' parameter of Quantile .*Got 1\.5 instead"),
    (Quantile(0), r"'quantile' parameter of Quantile .*Got 0 instead"),
    (Quantile([0.9, 0.1]), r"'quantile' parameter .* strictly increasing.*\[0\.9, 0\.1\]"),
    (Quantile([0.5, 0.5]), r"'quantile' parameter of Quantile .* strictly increasing"),
    (Quantile([]), r"'quantile' parameter of Quantile .*Got \[\] instead"),
    (Quantile([0.5, np.nan]), r"'quantile' parameter of Quantile "),
    (Tweedie(1), r"'power' parameter of Tweedie .*Got 1 instead"),
    (Tweedie(2.0), r"'power' parameter of Tweedie .*Got 2\.0 instead"),
    (Huber, r"'loss' parameter of DNNRegressor .* not a class: Huber\(\)"),
    ("log_loss", r"'loss' parameter"),
    (None, r"'loss' parameter"),
], ids=repr)  # fmt: skip
def test_wrong_settings(loss, message):
    X, y = diabetes()
    model = mlp_regressor((3,), loss=loss, max_iter=1)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, y)
    assert not hasattr(model, "n_features_in_")


# ---------------------------------------------------------------- domains


@pytest.mark.parametrize(("loss", "change", "message"), [
    ("poisson", lambda y: np.where(np.arange(len(y)) == 3, -2, y),
     r"loss='poisson' needs targets of at least 0.*contains .*-2"),
    ("poisson", np.zeros_like, r"loss='poisson' needs targets .*not all 0.* 0 everywhere"),
    ("gamma", lambda y: np.where(np.arange(len(y)) == 3, 0, y),
     r"loss='gamma' needs targets above 0.*contains .*0"),
    ("gamma", lambda y: -y, r"loss='gamma' needs targets above 0"),
])  # fmt: skip
def test_targets_outside_the_domain(loss, change, message):
    X, y = positive(loss)
    model = mlp_regressor((3,), loss=loss, max_iter=1)
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(X, change(y))
    assert "y_val" not in str(caught.value)
    if not change(y).any():
        return  # a part of the counts may be 0
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(X, y, X_val=X, y_val=change(y))
    assert "y_val" in str(caught.value)


@pytest.mark.parametrize("loss", [*NAMES, *OTHERS], ids=str)
def test_tags(loss):
    assert get_tags(DNNRegressor(loss=loss)).target_tags.positive_only == (loss in POSITIVE)


# ---------------------------------------------------------------- the classifier


def binary(n_rows=200):
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X)[:n_rows, :5], y[:n_rows]


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def multilabel():
    X, y = iris()
    return X, np.column_stack([y > 0, y == 1, X[:, 0] > 0]).astype(int)


def classifier(hidden=(), **params):
    defaults = {"solver": "lbfgs", "alpha": 0.0, "max_iter": 100, "tol": 1e-3, "random_state": 0,
                "loss": "brier"}  # fmt: skip
    return mlp_classifier(hidden, **{**defaults, **params})


quiet_lbfgs = pytest.mark.filterwarnings(
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning"
)


@quiet_lbfgs
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_brier_of_two_classes(hidden):
    X, y = binary()
    names = np.array(["benign", "malignant"])[y]
    model = classifier(hidden, max_iter=10).fit(X, names)
    p = model.predict_proba(X)[:, 1]
    assert model.loss_ == pytest.approx(brier_score_loss(y, p), rel=1e-9)
    assert model.loss_ == pytest.approx(np.mean((p - y) ** 2), rel=1e-9)


@quiet_lbfgs
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_brier_of_more_classes_is_half_the_sum(hidden):
    X, y = iris()
    model = classifier(hidden, max_iter=10).fit(X, y)
    square = (model.predict_proba(X) - np.eye(3)[y]) ** 2
    assert model.loss_ == pytest.approx(0.5 * square.sum(axis=1).mean(), rel=1e-9)
    assert model.score(X, y) > 0.9


@quiet_lbfgs
def test_brier_of_several_labels_is_the_sum():
    X, Y = multilabel()
    model = classifier(max_iter=10).fit(X, Y)
    square = (model.predict_proba(X) - Y) ** 2
    assert model.loss_ == pytest.approx(square.sum(axis=1).mean(), rel=1e-9)


@pytest.mark.parametrize("kind", [binary, iris])
def test_brier_is_scipys_minimum(kind):
    """With a penalty, so that it is finite."""
    X, y = kind()
    n_out = 1 if kind is binary else 3
    X1 = np.column_stack([X, np.ones(len(X))])

    def objective(parameters):
        W = parameters.reshape(-1, n_out)
        raw = X1 @ W
        if n_out == 1:
            square = (expit(raw[:, 0]) - y) ** 2
        else:
            square = 0.5 * ((softmax(raw, axis=1) - np.eye(3)[y]) ** 2).sum(axis=1)
        return (square.sum() + 0.5 * 2.0 * (W[:-1] ** 2).sum()) / len(X)

    expected = minimize(objective, np.zeros(X1.shape[1] * n_out), options={"gtol": 1e-7})
    model = classifier(alpha=2.0, tol=1e-8, max_iter=500).fit(X, y)
    assert model.loss_ == pytest.approx(expected.fun, rel=1e-8)
    np.testing.assert_allclose(model.coefs_[0], expected.x.reshape(-1, n_out)[:-1], atol=2e-4)


@pytest.mark.parametrize("kind", [binary, iris])
def test_brier_takes_class_weights(kind):
    X, y = kind()
    per_class = {0: 3.0, 1: 0.5, 2: 2.0}
    per_class = {label: per_class[label] for label in np.unique(y)}
    params = {"alpha": 1.0, "max_iter": 8, "solver": "adam", "tol": 1e-4}
    by_class = classifier((4,), class_weight=per_class, **params).fit(X, y)
    by_row = classifier((4,), **params).fit(X, y, sample_weight=[per_class[label] for label in y])
    np.testing.assert_array_equal(by_class.predict_proba(X), by_row.predict_proba(X))
    plain = classifier((4,), **params).fit(X, y)
    assert np.abs(by_class.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize("loss", ["log_loss", "brier"])
@pytest.mark.parametrize("kind", [binary, iris])
def test_an_integer_weight_of_the_classifier_is_so_many_rows(kind, loss):
    X, y = kind()
    times = np.random.default_rng(1).integers(0, 4, len(y))
    params = {"solver": "adam", "loss": loss, "alpha": 0.5, "max_iter": 8, "tol": 1e-4,
              "label_smoothing": 0.1, "learning_rate_init": 0.01, "dtype": "float64"}  # fmt: skip
    repeated = classifier((6,), batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = classifier((6,), batch_size=int((times > 0).sum()), **params).fit(
        X, y, sample_weight=times
    )
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-10)


# ---------------------------------------------------------------- label smoothing


def entropy(targets, p):
    return -(targets * np.log(p)).sum(axis=1)


@quiet_lbfgs
@pytest.mark.parametrize("loss", ["log_loss", "brier"])
@pytest.mark.parametrize("kind", [binary, iris, multilabel])
def test_smoothed_targets_are_in_the_training_loss_only(kind, loss):
    X, y = kind()
    s = 0.2
    model = classifier((4,), loss=loss, label_smoothing=s, max_iter=15).fit(X, y, X_val=X, y_val=y)
    p = model.predict_proba(X)
    if kind is multilabel:
        p, hard = np.dstack([1 - p, p]).reshape(-1, 2), np.eye(2)[y.reshape(-1)]
    else:
        hard = np.eye(p.shape[1])[y]
    smooth = (1 - s) * hard + s / p.shape[1]

    def mean_loss(targets):
        rows = entropy(targets, p) if loss == "log_loss" else (
            0.5 * ((p - targets) ** 2).sum(axis=1)
        )  # fmt: skip
        return rows.sum() / len(X)

    assert model.loss_ == pytest.approx(mean_loss(smooth), rel=1e-8)
    assert model.validation_loss_curve_[-1] == pytest.approx(mean_loss(hard), rel=1e-8)
    assert abs(mean_loss(smooth) - mean_loss(hard)) > 1e-3


@pytest.mark.parametrize(("kind", "most"), [(binary, 0.9), (iris, 1 - 0.2 * 2 / 3)])
def test_smoothing_keeps_probabilities_from_the_extremes(kind, most):
    """Classes that can be told apart: the best probability is the smoothed target."""
    X, y = kind()
    X = np.column_stack([X, 4.0 * (np.arange(y.max() + 1) == y[:, None])])
    params = {"loss": "log_loss", "max_iter": 1000, "tol": 1e-6}
    model = classifier((4,), label_smoothing=0.2, **params).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).max(axis=1), most, atol=0.005)
    sharp = classifier((4,), **params).fit(X, y)
    assert sharp.predict_proba(X).max(axis=1).min() > 0.99


@pytest.mark.parametrize("loss", ["log_loss", "nothing"])
def test_an_unknown_loss_without_validation(loss):
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = DNNRegressor((4,), random_state=0).partial_fit(X, X[:, 0])
    message = rf"'loss' parameter must be one of .* Got '{loss}'"
    with config_context(skip_parameter_validation=True), pytest.raises(ValueError, match=message):
        model.set_params(loss=loss).partial_fit(X, X[:, 0])


@pytest.mark.parametrize("loss", ["absolute_error", "nothing"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_unknown_loss_of_classes_without_validation(loss, n_classes):
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % n_classes
    model = skdnn.DNNClassifier((4,), random_state=0)
    model.partial_fit(X, y, classes=range(n_classes))
    message = rf"'loss' parameter must be one of .* Got '{loss}'"
    with config_context(skip_parameter_validation=True), pytest.raises(ValueError, match=message):
        model.set_params(loss=loss).partial_fit(X, y)
