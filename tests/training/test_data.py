import numpy as np
import pytest
from encoded import random_table
from engines import make_rows
from numpy_twin import dense_rows
from scipy import sparse

from skdnn.training import data
from skdnn.training.data import frozen, make_features, n_feature_rows, with_columns


def test_frozen_arrays_have_one_type_and_are_not_copied_without_need():
    array = np.arange(6.0).reshape(2, 3)
    view = frozen(array)
    assert view.base is not None
    assert np.shares_memory(view, array)
    assert not view.flags.writeable
    assert array.flags.writeable
    for other in (np.asfortranarray(array), array[:, ::2], array[::-1], array.astype(int)):
        result = frozen(other, np.float64)
        assert result.flags.c_contiguous
        assert not result.flags.writeable
        np.testing.assert_array_equal(result, other)


def test_weights_have_mean_one():
    rows = make_rows(np.ones((3, 2)), np.zeros(3), np.array([1.0, 2.0, 6.0]), dtype=np.float64)
    assert rows.weight_scale == 3
    np.testing.assert_allclose(rows.weights, [1 / 3, 2 / 3, 2])
    assert rows.y.shape == (3, 1)


def test_values_beyond_float32_become_infinite_without_a_warning():
    rows = make_rows(np.ones((2, 1)), np.full(2, 1e300), None, dtype=np.float32)
    assert rows.y.tolist() == [[np.inf], [np.inf]]
    assert rows.weights.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_integers_targets_and_weights_take_the_dtype_of_the_network(dtype):
    rows = make_rows(np.ones((2, 1), int), np.zeros((2, 2), int), np.ones(2), dtype=dtype)
    assert {dense_rows(rows.features).dtype, rows.y.dtype, rows.weights.dtype} == {np.dtype(dtype)}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("X_dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_features_are_not_copied(dtype, X_dtype, order, monkeypatch):
    monkeypatch.setattr(data, "COPY_BYTES", 0)
    X = np.arange(12, dtype=X_dtype).reshape(4, 3, order=order)
    index = np.array([2, 0, 2])
    for rows, meant in ((None, X), (index, X[index])):
        features = make_features(X, np.dtype(dtype), rows)
        assert np.shares_memory(features.single if X_dtype == np.float32 else features.double, X)
        np.testing.assert_array_equal(dense_rows(features), meant)
        assert n_feature_rows(features) == len(meant)


def test_a_small_array_by_columns_is_copied():
    X = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    features = make_features(X, np.dtype(float))
    assert not np.shares_memory(features.double, X)
    np.testing.assert_array_equal(dense_rows(features), X)


def test_sparse_features_are_not_copied_without_need():
    X = sparse.csr_array(np.arange(20.0).reshape(5, 4) % 3)
    features = make_features(X, np.dtype(float))
    assert np.shares_memory(features.data, X.data)
    assert np.shares_memory(features.indices, X.indices)
    assert features.shape[:2].tolist() == [5, 4]
    assert features.single.size == features.double.size == 0
    assert n_feature_rows(features) == 5


@pytest.mark.parametrize("wrong", [-1, 4, 10**6])
def test_columns_that_are_not_there_are_refused(wrong):
    """A kernel would read or write beyond its arrays."""
    X = sparse.csr_array(np.arange(20.0).reshape(5, 4) % 3)
    X.indices[3] = wrong
    with pytest.raises(ValueError, match="ind"):
        make_features(X, np.dtype(float))


def test_columns_are_added_to_the_numbers():
    """In the types that the kernels know, row after row, read-only, without a needless copy."""
    table = random_table(np.random.default_rng(0), 6)
    index = np.array([5, 0])
    plain = make_features(table.numbers, np.dtype(float), index)
    codes = np.asfortranarray(table.codes)
    features = with_columns(plain, table.bins, table.fractions, codes, [5, 5], [3, 4, 2])
    assert features.shape.tolist() == [6, 3, 3, 1, 2, 3, 5, 5, 3, 4, 2]
    for name, dtype in (("bins", np.uint8), ("fractions", np.float32), ("codes", np.int32)):
        elements = getattr(features, name)
        assert (elements.dtype, elements.ndim) == (np.dtype(dtype), 1)
        assert not elements.flags.writeable
        np.testing.assert_array_equal(elements, getattr(table, name).ravel())
    assert np.shares_memory(features.bins, table.bins)
    assert np.shares_memory(features.fractions, table.fractions)
    for name in ("single", "double", "data", "indices", "indptr", "rows"):
        assert getattr(features, name) is getattr(plain, name)
    assert n_feature_rows(features) == 2


def test_numbers_alone_have_no_columns():
    features = make_features(np.ones((4, 3)), np.dtype(float))
    assert features.shape[4:].tolist() == [0, 0]
    assert features.bins.size == features.fractions.size == features.codes.size == 0
    nothing = np.empty((4, 0))
    same = with_columns(features, nothing, nothing, nothing, (), ())
    assert [(part.dtype, part.size) for part in same] == [(p.dtype, p.size) for p in features]
