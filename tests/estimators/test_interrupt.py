"""Ctrl-C during fit: the model so far is kept, and it is a whole model."""

import os
import signal
import threading

import numpy as np
import pytest
from engines import replace_entry
from mlp import mlp
from numpy_twin import dense_rows
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_info

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators import _fit
from skdnn.training import engine, loop
from skdnn.training.stopping import NoImprovement

CLASSES = [DNNClassifier, DNNRegressor]
INTERRUPTED = r"^Training interrupted by user\.$"
quiet = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def data(cls):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    return scale(X), y if cls is DNNClassifier else scale(y)


def make(cls, **params):
    defaults = {"learning_rate_init": 0.02, "max_iter": 40, "batch_size": 16, "random_state": 0,
                "n_iter_no_change": np.inf}  # fmt: skip
    return mlp(cls, (10,), **{**defaults, **params})


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


def press_ctrl_c():
    """What the terminal does; Python raises KeyboardInterrupt before the next line."""
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def compiled_calls(monkeypatch):
    """Count the compiled training calls; ``interrupt_before(k)`` presses Ctrl-C before the k-th."""

    class Calls:
        count = 0
        stop = None

        def interrupt_before(self, k):
            self.count, self.stop = 0, k

    calls, compiled = Calls(), engine.entries.train_epoch

    def call(*args):
        calls.count += 1
        if calls.count == calls.stop:
            press_ctrl_c()
        return compiled(*args)

    replace_entry(monkeypatch, "train_epoch", call)
    return calls


def fit_interrupted(model, X, y):
    """Fit and expect the warning, and no other: an interrupt is not a lack of convergence."""
    try:
        with pytest.warns(UserWarning, match=INTERRUPTED) as caught:
            model.fit(X, y)
    except KeyboardInterrupt:  # would end the whole test session
        pytest.fail("fit did not handle the interrupt")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    return model


@quiet
@pytest.mark.parametrize("epochs", [1, 7])
@pytest.mark.parametrize("cls", CLASSES)
def test_the_model_so_far_is_kept(cls, epochs, compiled_calls):
    """The same bits as a fit with so many epochs."""
    X, y = data(cls)
    expected = make(cls, max_iter=epochs).fit(X, y)
    compiled_calls.interrupt_before(epochs + 1)
    model = fit_interrupted(make(cls), X, y)
    assert bits(model) == bits(expected)
    assert model.n_iter_ == len(model.loss_curve_) == epochs
    assert model.loss_curve_ == expected.loss_curve_
    assert (model.t_, model.loss_, model.best_loss_) == (
        expected.t_, expected.loss_, expected.best_loss_
    )  # fmt: skip


@quiet
@pytest.mark.parametrize("cls", CLASSES)
def test_with_early_stopping_the_best_weights_are_kept(cls, compiled_calls):
    X, y = data(cls)
    params = {"early_stopping": True, "learning_rate_init": 0.2, "validation_fraction": 0.3}
    whole = make(cls, **params).fit(X, y)
    best = int(np.argmax(whole.validation_scores_)) + 1
    epochs = best + 3
    assert epochs < whole.n_iter_
    compiled_calls.interrupt_before(epochs + 1)
    model = fit_interrupted(make(cls, **params), X, y)
    assert model.n_iter_ == epochs
    assert model.validation_scores_ == whole.validation_scores_[:epochs]
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert bits(model) == bits(make(cls, max_iter=best, **params).fit(X, y))


@pytest.fixture
def short_calls(monkeypatch):
    """As if every batch were so large that it is worth a compiled call of its own."""
    monkeypatch.setattr(engine, "CALL_WORK", 1)


