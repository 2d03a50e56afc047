"""Several columns of labels, each with classes of its own."""

import pickle

import numpy as np
import pytest
from mlp import mlp_classifier
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_score
from sklearn.preprocessing import scale
from sklearn.utils import get_tags

from skdnn import DNNClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def wine():
    """Columns of three and of two labels; the second one is text in the other data."""
    X, y = load_wine(return_X_y=True)
    return scale(X), np.column_stack([y, np.where(X[:, 0] > 13, 5, 4)])


def texts():
    X, Y = wine()
    return X, np.array(["a", "b", "c", "d", "no", "yes"])[Y]


def small(**params):
    return DNNClassifier((8,), **{"max_iter": 4, "random_state": 0, **params})


@pytest.mark.parametrize("data", [wine, texts])
def test_conventions_of_the_trees_of_sklearn(data):
    X, Y = data()
    model, tree = small().fit(X, Y), RandomForestClassifier(2, random_state=0).fit(X, Y)
    assert isinstance(model.classes_, list)
    for ours, theirs in zip(model.classes_, tree.classes_, strict=True):
        assert ours.tolist() == theirs.tolist()
    assert model.predict(X).shape == tree.predict(X).shape
    for ours, theirs in zip(model.predict_proba(X), tree.predict_proba(X), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours.sum(axis=1), 1, rtol=1e-6)
    for log, proba in zip(model.predict_log_proba(X), model.predict_proba(X), strict=True):
        np.testing.assert_array_equal(log, np.log(proba))
    labels = [
        classes[p.argmax(axis=1)]
        for classes, p in zip(model.classes_, model.predict_proba(X), strict=True)
    ]
    np.testing.assert_array_equal(model.predict(X), np.column_stack(labels))
    assert model.predict(X).dtype.kind == Y.dtype.kind
    assert get_tags(model).target_tags.multi_output


def test_without_hidden_layer_each_column_is_a_logistic_regression():
    X, Y = wine()
    model = mlp_classifier(
        (), solver="lbfgs", alpha=2.0, tol=1e-8, max_iter=1000, random_state=0, dtype="float64"
    ).fit(X, Y)
    for j, proba in enumerate(model.predict_proba(X)):
        # Two outputs of two classes share the weight: half the penalty.
        C = 1 / 2.0 if j == 0 else 1 / 1.0
        alone = LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(X, Y[:, j])
        np.testing.assert_allclose(proba, alone.predict_proba(X), atol=1e-4)


def test_the_loss_is_the_sum_of_the_log_losses():
    X, Y = wine()
    model = mlp_classifier((4,), max_iter=5, random_state=0, dtype="float64")
    model.fit(X, Y, X_val=X, y_val=Y)
    expected = sum(log_loss(Y[:, j], p) for j, p in enumerate(model.predict_proba(X)))
    assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-9)


def test_probabilities_are_the_mean_of_those_of_the_members():
    X, Y = wine()
    model = small(dtype="float64").fit(X, Y)
    raw, weights = model._member_raw(X), model.member_weights_
    for part, proba in zip((slice(0, 3), slice(3, 5)), model.predict_proba(X), strict=True):
        expected = (weights[:, None, None] * softmax(raw[..., part], axis=-1)).sum(axis=0)
        np.testing.assert_allclose(proba, expected, rtol=1e-9)


def test_score_is_the_share_of_rows_with_all_labels_right():
    X, Y = texts()
    model = small(max_iter=20).fit(X, Y)
    weights = np.random.default_rng(0).random(len(X))
    right = (model.predict(X) == Y).all(axis=1)
    assert 0.8 < model.score(X, Y) == right.mean() < 1
    assert model.score(X, Y, weights) == pytest.approx(np.average(right, weights=weights))
    assert (
        cross_val_score(clone(model), X, Y, cv=KFold(2, shuffle=True, random_state=0)).mean() > 0.6
    )
    held_out = small(n_members=1).fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert held_out.best_validation_score_ == pytest.approx(held_out.score(X[1::2], Y[1::2]))


