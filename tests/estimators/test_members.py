"""Several networks in one estimator: each is what it would be alone, and their mean predicts."""

import pickle
import signal

import numpy as np
import pytest
from engines import replace_entry
from mlp import mlp
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.training import engine

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)

TASKS = ["binary", "multiclass", "multilabel", "regression", "two targets", "poisson", "quantile"]
SOLVERS = ["adam", "sgd", "adamw", "rmsprop"]
N_MEMBERS = 3


def data(task):
    if task in ("regression", "two targets", "poisson", "quantile"):
        X, y = load_diabetes(return_X_y=True)
        X, y = scale(X[:120]), scale(y[:120])
        if task == "two targets":
            return X, np.column_stack([y, y**2])
        return X, np.round(np.exp(y)) if task == "poisson" else y
    X, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(X))
    X, y = scale(X)[rows] + rng.normal(size=X.shape) / 2, y[rows]
    if task == "multilabel":
        return X, np.column_stack([y > 0, y == 1, X[:, 0] > 0]).astype(int)
    return X, np.array(["a", "b"])[(y == 1).astype(int)] if task == "binary" else y


def make(task, **params):
    cls = DNNClassifier if task in TASKS[:3] else DNNRegressor
    defaults = {"learning_rate_init": 0.02, "max_iter": 6, "batch_size": 32, "random_state": 0,
                "n_members": N_MEMBERS, "dtype": "float64", "activation": "tanh"}  # fmt: skip
    if task == "poisson":
        defaults["loss"] = "poisson"
    if task == "quantile":
        defaults["loss"] = Quantile([0.2, 0.9])
    return mlp(cls, (7, 5), **{**defaults, **params})


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


def outputs(model, X):
    """Raw predictions of every member, by NumPy: (n_members, n_samples, n_out)."""
    result = []
    for member in range(len(model.coefs_[0])):
        x = X
        for layer, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
            x = (x if layer == 0 else np.tanh(x)) @ W[member] + b[member]
        result.append(x)
    return np.array(result)


def everything(model, X):
    if isinstance(model, DNNRegressor):
        return [*model.predict(X, return_std=True)]
    return [model.predict_proba(X), model.decision_function(X)]


# ---------------------------------------------------------------- what they are


