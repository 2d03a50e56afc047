"""A fit learns aside: everybody sees the model before or the model after."""

import os
import threading

import numpy as np
import pandas as pd
import pytest

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators._fitted import learned_aside

rng = np.random.default_rng(0)
NARROW, WIDE = rng.normal(size=(130, 2)), rng.normal(size=(130, 40))
Y = WIDE[:, 0]
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, "n_jobs": 1}


def regressor(**parameters):
    return DNNRegressor(**{**SMALL, **parameters})


def test_a_scorer_sees_the_model_before():
    """During a refit on other columns the estimator still is what it was."""
    model = regressor().fit(WIDE, Y)
    before, seen = model.predict(WIDE), []

    def score(estimator, X, y):
        seen.append(model.predict(WIDE))
        return -np.mean((estimator.predict(X) - y) ** 2)

    model.set_params(scoring=score).fit(NARROW, Y)
    assert seen
    assert all(np.array_equal(each, before) for each in seen)
    assert model.n_features_in_ == 2
    assert model.predict(NARROW).shape == Y.shape


def test_nothing_of_the_previous_model_is_left():
    model = regressor().fit(pd.DataFrame(NARROW, columns=["a", "b"]), Y)
    assert list(model.feature_names_in_) == ["a", "b"]
    model.fit(NARROW, Y)
    assert not hasattr(model, "feature_names_in_")
    assert vars(model).keys() == vars(regressor().fit(NARROW, Y)).keys()


def test_attributes_that_others_set_meanwhile_are_kept():
    model = regressor()

    def score(estimator, X, y):
        model.note = "kept"
        model.set_params(verbose=False, tol=0.5)
        return 0.0

    model.set_params(scoring=score).fit(NARROW, Y)
    assert (model.note, model.tol) == ("kept", 0.5)
    np.testing.assert_array_equal(model.predict(NARROW).shape, Y.shape)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_prediction_beside_a_fit_is_of_one_model(method):
    """Of one of the two models that are fitted in turn, to the bit, or an error about columns."""
    labels = np.where(Y > 0, "yes", "no")
    names = np.where(labels == "yes", "true", "false")
    model = DNNClassifier(**SMALL).fit(NARROW, labels)
    answers = [getattr(model, method)(NARROW)]
    answers.append(getattr(DNNClassifier(**SMALL).fit(NARROW, names), method)(NARROW))
    finished, failures = threading.Event(), []

    def predict():
        while not finished.is_set():
            found = getattr(model, method)(NARROW)
            if not any(np.array_equal(found, answer) for answer in answers):
                failures.append(found)

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(6):
        model.fit(NARROW, (names, labels)[i % 2])
    finished.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_fits_of_one_estimator_in_threads():
    """Each fit is whole; the last one counts."""
    model, errors = regressor(), []
    expected = [regressor().fit(X, Y).predict(X) for X in (NARROW, WIDE)]

    def fit(X):
        try:
            for _ in range(3):
                model.fit(X, Y)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fit, args=((NARROW, WIDE)[i % 2],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    which = 0 if model.n_features_in_ == 2 else 1
    np.testing.assert_array_equal(model.predict((NARROW, WIDE)[which]), expected[which])


def test_concurrent_predictions_are_exact():
    model = regressor(n_jobs=2).fit(WIDE, Y)
    expected, found = model.predict(WIDE), []

    def predict():
        found.extend(model.predict(WIDE) for _ in range(20))

    threads = [threading.Thread(target=predict) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    assert all(np.array_equal(each, expected) for each in found)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failed_partial_fit_is_none(error, monkeypatch):
    """Also of a new estimator, whose first call has set labels and columns by then."""
    from skdnn.training import loop

    model = DNNClassifier(**SMALL)
    before = vars(model).copy()

    def fail(*args):
        raise error

    monkeypatch.setattr(loop, "Engine", fail)
    with pytest.raises(error):
        model.partial_fit(NARROW, Y > 0, classes=[False, True])
    assert vars(model) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads Linux's list of open files")
def test_no_thread_and_no_file_is_left():
    def everything():
        for solver in ("adamw", "lbfgs"):
            model = regressor(n_jobs=2, solver=solver).fit(NARROW, Y)
            model.predict(NARROW)
        with pytest.raises(ValueError, match="infinity"):
            model.fit(np.full_like(NARROW, np.inf), Y)

    everything()
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        everything()
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before


def test_a_stream_beside_a_fit_is_no_half_of_each():
    """Of two trainings that overlap the later one counts, also what it has not changed."""
    model = regressor().fit(NARROW, Y)
    began, ended = threading.Event(), threading.Event()

    def score(estimator, X, y):
        if not began.is_set():
            began.set()
            ended.wait(20)
        return 0.0

    model.set_params(scoring=score)
    other = threading.Thread(target=model.fit, args=(WIDE, Y))
    other.start()
    assert began.wait(20)
    with learned_aside(model) as draft:
        draft._partial_fit(NARROW, Y, None)
        ended.set()
        other.join()
        assert model.n_features_in_ == 40
    expected = regressor().fit(NARROW, Y).set_params(scoring=score).partial_fit(NARROW, Y)
    assert model.n_features_in_ == 2
    np.testing.assert_array_equal(model.predict(NARROW), expected.predict(NARROW))


def test_names_of_another_fit_are_not_left():
    model, frame = regressor(), pd.DataFrame(NARROW, columns=["a", "b"])
    with learned_aside(model) as draft:
        draft.fit(NARROW, Y)
        model.fit(frame, Y)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(NARROW), regressor().fit(NARROW, Y).predict(NARROW))