def test_class_weights_of_a_row_are_multiplied():
    X, Y = texts()
    per_class = [{"a": 2.0, "b": 0.5, "c": 1.0}, {"no": 3.0, "yes": 1.0}]
    params = {"alpha": 1.0, "max_iter": 5, "random_state": 0}
    by_class = mlp_classifier((4,), class_weight=per_class, **params).fit(X, Y)
    weights = [per_class[0][a] * per_class[1][b] for a, b in Y]
    by_row = mlp_classifier((4,), **params).fit(X, Y, sample_weight=weights)
    for ours, theirs in zip(by_class.predict_proba(X), by_row.predict_proba(X), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    balanced = mlp_classifier((4,), class_weight="balanced", **params).fit(X, Y)
    counts = [dict(zip(*np.unique(column, return_counts=True), strict=True)) for column in Y.T]
    weights = [
        np.prod([len(Y) / (len(own) * own[label]) for own, label in zip(counts, row, strict=True)])
        for row in Y
    ]
    by_row = mlp_classifier((4,), **params).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(
        balanced.predict_proba(X)[0], by_row.predict_proba(X)[0], rtol=1e-4, atol=1e-6
    )


def test_partial_fit_gets_the_classes_of_each_column():
    X, Y = wine()
    classes = [[0, 1, 2, 9], [4, 5]]
    model = DNNClassifier((8,), random_state=0, learning_rate="constant")
    for _ in range(3):
        model.partial_fit(X[:50], Y[:50], classes=classes).partial_fit(X, Y)
    assert [each.tolist() for each in model.classes_] == classes
    assert [p.shape[1] for p in model.predict_proba(X)] == [4, 2]
    # Rows with the labels 0 and 1 alone are of the same kind.
    binary = DNNClassifier((8,), random_state=0)
    binary.partial_fit(X, Y % 2, classes=[[0, 1, 2], [0, 1]]).partial_fit(X, Y % 2)
    assert binary.predict_proba(X)[0].shape == (178, 3)
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y, classes=[[0, 1], [4, 5]])
    with pytest.raises(ValueError, match=r"y\[:, 1\].* has classes not in"):
        model.partial_fit(X, Y + np.array([0, 1]))


def test_warm_start_and_pickles():
    X, Y = wine()
    model = small(warm_start=True).fit(X, Y)
    before = model.predict_proba(X)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X)[1], before[1])
    model.fit(X, Y)
    assert np.abs(model.predict_proba(X)[0] - before[0]).max() > 0
    with pytest.raises(ValueError, match=r"same classes.*y\[:, 0\]"):
        model.fit(X, np.minimum(Y, [1, 5]))


def test_a_column_with_one_label_and_rare_labels():
    X, Y = wine()
    Y = np.column_stack([Y[:, 0], np.full(178, 7)])
    Y[3, 0] = 9  # in a single row
    model = small().fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X)[1], 1)
    assert model.classes_[0].tolist() == [0, 1, 2, 9]


def test_0_and_1_are_still_multilabel():
    X, Y = wine()
    model = small().fit(X, np.column_stack([Y[:, 0] > 0, Y[:, 1] > 4]).astype(int))
    assert model.classes_.tolist() == [0, 1]
    assert model.predict_proba(X).shape == (178, 2)


@pytest.mark.parametrize(("params", "message"), [
    ({"loss": "brier"}, "loss='brier' is not for several columns of labels"),
    ({"class_weight": {0: 2}}, "class_weight .* list of 2 dicts"),
    ({"class_weight": [{0: 2}]}, "class_weight .* list of 2 dicts"),
    ({"monotonic_cst": [1] + [0] * 12}, "monotonic_cst needs two classes"),
])  # fmt: skip
def test_what_there_is_not(params, message):
    X, Y = wine()
    with pytest.raises(ValueError, match=message):
        small(**params).fit(X, Y)


def test_no_sets_and_no_other_number_of_columns():
    X, Y = wine()
    model = small().fit(X, Y)
    with pytest.raises(ValueError, match="predict_set needs one label"):
        model.predict_set(X)
    with pytest.raises(ValueError, match="there are no sets"):
        model.conformalize(X, Y)
    with pytest.raises(ValueError, match="y must have as many columns"):
        model.score(X, Y[:, :1])


def test_no_export():
    export = pytest.importorskip("skdnn.export")
    X, Y = wine()
    model = small().fit(X, Y)
    with pytest.raises(ValueError, match="several columns of labels cannot be exported"):
        export.to_html(model, "unused.html")


def test_classes_may_get_other_names_but_not_another_number():
    X, Y = wine()
    model = small().fit(X, Y)
    expected = np.array(list("abcdef"))[model.predict(X)]
    model.classes_ = [np.array(list("abc")), np.array(list("ef"))]
    np.testing.assert_array_equal(model.predict(X), expected)
    for wrong in (np.arange(3), [np.arange(3)], [np.arange(3), np.arange(3)]):
        model.classes_ = wrong
        with pytest.raises(ValueError, match=r"classes_ .* lengths \(3, 2\), as fit has set it"):
            model.predict(X)
