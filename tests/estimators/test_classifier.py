"""Labels, probabilities and class weights."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier
from scipy.special import expit, softmax
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = scale(IRIS_X)


def classifier(**params):
    defaults = {"learning_rate_init": 0.01, "max_iter": 10, "batch_size": 32, "random_state": 0}
    return mlp_classifier((8,), **{**defaults, **params})


def two_classes():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def data(n_classes):
    return two_classes() if n_classes == 2 else (IRIS_X, IRIS_Y)


# ---------------------------------------------------------------- labels

NAMES = np.array(["ant", "bee", "cat"])
LABELS = {
    "str": NAMES,
    "object": NAMES.astype(object),
    "int": np.array([-7, 0, 30]),
    "uint8": np.array([1, 5, 250], dtype=np.uint8),
    "float": np.array([-0.0, 1.0, 5.0]),
    "pandas object": pd.Series(NAMES, dtype=object),
    "pandas string": pd.Series(NAMES, dtype="string"),
    "pandas str": pd.Series(NAMES),
    "pandas category": pd.Series(NAMES).astype("category"),
    "pandas Int64": pd.Series([-7, 0, 30], dtype="Int64"),
    "pandas unordered index": pd.Series(NAMES, index=[9, 4, 9]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(kind):
    """The names of the classes change nothing but the names of the predictions."""
    names = LABELS[kind]
    y = names.take(IRIS_Y) if isinstance(names, pd.Series) else names[IRIS_Y]
    named = classifier().fit(IRIS_X, y)
    numbered = classifier().fit(IRIS_X, IRIS_Y)
    assert list(named.classes_) == list(names)
    np.testing.assert_array_equal(named.predict_proba(IRIS_X), numbered.predict_proba(IRIS_X))
    assert list(named.predict(IRIS_X)) == [list(names)[k] for k in numbered.predict(IRIS_X)]
    assert named.score(IRIS_X, y) == numbered.score(IRIS_X, IRIS_Y) > 0.8


@pytest.mark.parametrize("as_pandas", [False, True])
def test_bool_labels(as_pandas):
    X, y = two_classes()
    truth = pd.Series(y == 1) if as_pandas else y == 1
    model = classifier().fit(X, truth)
    assert model.classes_.dtype == model.predict(X).dtype == bool
    np.testing.assert_array_equal(model.classes_, [False, True])
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, y).predict_proba(X))


def test_classes_are_sorted_not_in_order_of_appearance():
    model = classifier().fit(IRIS_X[::-1], NAMES[IRIS_Y][::-1])
    np.testing.assert_array_equal(model.classes_, NAMES)
    assert model.score(IRIS_X, NAMES[IRIS_Y]) > 0.8


def test_list_of_strings_and_column_name():
    model = classifier().fit(IRIS_X.tolist(), NAMES[IRIS_Y].tolist())
    assert model.predict(IRIS_X[:1].tolist())[0] == "ant"


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_agree(n_classes, dtype):
    X, y = data(n_classes)
    model = classifier(dtype=dtype).fit(X, y)
    raw, proba = model.decision_function(X), model.predict_proba(X)
    assert raw.shape == ((len(X),) if n_classes == 2 else (len(X), n_classes))
    assert proba.shape == (len(X), n_classes)
    assert raw.dtype == proba.dtype == model.predict_log_proba(X).dtype == dtype
    rtol = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=rtol)
    expected = softmax(raw, axis=1) if n_classes > 2 else np.column_stack([expit(-raw), expit(raw)])
    np.testing.assert_allclose(proba, expected, rtol=rtol)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=10 * rtol, atol=rtol)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    assert model.score(X, y) == np.mean(model.predict(X) == y) > 0.8


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_never_zero_or_one(n_classes):
    X, y = data(n_classes)
    model = classifier(max_iter=50).fit(X, y)
    far = 1e4 * X
    proba = model.predict_proba(far)
    assert 0 < proba.min() < 1e-300
    assert 1 - 1e-15 < proba.max() < 1
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(model.predict_log_proba(far), np.log(proba))
    assert np.isfinite(model.predict_log_proba(far)).all()


@pytest.mark.parametrize(
    ("n_classes", "n_outputs", "link"), [(2, 1, "logistic"), (3, 3, "softmax")]
)
def test_output_units(n_classes, n_outputs, link):
    """Two classes share one logistic unit."""
    X, y = data(n_classes)
    model = classifier().fit(X, y)
    assert model.n_outputs_ == n_outputs
    assert model.out_activation_ == link
    assert model.coefs_[-1].shape == (8, n_outputs)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_network_without_hidden_layer_is_logistic_regression(n_classes):
    X, y = two_classes() if n_classes == 2 else load_wine(return_X_y=True)
    X = scale(X)[:, :6]
    model = mlp_classifier(
        (), alpha=1.0, solver="sgd", learning_rate_init=1.0, batch_size=len(X), max_iter=2000,
        n_iter_no_change=50, tol=1e-12, random_state=0, dtype="float64",
    ).fit(X, y)  # fmt: skip
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, y)
    coef, intercept = model.coefs_[0].T, model.intercepts_[0]
    # Adding a number to all columns leaves a softmax alone, and nothing penalizes intercepts.
    np.testing.assert_allclose(coef, reference.coef_, rtol=1e-3, atol=1e-3)
    if n_classes > 2:
        intercept, expected = (b - b.mean() for b in (intercept, reference.intercept_))
    else:
        expected = reference.intercept_
    np.testing.assert_allclose(intercept, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-3)


# ---------------------------------------------------------------- class weights


@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_weights_are_sample_weights(n_classes):
    """The same bits, whether a weight comes by the class or by the row; the two multiply."""
    X, y = data(n_classes)
    own = np.random.default_rng(0).uniform(0.5, 2, len(y))
    per_class = {0: 3.0, 1: 0.5, 2: 1.0}
    per_class = {label: per_class[label] for label in range(n_classes)}
    by_row = np.array([per_class[label] for label in y])
    for weights, both in ((None, by_row), (own, own * by_row)):
        a = classifier(class_weight=per_class).fit(X, y, sample_weight=weights)
        b = classifier().fit(X, y, sample_weight=both)
        np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
    unweighted = classifier().fit(X, y)
    assert np.abs(unweighted.predict_proba(X) - a.predict_proba(X)).max() > 1e-3


def test_class_weights_are_by_label():
    y = NAMES[IRIS_Y]
    by_label = classifier(class_weight={"bee": 5.0, "ant": 1.0, "cat": 2}).fit(IRIS_X, y)
    by_row = classifier().fit(IRIS_X, y, sample_weight=np.array([1.0, 5.0, 2.0])[IRIS_Y])
    np.testing.assert_array_equal(by_label.predict_proba(IRIS_X), by_row.predict_proba(IRIS_X))


def test_a_class_without_weight_has_weight_one():
    partial = classifier(class_weight={1: 4.0}).fit(IRIS_X, IRIS_Y)
    full = classifier(class_weight={0: 1.0, 1: 4.0, 2: 1.0}).fit(IRIS_X, IRIS_Y)
    np.testing.assert_array_equal(partial.predict_proba(IRIS_X), full.predict_proba(IRIS_X))


def test_class_weight_of_an_unknown_label_is_an_error():
    """As everywhere in scikit-learn: a misspelt label must not pass silently."""
    with pytest.raises(ValueError, match=r"classes.*not in class_weight"):
        classifier(class_weight={"bea": 2.0}).fit(IRIS_X, NAMES[IRIS_Y])


@pytest.mark.parametrize("weight", ["a", None, -1.0, np.nan, np.inf])
def test_class_weights_that_are_not_valid_are_named(weight):
    with pytest.raises(ValueError, match=r"weights in the class_weight parameter must be finite"):
        classifier(class_weight={0: weight, 1: 1.0, 2: 1.0}).fit(IRIS_X, IRIS_Y)


def test_class_weight_zero_is_weight_zero():
    """As with ``sample_weight``, the rows are as if they were not there."""
    per_class = np.array([0.0, 2.0, 1.0])
    a = classifier(class_weight=dict(enumerate(per_class))).fit(IRIS_X, IRIS_Y)
    b = classifier().fit(IRIS_X, IRIS_Y, sample_weight=per_class[IRIS_Y])
    np.testing.assert_array_equal(a.predict_proba(IRIS_X), b.predict_proba(IRIS_X))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_class_weights_that_leave_nothing_to_learn_are_refused(value):
    weights = dict.fromkeys(range(3), value)
    with pytest.raises(ValueError, match=r"class_weight|[Ss]ample weights"):
        classifier(class_weight=weights).fit(IRIS_X, IRIS_Y)


def test_balanced_weights_are_inverse_frequencies():
    keep = np.r_[0:50, 50:60, 100:130]
    X, y = IRIS_X[keep], IRIS_Y[keep]
    balanced = classifier(class_weight="balanced").fit(X, y)
    by_row = classifier().fit(X, y, sample_weight=(90 / (3 * np.array([50, 10, 30])))[y])
    np.testing.assert_array_equal(balanced.predict_proba(X), by_row.predict_proba(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_balanced_with_sample_weights_is_balanced_on_repeated_rows(n_classes):
    X, y = data(n_classes)
    X, y = X[::3], y[::3]
    times = np.random.default_rng(1).integers(0, 3, len(y)) + (y == 0)
    params = {"class_weight": "balanced", "dtype": "float64"}
    repeated = classifier(batch_size=int(times.sum()), **params).fit(
        X.repeat(times, axis=0), y.repeat(times)
    )
    weighted = classifier(batch_size=int((times > 0).sum()), **params).fit(
        X, y, sample_weight=times
    )
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


def test_balanced_makes_the_rare_class_heard():
    X, y = two_classes()
    keep = np.flatnonzero((y == 1) | (np.cumsum(y == 0) <= 12))
    X, y = X[keep, 3:5], y[keep]
    plain, balanced = (
        classifier(max_iter=40, class_weight=value).fit(X, y) for value in (None, "balanced")
    )
    rare = y == 0
    assert balanced.predict_proba(X)[rare, 0].mean() > plain.predict_proba(X)[rare, 0].mean() + 0.2
    weights = 1 / np.bincount(y)[y]
    assert log_loss(y, balanced.predict_proba(X), sample_weight=weights) < log_loss(
        y, plain.predict_proba(X), sample_weight=weights
    )


# ---------------------------------------------------------------- one class


@pytest.mark.parametrize("loss", ["log_loss", "brier"])
def test_a_single_class_is_predicted_for_sure(loss):
    model = classifier(loss=loss).fit(IRIS_X, np.full(len(IRIS_X), "bee"))
    assert model.classes_.tolist() == ["bee"]
    assert (model.predict(-9 * IRIS_X) == "bee").all()
    np.testing.assert_array_equal(model.predict_proba(IRIS_X), np.ones((len(IRIS_X), 1)))
    assert model.decision_function(IRIS_X).shape == (len(IRIS_X),)
    assert model.score(IRIS_X, np.full(len(IRIS_X), "bee")) == 1


def test_one_class_left_after_zero_weights_is_learned():
    """The others are known, but have no row that counts."""
    model = classifier(learning_rate_init=0.05, max_iter=300)
    model.fit(IRIS_X, NAMES[IRIS_Y], sample_weight=(IRIS_Y == 2).astype(float))
    assert model.classes_.size == 3
    assert (model.predict(IRIS_X) == NAMES[2]).all()
