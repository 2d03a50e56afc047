"""Normalization, dropout, penalties and clipping, by NumPy and scikit-learn's linear models."""

import pickle

import numpy as np
import pytest
from mlp import mlp, mlp_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import ElasticNet
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.training.schedules import FlatCosine

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)

CLASSES = [DNNClassifier, DNNRegressor]
NORMALIZATIONS = ["batch", "layer"]
#: A rate so small that no weight changes.
NO_STEP = 1e-300


def data(cls, n_rows=120):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    return scale(X[rows]), y[rows] if cls is DNNClassifier else scale(y[rows])


def make(cls, hidden=(8,), **params):
    defaults = {"learning_rate_init": 0.01, "max_iter": 8, "batch_size": 16, "random_state": 0,
                "dtype": "float64"}  # fmt: skip
    return mlp(cls, hidden, **{**defaults, **params})


def raw(model, X):
    return model.decision_function(X) if isinstance(model, DNNClassifier) else model.predict(X)


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


def vector(model):
    return np.concatenate([array.ravel() for array in [*model.coefs_, *model.intercepts_]])


# ---------------------------------------------------------------- normalization


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("cls", CLASSES)
def test_a_row_is_predicted_alone_as_among_others(cls, normalization, dtype):
    """By running moments, not by those of the rows to predict."""
    X, y = data(cls)
    model = make(cls, (8, 5), normalization=normalization, dtype=dtype).fit(X, y)
    together = raw(model, X)
    for i in (0, 17, 119):
        np.testing.assert_array_equal(raw(model, X[i : i + 1])[0], together[i])
    np.testing.assert_array_equal(raw(model, X[40:90]), together[40:90])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("cls", CLASSES)
def test_normalized_prediction_is_numpys(cls, normalization):
    """After one full batch the running moments are those of the batch."""
    X, y = data(cls)
    model = make(
        cls, (8, 5), activation="tanh", normalization=normalization, batch_size=120, max_iter=1,
        learning_rate_init=NO_STEP,
    )  # fmt: skip
    model.fit(X, y)
    axis, x = (0 if normalization == "batch" else 1), X
    for W, b in list(zip(model.coefs_, model.intercepts_, strict=True))[:-1]:
        z = x @ W
        spread = np.sqrt(z.var(axis=axis, keepdims=True) + 1e-5)
        x = np.tanh((z - z.mean(axis=axis, keepdims=True)) / spread + b)
    expected = x @ model.coefs_[-1] + model.intercepts_[-1]
    found = raw(model, X).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("cls", CLASSES)
def test_running_moments_follow_the_data(cls):
    """Over many batches they come near to the moments of all rows."""
    X, y = data(cls)
    model = make(
        cls, (6,), activation="tanh", normalization="batch", batch_size=40, max_iter=50,
        learning_rate_init=NO_STEP, n_iter_no_change=np.inf,
    )  # fmt: skip
    model.fit(X, y)
    z = X @ model.coefs_[0]
    hidden = np.tanh((z - z.mean(axis=0)) / np.sqrt(z.var(axis=0)) + model.intercepts_[0])
    expected = hidden @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(raw(model, X).reshape(expected.shape), expected, atol=0.15)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("cls", CLASSES)
