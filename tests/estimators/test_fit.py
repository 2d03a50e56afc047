"""What fit does and leaves behind: randomness, epochs, reports, attributes."""

import threading

import numpy as np
import pytest
from mlp import mlp
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_info

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)

CLASSES = [DNNClassifier, DNNRegressor]
TASKS = {
    "binary": (DNNClassifier, MLPClassifier, load_breast_cancer),
    "multiclass": (DNNClassifier, MLPClassifier, load_iris),
    "regression": (DNNRegressor, MLPRegressor, load_diabetes),
}


def data(cls_or_task):
    task = {DNNClassifier: "multiclass", DNNRegressor: "regression"}.get(cls_or_task, cls_or_task)
    X, y = TASKS[task][2](return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:150]
    return scale(X[rows]), scale(y[rows]) if task == "regression" else y[rows]


def make(cls, **params):
    defaults = {"hidden_layer_sizes": (8, 6), "learning_rate_init": 0.01, "max_iter": 4,
                "batch_size": 32, "random_state": 0}  # fmt: skip
    return mlp(cls, **{**defaults, **params})


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


# ---------------------------------------------------------------- randomness


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"dropout": 0.3}])
@pytest.mark.parametrize("cls", CLASSES)
def test_seed_fixes_every_bit(cls, params):
    X, y = data(cls)
    first, second, other = (make(cls, random_state=seed, **params).fit(X, y) for seed in (5, 5, 6))
    assert bits(first) == bits(second) != bits(other)
    assert first.loss_curve_ == second.loss_curve_ != other.loss_curve_
    assert first.validation_scores_ == second.validation_scores_


@pytest.mark.parametrize("cls", CLASSES)
def test_processes_do_not_change_a_bit(cls):
    X, y = data(cls)
    one, two = (cross_val_predict(make(cls, dropout=0.2), X, y, cv=4, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_threads_do_not_change_a_bit_and_leave_blas_as_it_was():
    X, y = data(DNNClassifier)
    before = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    models = [make(DNNClassifier, random_state=i % 2) for i in range(8)]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {bits(model) for model in models[::2]} == {bits(models[0])}
    assert {bits(model) for model in models[1::2]} == {bits(models[1])} != {bits(models[0])}
    assert [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()] == before


def test_without_seed_every_fit_differs():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, random_state=None)
    assert bits(model.fit(X, y)) != bits(model.fit(X, y))


def test_a_random_state_instance_is_advanced_and_global_state_is_used_only_for_none():
    X, y = data(DNNClassifier)
    state = np.random.RandomState(3)
    first, second = (bits(make(DNNClassifier, random_state=state).fit(X, y)) for _ in range(2))
    again = bits(make(DNNClassifier, random_state=np.random.RandomState(3)).fit(X, y))
    assert first == again != second
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.random_sample()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    make(DNNClassifier, random_state=3).fit(X, y)
    assert np.random.random_sample() == expected  # noqa: NPY002


# ---------------------------------------------------------------- epochs and batches


@pytest.mark.parametrize("cls", CLASSES)
def test_shuffle_changes_the_batches_and_nothing_else(cls):
    X, y = data(cls)
    mini = [bits(make(cls, shuffle=shuffle).fit(X, y)) for shuffle in (True, False)]
    assert mini[0] != mini[1]
    # With one batch of all rows the order is only the order of additions.
    full = [make(cls, shuffle=s, batch_size=len(X)).fit(X, y) for s in (True, False)]
    np.testing.assert_allclose(full[0].coefs_[0], full[1].coefs_[0], rtol=1e-9, atol=1e-12)


def test_every_epoch_has_an_order_of_its_own():
    """The rows of an epoch are a permutation; without shuffling the last batch stays the last."""
    X, y = data(DNNRegressor)
    # The learning rate is so small that the loss of an epoch is that of the same weights, and
    # only the order of the additions tells the epochs apart.
    model = make(DNNRegressor, learning_rate_init=1e-300, tol=0.0, n_iter_no_change=50)
    shuffled = model.set_params(max_iter=20).fit(X, y).loss_curve_
    np.testing.assert_allclose(shuffled, shuffled[0], rtol=1e-12)
    assert len(set(shuffled)) > 1
    in_order = model.set_params(shuffle=False).fit(X, y).loss_curve_
    assert len(set(in_order)) == 1


@pytest.mark.parametrize("cls", CLASSES)
def test_too_large_a_batch_warns_and_is_all_rows(cls):
    X, y = data(cls)
    with pytest.warns(UserWarning, match=r"batch_size=151, more than the 150 rows") as caught:
        model = make(cls, batch_size=151, tol=1e9, n_iter_no_change=1, max_iter=5).fit(X, y)
    assert [w.filename for w in caught] == [__file__]
    assert bits(model) == bits(
        make(cls, batch_size=150, tol=1e9, n_iter_no_change=1, max_iter=5).fit(X, y)
    )


def test_auto_batch_is_two_hundred_rows():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    for rows, size in ((slice(None), 200), (slice(90), 90)):
        auto, explicit = (
            make(DNNRegressor, batch_size=batch_size).fit(X[rows], y[rows])
            for batch_size in ("auto", size)
        )
        assert bits(auto) == bits(explicit)


def epochs_by_the_rule(curve, tol, patience):
    """When to stop: more than ``patience`` epochs in a row gain less than ``tol``."""
    best, count = np.inf, 0
    for epoch, loss in enumerate(curve, start=1):
        count = count + 1 if loss > best - tol else 0
        best = min(best, loss)
        if count > patience:
            return epoch
    return None


@pytest.mark.parametrize(("tol", "patience"), [(1e-2, 3), (5e-2, 1), (1e-3, 6)])
@pytest.mark.parametrize("cls", CLASSES)
def test_training_ends_by_the_rule(cls, tol, patience):
    X, y = data(cls)
    long = make(cls, max_iter=150, n_iter_no_change=np.inf, tol=tol).fit(X, y)
    assert long.n_iter_ == 150
    expected = epochs_by_the_rule(long.loss_curve_, tol, patience)
    short = make(cls, max_iter=150, n_iter_no_change=patience, tol=tol).fit(X, y)
    assert short.n_iter_ == expected < 150
    assert short.loss_curve_ == long.loss_curve_[:expected]
    assert short.best_loss_ == min(short.loss_curve_)
    assert short.loss_ == short.loss_curve_[-1]


def test_max_iter_says_so_in_the_words_of_scikit_learn():
    X, y = data(DNNClassifier)
    with pytest.warns(ConvergenceWarning) as ours:
        make(DNNClassifier, max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning) as theirs:
        MLPClassifier(max_iter=3).fit(X, y)
    assert [str(w.message) for w in ours] == [str(w.message) for w in theirs]
    assert ours[0].filename == __file__  # points to the line of the user


@pytest.mark.filterwarnings("error")
def test_no_warning_if_the_last_allowed_epoch_is_also_the_last_by_the_rule():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, max_iter=4, tol=1e9, n_iter_no_change=2).fit(X, y)
    assert model.n_iter_ == 4


