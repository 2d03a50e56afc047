"""Going on with training: warm_start and partial_fit."""

import pickle

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_classifier
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from skdnn import CosLog, DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = {"classes": [0, 1, 2]}


def data(cls):
    if cls is DNNClassifier:
        X, y = load_iris(return_X_y=True)
        return scale(X), y
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def make(cls, **params):
    return mlp(cls, (7, 5), batch_size=32, random_state=0, tol=0.0, **params)


VARIANTS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "adamw and dropout": {"solver": "adamw", "dropout": 0.3},
    "rmsprop, scaled rate": {"solver": "rmsprop", "learning_rate": "invscaling"},
    "early stopping": {"early_stopping": True, "n_iter_no_change": np.inf},
}


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_half_pickle_half_is_the_whole_bit_for_bit(cls, params):
    X, y = data(cls)
    whole = make(cls, max_iter=12, **params).fit(X, y)
    half = make(cls, max_iter=6, warm_start=True, **params).fit(X, y)
    again = pickle.loads(pickle.dumps(half)).fit(X, y)
    arrays = whole.coefs_ + whole.intercepts_, again.coefs_ + again.intercepts_
    for a, b in zip(*arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    assert whole.loss_curve_ == again.loss_curve_
    assert whole.validation_scores_ == again.validation_scores_
    assert (again.n_iter_, again.t_) == (6, whole.t_)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_epochs_of_partial_fit_are_those_of_fit(cls):
    estimator = make(cls, max_iter=8, dropout=0.2, learning_rate=CosLog(2))
    X, y = data(cls)
    whole = clone(estimator).fit(X, y)
    extra = CLASSES if cls is DNNClassifier else {}
    for _ in range(8):
        estimator = pickle.loads(pickle.dumps(estimator)).partial_fit(X, y, **extra)
        assert estimator.n_iter_ == 1
    np.testing.assert_array_equal(whole.coefs_[0], estimator.coefs_[0])
    assert whole.loss_curve_ == estimator.loss_curve_


def test_partial_fit_takes_other_rows_and_missing_classes():
    X, y = data(DNNClassifier)
    model = mlp_classifier((10,), learning_rate_init=0.01, random_state=0)
    model.partial_fit(X[:100], y[:100], **CLASSES)  # no class 2 yet
    for start in list(range(0, 150, 30)) * 30:
        rows = np.arange(start, start + 30) * 7 % 150
        model.partial_fit(X[rows], y[rows])
    assert model.score(X, y) > 0.95
    assert model.predict_proba(X).shape == (150, 3)


def test_partial_fit_says_what_it_needs():
    X, y = data(DNNClassifier)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        mlp_classifier().partial_fit(X, y)
    model = mlp_classifier((3,)).partial_fit(X, y, **CLASSES)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="early_stopping=True"):
        mlp_classifier(early_stopping=True).partial_fit(X, y, **CLASSES)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :3], y)


def test_warm_start_needs_the_same_classes_and_layers():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, max_iter=2, warm_start=True).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"Previously got \[0 1 2\], `y` has \[0 1\]"):
        model.fit(X[:100], y[:100])
    with pytest.raises(ValueError, match=r"with layers.*\(4, 7, 5, 3\).*\(4, 9, 3\)"):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_warm_start_takes_new_settings():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, max_iter=5, warm_start=True).fit(X, y)
    model.set_params(solver="sgd", learning_rate_init=0.5, max_iter=3).fit(X, y)
    assert (model.n_iter_, len(model.loss_curve_)) == (3, 8)
    assert model.history_["learning_rate"] == [0.001] * 5 + [0.5] * 3


def test_training_goes_on_from_weights_that_were_written():
    X, y = data(DNNRegressor)
    model = make(DNNRegressor, max_iter=3, solver="sgd", momentum=0.0, alpha=0.0)
    model.set_params(warm_start=True, early_stopping=True).fit(X, y)
    model.coefs_[0][:] = 0
    model.intercepts_[0][:] = -1  # dead units: no gradient reaches the first layer
    model.fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], 0)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_a_failed_continuation_changes_nothing(cls):
    X, y = data(cls)
    estimator = make(cls, max_iter=3, warm_start=True, solver="sgd").fit(X, y)
    before, curve = estimator.coefs_[0].copy(), list(estimator.loss_curve_)
    with pytest.raises(ValueError, match="non-finite"):
        estimator.set_params(learning_rate_init=1e30).fit(X * 1e10, y)
    np.testing.assert_array_equal(estimator.coefs_[0], before)
    assert estimator.loss_curve_ == curve


def test_adaptive_rate_falls_until_it_is_too_small(capsys):
    X, y = data(DNNClassifier)
    model = mlp_classifier(
        (4,), learning_rate="adaptive", learning_rate_init=1e-3, tol=1.0, n_iter_no_change=1,
        verbose=True, random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    rates = model.history_["learning_rate"]
    np.testing.assert_allclose(sorted(set(rates), reverse=True), 1e-3 / 5.0 ** np.arange(6))
    assert rates[-1] <= 1e-6
    assert "Learning rate too small. Stopping." in capsys.readouterr().out


def test_history_fits_a_data_frame():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, max_iter=4, early_stopping=True).fit(X, y)
    frame = pd.DataFrame(model.history_)
    assert list(frame) == [
        "epoch", "loss", "validation_loss", "validation_score", "can_be_best", "learning_rate",
        "seconds",
    ]  # fmt: skip
    assert len(frame) == 4
    assert frame["loss"].tolist() == model.loss_curve_
    assert "validation_loss" not in make(DNNClassifier, max_iter=2).fit(X, y).history_


def test_divergence_without_validation_is_an_error_also_after_early_stopping():
    X, y = data(DNNRegressor)
    model = make(DNNRegressor, max_iter=3, solver="sgd", warm_start=True, early_stopping=True)
    before = model.fit(X, y).predict(X)
    model.set_params(early_stopping=False, learning_rate_init=1e6, max_iter=50)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float64", "float32")])
def test_warm_start_in_another_dtype(dtypes):
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, max_iter=5, warm_start=True, dtype=dtypes[0]).fit(X, y)
    model.set_params(dtype=dtypes[1]).fit(X, y)
    assert model.coefs_[0].dtype == dtypes[1]
    same = make(DNNClassifier, max_iter=10, dtype=dtypes[1]).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, same.loss_curve_, rtol=1e-4)


def test_a_dtype_that_is_too_small_for_what_was_learned():
    """What is beyond its range becomes its largest number, without a warning of NumPy."""
    X, y = load_iris(return_X_y=True)
    model = mlp_classifier((4,), warm_start=True, max_iter=2, random_state=0).fit(X, y)
    for slots in model._progress.slots:
        slots[-1] = 1e300
    model.set_params(dtype="float32").fit(X, y)
    assert model._network.dtype == np.float32
    assert np.isfinite(model.predict_proba(X)).all()
