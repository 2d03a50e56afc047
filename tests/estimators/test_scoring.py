"""Scores of held-out rows: what a scorer knows, and who judges where it cannot."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, get_scorer_names, log_loss, make_scorer
from sklearn.utils.estimator_checks import check_class_weight_classifiers

from skdnn import DNNClassifier, DNNRegressor

RARE = np.array(["a"] * 100 + ["b"] * 16 + ["c"] * 3 + ["d"])


def features(n_rows=120):
    return np.random.default_rng(0).normal(size=(n_rows, 3))


def fit(y, *, cls=DNNClassifier, data=None, **params):
    """A model, and the warnings of its fit."""
    model = cls((4,), **{"max_iter": 2, "n_members": 2, "random_state": 0, **params})
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        model.fit(features(len(y)), y, **(data or {}))
    return model, [str(each.message) for each in found]


@pytest.mark.parametrize("y", [RARE, np.where(np.arange(120) < 118, "no", "yes")])
@pytest.mark.parametrize("scoring", get_scorer_names())
def test_a_rare_class_never_ends_a_fit(scoring, y):
    model, found = fit(y, scoring=scoring)
    assert np.isfinite(model.validation_scores_).all()
    assert len(found) <= 1
    assert all(f"scoring={scoring!r} is not defined" in each for each in found)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "top_k_accuracy", "neg_brier_score"])
def test_a_scorer_of_probabilities_knows_all_classes(scoring):
    X, y = features(), RARE
    rows = {"X_val": X[90:116], "y_val": y[90:116]}
    model, found = fit(y, scoring=scoring, data=rows, calibration=None)
    assert found == []
    if scoring == "neg_log_loss":
        proba = model.predict_proba(rows["X_val"])
        expected = -log_loss(rows["y_val"], proba, labels=model.classes_)
        assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)
    else:
        assert -2 <= model.best_validation_score_ <= 1


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "f1", "recall",
                                     "matthews_corrcoef"])  # fmt: skip
def test_without_a_positive_row_the_loss_judges(scoring):
    """With one warning; the epoch that is kept is that of the least loss."""
    y = (np.arange(120) < 60).astype(int)
    data = {"X_val": features()[80:110], "y_val": y[80:110]}
    model, found = fit(y, scoring=scoring, data=data, max_iter=6, calibration=None)
    assert len(found) == 1
    assert "The validation loss is used there instead" in found[0]
    by_loss, _ = fit(y, scoring="loss", data=data, max_iter=6, calibration=None)
    np.testing.assert_array_equal(model.coefs_[0][0], by_loss.coefs_[0][0])
    np.testing.assert_array_equal(model.validation_scores_, -np.array(model.validation_loss_curve_))


def test_scores_of_the_hold_outs_that_can_be_judged():
    """Of three hold-outs only the last has both classes."""

    class Splits:
        def split(self, X, y=None, groups=None):
            for held_out in (range(30), range(30, 60), range(45, 75)):
                yield np.setdiff1d(np.arange(120), held_out), np.array(held_out)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 3

    y = (np.arange(120) < 60).astype(int)
    params = {"validation_fraction": Splits(), "scoring": "roc_auc"}
    model, found = fit(y, n_members=3, **params)
    assert len(found) == 1
    assert [each.has_fallen_back for each in model._progress.stopping] == [False, True, True]
    alone, found = fit(y, n_members=1, **params)
    assert found == []
    assert all(0 <= score <= 1 for score in model.validation_scores_ + alone.validation_scores_)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_one_row_is_judged_by_the_loss(cls):
    y = features()[:, 0] if cls is DNNRegressor else RARE
    data = {"X_val": features()[:1], "y_val": y[:1]}
    model, found = fit(y, cls=cls, data=data)
    assert len(found) == 1
    assert "less than two samples" in found[0]
    np.testing.assert_array_equal(model.validation_scores_, -np.array(model.validation_loss_curve_))


def test_few_rows_by_weight_are_judged_by_the_loss():
    """An accuracy of a few heavy rows is that of an overfit as soon as it is that of a fit."""
    y, data = RARE, {"X_val": features()[:20], "y_val": RARE[80:100]}
    assert min(fit(y, data=data)[0].validation_scores_) >= 0
    data["sample_weight_val"] = np.where(np.arange(20) < 4, 1e6, 1e-6)
    assert max(fit(y, data=data)[0].validation_scores_) < 0


def test_class_weights_count_in_a_hold_out_of_five_rows():
    """As scikit-learn checks it: nearly all rows are of the class that weighs everything."""
    check_class_weight_classifiers("DNNClassifier", DNNClassifier(early_stopping=True))


def test_an_error_of_values_is_quoted_once():
    """Also if it comes late: from then on the loss judges, and the curve has no other values."""
    calls = []

    def scorer(model, X, y):
        calls.append(len(y))
        if len(calls) > 4:
            raise ValueError("a negative prediction")
        return 1e6

    model, found = fit(features()[:, 0], cls=DNNRegressor, scoring=scorer, max_iter=8)
    assert len(found) == 1
    assert "a negative prediction" in found[0]
    assert len(calls) == 6
    losses = np.array(model.validation_loss_curve_)
    np.testing.assert_array_equal(model.validation_scores_, -losses)
    assert model.best_validation_score_ == -losses.min()


def test_metrics_of_ones_own():
    """Without weights, if it takes none; errors that are not of values name the parameter."""

    def metric(y, prediction):
        return accuracy_score(y, prediction)

    weighted = {"sample_weight": np.arange(120) % 3 + 1.0}
    model, found = fit(RARE, scoring=make_scorer(metric), data=weighted)
    assert found == []
    assert 0 <= model.best_validation_score_ <= 1

    def broken(model, X, y):
        raise KeyError("column")

    with pytest.raises(KeyError, match="column") as caught:
        fit(RARE, scoring=broken)
    assert "scoring=" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"scoring=.* failed"):
        fit(RARE, scoring=lambda model: 1.0)
    with pytest.raises(TypeError, match=r"scoring=.* must return a number. Got 'good'"):
        fit(RARE, scoring=lambda model, X, y: "good")


def test_a_resumed_training_keeps_its_judge():
    y = (np.arange(120) < 60).astype(int)
    data = {"X_val": features()[80:110], "y_val": y[80:110]}
    whole, _ = fit(y, scoring="roc_auc", data=data, max_iter=6)
    half, _ = fit(y, scoring="roc_auc", data=data, max_iter=3, warm_start=True)
    with pytest.warns(UserWarning, match="is not defined"):
        half.fit(features(), y, **data)
    assert half._progress.stopping[0].best == half.best_validation_score_
    assert len(half.validation_scores_) == len(whole.validation_scores_) == 6


def test_the_mean_of_huge_scores_is_infinite_without_a_warning():
    """Their sum is too large for a float, each of them is not."""
    y = features()[:, 0]
    model, messages = fit(
        y, cls=DNNRegressor, early_stopping=True, scoring=lambda model, X, y: -1.7e308
    )
    assert model.history_["validation_score"] == [-np.inf] * 2
    assert not [message for message in messages if "overflow" in message]