def test_verbose_prints_as_scikit_learn(capsys):
    X, y = data(DNNClassifier)
    params = {"verbose": True, "tol": 1e9, "n_iter_no_change": 2, "max_iter": 10}
    model = make(DNNClassifier, **params).fit(X, y)
    ours = capsys.readouterr().out.splitlines()
    MLPClassifier(**params).fit(X, y)
    theirs = capsys.readouterr().out.splitlines()
    assert ours[:-1] == [
        f"Iteration {epoch}, loss = {loss:.8f}" for epoch, loss in enumerate(model.loss_curve_, 1)
    ]
    assert ours[-1] == theirs[-1]
    assert len(ours) == len(theirs) == 5


def test_verbose_with_early_stopping_prints_the_score(capsys):
    X, y = data(DNNClassifier)
    model = make(DNNClassifier, verbose=1, early_stopping=True, max_iter=2).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1::2] == [f"Validation score: {score:f}" for score in model.validation_scores_]


@pytest.mark.parametrize("cls", CLASSES)
def test_silent_by_default(cls, capsys):
    make(cls).fit(*data(cls))
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------- parameters


USED_BY = {
    "momentum": (0.5, ["sgd"]),
    "nesterovs_momentum": (False, ["sgd"]),
    "beta_1": (0.5, ["adam", "adamw"]),
    "beta_2": (0.9, ["adam", "adamw", "rmsprop"]),
    "epsilon": (1e-2, ["adam", "adamw", "rmsprop"]),
    "weight_decay": (0.5, ["adamw"]),
    "alpha": (1.0, ["adam", "adamw", "sgd", "rmsprop"]),
    "learning_rate_init": (0.02, ["adam", "adamw", "sgd", "rmsprop"]),
    "validation_fraction": (0.3, []),
}