@quiet
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize("cls", CLASSES)
def test_an_epoch_in_many_calls_is_the_same_epoch(cls, n_steps, compiled_calls, monkeypatch):
    """Dropout, order, last smaller batch, loss and predictions do not depend on the cuts."""
    X, y = data(cls)
    params = {"dropout": 0.2, "max_iter": 3, "early_stopping": True, "validation_fraction": 0.2}
    whole = make(cls, **params).fit(X, y)
    predictions = whole.predict(X)
    assert compiled_calls.count == 3
    n_weights = sum(w.size for w in whole.coefs_)
    monkeypatch.setattr(engine, "CALL_WORK", n_steps * 6 * n_weights * 16)
    for other in ("STEP_WORK", "PARAMETER_WORK", "ELEMENT_WORK"):
        monkeypatch.setattr(engine, other, 0)
    compiled_calls.count = 0
    parts = make(cls, **params).fit(X, y)
    n_training_rows = parts.t_ // 3
    n_batches = -(-n_training_rows // 16)
    assert n_training_rows % 16 != 0
    assert compiled_calls.count == 3 * -(-n_batches // n_steps)
    assert bits(parts) == bits(whole)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-13)
    assert parts.validation_scores_ == whole.validation_scores_
    np.testing.assert_array_equal(parts.predict(X), predictions)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("cls", CLASSES)
def test_a_huge_first_epoch_can_be_left(cls, early_stopping, compiled_calls, short_calls):
    """What the batches so far have learned is a usable model."""
    X, y = data(cls)
    compiled_calls.interrupt_before(6)
    model = fit_interrupted(make(cls, early_stopping=early_stopping), X, y)
    assert compiled_calls.count == 6
    compiled_calls.interrupt_before(1)
    initial = fit_interrupted(make(cls, early_stopping=early_stopping), X, y)
    assert bits(initial) != bits(model)
    assert np.isfinite([a.sum() for a in [*model.coefs_, *model.intercepts_]]).all()
    assert model.score(X, y) > initial.score(X, y)
    assert model.n_iter_ == model.t_ == 0
    assert model.loss_curve_ == []
    assert np.isnan(model.loss_)


@pytest.mark.parametrize("place", ["prediction", "loss", "decision"])
def test_between_two_lines_of_the_validation(place, monkeypatch):
    """Wherever the interrupt hits, curves, weights and best score are of the same epochs."""
    X, y = data(DNNClassifier)
    parts, count = [], [0]
    rows_of = _fit.rows_of

    def spy(*args, **kwargs):
        parts.append(rows_of(*args, **kwargs))
        return parts[-1]

    def interrupted(function):
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            count[0] += 1
            if count[0] == 3:
                press_ctrl_c()
            return result

        return call

    owner, name = {
        "prediction": (loop, "predict_parts"),
        "loss": (loop, "mean_loss"),
        "decision": (NoImprovement, "update"),
    }[place]
    monkeypatch.setattr(_fit, "rows_of", spy)
    monkeypatch.setattr(owner, name, interrupted(getattr(owner, name)))
    model = fit_interrupted(make(DNNClassifier, early_stopping=True, validation_fraction=0.4), X, y)
    count[0] = 100
    lengths = [len(model.loss_curve_), len(model.validation_scores_)]
    assert [*lengths, len(model.validation_loss_curve_)] == [model.n_iter_] * 3
    assert model.best_validation_score_ == max(model.validation_scores_)
    rows = min(parts, key=lambda part: part.n_rows)
    score = accuracy_score(rows.y[:, 0].astype(int), model.predict(dense_rows(rows.features)))
    assert model.best_validation_score_ == pytest.approx(score)


def test_blas_gets_its_threads_back(compiled_calls):
    X, y = data(DNNRegressor)
    before = [pool["num_threads"] for pool in threadpool_info()]
    compiled_calls.interrupt_before(3)
    fit_interrupted(make(DNNRegressor), X, y)
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@quiet
def test_an_interrupted_model_can_be_fitted_again(compiled_calls):
    X, y = data(DNNRegressor)
    compiled_calls.interrupt_before(3)
    model = fit_interrupted(make(DNNRegressor), X, y)
    assert bits(model.fit(X, y)) == bits(make(DNNRegressor).fit(X, y))


def test_a_signal_from_outside(monkeypatch):
    """A real signal to the process, while epochs run that would take hours."""
    X, y = data(DNNClassifier)
    running = threading.Event()
    record = loop.Training.record

    def tell(*args):
        running.set()
        return record(*args)

    def press():
        running.wait()
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(loop.Training, "record", tell)
    presser = threading.Thread(target=press)
    presser.start()
    model = fit_interrupted(make(DNNClassifier, max_iter=10**8), X, y)
    presser.join()
    assert 1 <= model.n_iter_ == len(model.loss_curve_) < 10**8
    assert model.score(X, y) > 0.3


@pytest.mark.parametrize("tables", [False, True])
@pytest.mark.parametrize("n_before", [0, 1])
def test_a_loop_of_partial_fits_can_be_left(n_before, tables, compiled_calls, short_calls):
    """The call that is interrupted has not happened."""
    X, y = data(DNNRegressor)
    model = DNNRegressor((4,), random_state=0) if tables else make(DNNRegressor)
    rows = [slice(40), slice(40, 90), slice(90, 140)]
    for i in range(n_before):
        model.partial_fit(X[rows[i]], y[rows[i]])
    before = dict(vars(model))
    compiled_calls.interrupt_before(3)
    left = False
    try:
        model.partial_fit(X[rows[n_before]], y[rows[n_before]])
    except KeyboardInterrupt:
        left = True
    assert left
    assert vars(model) == before
    compiled_calls.interrupt_before(None)
    expected = clone(model)
    for i in range(3):
        expected.partial_fit(X[rows[i]], y[rows[i]])
        if i >= n_before:
            model.partial_fit(X[rows[i]], y[rows[i]])
    assert model.predict(X).tobytes() == expected.predict(X).tobytes()