def test_an_integer_weight_is_so_many_rows(cls, solver, normalization):
    X, y = data(cls)
    times = np.random.default_rng(1).integers(0, 4, len(y))
    params = {"solver": solver, "alpha": 0.5, "normalization": normalization}
    repeated = make(cls, batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = make(cls, batch_size=int((times > 0).sum()), **params).fit(X, y, sample_weight=times)
    np.testing.assert_allclose(raw(weighted, X), raw(repeated, X), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_scale_of_the_features_does_not_matter(normalization):
    """Without penalty, and but for what is added to the variance."""
    X, y = data(DNNRegressor)
    model = make(
        DNNRegressor, normalization=normalization, alpha=0.0, learning_rate_init=NO_STEP, max_iter=1
    )
    plain, scaled = (model.fit(factor * X, y).predict(factor * X) for factor in (10.0, 1000.0))
    np.testing.assert_allclose(plain, scaled, rtol=1e-3, atol=1e-3)
    assert np.ptp(plain) > 0.5


VARIANTS = {
    "batch": {"normalization": "batch"},
    "layer": {"normalization": "layer"},
    "batch, dropout": {"normalization": "batch", "dropout": 0.2, "input_dropout": 0.1},
    "layer, dropout": {"normalization": "layer", "dropout": 0.2, "input_dropout": 0.1},
    "L1, clipping": {"alpha": 1.0, "l1_ratio": 0.5, "clip_norm": 0.1},
    "early stopping": {"normalization": "batch", "early_stopping": True},
}


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("cls", CLASSES)
def test_half_pickle_half_is_the_whole_bit_for_bit(cls, params):
    X, y = data(cls)
    params = {"n_iter_no_change": np.inf, **params}
    whole = make(cls, (7, 5), **params).fit(X, y)
    half = make(cls, (7, 5), max_iter=4, warm_start=True, **params).fit(X, y)
    again = pickle.loads(pickle.dumps(half)).fit(X, y)
    assert bits(whole) == bits(again)
    assert whole.loss_curve_ == again.loss_curve_
    assert whole.validation_scores_ == again.validation_scores_
    np.testing.assert_array_equal(raw(whole, X), raw(again, X))


@pytest.mark.parametrize("cls", CLASSES)
def test_lbfgs_with_layer_normalization(cls):
    X, y = data(cls)
    model = make(cls, solver="lbfgs", normalization="layer", alpha=0.0, max_iter=40).fit(X, y)
    if cls is DNNRegressor:
        expected = 0.5 * np.mean((model.predict(X) - y) ** 2)
    else:
        expected = -np.mean(model.predict_log_proba(X)[np.arange(len(y)), y])
    assert model.loss_ == pytest.approx(expected, rel=1e-6)
    assert model.loss_ < 0.5 * model.loss_curve_[0]


@pytest.mark.parametrize(("params", "message"), [
    ({"dropout": 0.5}, r"'dropout' parameter must be 0 with solver='lbfgs'.*Got 0\.5"),
    ({"dropout": [0.5]}, r"'dropout' parameter must be 0 with solver='lbfgs'.*Got \[0\.5\]"),
    ({"input_dropout": 0.5}, r"'input_dropout' parameter must be 0 with solver='lbfgs'.*Got 0\.5"),
    ({"normalization": "batch"},
     r"'normalization' parameter must be 'layer' or None with solver='lbfgs'.*Got 'batch'"),
    ({"l1_ratio": 0.5}, r"'l1_ratio' parameter must be 0 with solver='lbfgs'.*smooth.*Got 0\.5"),
])  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_what_lbfgs_cannot_do(cls, params, message):
    X, y = data(cls)
    with pytest.raises(ValueError, match=message):
        make(cls, solver="lbfgs", **params).fit(X, y)


# ---------------------------------------------------------------- penalties


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("alpha", [10.0, 40.0])
def test_without_hidden_layer_it_is_the_elastic_net(alpha, l1_ratio, solver):
    """The same weights, and the same ones are exactly zero."""
    X, y = data(DNNRegressor, 200)
    expected = ElasticNet(alpha=alpha / 200, l1_ratio=l1_ratio, tol=1e-10).fit(X, y)
    model = make(
        DNNRegressor, (), solver=solver, alpha=alpha, l1_ratio=l1_ratio, batch_size=200,
        momentum=0.0, learning_rate_init=0.2 if solver == "sgd" else 0.02, max_iter=3000, tol=0.0,
        n_iter_no_change=np.inf, learning_rate="constant" if solver == "sgd" else "cosine",
    )  # fmt: skip
    found = model.fit(X, y).coefs_[0][:, 0]
    np.testing.assert_allclose(found, expected.coef_, atol=1e-4)
    np.testing.assert_array_equal(found == 0, expected.coef_ == 0)
    assert 0 < (expected.coef_ == 0).sum() < 10
    np.testing.assert_allclose(model.intercepts_[0], expected.intercept_, atol=1e-4)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_the_loss_has_both_penalties(l1_ratio):
    X, y = data(DNNRegressor)
    model = make(
        DNNRegressor, alpha=3.0, l1_ratio=l1_ratio, learning_rate_init=NO_STEP, batch_size=120,
        max_iter=1,
    )  # fmt: skip
    model.fit(X, y)
    l1 = sum(np.abs(w).sum() for w in model.coefs_)
    l2 = sum((w**2).sum() for w in model.coefs_)
    penalty = 3.0 * (l1_ratio * l1 + 0.5 * (1 - l1_ratio) * l2)
    expected = (0.5 * ((model.predict(X) - y) ** 2).sum() + penalty) / len(X)
    assert model.loss_ == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("cls", CLASSES)
def test_a_large_l1_penalty_leaves_nothing_but_the_biases(cls, solver):
    X, y = data(cls)
    model = make(cls, solver=solver, alpha=1000.0, l1_ratio=1.0, max_iter=150, tol=0.0,
                 n_iter_no_change=np.inf, momentum=0.5).fit(X, y)  # fmt: skip
    assert not any(w.any() for w in model.coefs_)
    assert np.ptp(raw(model, X), axis=0).max() == 0
    l2 = model.set_params(l1_ratio=0.0).fit(X, y)
    assert any(w.any() for w in l2.coefs_)


# ---------------------------------------------------------------- clipping


def first_step(**params):
    """Change of all parameters in the first step of plain gradient descent."""
    X, y = data(DNNRegressor)
    settings = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "alpha": 0.0,
                "batch_size": 120, "max_iter": 1, **params}  # fmt: skip
    before = make(DNNRegressor, **{**settings, "learning_rate_init": NO_STEP}).fit(X, y)
    return vector(make(DNNRegressor, **settings).fit(X, y)) - vector(before), before


@pytest.mark.parametrize("clip_norm", [0.01, 0.1])
def test_the_length_of_a_clipped_step(clip_norm):
    free, _ = first_step(learning_rate_init=0.5)
    clipped, _ = first_step(learning_rate_init=0.5, clip_norm=clip_norm)
    assert np.linalg.norm(free) > 0.5 * clip_norm
    assert np.linalg.norm(clipped) == pytest.approx(0.5 * clip_norm, rel=1e-9)
    np.testing.assert_allclose(
        clipped / np.linalg.norm(clipped), free / np.linalg.norm(free), atol=1e-12
    )


def test_the_penalty_is_added_behind_the_clipping():
    clipped, before = first_step(learning_rate_init=0.5, clip_norm=0.01)
    both, _ = first_step(learning_rate_init=0.5, clip_norm=0.01, alpha=60.0)
    weights = np.concatenate([w.ravel() for w in before.coefs_])
    expected = clipped.copy()
    expected[: weights.size] -= 0.5 * 60.0 / 120 * weights
    np.testing.assert_allclose(both, expected, atol=1e-12)


@pytest.mark.parametrize("cls", CLASSES)
def test_a_shorter_gradient_is_not_clipped(cls):
    X, y = data(cls)
    free = make(cls).fit(X, y)
    assert bits(make(cls, clip_norm=1e6).fit(X, y)) == bits(free)
    assert bits(make(cls, clip_norm=np.inf).fit(X, y)) == bits(free)
    assert bits(make(cls, clip_norm=0.01).fit(X, y)) != bits(free)


def test_clipping_tames_an_outlier():
    """Without it the training fails."""
    X, y = data(DNNRegressor)
    y = np.where(np.arange(len(y)) == 3, 1e8, y)
    model = make(DNNRegressor, solver="sgd", learning_rate_init=0.05, max_iter=30)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, y)
    model.set_params(clip_norm=1.0).fit(X, y)
    # A unit step for each of 8 batches, with momentum, in 30 epochs.
    assert np.abs(vector(model)).max() < 0.05 * 10 * 8 * 30 + 2