@pytest.mark.parametrize("solver", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("name", USED_BY)
def test_a_parameter_acts_where_its_documentation_says(name, solver):
    X, y = data(DNNRegressor)
    value, solvers = USED_BY[name]
    default, changed = make(DNNRegressor, solver=solver), make(DNNRegressor, solver=solver)
    changed.set_params(**{name: value})
    assert (bits(default.fit(X, y)) != bits(changed.fit(X, y))) == (solver in solvers)


def test_weight_decay_multiplies_the_weights_and_not_the_biases():
    X, y = data(DNNRegressor)
    params = {"solver": "adamw", "batch_size": len(X), "max_iter": 1, "hidden_layer_sizes": (5,),
              "activation": "tanh", "dtype": "float64"}  # fmt: skip
    start = make(DNNRegressor, **{**params, "learning_rate_init": 1e-300}).fit(X, y)
    without, with_decay = (
        make(DNNRegressor, weight_decay=decay, learning_rate_init=0.1, **params).fit(X, y)
        for decay in (0.0, 0.5)
    )
    for a, b, initial in zip(without.coefs_, with_decay.coefs_, start.coefs_, strict=True):
        np.testing.assert_allclose(a - b, 0.1 * 0.5 * initial, rtol=1e-9, atol=1e-15)
    for a, b in zip(without.intercepts_, with_decay.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.abs(a).min() > 0


def test_sizes_and_rates_may_come_in_any_container():
    X, y = data(DNNRegressor)
    expected = bits(make(DNNRegressor, hidden_layer_sizes=(5, 5), dropout=0.2).fit(X, y))
    for sizes, rates in [([5, 5], (0.2, 0.2)), (np.array([5, 5]), np.array([0.2, 0.2]))]:
        model = make(DNNRegressor, hidden_layer_sizes=sizes, dropout=rates)
        assert bits(model.fit(X, y)) == expected
        assert bits(model.fit(X, y)) == expected  # a second fit reads them again
    one = make(DNNRegressor, hidden_layer_sizes=np.int64(5)).fit(X, y)
    assert bits(one) == bits(make(DNNRegressor, hidden_layer_sizes=[5]).fit(X, y))


def test_dropout_is_for_training_alone():
    X, y = data(DNNRegressor)
    plain, dropped = (make(DNNRegressor, dropout=rate).fit(X, y) for rate in (0.0, 0.4))
    assert bits(plain) != bits(dropped)
    np.testing.assert_array_equal(dropped.predict(X), dropped.predict(X))
    # The prediction is that of the whole network, nothing dropped and nothing scaled.
    a = X
    for weight, bias in zip(dropped.coefs_[:-1], dropped.intercepts_[:-1], strict=True):
        a = np.maximum(a @ weight + bias, 0)
    expected = a @ dropped.coefs_[-1] + dropped.intercepts_[-1]
    np.testing.assert_allclose(dropped.predict(X), expected[:, 0], rtol=1e-10)
    last = make(DNNRegressor, dropout=(0.0, 0.4)).fit(X, y)
    assert len({bits(plain), bits(dropped), bits(last)}) == 3


def test_parameters_set_after_fit_wait_for_the_next_fit():
    X, y = data(DNNClassifier)
    model = make(DNNClassifier).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(activation="tanh", hidden_layer_sizes=(3,), dtype="float32", dropout=0.5)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.fit(X, y).predict_proba(X).dtype == np.float32


# ---------------------------------------------------------------- attributes


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_attributes_are_those_of_scikit_learn(task, early_stopping):
    """Each has the type and shape, and where chance has no part the value, of the MLP's."""
    ours_class, theirs_class, _ = TASKS[task]
    X, y = data(task)
    params = {"hidden_layer_sizes": (7, 5), "max_iter": 6, "random_state": 0, "batch_size": 16,
              "early_stopping": early_stopping}  # fmt: skip
    ours, theirs = mlp(ours_class, **params).fit(X, y), theirs_class(**params).fit(X, y)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "t_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
        assert type(getattr(ours, name)) is type(getattr(theirs, name)), name
    for name in ("coefs_", "intercepts_"):
        assert isinstance(getattr(ours, name), list)
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
    for name in ("loss_curve_", "validation_scores_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert (a is None) == (b is None)
        assert a is None or ([type(v) for v in a] == [float] * 6 and len(b) == 6)
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        assert (getattr(ours, name) is None) == (getattr(theirs, name) is None), name
    assert ours.loss_ == ours.loss_curve_[-1]
    if early_stopping:
        assert ours.best_validation_score_ == max(ours.validation_scores_)
    else:
        assert ours.best_loss_ == min(ours.loss_curve_)
    assert hasattr(ours, "classes_") == hasattr(theirs, "classes_")
    if hasattr(ours, "classes_"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert not hasattr(ours, "feature_names_in_")


@pytest.mark.parametrize("task", TASKS)
def test_names_of_features(task):
    cls, _, loader = TASKS[task]
    X, y = loader(as_frame=True, return_X_y=True)
    model = make(cls, max_iter=1).fit(X, y)
    assert list(model.feature_names_in_) == list(X.columns)
    assert model.n_features_in_ == X.shape[1]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_reported_loss_is_the_loss_before_the_epoch_with_its_penalty(task):
    """Full batches: the loss of epoch k is that of the weights after k - 1 epochs."""
    X, y = data(task)
    params = {"batch_size": len(X), "alpha": 2.0, "shuffle": False}
    before, after = (make(DNNClassifier, max_iter=k, **params).fit(X, y) for k in (5, 6))
    penalty = 0.5 * 2.0 * sum((w**2).sum() for w in before.coefs_) / len(X)
    assert after.loss_ == pytest.approx(log_loss(y, before.predict_proba(X)) + penalty, rel=1e-9)
    assert after.loss_curve_[:-1] == before.loss_curve_


def test_fit_starts_anew():
    """Nothing of an earlier fit remains: other columns, classes, names, early stopping."""
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    model = make(DNNClassifier, early_stopping=True).fit(X, y)
    X, y = data("multiclass")
    model.set_params(early_stopping=False).fit(X, y)
    fresh = make(DNNClassifier).fit(X, y)
    assert bits(model) == bits(fresh)
    assert vars(model).keys() == vars(fresh).keys()
    for name in ("n_outputs_", "out_activation_", "validation_scores_", "best_validation_score_"):
        assert getattr(model, name) == getattr(fresh, name)