@pytest.mark.parametrize("params", [
    *({"solver": solver} for solver in SOLVERS), {"dropout": 0.3, "input_dropout": 0.1},
    {"normalization": "batch"}, {"normalization": "layer"}, {"learning_rate": "cosine"},
    {"clip_norm": 0.05}, {"shuffle": False}, {"dtype": "float32"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_first_one_is_that_of_a_single_network(task, params):
    X, y = data(task)
    many, one = make(task, **params).fit(X, y), make(task, n_members=1, **params).fit(X, y)
    for a, b in zip(
        [*many.coefs_, *many.intercepts_], [*one.coefs_, *one.intercepts_], strict=True
    ):
        assert a.shape == (N_MEMBERS, *b.shape)
        np.testing.assert_array_equal(a[0], b)
        # The others begin, and end, elsewhere.
        assert np.abs(a[0] - a[1]).max() > 1e-3
        assert np.abs(a[1] - a[2]).max() > 1e-3
    more = make(task, n_members=N_MEMBERS + 2, **params).fit(X, y)
    np.testing.assert_array_equal(more.coefs_[0][:N_MEMBERS], many.coefs_[0])


def test_shapes():
    X, y = data("multiclass")
    model = make("multiclass").fit(X, y)
    assert [w.shape for w in model.coefs_] == [(3, 4, 7), (3, 7, 5), (3, 5, 3)]
    assert [b.shape for b in model.intercepts_] == [(3, 7), (3, 5), (3, 3)]
    assert (model.n_outputs_, model.n_layers_, model.n_features_in_) == (3, 4, 4)
    model.coefs_[0][1] = 0
    assert not model.coefs_[0][1].any()
    assert model.coefs_[0][0].any()
    # One member has no axis for it.
    assert make("multiclass", n_members=1).fit(X, y).coefs_[0].shape == (4, 7)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_training_loss_is_the_mean_over_the_members(task):
    X, y = data(task)
    model = make(task, learning_rate_init=1e-300, max_iter=1, alpha=0.0, batch_size=len(X))
    model.fit(X, y)
    raw = outputs(model, X)
    if task == "regression":
        expected = 0.5 * np.mean((raw[..., 0] - y) ** 2)
    else:
        expected = -np.log(softmax(raw, axis=-1)[:, np.arange(len(y)), y]).mean()
    assert model.loss_ == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("params", "same"), [
    ({}, False), ({"dropout": 0.5, "batch_size": 120, "shuffle": False}, False),
    ({"shuffle": False}, True),
], ids=str)  # fmt: skip
def test_order_and_dropout_are_their_own(params, same):
    """Members with the same weights go apart by what is drawn, and by that alone."""
    X, y = data("regression")
    model = make("regression", solver="sgd", momentum=0.0, warm_start=True, **params).fit(X, y)
    for views in (model.coefs_, model.intercepts_):
        for view in views:
            view[...] = view[:1]
    model.fit(X, y)
    for w in model.coefs_:
        assert np.array_equal(w[0], w[1]) == same
        assert np.array_equal(w[1], w[2]) == same


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_probabilities_are_the_mean_of_those_of_the_members(task):
    X, y = data(task)
    model = make(task).fit(X, y)
    raw = outputs(model, X)
    if task == "multiclass":
        p = softmax(raw, axis=-1).mean(axis=0)
        labels = p.argmax(axis=1)
        np.testing.assert_allclose(softmax(model.decision_function(X), axis=1), p, rtol=1e-9)
    else:
        p = expit(raw).mean(axis=0)
        labels = (p > 0.5).astype(int)
        decision = model.decision_function(X).reshape(p.shape)
        np.testing.assert_allclose(decision, np.log(p / (1 - p)), rtol=1e-9, atol=1e-9)
        if task == "binary":
            p = np.hstack([1 - p, p])
            labels = np.array(["a", "b"])[labels[:, 0]]
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-9)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(p), rtol=1e-7, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), labels)
    # Not the prediction of any mean of the outputs.
    of_mean = (softmax if task == "multiclass" else expit)(raw.mean(axis=0))
    assert np.abs(of_mean - p[:, -of_mean.shape[1] :]).max() > 1e-5


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_means_of_certain_members_are_finite(task):
    """Where members are sure of themselves, also of the contrary."""
    X, y = data(task)
    model = make(task, max_iter=1).fit(X, y)
    model.coefs_[-1][...] = 0
    model.intercepts_[-1][...] = 0
    model.intercepts_[-1][0, 0] = 1e4
    model.intercepts_[-1][1:, 0] = -1e4
    if task == "binary":
        expected = [2 / 3, 1 / 3]
    else:
        expected = [1 / 3, 1 / 3, 1 / 3]
    np.testing.assert_allclose(model.predict_proba(X), np.tile(expected, (len(X), 1)), rtol=1e-9)
    assert np.isfinite(model.decision_function(X)).all()


