"""The sample: it has what all rows have, whatever the partitions."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from lazy import mixed_table

pytest.importorskip("dask.dataframe")

from skdnn import DNNClassifier, DNNRegressor
from skdnn.distributed import _statistics
from skdnn.distributed._collections import Part
from skdnn.distributed._statistics import describe, draw, plan_of, summary_of


def summary(parts, estimator, max_rows=_statistics.MAX_ROWS, seed=0):
    described = [describe(part, estimator, i) for i, part in enumerate(parts)]
    shares = plan_of(described, max_rows)
    samples = [draw(part, estimator, i, shares[i], seed) for i, part in enumerate(parts)]
    return summary_of(samples, is_weighted=parts[0].weights is not None)


def in_parts(X, y, weights=None, sizes=(100, 37, 263)):
    ends = np.cumsum((0, *sizes))
    rows = [slice(*pair) for pair in pairwise(ends)]
    return [Part(X[r], y[r], None if weights is None else weights[r]) for r in rows]


def test_few_rows_are_all_in_the_sample():
    X, y = mixed_table(400)
    found = summary(in_parts(X, y), DNNClassifier())
    pd.testing.assert_frame_equal(found.X, X)
    np.testing.assert_array_equal(found.y, y)
    assert found.sample_weight is None


def test_weights_are_those_of_the_rows_and_zeros_are_left_out():
    X, y = mixed_table(400)
    weights = np.arange(400.0) % 3
    found = summary(in_parts(X, y, weights), DNNClassifier())
    np.testing.assert_array_equal(found.sample_weight, weights[weights > 0])
    np.testing.assert_array_equal(found.y, y[weights > 0])


def test_every_category_and_class_and_extreme_number_is_in_a_small_sample():
    X, y = mixed_table(400)
    X["city"] = X["city"].astype(object)
    X.loc[399, "city"], X.loc[120, "kind"], y[250] = "Ulm", None, "perhaps"
    X.loc[130, "size"], X.loc[131, "size"] = -50.0, 60.0
    X["rare"] = np.where(X.index == 333, np.nan, 1.0)
    found = summary(in_parts(X, y), DNNClassifier(), max_rows=10)
    assert len(found.y) < 30
    assert set(found.X["city"]) == {"Bonn", "Rome", "Oslo", "Ulm"}
    assert found.X["kind"].isna().any()
    assert set(found.y) == {"yes", "no", "perhaps"}
    assert found.X["size"].agg(["min", "max"]).tolist() == [-50, 60]
    assert found.X["rare"].isna().any()


def test_rows_stand_for_all_rows_of_their_partition():
    X, y = mixed_table(400)
    X.loc[399, "city"] = "Ulm"
    found = summary(in_parts(X, y), DNNClassifier(), max_rows=40)
    drawn = found.sample_weight > 1
    assert found.sample_weight[drawn].sum() == pytest.approx(400)
    assert (found.sample_weight[~drawn] == 1).all()


def test_the_sample_depends_on_the_seed_alone():
    X, y = mixed_table(400)
    parts = in_parts(X, y)
    first, again, other = (
        summary(parts, DNNClassifier(), max_rows=50, seed=seed) for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first.X, again.X)
    assert not first.X["size"].equals(other.X["size"])


def test_quantiles_are_within_the_stated_error():
    """The bound for 2,000 of 40,000 rows, from the same inequality."""
    values = np.random.default_rng(0).lognormal(size=(40_000, 1))
    parts = in_parts(values, values[:, 0], sizes=(30_000, 9_000, 1_000))
    found = summary(parts, DNNRegressor(), max_rows=2_000)
    bound = np.sqrt(np.log(2 / 1e-4) / (2 * 2_000))
    order = np.argsort(found.X[:, 0])
    cumulative = np.cumsum(found.sample_weight[order]) / found.sample_weight.sum()
    exact = np.searchsorted(np.sort(values[:, 0]), found.X[order, 0], side="right") / 40_000
    assert np.abs(cumulative - exact).max() < bound


def test_objects_that_are_numbers_in_one_partition_only_keep_their_categories():
    X = pd.DataFrame({"c": pd.Series([1, 2, 3, 1, "x", "y"], dtype=object)})
    parts = in_parts(X, np.arange(6.0), sizes=(3, 3))
    found = summary(parts, DNNRegressor(), max_rows=2)
    assert set(found.X["c"]) == {1, 2, 3, "x", "y"}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(np.ones((3, 1)), np.ones(2), None), "X has 3 rows, but y has 2"),
        (Part(np.ones((3, 1)), np.array([1, np.nan, 1]), None), "y contains NaN"),
        (Part(np.ones((3, 1)), np.ones(3), np.array([1, -1, 1])), "[Nn]egative"),
        (Part(np.ones((3, 1)), np.ones(3), np.ones(4)), "sample_weight has 4"),
        (
            Part(pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}), np.ones(1), None),
            "Column 't' holds dates",
        ),
    ],
)
def test_errors_name_the_partition(part, message):
    with pytest.raises((TypeError, ValueError), match=rf"^Partition 5: .*{message}"):
        describe(part, DNNRegressor(), 5)


def test_empty_partitions_and_those_without_weight_give_nothing():
    X, y = mixed_table(400)
    weights = np.where(np.arange(400) < 100, 0.0, 1.0)
    parts = [*in_parts(X, y, weights), Part(X[:0], y[:0], weights[:0])]
    found = summary(parts, DNNClassifier(), max_rows=100)
    assert set(found.X["size"]) <= set(X["size"][100:])
