"""Rows of partitions that are encoded one after the other."""

import gc
from itertools import pairwise
from weakref import ref

import numpy as np
import pytest
from groups import FAST, assert_same_model, run
from lazy import mixed_table

pytest.importorskip("dask")

from skdnn import DNNClassifier, DNNRegressor
from skdnn.distributed import _storage
from skdnn.distributed._collections import Part, partitions_of
from skdnn.distributed._fit import GroupFit, fit_shard
from skdnn.distributed._partitions import Partitions
from skdnn.distributed._storage import Storage
from skdnn.distributed._summary import Summary


def parts_of_rows(X, y, weights=None, counts=(150, 0, 50, 200)):
    slices = [slice(a, b) for a, b in pairwise(np.cumsum([0, *counts]))]
    return [
        Part(X[rows], np.asarray(y)[rows], None if weights is None else weights[rows])
        for rows in slices
    ]


def fitted(estimator, X, y, max_bytes=np.inf, size=2, weights=None):
    """The model of the first worker; each has all rows in other partitions."""

    def work(group):
        with Storage(None, max_bytes) as storage:
            rows = partitions_of(parts_of_rows(X, y, weights), storage)
            return fit_shard(estimator, *rows, summary=Summary(X, np.asarray(y)), group=group)

    found = run(work, size)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return found[0]


@pytest.mark.parametrize("max_bytes", [0, np.inf])
def test_encoded_rows_are_those_of_the_joined_table_to_the_bit(max_bytes):
    X, y = mixed_table()
    model = DNNClassifier(**FAST).fit(X, y)
    with Storage(None, max_bytes) as storage:
        rows = partitions_of(parts_of_rows(X, y), storage)
        call = GroupFit(model, None)
        found = call._features(rows.X, model._model)
        expected = model._model.features(X)
        assert len(found) == len(expected) == 2
        for own, other in zip(found, expected, strict=True):
            for a, b in zip(own, other, strict=True):
                np.testing.assert_array_equal(a, b)
                assert a.dtype == b.dtype


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_files_give_the_model_of_memory_if_a_window_has_all_rows(cls, monkeypatch):
    """Without shuffling, and without a difference but for the place."""
    X, y = mixed_table()
    y = y if cls is DNNClassifier else X["size"]
    estimator = cls(**FAST, shuffle=False)
    in_memory, in_files = (fitted(estimator, X, y, each) for each in (np.inf, 0))
    assert_same_model(in_memory, in_files)


def test_rows_in_files_are_shuffled_in_windows(monkeypatch):
    monkeypatch.setattr(_storage, "BLOCK_BYTES", 400)
    monkeypatch.setattr(_storage, "WINDOW_BYTES", 4000)
    X, y = mixed_table()
    estimator = DNNClassifier(**{**FAST, "max_iter": 20})
    in_files = fitted(estimator, X, y, 0)
    assert_same_model(in_files, fitted(estimator, X, y, 0))
    in_memory = fitted(estimator, X, y)
    assert (in_files._model.network.values != in_memory._model.network.values).any()
    assert in_files.score(X, y) > in_memory.score(X, y) - 0.05


def test_a_single_worker_with_rows_in_files():
    X, y = mixed_table()
    model = fitted(DNNClassifier(**{**FAST, "max_iter": 20}), X, y, 0, size=1)
    assert model.score(X, y) > 0.85


def test_weights_of_partitions():
    """A weight of 0 is the same as no row."""
    X, y = mixed_table()
    y = X["size"].where(X.index < 200, 100.0)
    weights = (X.index < 200).astype(np.float64)
    model = fitted(DNNRegressor(**FAST), X, y, 0, weights=weights)
    assert abs(model.predict(X).mean()) < 5


def agreement_of_small(model, X, y):
    """A scorer that reads the rows."""
    return np.mean((model.predict(X) == y)[X["size"] < 0.5])


@pytest.mark.parametrize("scoring", ["roc_auc", "loss", agreement_of_small])
@pytest.mark.parametrize("n_members", [1, 4])
def test_scorers_get_the_held_out_rows(scoring, n_members):
    X, y = mixed_table()
    estimator = DNNClassifier(**{**FAST, "n_members": n_members}, scoring=scoring)

    def work(group):
        return fit_shard(estimator, X, y, summary=Summary(X, y), group=group)

    model = fitted(estimator, X, y)
    whole = run(work, 2)[0]
    assert model.validation_scores_ == whole.validation_scores_
    assert_same_model(model, whole)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_arrays_that_are_not_encoded_are_joined():
    X = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    model = fitted(DNNRegressor.preset("mlp", max_iter=3, random_state=0), X, X[:, 0])
    assert model._model.inputs is None
    assert model.predict(X).dtype == np.float32


class Noted(np.ndarray):
    """An array with weak references."""


def readers(alive, counts=(100, 250)):
    """Functions that return arrays, which are in ``alive`` as long as they live."""

    def read(n):
        X = np.zeros((n, 2)).view(Noted)
        alive.append(ref(X))
        return X

    return [lambda n=n: read(n) for n in counts]


def test_rows_that_change_between_reads():
    with pytest.raises(ValueError, match=r"X has 350 rows, but y has 300\. Partitions that"):
        list(Partitions(readers([]), 300, Storage()))
    with pytest.raises(ValueError, match=r"X has 350 rows, but y has 400"):
        list(Partitions(readers([]), 400, Storage()))


def test_one_partition_is_in_memory_at_a_time():
    made, most = [], []

    class Watched(Partitions):
        def __iter__(self):
            for X in super().__iter__():
                most.append(sum(each() is not None for each in made))
                yield X
                del X

    model = DNNRegressor(**FAST).fit(np.arange(60.0).reshape(30, 2), np.arange(30.0))
    rows = Watched(readers(made, [10] * 5), 50, Storage())
    features = GroupFit(model, None)._features(rows, model._model)
    assert features[0].shape[0] == 50
    assert most == [1] * 5


def test_encoded_rows_are_released_with_the_fit(monkeypatch):
    """Without a look of the garbage collector, which may come much later."""
    made = []
    stacked = Storage.stacked

    def noted(self, *arguments):
        arrays = stacked(self, *arguments)
        made.extend(map(ref, arrays))
        return arrays

    monkeypatch.setattr(Storage, "stacked", noted)
    gc.collect()
    gc.disable()
    try:
        fitted(DNNClassifier(**FAST), *mixed_table())
        assert made
        assert not any(each() is not None for each in made)
    finally:
        gc.enable()
