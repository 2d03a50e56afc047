"""Numbers at the ends of a dtype: finite, or an error or a warning that says where."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from skdnn import DNNClassifier, DNNRegressor, Huber, Periodic, Quantile
from skdnn.training.loop import DivergenceError

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
    "ignore:Training diverged:sklearn.exceptions.ConvergenceWarning",
    "ignore:Solver produced:sklearn.exceptions.ConvergenceWarning",
)

B = np.random.default_rng(0).normal(size=(110, 3))


def with_one(value):
    X = B.copy()
    X[3, 0], X[5, 1] = value, -value
    return X


FEATURES = {
    "1e300": B * 1e300, "1e38": B * 1e38, "1e-305": B * 1e-305, "subnormal": np.sign(B) * 5e-324,
    "each another": B * [1e300, 1e-300, 1], "one of 1e30": with_one(1e30),
    "one of 1.7e308": with_one(1.7e308), "range": np.sign(B) * 1.7e308,
    "constant": np.full_like(B, 1.7e308),
}  # fmt: skip
y = B[:, 0]
TARGETS = {
    "1e300": y * 1e300, "1e-305": y * 1e-305, "range": np.sign(y) * 1.7e308,
    "subnormal": np.sign(y) * 5e-324, "constant": np.full_like(y, 1.7e308),
    "one": np.where(np.arange(110) == 3, 1e300, y), "two": B[:, :2] * [1e300, 1e-305],
    "offset": 1e300 + y * 1e285,
}  # fmt: skip


def make(cls=DNNRegressor, **params):
    return cls(**{"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, **params})


def outputs(model, X):
    if isinstance(model, DNNClassifier):
        return [model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X)]
    return list(model.predict(X, return_std=True))


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("embedding", ["mixed", None])
def test_scaled_robustly_everything_is_finite(embedding, features, cls):
    X = FEATURES[features]
    for dtype in ("float32", "float64"):
        model = make(cls, numeric_embedding=embedding, dtype=dtype)
        model.fit(X, y if cls is DNNRegressor else y > 0)
        for output in outputs(model, X):
            assert np.isfinite(output).all()


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("embedding", ["mixed", None])
@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_otherwise_finite_or_an_error(cls, scaling, embedding, features):
    X = FEATURES[features]
    for dtype in ("float32", "float64"):
        model = make(cls, feature_scaling=scaling, numeric_embedding=embedding, dtype=dtype)
        reason = None
        try:
            model.fit(X, y if cls is DNNRegressor else y > 0)
        except ValueError as error:
            reason = str(error)
        if reason is None:
            assert all(np.isfinite(output).all() for output in outputs(model, X))
        else:
            assert "Solver produced non-finite" in reason or "too large for float" in reason


LOSSES = ["squared_error", "absolute_error", Huber(1e9), Huber(1e-9), Quantile([0.1, 0.9])]


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("solver", ["adamw", "lbfgs"])
def test_scaled_targets_of_any_size(solver, targets):
    target = TARGETS[targets]
    for loss in LOSSES:
        for dtype in ("float32", "float64"):
            model = make(loss=loss, dtype=dtype, solver=solver).fit(B, target)
            for output in outputs(model, B):
                assert np.isfinite(output).all()
            prediction = model.predict(B)
            assert (prediction >= target.min(axis=0)).all()
            assert (prediction <= target.max(axis=0)).all()


@pytest.mark.parametrize("factor", [2.0**900, 2.0**-900])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma"])
def test_targets_of_other_units_have_the_same_predictions_in_these_units(loss, factor):
    usual, other = (make(loss=loss).fit(B, np.exp(y) * unit) for unit in (1, factor))
    for a, b in zip(outputs(usual, B), outputs(other, B), strict=True):
        np.testing.assert_array_equal(a * factor, b)


def test_huber_learns_whatever_its_units():
    """A delta far below the deviation of the target is an absolute error, far above a squared."""
    for scale, loss in ((1e300, "absolute_error"), (1e-300, "squared_error")):
        huber = make(loss="huber", max_iter=30).fit(B, y * scale)
        other = make(loss=loss, max_iter=30).fit(B, y * scale)
        assert np.corrcoef(huber.predict(B) / scale, other.predict(B) / scale)[0, 1] > 0.95


@pytest.mark.parametrize("weight", [1.7e308, 5e-324, 1e-200])
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_weights_of_any_size(cls, weight):
    target = y if cls is DNNRegressor else y > 0
    usual = make(cls).fit(np.round(B), target, np.ones(110))
    model = make(cls).fit(np.round(B), target, np.full(110, weight))
    for a, b in zip(outputs(usual, B), outputs(model, B), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_waves_too_narrow_for_the_dtype(dtype):
    model = make(numeric_embedding=Periodic(sigma=1e300), dtype=dtype)
    with pytest.raises(ValueError, match=rf"'sigma' parameter of Periodic .*{dtype}.*1e\+300"):
        model.fit(B, y)
    model.set_params(numeric_embedding__sigma=1e15)
    assert np.isfinite(model.fit(B, y).predict(B)).all()


FRAME = pd.DataFrame(B, columns=["a", "b", "c"])


@pytest.mark.parametrize(
    ("X", "params", "name"),
    [
        (B, {"feature_scaling": None, "numeric_embedding": None}, "1e[+]30 in column 1:"),
        (FRAME, {"feature_scaling": None, "numeric_embedding": None}, "1e[+]30 in column 'b':"),
        (FRAME, {"feature_scaling": "standard"}, "e[+]30 in column 'b', scaled:"),
        (csr_array(B), {}, "1e[+]30 in column 1:"),
    ],
)
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_a_row_that_overflows_has_a_warning_that_names_the_column(cls, X, params, name):
    target = y if cls is DNNRegressor else y > 0
    model = make(cls, activation="identity", dtype="float32", **params).fit(X, target)
    for coefs in model.coefs_:
        for own in coefs:
            own *= 1e5
    far = X.copy() if isinstance(X, pd.DataFrame) else csr_array(X).toarray()
    if isinstance(X, pd.DataFrame):
        far.iloc[4, 1] = 1e30
    else:
        far[4, 1] = 1e30
    far = csr_array(far) if isinstance(X, csr_array) else far
    call = model.predict if cls is DNNRegressor else model.predict_proba
    with pytest.warns(UserWarning, match=f"1 row.*float32.*{name}.*robust"):
        prediction = call(far)
    assert np.isfinite(np.delete(prediction, 4, axis=0)).all()
    # A number that the dtype does not have is refused.
    far = far * 1e10
    with pytest.raises(ValueError, match=r"too large for float32.* in column"):
        call(far)


@pytest.mark.parametrize(
    ("params", "causes"),
    [
        ({"learning_rate_init": 1e200, "solver": "sgd"}, ["learning_rate_init=1e+200"]),
        (
            {"learning_rate_init": 1.0, "weight_decay": 1e300, "solver": "adamw"},
            ["learning_rate_init=1.0", "weight_decay=1e+300", "lower weight_decay"],
        ),
        (
            {"learning_rate_init": 1e200, "epsilon": 1e-300, "solver": "adam"},
            ["learning_rate_init=1e+200", "raise epsilon"],
        ),
        ({"alpha": 1e300, "solver": "lbfgs"}, ["alpha=1e+300", "lower alpha"]),
    ],
)
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_finite_parameters_are_not_enough(cls, params, causes):
    """After one step, the predictions overflow and the parameters do not."""
    target = y if cls is DNNRegressor else y > 0
    model = cls.preset("mlp", hidden_layer_sizes=(8,), max_iter=1, random_state=0, **params)
    with pytest.raises(DivergenceError, match=r"Solver produced non-finite .* epoch 1 ") as caught:
        model.fit(B, target)
    for cause in causes:
        assert cause in str(caught.value)
    if params["solver"] != "lbfgs":
        keywords = {} if cls is DNNRegressor else {"classes": [False, True]}
        with pytest.raises(DivergenceError, match="Solver produced non-finite "):
            model.partial_fit(B, target, **keywords)
    assert not hasattr(model, "coefs_")


def test_the_best_epoch_is_kept_where_a_later_one_diverges():
    model = DNNRegressor.preset(
        "mlp", hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=1e3, max_iter=60,
        activation="identity", early_stopping=True, random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="best epoch were kept"):
        model.fit(B, y)
    assert np.isfinite(model.predict(B)).all()


@pytest.mark.parametrize("labels", [[-1.7e308, 1.7e308], [-1e300, 0.0, 1e300]])
def test_labels_beyond_integers(labels):
    target = np.array(labels)[np.arange(110) % len(labels)]
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        make(DNNClassifier).fit(B, target)


@pytest.mark.parametrize("factor", [2.0**1000, 2.0**-1000, [2.0**1000, 2.0**-900]])
@pytest.mark.parametrize("weights", [None, np.arange(1.0, 111)])
def test_the_score_is_the_same_in_any_unit(factor, weights):
    y = B[:, :2]
    models = [DNNRegressor((4,), max_iter=3, random_state=0).fit(B, y * f) for f in (1, factor)]
    scores = [m.score(B, y * f, weights) for m, f in zip(models, (1, factor), strict=True)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)
    assert scores[0] == r2_score(y, models[0].predict(B), sample_weight=weights)


def test_the_score_of_large_predictions_in_float32():
    """Their squares are no float32, in which scikit-learn would compute them."""
    model = DNNRegressor.preset("mlp", max_iter=1).fit(B.astype(np.float32), y)
    X = (B * 1e36).astype(np.float32)
    prediction = model.predict(X)
    assert prediction.dtype == np.float32
    assert np.abs(prediction).max() > 1e30
    expected = r2_score(y, prediction.astype(np.float64))
    assert model.score(X, y) == pytest.approx(expected, rel=1e-5)


def test_infinite_weights_are_refused_without_other_warnings():
    for weights in ([np.inf] * 110, np.where(y > 0, np.inf, -np.inf)):
        with pytest.raises(ValueError, match="sample_weight contains infinity"):
            DNNRegressor((4,), max_iter=2).fit(B, y, sample_weight=weights)