# ---------------------------------------------------------------- dropout


@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_dropped_features_have_the_expectation_of_the_whole(rate):
    """Of the training loss: a variance is added that a linear model's weights tell."""
    X, y = data(DNNRegressor)
    model = make(
        DNNRegressor, (), input_dropout=rate, alpha=0.0, learning_rate_init=NO_STEP, max_iter=400,
        n_iter_no_change=np.inf, batch_size=120,
    )  # fmt: skip
    model.fit(X, y)
    variance = rate / (1 - rate) * (X**2 @ model.coefs_[0] ** 2)[:, 0]
    expected = 0.5 * np.mean((model.predict(X) - y) ** 2 + variance)
    curve = np.array(model.loss_curve_)
    error = curve.std() / np.sqrt(len(curve))
    assert curve.mean() == pytest.approx(expected, abs=4 * error)
    assert 0.5 * variance.mean() > 20 * error


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("cls", CLASSES)
def test_masks_of_the_features(cls, solver):
    X, y = data(cls)
    model = make(cls, solver=solver, input_dropout=0.3).fit(X, y)
    assert bits(make(cls, solver=solver, input_dropout=0.3).fit(X, y)) == bits(model)
    assert bits(make(cls, solver=solver).fit(X, y)) != bits(model)
    assert bits(make(cls, solver=solver, dropout=0.3).fit(X, y)) != bits(model)
    assert bits(make(cls, solver=solver, input_dropout=0.0).fit(X, y)) == bits(
        make(cls, solver=solver).fit(X, y)
    )
    # Nothing is dropped in predictions.
    np.testing.assert_array_equal(raw(model, X), raw(model, X))


