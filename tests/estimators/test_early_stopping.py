"""Early stopping: what is held out, when training ends, what is kept."""

import numpy as np
import pytest
from mlp import mlp
from numpy_twin import dense_rows
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_linnerud
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators import _fit

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

TASKS = ["binary", "multiclass", "regression"]


def data(task):
    if task == "regression":
        X, y = load_diabetes(return_X_y=True)
        return scale(X), scale(y)
    if task == "binary":
        X, y = load_breast_cancer(return_X_y=True)
        return scale(X), y
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def make(task, **params):
    cls = DNNRegressor if task == "regression" else DNNClassifier
    defaults = {"learning_rate_init": 0.02, "max_iter": 25, "batch_size": 32, "random_state": 0,
                "early_stopping": True, "dtype": "float64"}  # fmt: skip
    return mlp(cls, (10,), **{**defaults, **params})


@pytest.fixture
def split(monkeypatch):
    """The rows that training and validation get: (training rows, held-out rows) of the last fit."""
    seen = []
    training = _fit.Fit.training_class

    def spy(network, rows, settings, progress, threads, validation, tasks):
        seen[:] = [rows[0], validation.validators[0].rows[0] if validation else None]
        return training(network, rows, settings, progress, threads, validation, tasks)

    monkeypatch.setattr(_fit.Fit, "training_class", staticmethod(spy))
    return seen


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


def rows_of(part):
    return {
        (*x, *y) for x, y in zip(dense_rows(part.features).tolist(), part.y.tolist(), strict=True)
    }


@pytest.mark.parametrize("fraction", [0.1, 0.25])
@pytest.mark.parametrize("task", TASKS)
def test_the_data_are_split_once(task, fraction, split):
    """No row on both sides, none lost, ``validation_fraction`` of them held out."""
    X, y = data(task)
    make(task, max_iter=1, validation_fraction=fraction).fit(X, y)
    training, held_out = split
    assert held_out.n_rows == np.ceil(fraction * len(X))
    assert training.n_rows + held_out.n_rows == len(X)
    everything = {(*x, target) for x, target in zip(X.tolist(), y.tolist(), strict=True)}
    assert rows_of(training) | rows_of(held_out) == everything
    assert not rows_of(training) & rows_of(held_out)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_hold_out_is_stratified(task, split):
    """Every class has its share, a rare one too."""
    X, y = data(task)
    rare = np.flatnonzero(y == 0)[20:]
    X, y = np.delete(X, rare, axis=0), np.delete(y, rare)
    for seed in range(5):
        make(task, max_iter=1, validation_fraction=0.2, random_state=seed).fit(X, y)
        counts = np.bincount(split[1].y[:, 0].astype(int), minlength=y.max() + 1)
        assert np.abs(counts - 0.2 * np.bincount(y)).max() <= 1


def test_the_split_depends_on_the_seed(split):
    X, y = data("regression")
    parts = []
    for seed in (0, 0, 1):
        make("regression", max_iter=1, random_state=seed).fit(X, y)
        parts.append(rows_of(split[1]))
    assert parts[0] == parts[1] != parts[2]


def test_held_out_targets_are_never_trained_on(split):
    X, y = data("regression")
    before = make("regression", max_iter=1).fit(X, y)
    held = [i for i in range(len(X)) if (*X[i].tolist(), y[i]) in rows_of(split[1])]
    assert len(held) == 45
    changed = y.copy()
    changed[held] += 10
    after = make("regression", max_iter=1).fit(X, changed)
    assert bits(before) == bits(after)
    assert before.loss_curve_ == after.loss_curve_
    assert before.validation_scores_ != after.validation_scores_


@pytest.mark.parametrize("task", TASKS)
def test_the_weights_of_the_best_epoch_are_kept(task, split):
    """The last one of several that are equally good."""
    X, y = data(task)
    model = make(task, learning_rate_init=0.1).fit(X, y)
    scores = model.validation_scores_
    best = int(np.flatnonzero(np.array(scores) == max(scores))[-1]) + 1
    assert model.best_validation_score_ == max(scores)
    held_out = split[1]
    target = held_out.y[:, 0] if task == "regression" else model.classes_[
        held_out.y[:, 0].astype(int)
    ]  # fmt: skip
    metric = r2_score if task == "regression" else accuracy_score
    assert metric(target, model.predict(dense_rows(held_out.features))) == pytest.approx(
        max(scores), rel=1e-12
    )
    # Training up to the best epoch gives the same bits.
    assert bits(make(task, learning_rate_init=0.1, max_iter=best).fit(X, y)) == bits(model)


@pytest.mark.parametrize("task", TASKS)
def test_curves(task, split):
    X, y = data(task)
    model = make(task).fit(X, y)
    for curve in (model.loss_curve_, model.validation_scores_, model.validation_loss_curve_):
        assert len(curve) == model.n_iter_
        assert all(type(value) is float for value in curve)
    assert model.best_loss_ is None
    assert model.t_ == model.n_iter_ * split[0].n_rows
    scores = np.array(model.validation_scores_)
    best = int(np.flatnonzero(scores == scores.max())[-1])
    held_out = split[1]
    if task == "regression":
        expected = 0.5 * np.mean(
            (model.predict(dense_rows(held_out.features)) - held_out.y[:, 0]) ** 2
        )
    else:
        expected = log_loss(held_out.y[:, 0], model.predict_proba(dense_rows(held_out.features)))
    assert model.validation_loss_curve_[best] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_without_it_nothing_is_held_out(task, split):
    X, y = data(task)
    model = make(task, early_stopping=False, max_iter=2).fit(X, y)
    assert model.validation_scores_ is None
    assert model.validation_loss_curve_ is None
    assert model.best_validation_score_ is None
    assert model.best_loss_ == min(model.loss_curve_)
    assert split[0].n_rows == len(X)
    assert split[1] is None


