"""scikit-learn's callbacks: a task for each epoch, with an estimator that predicts."""

import pickle

import numpy as np
import pytest
from mlp import mlp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skdnn import DNNClassifier, DNNRegressor
from skdnn.training.settings import LBFGS_ITERATIONS, epochs_for

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks yet")
ScoringMonitor = callback.ScoringMonitor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning",
    "ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning",
)
#: What ``score`` is; the monitor wants names.
SCORE = {DNNClassifier: "accuracy", DNNRegressor: "r2"}
no_warning = pytest.mark.filterwarnings("error")

CLASSES = [DNNClassifier, DNNRegressor]
SOLVERS = ["adam", "sgd", "lbfgs"]


def data(cls):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:120]
    return scale(X[rows]), y[rows] if cls is DNNClassifier else scale(y[rows])


def make(cls, **params):
    defaults = {"learning_rate_init": 0.02, "max_iter": 6, "batch_size": 32, "random_state": 0,
                "dtype": "float64"}  # fmt: skip
    return mlp(cls, (8,), **{**defaults, **params})


def raw(model, X):
    return model.decision_function(X) if isinstance(model, DNNClassifier) else model.predict(X)


def bits(model):
    return b"".join(array.tobytes() for array in [*model.coefs_, *model.intercepts_])


class Recorder:
    """Writes down what it is told; ``stop_at`` asks to stop, ``fail_at`` fails in an epoch."""

    def __init__(self, stop_at=None, fail_at=None, error=RuntimeError):
        self.stop_at, self.fail_at, self.error = stop_at, fail_at, error
        self.events, self.outputs, self.given = [], [], []

    def setup(self, estimator, context):
        self.events.append("setup")
        self.max_epochs = context.max_subtasks

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.events.append(("end", context.task_name, context.task_id))
        self.given.append((X, y, metadata))
        self.outputs.append(raw(fitted_estimator, X))
        if context.task_name == "epoch":
            if context.task_id + 1 == self.fail_at:
                raise self.error("callback in trouble")
            return context.task_id + 1 == self.stop_at
        return None


def epochs(log):
    return [row for row in log.data if row["task_name"] == "epoch"]


# ---------------------------------------------------------------- what they are told


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_order_of_events(cls, solver):
    X, y = data(cls)
    recorder = Recorder()
    model = make(cls, solver=solver).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == 6
    middle = [(what, "epoch", i) for i in range(6) for what in ("begin", "end")]
    assert recorder.events == [
        "setup", ("begin", "fit", 0), *middle, ("end", "fit", 0), "teardown",
    ]  # fmt: skip
    for given in recorder.given:
        assert given[0] is X
        assert given[1] is y
        assert given[2] is None
    # Whoever listens does not change what is learned.
    assert bits(model) == bits(make(cls, solver=solver).fit(X, y))