def test_dropped_features_share_the_weight_among_copies():
    """The ridge that dropout is in a linear model."""
    X, y = data(DNNRegressor)
    rate, x = 0.5, X[:, 2]
    model = make(
        DNNRegressor, (), input_dropout=rate, alpha=0.0, max_iter=1500, batch_size=120,
        n_iter_no_change=np.inf, learning_rate="cosine", learning_rate_init=0.02,
    )  # fmt: skip
    copies = np.column_stack([x, x])
    model.fit(copies, y)
    square = x @ x
    gram = square * (np.ones((2, 2)) + rate / (1 - rate) * np.eye(2))
    expected = np.linalg.solve(gram, [x @ y, x @ y])
    np.testing.assert_allclose(model.coefs_[0][:, 0], expected, atol=0.03)


# ---------------------------------------------------------------- schedule of the regularization


def epochs(cls, n_epochs, **params):
    """The first epochs of ten."""
    X, y = data(cls)
    model = make(cls, max_iter=10, **params)
    for _ in range(n_epochs):
        model.partial_fit(X, y, **({"classes": [0, 1, 2]} if cls is DNNClassifier else {}))
    return model


@pytest.mark.parametrize("params", [
    {"solver": "adamw", "weight_decay": 5.0}, {"dropout": 0.3}, {"input_dropout": 0.3},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_flat_for_half_of_the_epochs(cls, params):
    constant, flat = (
        {n: bits(epochs(cls, n, regularization_schedule=name, **params)) for n in (5, 6)}
        for name in ("constant", "flat_cos")
    )
    assert flat[5] == constant[5]
    assert flat[6] != constant[6]
    by_object = epochs(cls, 6, regularization_schedule=FlatCosine(), **params)
    assert bits(by_object) == flat[6]


@pytest.mark.parametrize("cls", CLASSES)
def test_less_decay_leaves_larger_weights(cls):
    X, y = data(cls)
    params = {"solver": "adamw", "weight_decay": 10.0, "max_iter": 40, "n_iter_no_change": np.inf}
    constant, flat, none = (
        sum((w**2).sum() for w in make(cls, **{**params, **other}).fit(X, y).coefs_)
        for other in ({}, {"regularization_schedule": "flat_cos"}, {"weight_decay": 0.0})
    )
    assert 1.05 * constant < flat < none


def test_the_decay_is_the_product_of_its_factors():
    """Targets that need no weights, and a gradient of zero: what remains is the decay."""
    X = np.zeros((32, 3))
    y = np.zeros(32)
    model = mlp_regressor(
        (), solver="adamw", weight_decay=3.0, learning_rate_init=0.05, alpha=0.0, max_iter=8,
        batch_size=8, regularization_schedule="flat_cos", random_state=0, dtype="float64",
        n_iter_no_change=np.inf,
    )  # fmt: skip
    start = mlp_regressor(**{**model.get_params(), "learning_rate_init": NO_STEP}).fit(X, y)
    model.fit(X, y)
    t = np.arange(32) / 32
    strength = np.where(t < 0.5, 1, 0.5 * (1 + np.cos(np.pi * (2 * t - 1))))
    factor = np.prod(1 - 0.05 * 3.0 * strength)
    np.testing.assert_allclose(model.coefs_[0], factor * start.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize("schedule", ["cosine", FlatCosine, "none", 1.0])
def test_wrong_schedule(schedule):
    X, y = data(DNNRegressor)
    with pytest.raises(ValueError, match=r"'regularization_schedule' parameter|class FlatCosine"):
        make(DNNRegressor, regularization_schedule=schedule).fit(X, y)