@pytest.mark.parametrize("task", ["regression", "two targets", "poisson", "quantile"])
def test_numbers_are_the_mean_of_those_of_the_members(task):
    X, y = data(task)
    model = make(task).fit(X, y)
    members = outputs(model, X)
    members = np.exp(members) if task == "poisson" else members
    mean = members.mean(axis=0)
    if task == "quantile":
        # The lower level is next to one half.
        np.testing.assert_allclose(model.predict_quantiles(X), np.sort(mean), rtol=1e-9)
        mean, members = np.sort(mean)[:, :1], np.sort(members)[..., :1]
    predicted, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(predicted, model.predict(X))
    assert predicted.shape == std.shape == y.shape
    np.testing.assert_allclose(predicted, mean.reshape(y.shape), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(std, members.std(axis=0).reshape(y.shape), rtol=1e-9, atol=1e-12)
    assert std.min() > 0
    alone = make(task, n_members=1).fit(X, y)
    assert not alone.predict(X, return_std=True)[1].any()


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_results_do_not_depend_on_the_threads(task, solver):
    X, y = data(task)
    params = {"solver": solver, "max_iter": 4}
    models = [make(task, n_jobs=n_jobs, **params).fit(X, y) for n_jobs in (None, 1, 2, -1)]
    for other in models[1:]:
        assert bits(other) == bits(models[0])
        assert other.loss_curve_ == models[0].loss_curve_
        for a, b in zip(everything(other, X), everything(models[0], X), strict=True):
            np.testing.assert_array_equal(a, b)
        assert "n_jobs" in other.get_params()


def test_predictions_by_blocks_do_not_depend_on_the_threads(monkeypatch):
    """Many small blocks of rows, of one member, too."""
    X, y = data("multiclass")
    monkeypatch.setattr(engine, "CALL_WORK", 1)
    X_many = np.tile(X, (8, 1))
    for n_members in (1, 3):
        model = make("multiclass", n_members=n_members).fit(X, y)
        expected = model.predict_proba(X_many)
        for n_jobs in (2, 5, -1):
            np.testing.assert_array_equal(
                model.set_params(n_jobs=n_jobs).predict_proba(X_many), expected
            )


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_lbfgs_reports_the_mean_over_the_members(task):
    X, y = data(task)
    model = make(task, solver="lbfgs", max_iter=30, alpha=1.0).fit(X, y)
    raw = outputs(model, X)
    if task == "regression":
        losses = 0.5 * np.mean((raw[..., 0] - y) ** 2, axis=1)
    else:
        losses = -np.log(softmax(raw, axis=-1)[:, np.arange(len(y)), y]).mean(axis=1)
    penalties = sum((w**2).sum(axis=(1, 2)) for w in model.coefs_) / 2 / len(X)
    assert model.loss_ == pytest.approx((losses + penalties).mean(), rel=1e-8)
    assert model.loss_ < 0.9 * model.loss_curve_[0]
    assert np.ptp(losses) > 0


# ---------------------------------------------------------------- early stopping, going on


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", ["multiclass", "regression", "poisson"])
def test_early_stopping_goes_by_the_average(task, solver):
    X, y = data(task)
    params = {"max_iter": 25, "solver": solver, "early_stopping": True, "n_iter_no_change": np.inf}
    X_val, y_val = X[80:], y[80:]
    model = make(task, **params).fit(X[:80], y[:80], X_val=X_val, y_val=y_val)
    scores = model.validation_scores_
    assert model.score(X_val, y_val) == pytest.approx(max(scores), rel=1e-9)
    best = int(np.flatnonzero(np.array(scores) == max(scores))[-1]) + 1
    shorter = make(task, **{**params, "early_stopping": False, "max_iter": best})
    shorter.fit(X[:80], y[:80])
    assert bits(shorter) == bits(model)
    if task == "regression":
        loss = 0.5 * np.mean((model.predict(X_val) - y_val) ** 2)
        assert model.validation_loss_curve_[best - 1] == pytest.approx(loss, rel=1e-9)
    if task == "multiclass":
        loss = -model.predict_log_proba(X_val)[np.arange(len(y_val)), y_val].mean()
        assert model.validation_loss_curve_[best - 1] == pytest.approx(loss, rel=1e-9)


VARIANTS = {
    "adam": {}, "sgd and dropout": {"solver": "sgd", "dropout": 0.3},
    "batch normalization": {"normalization": "batch"},
    "early stopping": {"early_stopping": True, "n_iter_no_change": np.inf},
}  # fmt: skip


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_half_pickle_half_is_the_whole_bit_for_bit(task, params):
    X, y = data(task)
    whole = make(task, **params).fit(X, y)
    half = make(task, max_iter=3, warm_start=True, n_jobs=2, **params).fit(X, y)
    again = pickle.loads(pickle.dumps(half)).fit(X, y)
    assert bits(whole) == bits(again)
    assert whole.loss_curve_ == again.loss_curve_
    for a, b in zip(everything(whole, X), everything(again, X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_epochs_of_partial_fit_are_those_of_fit(task):
    X, y = data(task)
    whole, parts = make(task).fit(X, y), make(task)
    for _ in range(6):
        parts.partial_fit(X, y, **({"classes": [0, 1, 2]} if task == "multiclass" else {}))
    assert bits(whole) == bits(parts)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_warm_start_needs_the_same_number(task):
    X, y = data(task)
    model = make(task, warm_start=True).fit(X, y)
    before = bits(model)
    for n_members in (1, 4):
        with pytest.raises(ValueError, match=rf"number of members.*3\).*{n_members}\)"):
            model.set_params(n_members=n_members).fit(X, y)
        assert bits(model) == before
    # A new fit may have another one.
    assert model.set_params(warm_start=False).fit(X, y).coefs_[0].shape[0] == 4


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_weights_count_in_every_member(task):
    X, y = data(task)
    times = np.random.default_rng(1).integers(0, 4, len(y))
    repeated = make(task, batch_size=int(times.sum())).fit(X.repeat(times, axis=0), y.repeat(times))
    weighted = make(task, batch_size=int((times > 0).sum())).fit(X, y, sample_weight=times)
    for a, b in zip(weighted.coefs_, repeated.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


# ---------------------------------------------------------------- failures


@pytest.fixture
def ctrl_c(monkeypatch):
    """Press Ctrl-C in the k-th compiled call."""
    state, compiled = {"count": 0, "stop": None}, engine.entries.train_epoch

    def call(*args):
        state["count"] += 1
        if state["count"] == state["stop"]:
            signal.raise_signal(signal.SIGINT)
        return compiled(*args)

    replace_entry(monkeypatch, "train_epoch", call)

    def interrupt(k):
        state.update(count=0, stop=k)

    return interrupt


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_ctrl_c_keeps_a_usable_model(task, early_stopping, n_jobs, ctrl_c):
    X, y = data(task)
    params = {"max_iter": 10**6, "n_iter_no_change": np.inf, "early_stopping": early_stopping}
    ctrl_c(5 * N_MEMBERS + 2)
    model = make(task, n_jobs=n_jobs, **params)
    try:
        with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
            model.fit(X, y)
    except KeyboardInterrupt:  # would end the whole test session
        pytest.fail("fit did not handle the interrupt")
    assert model.n_iter_ == len(model.loss_curve_) == 5
    expected = make(task, **{**params, "max_iter": 5}).fit(X, y)
    assert model.loss_curve_ == expected.loss_curve_
    assert np.isfinite(np.concatenate([w.ravel() for w in model.coefs_])).all()
    assert np.isfinite(everything(model, X)[0]).all()
    assert model.score(X, y) > (0.5 if task == "multiclass" else 0.1)
    if early_stopping:
        assert bits(model) == bits(expected)
    # Nothing of it is left for the next fit.
    ctrl_c(None)
    again = model.set_params(max_iter=6).fit(X, y)
    assert bits(again) == bits(make(task, **{**params, "max_iter": 6}).fit(X, y))


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("member", [0, 2])
def test_an_error_in_one_member_is_an_error(member, n_jobs, monkeypatch):
    X, y = data("regression")
    model = make("regression", n_jobs=n_jobs).fit(X, y)
    before = bits(model)
    train = engine.Engine._train_member

    def fail(self, index, *args):
        if index == member:
            raise RuntimeError("member in trouble")
        return train(self, index, *args)

    monkeypatch.setattr(engine.Engine, "_train_member", fail)
    with pytest.raises(RuntimeError, match="member in trouble"):
        model.fit(X, y)
    assert bits(model) == before


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_divergence_of_one_member(n_jobs):
    """It began with weights that nothing can save."""
    X, y = data("regression")
    model = make("regression", warm_start=True, n_jobs=n_jobs, activation="identity").fit(X, y)
    for views in (model.coefs_, model.intercepts_):
        views[-1][1] = 1e300
    before = bits(model)
    with pytest.raises(ValueError, match=r"non-finite.*epoch 7 "):
        model.fit(X, y)
    assert bits(model) == before


@pytest.mark.parametrize("n_members", [0, -1, 1.5, "3", None])
def test_wrong_number(n_members):
    X, y = data("regression")
    with pytest.raises(ValueError, match="'n_members' parameter"):
        make("regression", n_members=n_members).fit(X, y)
    with pytest.raises(ValueError, match="'n_jobs' parameter"):
        make("regression", n_jobs=1.5).fit(X, y)


def test_clone():
    X, y = data("multiclass")
    model = make("multiclass", n_jobs=2).fit(X, y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert bits(copy.fit(X, y)) == bits(model)


@pytest.mark.parametrize("n_members", [9, 33])
@pytest.mark.parametrize("task", TASKS)
def test_a_row_alone_is_what_it_is_in_a_batch(task, n_members):
    X, y = data(task)
    model = make(task, n_members=n_members, max_iter=1, dtype="auto")
    model.fit(X, y)
    calls = [model.predict]
    if isinstance(model, DNNClassifier):
        calls += [model.predict_proba, model.predict_log_proba, model.decision_function]
    else:
        calls += [lambda rows: np.stack(model.predict(rows, return_std=True), axis=1)]
    if task == "quantile":
        calls += [model.predict_quantiles]
    for call in calls:
        whole = call(X)
        for rows in ([7], [0], [3, 1, 2], slice(None, None, -4), slice(5, 22)):
            np.testing.assert_array_equal(call(X[rows]), whole[rows])
