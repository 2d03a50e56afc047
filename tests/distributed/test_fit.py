"""Fits of several workers, which are threads here."""

import threading
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from groups import FAST, assert_same_model, run
from sklearn.metrics import log_loss, r2_score

from skdnn import DNNClassifier, DNNRegressor
from skdnn.distributed._fit import fit_shard
from skdnn.distributed._group import WorkerLostError
from skdnn.distributed._summary import Summary
from skdnn.distributed._training import part_of_batch
from skdnn.training.loop import DivergenceError


def fit(estimator, shards, summary=None, **options):
    """Fit each shard (X, y, ...) in a worker; the estimators or errors by rank."""
    if summary is None:
        whole = [
            pd.concat(each) if isinstance(each[0], pd.DataFrame) else np.concatenate(each)
            for each in zip(*shards, strict=True)
        ]
        summary = Summary(*whole)
    return run(
        lambda group: fit_shard(
            estimator, *shards[group.rank], summary=summary, group=group, **options
        ),
        len(shards),
    )


def table(n_rows=600, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=n_rows), "b": rng.gamma(2, size=n_rows)})
    X["c"] = rng.choice(["x", "y", "z"], n_rows)
    X.loc[rng.random(n_rows) < 0.1, "b"] = np.nan
    signal = X["a"] + (X["c"] == "x") - (X["b"].fillna(5) > 2)
    return X, signal.to_numpy() + 0.3 * rng.normal(size=n_rows)


def classes_of(signal):
    return np.where(signal > 1, "high", np.where(signal > -0.5, "middle", "low"))


def cut(*arrays, at=(300,)):
    """Shards of the arrays."""
    ends = [0, *at, len(arrays[0])]
    return [tuple(each[a:b] for each in arrays) for a, b in pairwise(ends)]


def predictions(model, X):
    return model.predict_proba(X) if isinstance(model, DNNClassifier) else model.predict(X)


@pytest.mark.parametrize("n_members", [1, 4])
@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_all_workers_get_the_same_model_and_twice_the_same_bits(cls, n_members):
    X, y = table()
    y = classes_of(y) if cls is DNNClassifier else y
    estimator = cls(**{**FAST, "n_members": n_members})
    shards = cut(X, y, at=(250, 400))
    found = fit(estimator, shards)
    for other in found[1:]:
        assert_same_model(found[0], other)
        np.testing.assert_array_equal(predictions(found[0], X), predictions(other, X))
    again = fit(estimator, shards)
    assert_same_model(found[0], again[0])
    assert not hasattr(estimator, "n_iter_")


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_a_single_worker_has_the_bits_of_fit(cls):
    X, y = table(200)
    y, weights = (y > 0 if cls is DNNClassifier else y), np.random.default_rng(1).random(200)
    estimator = cls(**FAST)
    [found] = fit(estimator, [(X, y, weights)])
    estimator.fit(X, y, weights)
    assert_same_model(found, estimator)


def test_the_error_is_close_to_that_of_one_process():
    X, y = table(4000)
    X_test, y_test = table(2000, seed=1)
    regressor = DNNRegressor(hidden_layer_sizes=(32,), n_members=1, max_iter=30, random_state=0)
    alone = r2_score(y_test, regressor.fit(X, y).predict(X_test))
    together = fit(regressor, cut(X, y, at=(2000,)))[0]
    assert r2_score(y_test, together.predict(X_test)) > alone - 0.01
    labels, test_labels = classes_of(y), classes_of(y_test)
    ratios = []
    for seed in range(4):
        classifier = DNNClassifier((32,), n_members=1, max_iter=30, random_state=seed)
        alone = log_loss(test_labels, classifier.fit(X, labels).predict_proba(X_test))
        together = fit(classifier, cut(X, labels, at=(2000,)))[0]
        ratios.append(log_loss(test_labels, together.predict_proba(X_test)) / alone)
    assert np.mean(ratios) < 1.05


def test_classes_and_categories_that_only_one_worker_has():
    X, y = table()
    order = np.argsort(y)  # each worker has other targets
    X, labels = X.iloc[order], classes_of(y)[order]
    X["c"] = np.where(np.arange(600) < 300, X["c"], "new")
    shards = cut(X, labels)
    assert set(shards[0][1]) != set(shards[1][1])
    estimator = DNNClassifier(**{**FAST, "max_iter": 40})
    first, second = fit(estimator, shards)
    assert_same_model(first, second)
    assert first.classes_.tolist() == ["high", "low", "middle"]
    assert first.score(X, labels) > 0.8
    assert "new" in first._model.inputs.encoder.category_labels["c"]


