"""Rows with their targets and weights."""

import numpy as np
import pandas as pd
import pytest

from skdnn.estimators._data import Data, few_rows


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame])
def test_few_rows_are_different_ones_with_their_targets_and_weights(kind):
    X = np.arange(1000.0).reshape(500, 2)
    # Of the even rows, in another order.
    chosen = np.random.default_rng(0).permutation(250) * 2
    data = Data(kind(X), X[:, 0], X[:, 1]).take(chosen)
    few = few_rows(data, seed=3, n_rows=100)
    assert len(np.unique(few.y)) == 100
    assert set(few.y) <= set(X[::2, 0])
    np.testing.assert_array_equal(np.asarray(few.X), np.stack([few.y, few.weights], axis=1))
    assert few.rows is None


def test_few_rows_are_all_if_there_are_no_more():
    data = Data(np.eye(5), np.arange(5.0), None)
    few = few_rows(data, seed=0)
    np.testing.assert_array_equal(few.X, data.X)
    np.testing.assert_array_equal(few.y, data.y)
    assert few.weights is None
