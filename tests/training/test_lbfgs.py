"""solver="lbfgs": its objective, its ends."""

import numpy as np
import pytest
from mlp import mlp_classifier, mlp_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from skdnn.training import loop
from skdnn.training.engine import Objective


def regression():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def test_objective_and_gradient_agree(monkeypatch):
    """Rows in several blocks, weights, penalty: the gradient is that of the value."""
    seen = {}

    def keep(objective, start, **_):
        seen.update(objective=objective, start=start)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "minimize", keep)
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
