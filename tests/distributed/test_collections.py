"""Partitions of X, y and weights belong together, or an error says why not."""

import numpy as np
import pandas as pd
import pytest
from lazy import lazy_table, mixed_table
from scipy.sparse import csr_array, issparse

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from skdnn.distributed._collections import Part, Recipe, joined, parts_of  # noqa: E402

NAMES = ("X", "y", "sample_weight")


def computed(*collections):
    return dask.compute(*parts_of(*collections, NAMES), scheduler="sync")


def test_parts_of_frames_have_the_same_rows():
    X, y = mixed_table(50)
    lazy_X, lazy_y, weights = lazy_table(X, y, 3, weights=np.arange(50.0))
    parts = computed(lazy_X, lazy_y, weights)
    assert len(parts) == 3
    assert all(len(part.X) == len(part.y) == len(part.weights) for part in parts)
    whole = joined(parts)
    pd.testing.assert_frame_equal(whole.X, lazy_X.compute())
    np.testing.assert_array_equal(whole.y, y)
    np.testing.assert_array_equal(whole.weights, np.arange(50.0))


def test_columns_of_arrays_come_together():
    X, y = np.arange(40.0).reshape(10, 4), np.arange(10.0)
    parts = computed(da.from_array(X, chunks=(4, 2)), da.from_array(y, chunks=4), None)
    assert [part.X.shape for part in parts] == [(4, 4), (4, 4), (2, 4)]
    np.testing.assert_array_equal(joined(parts).X, X)
    assert joined(parts).weights is None


def test_chunks_of_unknown_size_are_accepted():
    frame, _ = mixed_table(30)
    lazy = dd.from_pandas(frame[["size", "age"]], npartitions=3)
    parts = computed(lazy.values, lazy["size"].values, None)
    assert [part.X.shape for part in parts] == [(10, 2)] * 3


def test_a_single_partition_is_not_copied():
    part = Part(np.ones((3, 2)), np.ones(3), None)
    assert joined([part]).X is part.X


def test_sparse_rows_are_joined_as_such():
    part = Part(csr_array(np.eye(3)), np.ones(3), None)
    whole = joined([part, part])
    assert issparse(whole.X)
    np.testing.assert_array_equal(whole.X.toarray(), np.vstack([np.eye(3)] * 2))


def test_categories_of_partitions_are_united():
    parts = [Part(pd.DataFrame({"c": pd.Categorical([value])}), np.ones(1), None) for value in "ab"]
    whole = joined(parts).X["c"]
    assert isinstance(whole.dtype, pd.CategoricalDtype)
    assert whole.tolist() == ["a", "b"]


def arrays(n_rows=10, chunks=5):
    X = da.from_array(np.ones((n_rows, 2)), chunks=(chunks, 2))
    return X, da.from_array(np.ones(n_rows), chunks=chunks)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (arrays()[0], np.ones(10), "y is of type ndarray"),
        (arrays()[0], arrays(chunks=4)[1], "X has 2 partitions, but y has 3"),
        (arrays()[0], arrays(12, 6)[1], r"different numbers of rows: \(5, 5\) and \(6, 6\)"),
        (da.ones((4, 2, 2)), arrays()[1], "X has 3 dimensions"),
        (arrays()[0], da.ones((4, 2, 2)), "y has 3 dimensions"),
        (dd.from_pandas(pd.Series([1, 2]), npartitions=1), arrays()[1], "X is of type Series"),
    ],
)
def test_what_does_not_belong_together_is_refused(X, y, message):
    with pytest.raises((TypeError, ValueError), match=message):
        parts_of(X, y, None, NAMES)


def test_different_divisions_are_refused():
    X = dd.from_pandas(pd.DataFrame({"a": range(10)}), npartitions=2)
    y = dd.from_pandas(pd.Series(range(10), index=range(5, 15)), npartitions=2)
    with pytest.raises(ValueError, match="different divisions"):
        parts_of(X, y, None, NAMES)


def test_parts_of_many_small_parquet_files_have_the_same_rows(tmp_path):
    """Dask would read several files at once for the narrow one of two collections."""
    X = pd.DataFrame(np.arange(600.0).reshape(20, 30)).add_prefix("x")
    for i in range(5):
        X[4 * i : 4 * i + 4].to_parquet(tmp_path / f"{i}.parquet")
    lazy = dd.read_parquet(tmp_path)
    parts = computed(lazy[list(X.columns[1:])], lazy["x0"], None)
    assert len(parts) == 5
    for i, part in enumerate(parts):
        pd.testing.assert_frame_equal(part.X, X[4 * i : 4 * i + 4].drop(columns="x0"))
        pd.testing.assert_series_equal(part.y, X["x0"][4 * i : 4 * i + 4])


def test_a_recipe_makes_the_part_each_time():
    X, y = mixed_table(50)
    n_calls = []

    def counted(rows):
        n_calls.append(len(rows))
        return rows

    lazy_X, lazy_y, weights = lazy_table(X, y, 3, weights=np.arange(50.0))
    lazy_X = lazy_X.map_partitions(counted, meta=lazy_X._meta)
    for collections in ((lazy_X, lazy_y, weights), (lazy_X, lazy_y, None)):
        recipes = [Recipe(part) for part in parts_of(*collections, NAMES)]
        for found, expected in zip(recipes, computed(*collections), strict=True):
            n_calls.clear()
            targets = found.targets()
            assert targets.X is None
            assert not n_calls
            for _ in range(2):
                pd.testing.assert_frame_equal(found.part().X, expected.X)
            assert n_calls == [len(expected.X)] * 2
            for part in (targets, found.part()):
                np.testing.assert_array_equal(part.y, expected.y)
                np.testing.assert_array_equal(part.weights, expected.weights)