def test_one_class_for_each_worker():
    X, y = table()
    order = np.argsort(y)
    X, labels = X.iloc[order], (y > np.median(y))[order]
    first, second = fit(DNNClassifier(**{**FAST, "max_iter": 40}), cut(X, labels))
    assert_same_model(first, second)
    assert first.score(X, labels) > 0.7


def test_targets_are_scaled_by_all_rows():
    X, y = table()
    y = np.column_stack([np.sort(y), 1e6 + y])
    summary = Summary(X[::7], y[::7])
    first, second = fit(DNNRegressor(**FAST), cut(X, y), summary)
    for model in (first, second):
        scaler = model._model.task.scaler
        np.testing.assert_allclose(scaler.mean, y.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(scaler.scale, y.std(axis=0), rtol=1e-9)
        np.testing.assert_array_equal(scaler.low, y.min(axis=0))
        np.testing.assert_array_equal(scaler.high, y.max(axis=0))


def test_the_validation_score_is_that_of_all_held_out_rows():
    X, y = table()
    order = np.argsort(y)  # the workers have different means
    X, y = X.iloc[order], y[order]
    X_val, y_val = table(200, seed=1)
    weights = np.random.default_rng(0).random(200)
    shards, held_out = cut(X, y), cut(X_val, y_val, weights, at=(50,))
    estimator = DNNRegressor(**FAST)

    def work(group):
        X, y, sample_weight = held_out[group.rank]
        validation = {"X_val": X, "y_val": y, "sample_weight_val": sample_weight}
        summary = Summary(X_of, y_of)
        return fit_shard(estimator, *shards[group.rank], summary=summary, group=group, **validation)

    X_of, y_of = table()
    first, second = run(work, 2)
    assert first.validation_scores_ == second.validation_scores_
    expected = r2_score(y_val, first.predict(X_val), sample_weight=weights)
    assert first.best_validation_score_ == pytest.approx(expected, abs=1e-5)


def test_weights_count_for_the_shares_of_the_workers():
    """Rows of weight 0 are no rows, whichever worker has them."""
    X, y = table()
    X = X[["a"]]
    weights = np.repeat([1.0, 1e-6], 300)
    shards = cut(X, np.where(weights == 1, y, 100.0), weights)
    model = fit(DNNRegressor(**{**FAST, "max_iter": 10}), shards)[0]
    assert abs(model.predict(X).mean() - y[:300].mean()) < 5  # not 50


def test_balanced_classes():
    X, y = table()
    labels = y > 1
    shards = cut(X, labels, at=(500,))
    weights = {label: 600 / (2 * np.sum(labels == label)) for label in (False, True)}
    balanced, given, plain = (
        fit(DNNClassifier(**FAST, class_weight=each), shards)[0]
        for each in ("balanced", weights, None)
    )
    assert_same_model(balanced, given)
    assert (balanced._model.network.values != plain._model.network.values).any()


def test_balanced_classes_of_several_columns():
    X, y = table()
    labels = np.column_stack([y > 1, np.digitize(y, [-0.5, 1])])
    weights = [
        {label: 600 / (len(found) * n) for label, n in zip(found, counts, strict=True)}
        for found, counts in (np.unique(column, return_counts=True) for column in labels.T)
    ]
    models = (
        fit(DNNClassifier(**FAST, class_weight=each), cut(X, labels, at=(500,)))[0]
        for each in ("balanced", weights, None)
    )
    balanced, given, plain = (model._model.network.values for model in models)
    np.testing.assert_array_equal(balanced, given)
    assert (balanced != plain).any()


@pytest.mark.parametrize("solver", ["adamw", "lbfgs"])
def test_a_single_worker_stops_when_it_is_asked(solver):
    X, y = table(100)
    estimator = DNNRegressor(**{**FAST, "solver": solver, "max_iter": 50})
    [model] = fit(estimator, [(X, y)], should_stop=lambda: True)
    assert model.n_iter_ == 1


@pytest.mark.parametrize("sizes", [(560, 40), (10, 590), (300, 300)])
def test_workers_of_different_sizes_make_as_many_steps(sizes):
    X, y = table()
    estimator = DNNRegressor(**{**FAST, "batch_size": 32, "early_stopping": False})
    models = fit(estimator, cut(X, y, at=sizes[:1]))
    steps = {int(each) for model in models for each in model._progress.step.ravel()}
    assert steps == {4 * -(-max(sizes) // 32)}
    assert models[0].t_ == models[1].t_ == 4 * 600


@pytest.mark.parametrize(
    ("batch_size", "n_workers", "size"),
    [(512, 1, 512), (512, 2, 256), (500, 3, 167), (512, 16, 64), (64, 4, 64), (100, 2, 64)],
)
def test_workers_share_a_batch(batch_size, n_workers, size):
    assert part_of_batch(batch_size, n_workers) == size


def test_two_workers_make_as_many_steps_as_one_process():
    X, y = table(1200)
    estimator = DNNRegressor(**{**FAST, "batch_size": 300, "early_stopping": False})
    alone = estimator.fit(X, y)
    for model in fit(estimator, cut(X, y, at=[600])):
        np.testing.assert_array_equal(model._progress.step, alone._progress.step)


def test_early_stopping_is_decided_together():
    X, y = table()
    noise = np.random.default_rng(0).normal(size=600)
    estimator = DNNRegressor(
        **{**FAST, "max_iter": 200, "n_iter_no_change": 3, "learning_rate": "constant"}
    )
    first, second = fit(estimator, cut(X, np.append(y[:300], noise[300:])))
    assert first.n_iter_ < 200
    assert_same_model(first, second)


def test_a_request_of_one_worker_stops_all():
    X, y = table()
    shards, summary = cut(X, y), Summary(X, y)

    def work(group):
        asked = iter([False, True])
        stop = (lambda: next(asked)) if group.rank == 1 else None
        return fit_shard(
            DNNRegressor(**FAST), *shards[group.rank], summary=summary, group=group,
            should_stop=stop,
        )  # fmt: skip

    first, second = run(work, 2)
    assert first.n_iter_ == second.n_iter_ == 2
    assert_same_model(first, second)


@pytest.mark.filterwarnings("ignore:max_time")
def test_max_time_stops_all():
    X, y = table()
    first, second = fit(DNNRegressor(**{**FAST, "max_time": 1e-9}), cut(X, y))
    assert first.n_iter_ == second.n_iter_ == 1


def test_divergence_is_an_error_of_all_workers():
    X, y = table()
    estimator = DNNRegressor.preset(
        "mlp", learning_rate_init=1e30, solver="sgd", max_iter=5, early_stopping=False
    )
    X = X[["a"]].to_numpy()
    errors = fit(estimator, cut(X, y))
    assert [type(error) for error in errors] == [DivergenceError, DivergenceError]


def test_an_error_of_one_worker_ends_the_others():
    X, y = table()
    shards = cut(X, y)
    shards[1][1][5] = np.nan
    errors = fit(DNNRegressor(**FAST), shards, Summary(*shards[0]))
    assert isinstance(errors[0], WorkerLostError)
    assert errors[0].rank == 1
    assert "NaN" in str(errors[1])
    assert not any(thread.name == "skdnn-heartbeat" for thread in threading.enumerate())


def test_an_error_in_the_middle_of_training_ends_the_others():
    X, y = table()
    shards, summary = cut(X, y, at=(200, 400)), Summary(X, y)

    def work(group):
        def fail():
            if group.rank == 2:
                raise OSError("no space left")
            return False

        return fit_shard(
            DNNRegressor(**FAST), *shards[group.rank], summary=summary, group=group,
            should_stop=fail,
        )  # fmt: skip

    first, second, third = run(work, 3)
    assert isinstance(third, OSError)
    assert (first.rank, second.rank) == (2, 2)


def test_lbfgs_is_refused():
    X, y = table(100)
    for error in fit(DNNRegressor(solver="lbfgs"), cut(X, y, at=(50,))):
        assert "must be a stochastic one" in str(error)


def test_all_workers_have_validation_rows_or_none():
    X, y = table(100)
    shards, summary = cut(X, y, at=(50,)), Summary(X, y)

    def work(group):
        more = {"X_val": X, "y_val": y} if group.rank else {}
        return fit_shard(
            DNNRegressor(**FAST), *shards[group.rank], summary=summary, group=group, **more
        )

    for error in run(work, 2):
        assert "1 of 2 workers have rows of X_val" in str(error)


def test_without_a_random_state_all_begin_with_the_same_values():
    X, y = table(200)
    first, second = fit(DNNRegressor(**{**FAST, "random_state": None}), cut(X, y, at=(100,)))
    assert_same_model(first, second)
    assert first.random_state is None


def test_running_moments_of_normalization_are_averaged():
    X, y = table()
    estimator = DNNRegressor(**FAST, normalization="batch")
    first, second = fit(estimator, cut(X, y))
    assert_same_model(first, second)
