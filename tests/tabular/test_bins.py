"""The piecewise linear encoding: its definition, and the form in which it is looked up."""

import pickle
import tracemalloc

import numpy as np
import pytest

from skdnn.tabular.bins import BinEdges


def definition(x, edges):
    """The encoding of a column, term by term: (n, T)."""
    low, high = edges[:-1], edges[1:]
    c = (x[:, None] - low) / (high - low)
    n_bins = low.size
    for t in range(n_bins):
        if t > 0:
            c[:, t] = np.maximum(c[:, t], 0)
        if t < n_bins - 1:
            c[:, t] = np.minimum(c[:, t], 1)
    return c


def expand(edges, bins, fractions, dtype=np.float32):
    """Dense features from what ``locate`` says, those of the first column first."""
    blocks = []
    for count, t, fraction in zip(edges.bin_counts, bins.T, fractions.T, strict=True):
        block = (np.arange(count) < t[:, None]).astype(dtype)
        block[np.arange(len(t)), t] = fraction
        blocks.append(block)
    return np.hstack(blocks)


def table(n=300):
    rng = np.random.default_rng(0)
    return np.column_stack(
        [
            rng.normal(size=n),
            np.exp(rng.normal(size=n)),
            rng.integers(0, 3, n),
            np.where(rng.random(n) < 0.8, 0, rng.normal(size=n)),
            np.arange(n) % 2,
        ]
    ).astype(float)


@pytest.mark.parametrize("n_bins", [1, 2, 5, 16, 48, 256])
def test_expanded_as_defined(n_bins):
    X = table()
    bins = BinEdges(n_bins).fit(X)
    new = np.vstack([X, X[:50] * 3, -X[:50] - 5])  # beyond both ends
    dense = expand(bins, *bins.locate(new), np.float64)
    expected = [definition(x, edges) for x, edges in zip(new.T, bins.edges, strict=True)]
    np.testing.assert_allclose(dense, np.hstack(expected), rtol=1e-6, atol=1e-6)
    assert dense.shape[1] == sum(bins.bin_counts)
    assert max(bins.bin_counts) <= n_bins


