"""Fits of collections that are not in memory, on a cluster of two processes."""

import os
import signal
import threading
import time
from errno import ENOSPC

import numpy as np
import pytest
from lazy import lazy_table, mixed_table

pytest.importorskip("pyarrow")
pytest.importorskip("distributed")
dd = pytest.importorskip("dask.dataframe")

from skdnn.distributed import DaskDNNClassifier, DaskDNNRegressor  # noqa: E402

FAST = {"hidden_layer_sizes": (16,), "max_iter": 4, "random_state": 0}


@pytest.fixture
def in_files(client):
    """Encoded rows of any size are stored in files."""
    set_share(client, "ENCODED_SHARE", 0.0)
    set_share(client, "PLAIN_SHARE", 0.0)
    yield
    set_share(client, "ENCODED_SHARE", 1 / 3)
    set_share(client, "PLAIN_SHARE", 1 / 10)


def set_share(client, name, value):
    def change():
        from skdnn.distributed import _remote

        setattr(_remote, name, value)

    client.run(change)


def left_behind():
    """Names of threads, and mapped files without a name, in a process."""
    from pathlib import Path

    names = sorted(each.name for each in threading.enumerate() if "skdnn" in each.name)
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    return names, [line for line in lines if line.endswith("(deleted)") and "dask" in line]


def files_of(client):
    """Names of the files in the directories of the workers."""

    def names(dask_worker):
        return sorted(os.listdir(dask_worker.local_directory))

    return client.run(names)


def wait_until_left_nothing(client):
    end = time.monotonic() + 60
    while any(names or maps for names, maps in client.run(left_behind).values()):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def folder(tmp_path):
    X, y = mixed_table(600)
    for i in range(4):
        rows = slice(150 * i, 150 * i + 150)
        X[rows].assign(label=y[rows]).to_parquet(tmp_path / f"{i}.parquet")
    lazy = dd.read_parquet(tmp_path)
    return lazy[list(X.columns)], lazy["label"], X, y


def persisted(client, X, y):
    """The same partitions in memory, where a fit would read them."""
    addresses = sorted(client.nthreads())
    whole = X.assign(label=y)
    pieces = [client.persist(whole.partitions[i], workers=[addresses[i % 2]]) for i in range(4)]
    # In the order of the files; concatenation does not move them.
    whole = dd.concat(pieces)
    return whole[list(X.columns)], whole["label"]


def test_files_give_the_model_of_the_same_partitions_in_memory(client, folder):
    X, y, table, _ = folder
    model = DaskDNNClassifier(**FAST).fit(X, y)
    expected = DaskDNNClassifier(**FAST).fit(*persisted(client, X, y))
    assert np.array_equal(model.predict_proba(table), expected.predict_proba(table))


def test_encoded_rows_in_files_give_it_too_without_shuffling(client, folder, in_files):
    X, y, table, _ = folder
    model = DaskDNNClassifier(**FAST, shuffle=False).fit(X, y)
    set_share(client, "ENCODED_SHARE", 1.0)
    expected = DaskDNNClassifier(**FAST, shuffle=False).fit(X, y)
    assert np.array_equal(model.predict_proba(table), expected.predict_proba(table))


def test_nothing_is_left_of_encoded_rows_in_files(client, folder, in_files):
    X, y, table, labels = folder
    before = files_of(client)
    model = DaskDNNClassifier(**{**FAST, "max_iter": 20}).fit(X, y)
    assert model.score(table, labels) > 0.8
    assert files_of(client) == before
    wait_until_left_nothing(client)


def test_nothing_is_left_after_a_full_disk(client, folder, in_files):
    X, y, _, _ = folder
    before = files_of(client)
    _break_storage(client)
    try:
        with pytest.raises(RuntimeError, match=r"worker tcp://\S+ has failed: OSError: .*No sp"):
            DaskDNNClassifier(**FAST).fit(X, y)
    finally:
        _repair_storage(client)
    assert files_of(client) == before
    wait_until_left_nothing(client)
    assert DaskDNNClassifier(**FAST).fit(X, y).n_iter_ == 4


def trainings_in_files():
    """Whether a thread looks after mapped pages: the rows of a training are in files."""
    return any(each.name == "skdnn-pages" for each in threading.enumerate())


def test_nothing_is_left_after_ctrl_c(client, folder, in_files):
    X, y, _, _ = folder

    def interrupt():
        end = time.monotonic() + 60
        while not all(client.run(trainings_in_files).values()) and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    before = files_of(client)
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        DaskDNNClassifier(**{**FAST, "max_iter": 10**6}).fit(X, y)
    thread.join()
    assert files_of(client) == before
    wait_until_left_nothing(client)


def _break_storage(client):
    def break_it():
        from skdnn.distributed import _storage

        def finish(self):
            raise OSError(ENOSPC, "No space left on device")

        _storage.finish = _storage._InFile.finish
        _storage._InFile.finish = finish

    client.run(break_it)


def _repair_storage(client):
    def repair():
        from skdnn.distributed import _storage

        _storage._InFile.finish = _storage.finish

    client.run(repair)


def test_partitions_are_spread_evenly_and_each_has_one_reader(client):
    """Of eight partitions each of two workers reads four, those of its rank."""
    from skdnn.distributed import _shards, _workers
    from skdnn.distributed._collections import parts_of

    X, y = lazy_table(*mixed_table(400), 8)
    sources = _shards.sources_of(client, parts_of(X, y, None, _workers.NAMES))
    pieces = _shards.described(client, sources, DaskDNNClassifier()._local())
    shards = _shards.shards_of(client, pieces, [])
    assert [shard.n_rows for shard in shards] == [200, 200]
    for rank, shard in enumerate(shards):
        assert shard.pieces == pieces[rank::2]
        assert {piece.address for piece in shard.pieces} == {shard.address}


def test_partitions_that_need_all_others_are_read_once(client, tmp_path):
    X, _ = mixed_table(400)

    def noted(part):
        with (tmp_path / "reads").open("a") as file:
            file.write("x")
        return part

    whole, _ = lazy_table(X[["size", "age"]], X["size"], 8)
    whole = whole.map_partitions(noted, meta=whole._meta)
    DaskDNNRegressor(**FAST).fit(whole - whole.mean(), whole["size"])
    assert len((tmp_path / "reads").read_text()) == 8


def test_a_single_partition_in_files(client, in_files):
    X, _ = mixed_table(300)
    model = DaskDNNRegressor(**{**FAST, "max_iter": 30}).fit(*lazy_table(X, X["size"] * 2, 1))
    assert model.score(X, X["size"] * 2) > 0.7


def nested(seed, n_rows=60):
    """A partition whose task waits for other tasks, which may be on any worker."""
    import dask.dataframe as dd

    X, _ = mixed_table(n_rows, seed)
    return dd.from_pandas(X[["size", "age"]], npartitions=6).compute()


def test_partitions_may_compute_collections_themselves(client):
    """A worker that waits for the others must not keep them from what they wait for."""
    from dask import delayed

    parts = [delayed(nested)(seed) for seed in range(5)]
    X = dd.from_delayed(parts, meta=mixed_table(2)[0][["size", "age"]])
    model = DaskDNNRegressor(**FAST)
    thread = threading.Thread(target=lambda: model.fit(X, X["size"]), daemon=True)
    thread.start()
    thread.join(90)
    assert not thread.is_alive()
    assert model.n_iter_ == FAST["max_iter"]