def epochs_by_the_rule(scores, tol, patience):
    best, count = -np.inf, 0
    for epoch, score in enumerate(scores, start=1):
        count = count + 1 if score < best + tol else 0
        best = max(best, score)
        if count > patience:
            return epoch
    return None


@pytest.mark.parametrize(("tol", "patience"), [(1e-3, 4), (0.03, 2), (0.0, 5)])
@pytest.mark.parametrize("task", TASKS)
def test_training_ends_by_the_scores(task, tol, patience):
    X, y = data(task)
    long = make(task, n_iter_no_change=np.inf, tol=tol, max_iter=60).fit(X, y)
    assert long.n_iter_ == 60
    short = make(task, n_iter_no_change=patience, tol=tol, max_iter=60).fit(X, y)
    expected = epochs_by_the_rule(long.validation_scores_, tol, patience)
    assert short.n_iter_ == (expected or 60)
    assert short.validation_scores_ == long.validation_scores_[: short.n_iter_]


def test_the_end_is_announced(capsys):
    X, y = data("binary")
    make("binary", verbose=True, tol=2.0, n_iter_no_change=1).fit(X, y)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "Validation score did not improve more than tol=2.000000 for 1 consecutive epochs. "
        "Stopping."
    )


def test_several_targets(split):
    X, Y = load_linnerud(return_X_y=True)
    X, Y = scale(X), scale(Y)
    model = make("regression", validation_fraction=0.3, batch_size=14).fit(X, Y)
    expected = r2_score(split[1].y, model.predict(dense_rows(split[1].features)))
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-12)


def test_all_classes_are_known_even_if_the_labels_are_strings():
    X, y = data("multiclass")
    names = np.array([f"digit {label}" for label in y])
    named, plain = make("multiclass").fit(X, names), make("multiclass").fit(X, y)
    assert named.validation_scores_ == plain.validation_scores_
    assert named.score(X, names) == plain.score(X, y) > 0.8


@pytest.mark.parametrize("n_rows", [2, 3])
def test_too_small_a_hold_out_names_the_parameter(n_rows):
    X, y = data("regression")
    with pytest.raises(ValueError, match=r"validation set is too small.*'validation_fraction'"):
        make("regression", batch_size="auto").fit(X[:n_rows], y[:n_rows])


@pytest.mark.parametrize(("task", "n_rows", "n_held_out"), [
    ("regression", 4, 2), ("regression", 9, 2), ("multiclass", 30, 10), ("binary", 12, 2),
])  # fmt: skip
def test_few_rows_hold_out_one_of_each_class(task, n_rows, n_held_out, split):
    """A tenth of them would have none."""
    X, y = data(task)
    rows = np.arange(n_rows) if task == "regression" else np.argsort(y, kind="stable")[
        np.linspace(0, len(y) - 1, n_rows).astype(int)
    ]  # fmt: skip
    make(task, batch_size="auto").fit(X[rows], y[rows])
    assert split[1].n_rows == n_held_out
    if task != "regression":
        assert np.unique(split[1].y).size == np.unique(y).size


@pytest.mark.parametrize("fraction", [0.0, 0.999])
def test_a_fraction_that_leaves_a_side_empty_names_the_parameter(fraction):
    """The user has not passed a ``test_size``."""
    X, y = data("regression")
    with pytest.raises(ValueError, match="validation_fraction"):
        make("regression", validation_fraction=fraction).fit(X[:100], y[:100])


def test_a_class_of_one_row_is_trained_on(split):
    X, y = data("multiclass")
    y = np.where(np.arange(len(y)) == 7, 99, y)
    make("multiclass", max_iter=2).fit(X, y)
    training, held_out = split
    assert (training.y == 10).sum() == 1
    assert held_out.n_rows == 40
    assert set(held_out.y[:, 0]) == set(range(10))


def test_a_batch_is_clipped_to_the_rows_that_are_trained_on():
    X, y = data("regression")
    with pytest.warns(UserWarning, match=r"batch_size=100, more than the 90 rows"):
        make("regression", batch_size=100, max_iter=1).fit(X[:100], y[:100])


def test_the_best_epoch_is_at_the_end_of_a_cycle():
    """With a high learning rate the best score of few rows is that of weights that suit them."""
    X, y = data("regression")
    model = make("regression", learning_rate="coslog4", max_iter=60, n_iter_no_change=np.inf)
    model.fit(X[:300], y[:300], X_val=X[300:340], y_val=y[300:340])
    scores, rates = np.array(model.validation_scores_), np.array(model.history_["learning_rate"])
    ends = [3, *range(10, 13), *range(24, 31), *range(53, 60)]
    assert rates[ends].max() < 0.3 * 0.02
    assert np.delete(rates, ends).max() > 0.9 * 0.02
    assert np.flatnonzero(model.history_["can_be_best"]).tolist() == ends
    assert model.best_validation_score_ == scores[ends].max() < scores.max()
    assert model.score(X[300:340], y[300:340]) == pytest.approx(scores[ends].max())