def test_beyond_the_ends_it_goes_on_as_a_line():
    bins = BinEdges(2).fit(np.array([[0.0], [1], [2], [3], [4]]))
    assert [edges.tolist() for edges in bins.edges] == [[0, 2, 4]]
    where, fractions = bins.locate(np.array([[-2.0], [0], [1], [2], [3], [4], [8]]))
    assert where[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert fractions[:, 0].tolist() == [-1, 0, 0.5, 0, 0.5, 1, 3]
    assert expand(bins, where, fractions).tolist() == [
        [-1, 0], [0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [1, 3],
    ]  # fmt: skip


@pytest.mark.parametrize("n_bins", [1, 2, 3, 16, 17, 48, 256])
@pytest.mark.parametrize("n_rows", [0, 1, 5, 4000])
def test_all_columns_are_searched_at_once_as_one_by_one(n_bins, n_rows):
    """Columns with fewer bins than others, and those whose differences would overflow."""
    rng = np.random.default_rng(2)
    X = np.column_stack([table(), np.full(300, 7.0), 1e308 * rng.uniform(-1, 1, 300)])
    bins = BinEdges(n_bins).fit(X)
    edges_too = np.concatenate(bins.edges)
    new = rng.choice(edges_too[np.isfinite(edges_too)], (n_rows, X.shape[1]))
    where, fractions = bins.locate(new)
    for x, t, fraction, edges in zip(new.T, where.T, fractions.T, bins.edges, strict=True):
        assert t.tolist() == np.searchsorted(edges[1:-1], x, side="right").tolist()
        t = t.astype(int)
        with np.errstate(over="ignore"):
            expected = (x / 2 - edges[t] / 2) / (edges[t + 1] / 2 - edges[t] / 2)
            expected = expected.astype(np.float32)
        limit = np.finfo(np.float32).max
        np.testing.assert_array_equal(fraction, np.clip(expected, -limit, limit))
    np.testing.assert_array_equal(bins.locate(new, -3, 4)[1], np.clip(fractions, -3, 4))


def test_what_is_looked_up_is_not_pickled_and_never_stale():
    X = table()
    bins = BinEdges(16).fit(X)
    before = pickle.dumps(bins)
    expected = bins.locate(X)
    assert pickle.dumps(bins) == before
    other = bins.extended({0: 10 * X[:, 0]})
    is_same = (expected[1] == other.locate(X)[1]).all(axis=0)
    assert is_same.tolist() == [False, True, True, True, True]
    np.testing.assert_array_equal(pickle.loads(before).locate(X), expected)
    np.testing.assert_array_equal(bins.fit(X + 5).locate(X + 5)[0], expected[0])


def test_the_product_with_weights_is_a_look_up():
    X = table()
    bins = BinEdges(16).fit(X)
    where, fractions = bins.locate(np.vstack([X, 2 * X - 1]))
    dense = expand(bins, where, fractions, np.float64)
    rng = np.random.default_rng(1)
    product, looked_up, start = 0, 0, 0
    for j, count in enumerate(bins.bin_counts):
        W = rng.normal(size=(count, 4))
        before = np.vstack([np.zeros(4), np.cumsum(W, axis=0)[:-1]])
        product = product + dense[:, start : start + count] @ W
        t = where[:, j]
        looked_up = looked_up + before[t] + fractions[:, j, None] * W[t]
        start += count
    np.testing.assert_allclose(looked_up, product, rtol=1e-10, atol=1e-10)


def test_edges_are_unique_quantiles():
    X = table()
    bins = BinEdges(8).fit(X)
    for x, edges in zip(X.T, bins.edges, strict=True):
        expected = np.quantile(x, np.linspace(0, 1, 9), method="averaged_inverted_cdf")
        if np.unique(expected).size == 9:  # no value weighs more than a bin
            np.testing.assert_allclose(edges, expected, rtol=1e-12)
        assert (edges[0], edges[-1]) == (x.min(), x.max())
    assert bins.edges[2].tolist() == [0, 1, 2]


def test_a_constant_column_is_one_empty_bin():
    bins = BinEdges(4).fit(np.full((5, 1), 2.5))
    assert bins.bin_counts == [1]
    where, fractions = bins.locate(np.array([[2.5], [-1e300], [1e300]]))
    assert where.tolist() == [[0]] * 3
    assert fractions.tolist() == [[0]] * 3
    assert expand(bins, where, fractions).tolist() == [[0]] * 3


def test_fractions_stay_finite():
    bins = BinEdges(2).fit(np.array([[0.0], [1e-300], [1]]))
    where, fractions = bins.locate(np.array([[-1.0], [1e300], [-1e300]]))
    assert where[:, 0].tolist() == [0, 1, 0]
    limit = np.finfo(np.float32).max
    assert fractions[:, 0].tolist() == [-limit, limit, -limit]


def test_dtypes_do_not_depend_on_the_data():
    X = np.ones((3, 1))
    for n_bins in (1, 256):
        where, fractions = BinEdges(n_bins).fit(X).locate(X.astype(np.float32))
        assert where.dtype == np.uint8
        assert fractions.dtype == np.float32
    x = np.arange(1000.0)[:, None]
    for n_bins in (100, 256):
        where, _ = BinEdges(n_bins).fit(x).locate(x)
        assert where.max() == n_bins - 1
        assert (np.diff(where[:, 0].astype(int)) >= 0).all()
    for n_bins in (0, -1, 2**8 + 1):
        with pytest.raises(ValueError, match=f"n_bins must be .* got {n_bins}"):
            BinEdges(n_bins)


def test_integer_weights_equal_repeated_rows():
    X = table()
    rng = np.random.default_rng(1)
    weights = rng.integers(1, 5, len(X))
    order = rng.permutation(len(X))
    for n_bins in (16, 48):
        weighted = BinEdges(n_bins).fit(X[order], weights[order].astype(float))
        repeated = BinEdges(n_bins).fit(np.repeat(X, weights, axis=0))
        for found, expected in zip(weighted.edges, repeated.edges, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_one_row_and_none():
    bins = BinEdges().fit(table())
    where, fractions = bins.locate(table())
    alone = bins.locate(table()[7:8])
    np.testing.assert_array_equal(alone[0], where[7:8])
    np.testing.assert_array_equal(alone[1], fractions[7:8])
    assert expand(bins, *bins.locate(table()[:0])).shape == (0, sum(bins.bin_counts))


def test_what_is_not_zero_keeps_its_bins():
    """Of a column that is mostly zero."""
    rng = np.random.default_rng(0)
    rest = np.exp(rng.normal(8, 1, 100))
    x = np.r_[np.zeros(900), rest][:, None]
    edges = BinEdges(16).fit(x).edges[0]
    assert edges.size == 17
    assert edges[0] == 0
    assert edges[-1] == rest.max()
    assert (np.histogram(rest, edges)[0][1:] >= 4).all()


def test_heavy_values_are_edges():
    x = np.r_[np.repeat([-1.0, 0.5, 7.0], 100), np.linspace(0, 1, 50)][:, None]
    edges = BinEdges(8).fit(x).edges[0]
    assert {-1.0, 0.5, 7.0} <= set(edges)
    assert edges.size <= 9


@pytest.mark.parametrize("n_bins", [1, 2, 3, 8, 48])
def test_edges_of_any_column_are_few_and_reach_its_ends(n_bins):
    rng = np.random.default_rng(1)
    for _ in range(50):
        values = rng.normal(size=rng.integers(2, 60))
        x = np.where(rng.random(200) < rng.random(), rng.choice(values), rng.choice(values, 200))
        x[:2] = values.min(), values.max()
        edges = BinEdges(n_bins).fit(x[:, None]).edges[0]
        assert edges.size <= n_bins + 1
        assert (np.diff(edges) > 0).all()
        assert (edges[0], edges[-1]) == (x.min(), x.max())


def test_weights_of_zero_are_no_rows_and_copy_a_column_at_a_time():
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(2_000, 60)), rng.integers(0, 3, 2_000).astype(float)
    X[0], weights[0] = 1e9, 0
    expected = BinEdges(8).fit(X[weights > 0], weights[weights > 0]).edges
    tracemalloc.start()
    found = BinEdges(8).fit(X, weights).edges
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for edges, of_rows in zip(found, expected, strict=True):
        np.testing.assert_array_equal(edges, of_rows)
    assert peak < X.nbytes / 2


def test_weights_of_heavy_values_are_repeated_rows():
    rng = np.random.default_rng(2)
    x = np.where(rng.random(200) < 0.7, 0.0, rng.normal(size=200))
    weights = rng.integers(1, 4, 200)
    repeated = BinEdges(8).fit(np.repeat(x, weights)[:, None]).edges[0]
    weighted = BinEdges(8).fit(x[:, None], weights.astype(float)).edges[0]
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12)


@pytest.mark.parametrize("n_bins", [1, 2, 4])
def test_bins_as_wide_as_the_range_of_a_dtype(n_bins):
    largest = np.finfo(float).max
    X = np.column_stack([np.linspace(-1, 1, 9), np.ones(9)])
    usual, wide = (BinEdges(n_bins).fit(X * unit) for unit in (1, largest))
    rows = np.vstack([X, -X])
    for a, b in zip(usual.locate(rows), wide.locate(rows * largest), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
