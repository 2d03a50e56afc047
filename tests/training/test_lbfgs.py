"""solver="lbfgs": its objective, its ends."""

import threading
import warnings

import numpy as np
import pytest
from mlp import mlp_classifier, mlp_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_info, threadpool_limits

from skdnn import DNNClassifier, DNNRegressor
from skdnn._jit import JIT_DISABLED
from skdnn.training import lbfgs
from skdnn.training.engine import Objective

many_iterations = pytest.mark.skipif(
    JIT_DISABLED, reason="hundreds of iterations take minutes without compilation"
)


def regression():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_objective_and_gradient_agree(monkeypatch):
    """Rows in several blocks, weights, penalty: the gradient is that of the value."""
    seen = {}

    def keep(objective, start, **_):
        seen.update(objective=objective, start=start)
        raise KeyboardInterrupt

    monkeypatch.setattr(lbfgs, "minimize", keep)
    X, y = regression()
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    model = mlp_regressor((4,), "tanh", solver="lbfgs", alpha=3.0, random_state=0)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y, sample_weight=weights)
    objective, start = seen["objective"], seen["start"]
    assert isinstance(objective, Objective)
    value, gradient = objective(start)
    squares = sum((w**2).sum() for w in model.coefs_)
    errors = weights @ (model.predict(X) - y) ** 2
    assert value == pytest.approx(0.5 * (errors + 3 * squares) / weights.sum(), rel=1e-12)
    eps = 1e-4
    for i in range(0, start.size, 7):
        step = np.eye(start.size)[i] * eps
        values = [objective(start + k * step)[0] for k in (-2, -1, 1, 2)]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * eps)
        assert gradient[i] == pytest.approx(slope, rel=1e-7, abs=1e-10)


@pytest.mark.skipif(JIT_DISABLED, reason="NumPy warns where compiled code does not")
def test_a_step_beyond_the_dtype_has_no_finite_loss_and_gives_no_warning(monkeypatch):
    found = {}

    def keep(objective, start, **_):
        found.update(loss=objective(np.full_like(start, 1e300))[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(lbfgs, "minimize", keep)
    X, y = regression()
    model = mlp_regressor((4,), solver="lbfgs", dtype="float32", random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert not np.isfinite(found["loss"])
    assert [str(each.message) for each in caught] == ["Training interrupted by user."]


def test_without_hidden_layers_it_is_logistic_regression():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    ours = mlp_classifier((), solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=1000, random_state=0)
    ours.fit(X, y)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-4)
    assert ours.n_iter_ == len(ours.loss_curve_) > 5
    assert np.diff(ours.loss_curve_).max() < 0


@pytest.mark.parametrize("evaluation", [3, 5, 29])
def test_an_interrupt_keeps_the_last_accepted_point(evaluation, monkeypatch):
    """A line search evaluates worse points, too: none of them stays."""
    X, y = regression()
    calls = []
    evaluate = Objective.__call__

    def interrupted(self, params):
        calls.append(1)
        result = evaluate(self, params)
        if len(calls) == evaluation:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(Objective, "__call__", interrupted)
    model = mlp_regressor((10,), solver="lbfgs", alpha=0.0, random_state=0, max_iter=1000)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X * 100, y * 100)
    assert model.n_iter_ >= 1
    loss = 0.5 * np.mean((model.predict(X * 100) - y * 100) ** 2)
    assert loss == pytest.approx(model.loss_, rel=1e-9)


def test_converged_at_the_start_there_is_one_epoch_to_report():
    X, y = load_iris(return_X_y=True)
    model = mlp_classifier((4,), solver="lbfgs", tol=100.0, random_state=0).fit(X, y)
    assert (model.n_iter_, len(model.loss_curve_)) == (1, 1)
    assert model.loss_ == model.best_loss_ == model.loss_curve_[0]
    assert np.isfinite(model.loss_)


def test_early_stopping_keeps_the_best_iteration():
    X, y = regression()
    model = mlp_regressor((50,), solver="lbfgs", early_stopping=True, random_state=0, max_iter=500)
    model.fit(X, y)
    assert model.n_iter_ == len(model.validation_scores_) < 500
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.score(X, y) < 0.9  # it did not learn the rows by heart


def values(cls, data, **params):
    params = {"solver": "lbfgs", "early_stopping": False, "random_state": 0, **params}
    model = cls((16,), **params).fit(*data)
    return [model._network.params(i).tobytes() for i in range(model.n_members)], model


@pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_each_member_has_a_search_of_its_own(cls):
    data = load_iris(return_X_y=True)
    several, model = values(cls, data, n_members=4, max_iter=30)
    (alone,), one = values(cls, data, n_members=1, max_iter=30)
    assert several[0] == alone
    assert len(model.loss_curve_) == model.n_iter_ >= one.n_iter_
    assert values(cls, data, n_members=4, max_iter=30, n_jobs=1)[0] == several


@many_iterations
def test_members_end_each_for_itself():
    """Who is at the end waits, with its last loss; no other member changes what it has."""
    data = load_iris(return_X_y=True)
    _, model = values(DNNClassifier, data, n_members=4)
    n_iter = [values(DNNClassifier, data, n_members=n)[1].n_iter_ for n in (1, 2, 3, 4)]
    assert n_iter == sorted(n_iter)
    assert n_iter[0] < n_iter[-1] == model.n_iter_ < 200
    assert np.diff(model.loss_curve_).max() <= 0


@many_iterations
def test_threads_of_blas_change_no_bit_and_are_given_back():
    data = load_iris(return_X_y=True)
    found = []
    for n_threads in (2, 1):
        with threadpool_limits(n_threads, user_api="blas"):
            before = [library["num_threads"] for library in threadpool_info()]
            found.append(values(DNNClassifier, data)[0])
            assert [library["num_threads"] for library in threadpool_info()] == before
    assert found[0] == found[1]


@many_iterations
def test_the_defaults_choose_an_iteration_and_do_not_warn():
    """Of noisy data: all iterations would learn the rows by heart."""
    X, y = regression()
    model = DNNRegressor((16,), solver="lbfgs", n_members=2, random_state=0).fit(X[:300], y[:300])
    assert model.n_iter_ == 100
    assert model.score(X[300:], y[300:]) > 0.3
    with pytest.warns(match="lbfgs failed to converge after 3 iteration"):
        model.set_params(early_stopping=False, max_iter=3).fit(X[:300], y[:300])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_thread_is_left(n_jobs):
    X, y = regression()
    before = threading.active_count()
    model = DNNRegressor((8,), solver="lbfgs", max_time=1e-9, n_jobs=n_jobs, random_state=0)
    with pytest.warns(match="max_time=1e-09 seconds are over after 1 epochs"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="non-finite"):
        model.set_params(target_scaling=None).fit(X, y * 1e160)
    assert threading.active_count() == before