@pytest.mark.parametrize("params", [
    *({"solver": solver} for solver in SOLVERS), {"n_members": 3, "n_jobs": 2},
    {"normalization": "batch"}, {"early_stopping": True, "n_iter_no_change": np.inf},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_predictions_in_every_epoch(cls, params):
    """Those of a fit that ends there; with early stopping of the last epoch, not of the best."""
    X, y = data(cls)
    recorder = Recorder()
    model = make(cls, **params).set_callbacks(recorder).fit(X, y)
    assert len(recorder.outputs) == 7
    shorter = {**params, "early_stopping": False}
    if "early_stopping" not in params:
        for n_epochs in range(1, 7):
            expected = make(cls, **{**shorter, "max_iter": n_epochs}).fit(X, y)
            np.testing.assert_array_equal(recorder.outputs[n_epochs - 1], raw(expected, X))
    assert len({output.tobytes() for output in recorder.outputs[:6]}) == 6
    np.testing.assert_array_equal(recorder.outputs[-1], raw(model, X))


@pytest.mark.parametrize("params", [
    {"solver": "adam"}, {"solver": "lbfgs"}, {"early_stopping": True, "n_iter_no_change": np.inf},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("cls", CLASSES)
def test_curves_in_every_epoch(cls, params):
    """They are those until now, also in a second fit, and do not grow later."""
    X, y = data(cls)

    class Collector(Recorder):
        def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
            self.given.append(fitted_estimator)

    collector = Collector()
    model = make(cls, **params).set_callbacks(collector)
    for _ in range(2):
        collector.given.clear()
        model.set_params(random_state=1 + model.random_state).fit(X, y)
        assert len(collector.given) == 7
        for i, found in enumerate(collector.given[:6]):
            assert found.n_iter_ == i + 1
            assert found.loss_curve_ == found.history_["loss"] == model.loss_curve_[: i + 1]
            assert found.loss_ == model.loss_curve_[i]
            if model.validation_scores_ is not None:
                assert found.best_validation_score_ == max(model.validation_scores_[: i + 1])


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_scoring_monitor(cls, solver):
    """One score an epoch: that of a fit which ends there."""
    X, y = data(cls)
    monitor = ScoringMonitor(scoring=SCORE[cls])
    model = make(cls, solver=solver).set_callbacks(monitor).fit(X, y, X_val=X, y_val=y)
    rows = epochs(monitor.get_logs())
    assert [row["task_id"] for row in rows] == list(range(6))
    scores = [row[SCORE[cls]] for row in rows]
    np.testing.assert_allclose(scores, model.history_["validation_score"], rtol=1e-12)
    for n_epochs in (1, 4):
        expected = make(cls, solver=solver, max_iter=n_epochs).fit(X, y)
        assert scores[n_epochs - 1] == expected.score(X, y)
    (whole,) = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert whole[SCORE[cls]] == model.score(X, y)


def test_scoring_monitor_of_a_name_and_of_weights():
    X, y = data(DNNClassifier)
    weights = np.random.default_rng(0).uniform(0, 3, len(y))
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = make(DNNClassifier).set_callbacks(monitor).fit(X, y, sample_weight=weights)
    scores = [row["neg_log_loss"] for row in epochs(monitor.get_logs())]
    expected = -log_loss(y, model.predict_proba(X), sample_weight=weights)
    assert scores[-1] == pytest.approx(expected, rel=1e-12)
    assert scores[-1] != pytest.approx(-log_loss(y, model.predict_proba(X)), rel=1e-6)
    assert sorted(scores) == scores


def test_several_scores_and_fits():
    """Each fit is a run of its own."""
    X, y = data(DNNRegressor)
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    monitor = ScoringMonitor(scoring=["r2", "neg_mean_absolute_error"])
    model = make(DNNRegressor).set_callbacks(monitor)
    model.fit(X, y)
    last = epochs(monitor.get_logs())[-1]
    assert last["r2"] == model.score(X, y)
    assert last["neg_mean_absolute_error"] == pytest.approx(scorer(model, X, y), rel=1e-12)
    model.set_params(max_iter=2).fit(X, y)
    logs = monitor.get_logs(select="all")
    assert [len(epochs(log)) for log in logs] == [6, 2]


def test_frames_are_handed_on():
    X, y = load_iris(return_X_y=True, as_frame=True)
    monitor, recorder = ScoringMonitor(scoring="accuracy"), Recorder()
    model = make(DNNClassifier).set_callbacks(monitor, recorder).fit(X, y)
    assert epochs(monitor.get_logs())[-1]["accuracy"] == model.score(X, y)
    assert all(given[0] is X for given in recorder.given)


@pytest.mark.parametrize("cls", CLASSES)
def test_with_early_stopping(cls):
    """Fewer epochs, and in the end the estimator with the best weights."""
    X, y = data(cls)
    params = {"early_stopping": True, "scoring": "loss", "max_iter": 100, "n_iter_no_change": 2}
    recorder = Recorder()
    model = make(cls, learning_rate_init=0.3, **params).set_callbacks(recorder)
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    n_epochs = sum(event[:2] == ("end", "epoch") for event in recorder.events)
    assert n_epochs == model.n_iter_ == len(model.validation_scores_) < 100
    scores = np.array(model.validation_scores_)
    best = int(np.flatnonzero(scores == scores.max())[-1])
    assert best < n_epochs - 1
    np.testing.assert_array_equal(recorder.outputs[-1], raw(model, X[:80]))
    np.testing.assert_array_equal(recorder.outputs[best], raw(model, X[:80]))
    assert not np.array_equal(recorder.outputs[-2], recorder.outputs[-1])


@pytest.mark.parametrize("cls", CLASSES)
def test_going_on(cls):
    """The epochs of each fit; partial_fit has no tasks."""
    X, y = data(cls)
    recorder = Recorder()
    model = make(cls, max_iter=3, warm_start=True).set_callbacks(recorder).fit(X, y)
    model.fit(X, y)
    assert recorder.events.count("setup") == recorder.events.count("teardown") == 2
    assert [event for event in recorder.events if event[0] == "end"] == 2 * [
        *(("end", "epoch", i) for i in range(3)), ("end", "fit", 0),
    ]  # fmt: skip
    whole = make(cls, max_iter=6).fit(X, y)
    np.testing.assert_array_equal(recorder.outputs[-1], raw(whole, X))
    n_events = len(recorder.events)
    model.partial_fit(X, y)
    assert len(recorder.events) == n_events


@pytest.mark.parametrize("fewer_by", ["hold-out", "splitter", "weights of 0", "X_val", "lbfgs"])
@pytest.mark.parametrize("cls", CLASSES)
def test_number_of_epochs_for_the_training_rows(cls, fewer_by):
    """That of max_iter="auto", which depends on the rows that are trained, not on all rows."""
    X = np.random.default_rng(0).normal(size=(2_150, 2))
    y = (X[:, 0] > 0).astype(int)
    params, given = {"early_stopping": fewer_by != "weights of 0"}, {}
    if fewer_by == "splitter":
        params["validation_fraction"] = ShuffleSplit(1, test_size=0.5, random_state=0)
    elif fewer_by == "weights of 0":
        given["sample_weight"] = np.arange(len(X)) % 2
    elif fewer_by == "X_val":
        given.update(X_val=X[:9], y_val=y[:9])
    elif fewer_by == "lbfgs":
        params["solver"] = "lbfgs"
    recorder = Recorder()
    model = make(cls, max_iter="auto", batch_size=512, n_iter_no_change=np.inf, **params)
    model.set_callbacks(recorder).fit(X, y, **given)
    most, fewest = epochs_for(len(X) * 9 // 10), epochs_for(len(X))
    assert most > fewest
    expected = {"X_val": fewest, "lbfgs": LBFGS_ITERATIONS}.get(fewer_by, most)
    assert model.max_iter_ == expected
    assert recorder.max_epochs == expected
    n_epochs = sum(event[:2] == ("end", "epoch") for event in recorder.events)
    assert n_epochs == model.n_iter_
    assert n_epochs == expected or fewer_by == "lbfgs"
    assert recorder.events[-1] == "teardown"


# ---------------------------------------------------------------- stopping


@no_warning
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_true_stops_after_that_epoch(cls, solver):
    """The same bits as so many epochs, and no warning: it is what the user wanted."""
    X, y = data(cls)
    recorder = Recorder(stop_at=4)
    model = make(cls, solver=solver, max_iter=50).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert recorder.events[-3:] == [("end", "epoch", 3), ("end", "fit", 0), "teardown"]
    np.testing.assert_array_equal(recorder.outputs[3], raw(model, X))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("cls", CLASSES)
def test_a_stopped_training_has_the_bits_of_a_short_one(cls, solver):
    X, y = data(cls)
    stopped = make(cls, solver=solver, max_iter=50).set_callbacks(Recorder(stop_at=4)).fit(X, y)
    short = make(cls, solver=solver, max_iter=4).fit(X, y)
    assert bits(stopped) == bits(short)
    assert stopped.loss_curve_ == short.loss_curve_


@no_warning
@pytest.mark.parametrize("epoch", [1, 6])
def test_stopping_in_the_first_and_in_the_last_epoch(epoch):
    X, y = data(DNNRegressor)
    recorder = Recorder(stop_at=epoch)
    model = make(DNNRegressor).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == epoch


@no_warning
def test_stopping_with_early_stopping_keeps_the_best():
    X, y = data(DNNRegressor)
    params = {"early_stopping": True, "learning_rate_init": 0.3, "max_iter": 100}
    model = make(DNNRegressor, **params).set_callbacks(Recorder(stop_at=8))
    model.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert model.n_iter_ == 8
    score = model.score(X[80:], y[80:])
    assert score == pytest.approx(max(model.validation_scores_), rel=1e-12)


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("fitted_before", [False, True])
@pytest.mark.parametrize("failure", ["data", "callback", "divergence", "parameter of the loop"])
def test_a_fit_that_fails_is_torn_down(failure, fitted_before):
    """And the estimator is what it was."""
    X, y = data(DNNRegressor)
    model = make(DNNRegressor, solver="sgd")
    if fitted_before:
        model.fit(X, y)
    recorder = Recorder(fail_at=2 if failure == "callback" else None)
    monitor = ScoringMonitor(scoring="r2")
    model.set_callbacks(recorder, monitor)
    bad, message = X, "callback in trouble"
    if failure == "data":
        bad, message = np.where(X > 2, np.inf, X), "infinity"
    if failure == "divergence":
        model.set_params(learning_rate_init=1e300)
        message = "non-finite"
    if failure == "parameter of the loop":
        model.set_params(regularization_schedule="constant", dropout=[0.1, 0.2])
        message = "'dropout' parameter"
    attributes = vars(model).copy()
    before = bits(model) if fitted_before else None
    with pytest.raises((ValueError, RuntimeError), match=message):
        model.fit(bad, y)
    if failure == "data":  # before the number of epochs is known
        assert recorder.events == []
    else:
        assert recorder.events[0] == "setup"
        assert recorder.events[-1] == "teardown"
    assert vars(model).keys() == attributes.keys()
    assert all(vars(model)[name] is attributes[name] for name in attributes)
    if fitted_before:
        assert bits(model) == before
    # The callbacks work again in the next fit.
    model.set_params(learning_rate_init=0.02, dropout=0.0).set_callbacks(monitor).fit(X, y)
    assert len(epochs(monitor.get_logs())) == 6


@pytest.mark.parametrize("cls", CLASSES)
def test_ctrl_c_in_a_callback_keeps_the_model(cls):
    X, y = data(cls)
    recorder = Recorder(fail_at=3, error=KeyboardInterrupt)
    model = make(cls).set_callbacks(recorder)
    try:
        with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
            model.fit(X, y)
    except KeyboardInterrupt:  # would end the whole test session
        pytest.fail("fit did not handle the interrupt")
    assert bits(model) == bits(make(cls, max_iter=3).fit(X, y))
    assert recorder.events[-2:] == [("end", "fit", 0), "teardown"]


def test_what_is_not_a_callback():
    with pytest.raises(TypeError, match="callback"):
        make(DNNRegressor).set_callbacks("progress")
    with pytest.raises(TypeError, match="callback"):
        make(DNNRegressor).set_callbacks(Recorder)


# ---------------------------------------------------------------- in compositions


@pytest.mark.parametrize("cls", CLASSES)
def test_in_a_pipeline(cls):
    """The step's own callback sees what the step sees."""
    X, y = data(cls)
    recorder = Recorder()
    model = make(cls).set_callbacks(recorder)
    pipeline = make_pipeline(StandardScaler(), model).fit(5 * X + 3, y)
    assert recorder.events.count("setup") == recorder.events.count("teardown") == 1
    ends = [event[1] for event in recorder.events if event[0] == "end"]
    assert ends.count("epoch") == 6
    np.testing.assert_allclose(recorder.outputs[-1], raw(model, recorder.given[0][0]))
    plain = make_pipeline(StandardScaler(), make(cls)).fit(5 * X + 3, y)
    assert bits(pipeline[-1]) == bits(plain[-1])


def test_in_a_grid_search():
    """Clones share the callback; every fit has its epochs."""
    X, y = data(DNNClassifier)
    monitor = ScoringMonitor(scoring="accuracy")
    grid = {"max_iter": [2, 3]}
    search = GridSearchCV(make(DNNClassifier).set_callbacks(monitor), grid, cv=2).fit(X, y)
    plain = GridSearchCV(make(DNNClassifier), grid, cv=2).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )
    assert bits(search.best_estimator_) == bits(plain.best_estimator_)
    logs = monitor.get_logs(select="all")
    rows = [row for log in logs for row in epochs(log)]
    # Two candidates in two folds, and the refit.
    assert len(rows) == 2 * 2 + 2 * 3 + search.best_params_["max_iter"]
    names = {"max_iter": [2]}
    pipeline = Pipeline([("scale", StandardScaler()), ("net", make(DNNClassifier))])
    nested = GridSearchCV(pipeline, {f"net__{key}": names[key] for key in names}, cv=2)
    assert nested.fit(X, y).score(X, y) > 0.3


def test_progress_bar(capsys):
    pytest.importorskip("rich")
    X, y = data(DNNClassifier)
    for solver in SOLVERS:
        model = make(DNNClassifier, solver=solver).set_callbacks(callback.ProgressBar()).fit(X, y)
        assert bits(model) == bits(make(DNNClassifier, solver=solver).fit(X, y))
    bar = callback.ProgressBar(max_propagation_depth=None)
    search = GridSearchCV(make(DNNClassifier), {"max_iter": [2]}, cv=2).set_callbacks(bar)
    assert search.fit(X, y).best_estimator_.n_iter_ == 2
    capsys.readouterr()


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("cls", CLASSES)
def test_pickle_and_clone(cls):
    X, y = data(cls)
    monitor = ScoringMonitor(scoring=SCORE[cls])
    model = make(cls).set_callbacks(monitor).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(raw(again, X), raw(model, X))
    assert bits(again.fit(X, y)) == bits(model)
    copy = clone(model)
    assert not hasattr(copy, "coefs_")
    assert bits(copy.fit(X, y)) == bits(model)
    # The clone has the same callback.
    assert [len(epochs(log)) for log in monitor.get_logs(select="all")][-1] == 6
    assert len(monitor.get_logs(select="all")) >= 2


@pytest.mark.parametrize("cls", CLASSES)
def test_callbacks_can_be_taken_away(cls):
    X, y = data(cls)
    recorder = Recorder()
    model = make(cls).set_callbacks(recorder).set_callbacks().fit(X, y)
    assert recorder.events == []
    assert "_callback_fit_ctx" not in vars(model)
    listened = make(cls).set_callbacks(recorder).fit(X, y)
    assert set(vars(listened)) - set(vars(model)) == {"_skl_callbacks"}
