"""The estimators inside scikit-learn's tools: they behave there as by themselves."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_classifier, mlp_regressor
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingRegressor,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale

from skdnn import DNNClassifier

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def classifier(**params):
    defaults = {"learning_rate_init": 0.01, "max_iter": 15, "batch_size": 64, "random_state": 0}
    return mlp_classifier((16,), **{**defaults, **params})


def regressor(**params):
    defaults = {"learning_rate_init": 0.02, "max_iter": 40, "batch_size": 64, "random_state": 0}
    return mlp_regressor((16,), **{**defaults, **params})


def cancer():
    return load_breast_cancer(return_X_y=True)


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_pipeline():
    X, y = cancer()
    scores = cross_val_score(make_pipeline(StandardScaler(), classifier()), X, y, cv=3)
    assert scores.min() > 0.93


def test_column_transformer_with_a_frame():
    """Columns of a frame are found by name, strings are encoded on the way."""
    X, y = load_wine(as_frame=True, return_X_y=True)
    X["color"] = pd.cut(X["color_intensity"], 3, labels=["light", "mid", "dark"]).astype(str)
    columns = ColumnTransformer(
        [("text", OneHotEncoder(), ["color"])], remainder=StandardScaler(), sparse_threshold=0
    )
    model = make_pipeline(columns, classifier(batch_size=32)).fit(X, y)
    assert model.score(X, y) > 0.95
    reordered = X[sorted(X.columns)]
    np.testing.assert_array_equal(model.predict_proba(reordered), model.predict_proba(X))


def test_grid_search_in_two_processes_finds_what_one_finds():
    X, y = cancer()
    X = scale(X)
    grid = {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(8,), (8, 8)], "solver": ["adam", "sgd"]}
    one, two = (
        GridSearchCV(classifier(max_iter=3), grid, cv=3, n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 2)
    )
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_array_equal(one.cv_results_[key], two.cv_results_[key])
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert two.best_score_ > 0.92 > two.cv_results_["mean_test_score"].min()


def test_cross_validate_returns_estimators_that_reproduce_their_scores():
    X, y = diabetes()
    cv = KFold(3, shuffle=True, random_state=0)
    result = cross_validate(regressor(), X, y, cv=cv, return_estimator=True)
    assert result["test_score"].min() > 0.2
    for model, (_, test), score in zip(
        result["estimator"], cv.split(X), result["test_score"], strict=True
    ):
        assert model.score(X[test], y[test]) == score


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(method):
    X, y = load_digits(n_class=4, return_X_y=True)
    out = cross_val_predict(classifier(), X / 16, y, cv=3, method=method)
    assert out.shape == ((len(X),) if method == "predict" else (len(X), 4))
    labels = out if method == "predict" else out.argmax(axis=1)
    assert np.mean(labels == y) > 0.95


def test_voting_averages_probabilities():
    X, y = cancer()
    X = scale(X)
    members = [("a", classifier()), ("b", classifier(activation="tanh", random_state=1))]
    voting = VotingClassifier(members, voting="soft").fit(X, y)
    expected = np.mean([member.fit(X, y).predict_proba(X) for _, member in members], axis=0)
    np.testing.assert_array_equal(voting.predict_proba(X), expected)
    assert voting.score(X, y) > 0.97


def test_bagging_averages_different_members():
    X, y = diabetes()
    bagging = BaggingRegressor(regressor(), n_estimators=3, random_state=0).fit(X, y)
    members = [member.predict(X) for member in bagging.estimators_]
    assert np.abs(members[0] - members[1]).max() > 0.01
    np.testing.assert_allclose(bagging.predict(X), np.mean(members, axis=0), rtol=1e-12)
    assert bagging.score(X, y) > 0.4


def test_ada_boost_weights_the_rows_that_its_members_miss():
    X, y = cancer()
    X = scale(X)
    received = []

    class Weak(DNNClassifier):
        def fit(self, X, y, sample_weight=None):
            received.append(sample_weight)
            return super().fit(X, y, sample_weight=sample_weight)

    weak = mlp(Weak, (), max_iter=10, learning_rate_init=0.01, random_state=0)
    boosted = AdaBoostClassifier(weak, n_estimators=3, random_state=0).fit(X, y)
    first, second = boosted.estimators_[:2]
    missed = first.predict(X) != y
    assert received[1][missed].min() > received[1][~missed].max()
    assert np.mean(second.predict(X)[missed] == y[missed]) > 0.2
    assert boosted.score(X, y) > 0.9


def test_calibration_keeps_the_order_of_the_decision_function():
    X, y = cancer()
    X = scale(X)
    calibrated = CalibratedClassifierCV(classifier(), cv=3, ensemble=False).fit(X, y)
    fitted = calibrated.calibrated_classifiers_[0].estimator
    order = np.argsort(fitted.decision_function(X))
    assert (np.diff(calibrated.predict_proba(X)[order, 1]) >= 0).all()
    assert calibrated.score(X, y) > 0.95


def test_stacking_sees_the_predictions_of_its_members():
    X, y = diabetes()
    stack = StackingRegressor([("net", regressor()), ("ridge", Ridge())], cv=3).fit(X, y)
    expected = np.column_stack([regressor().fit(X, y).predict(X), Ridge().fit(X, y).predict(X)])
    np.testing.assert_array_equal(stack.transform(X), expected)
    assert stack.score(X, y) > 0.45


def test_transformed_target():
    """Few epochs do for a scaled target, and not for one that is far from 0."""
    X, y = load_diabetes(return_X_y=True)
    X = scale(X)
    net = regressor(max_iter=10)
    assert net.fit(X, y).score(X, y) < 0.2
    model = TransformedTargetRegressor(net, transformer=StandardScaler()).fit(X, y)
    assert model.score(X, y) > 0.4
    np.testing.assert_allclose(
        model.predict(X), model.regressor_.predict(X) * y.std() + y.mean(), rtol=1e-12
    )


def test_frames_between_the_steps_of_a_pipeline():
    X, y = load_wine(as_frame=True, return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == list(X.columns)
    plain = make_pipeline(StandardScaler(), classifier()).fit(X.to_numpy(), y)
    np.testing.assert_array_equal(pipeline.predict_proba(X), plain.predict_proba(X.to_numpy()))


@pytest.mark.parametrize("requested", [True, False])
def test_metadata_routing_brings_the_weights_to_the_network(requested):
    """Requested weights give the very model of a fit with them; refused ones are not used."""
    X, y = load_wine(return_X_y=True)
    weights = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    cv = KFold(3, shuffle=True, random_state=0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            classifier()
            .set_fit_request(sample_weight=requested)
            .set_score_request(sample_weight=True),
        )
        result = cross_validate(
            pipeline, X, y, cv=cv, params={"sample_weight": weights}, return_estimator=True
        )
    for i, (train, test) in enumerate(cv.split(X)):
        scaler = StandardScaler().fit(X[train])
        by_hand = classifier().fit(
            scaler.transform(X[train]),
            y[train],
            sample_weight=weights[train] if requested else None,
        )
        np.testing.assert_array_equal(
            result["estimator"][i].predict_proba(X), by_hand.predict_proba(scaler.transform(X))
        )
        right = by_hand.predict(scaler.transform(X[test])) == y[test]
        assert result["test_score"][i] == pytest.approx(np.average(right, weights=weights[test]))


@pytest.mark.parametrize("make", [classifier, regressor])
def test_clone_is_unfitted_and_fits_the_same(make):
    X, y = diabetes()
    y = y > 0 if make is classifier else y
    model = make(dropout=(0.1,), alpha=0.3, n_iter_no_change=np.inf).fit(X, y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not [name for name in vars(copy) if name.endswith("_")]
    assert not hasattr(copy, "coefs_")
    np.testing.assert_array_equal(copy.fit(X, y).predict(X), model.predict(X))
