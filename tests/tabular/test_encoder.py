"""A whole table to numbers and codes."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from skdnn.tabular.encoder import TableEncoder


def table(n=120, seed=0):
    """A data frame with every kind of column, and missing values in most of them."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "size": rng.normal(5, 2, n),
            "color": rng.choice(np.array(["red", "green", "blue", None], dtype=object), n),
            "rooms": pd.array(rng.integers(1, 9, n), dtype="Int64"),
            "sold": rng.random(n) < 0.5,
            "price": np.exp(rng.normal(size=n)),
            "grade": pd.Categorical(rng.choice(["a", "b", "c"], n), categories=list("cbad")),
            "mixed": rng.choice(np.array([1, "1", 2.5], dtype=object), n),
            "constant": 1,
        }
    )
    X.loc[rng.random(n) < 0.2, "size"] = np.nan
    X.loc[rng.random(n) < 0.2, "rooms"] = pd.NA
    return X


def assert_same(found, expected):
    np.testing.assert_array_equal(found.numeric, expected.numeric)
    np.testing.assert_array_equal(found.codes, expected.codes)


def test_what_comes_out():
    X = table()
    encoder = TableEncoder().fit(X)
    encoded = encoder.transform(X)
    assert encoder.is_categorical.tolist() == [bool(j in (1, 3, 5, 6)) for j in range(8)]
    assert encoder.numeric_names == ["size", "rooms", "price", "constant"]
    assert encoder.indicator_names == ["missingindicator_size", "missingindicator_rooms"]
    assert encoder.categorical_names == ["color", "sold", "grade", "mixed"]
    assert encoder.category_labels == {
        "color": ("blue", "green", "red", None),
        "sold": (False, True),
        "grade": ("a", "b", "c"),
        "mixed": (1, 2.5, "1"),
    }
    assert (encoder.n_numeric, encoder.n_codes) == (4, (4, 2, 3, 3))
    assert encoded.numeric.dtype == np.float32
    assert encoded.codes.dtype == np.int32
    assert encoded.numeric.shape == (120, 4 + 2)
    assert encoded.codes.shape == (120, 4)
    assert encoded.numeric.flags.c_contiguous
    assert encoded.codes.flags.c_contiguous
    np.testing.assert_array_equal(encoded.numeric[:, 4], X["size"].isna())
    np.testing.assert_array_equal(encoded.numeric[:, 5], X["rooms"].isna())
    np.testing.assert_array_equal(encoded.codes[:, 1], 1 + X["sold"])
    for i, name in enumerate(encoder.categorical_names):
        labels = (*encoder.category_labels[name], "unknown")
        shown = [labels[code - 1] for code in encoded.codes[:, i]]
        assert shown == [None if pd.isna(value) else value for value in X[name]]


def test_new_rows():
    encoder = TableEncoder().fit(table())
    new = table(3, seed=1)
    new["color"] = ["red", "pink", None]
    new["sold"] = pd.array([True, None, False], dtype="boolean")
    new["grade"] = ["d", "b", None]
    new["mixed"] = [1.0, "2.5", 2]
    new["constant"] = [1, 5, None]
    encoded = encoder.transform(new)
    assert encoded.codes.tolist() == [[3, 2, 0, 1], [0, 0, 2, 0], [4, 1, 0, 0]]
    assert encoded.numeric[:, 3].tolist() == [0, 0, 0]


def test_rows_without_weight_are_not_there():
    X = table()
    weights = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    out = weights == 0
    X.loc[out, "color"] = "never seen"
    X.loc[out, "price"] = np.inf
    encoder = TableEncoder().fit(X, weights)
    expected = TableEncoder().fit(X[~out], weights[~out])
    assert encoder.category_labels == expected.category_labels
    assert "never seen" not in encoder.category_labels["color"]
    assert_same(encoder.transform(X[~out]), expected.transform(X[~out]))
    with pytest.raises(ValueError, match="infinity in column 'price'"):
        encoder.transform(X)
    array = np.array([[1, 2], ["a", 3]], dtype=object)
    assert not TableEncoder().fit(array, np.array([1.0, 0])).is_categorical.any()


def test_integer_weights_equal_repeated_rows():
    X = table()
    weights = np.random.default_rng(1).integers(0, 4, len(X))
    weighted = TableEncoder().fit(X, weights.astype(float))
    repeated = TableEncoder().fit(X.loc[X.index.repeat(weights)])
    assert weighted.category_labels == repeated.category_labels
    assert_same(weighted.transform(X, np.float64), repeated.transform(X, np.float64))


def test_the_order_of_the_rows_does_not_matter():
    X = table()
    shuffled = X.sample(frac=1, random_state=0)
    assert_same(TableEncoder().fit(shuffled).transform(X), TableEncoder().fit(X).transform(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_row_alone_is_as_in_the_table(dtype):
    X = table()
    encoder = TableEncoder().fit(X)
    whole = encoder.transform(X, dtype)
    assert whole.numeric.dtype == dtype
    for i in range(0, len(X), 10):
        alone = encoder.transform(X.iloc[[i]], dtype)
        np.testing.assert_array_equal(alone.numeric[0], whole.numeric[i])
        np.testing.assert_array_equal(alone.codes[0], whole.codes[i])


def test_arrays_and_frames_of_the_same_values():
    X = table()
    objects = X.to_numpy(dtype=object)
    encoder = TableEncoder().fit(objects)
    expected = TableEncoder().fit(X)
    assert_same(encoder.transform(objects), expected.transform(X))
    # What was learned of one is known in the other.
    assert_same(encoder.transform(X), expected.transform(X))
    assert encoder.names == tuple(f"x{j}" for j in range(8))
    numbers = X[["size", "price"]]
    assert_same(
        TableEncoder().fit(numbers.to_numpy()).transform(numbers.to_numpy()),
        TableEncoder().fit(numbers).transform(numbers),
    )


def test_pyarrow_tables():
    pa = pytest.importorskip("pyarrow")
    X = table().drop(columns="mixed")
    other = pa.Table.from_pandas(X)
    encoder = TableEncoder().fit(other)
    assert encoder.names == tuple(X.columns)
    assert_same(encoder.transform(other), TableEncoder().fit(X).transform(X))


def test_declared_categories_of_an_array():
    X = np.array([[3.0, 1.5], [1, 2.5], [np.nan, 3.5]], dtype=np.float32)
    encoder = TableEncoder([0]).fit(X)
    assert encoder.category_labels == {"x0": (1.0, 3.0, None)}
    assert encoder.transform(X).codes.tolist() == [[2], [1], [3]]
    assert encoder.transform(np.array([[1, 0], [7, 0]])).codes.tolist() == [[1], [0]]
    assert encoder.numeric_names == ["x1"]


def test_only_numbers_and_only_categories():
    X = table()
    numbers = TableEncoder().fit(X[["price"]]).transform(X[["price"]])
    assert (numbers.numeric.shape, numbers.codes.shape) == ((120, 1), (120, 0))
    kinds = TableEncoder().fit(X[["grade"]]).transform(X[["grade"]])
    assert (kinds.numeric.shape, kinds.codes.shape) == ((120, 0), (120, 1))


def test_one_training_row():
    X = table(1).assign(mixed="a")
    encoded = TableEncoder().fit(X).transform(X)
    assert not encoded.numeric.any()
    assert encoded.codes.tolist() == [[1, 1, 1, 1]]


def test_one_column_alone():
    X = table()
    encoder = TableEncoder().fit(X)
    size, found = encoder.column_table(encoder.position("size"), [4.0, None])
    np.testing.assert_array_equal(size, [4.0, np.nan])
    rows = X[:2].assign(size=[4.0, np.nan])
    # Of the other columns there is nothing: the middle of numbers, and categories are unknown.
    np.testing.assert_array_equal(found.numeric[:, 0], encoder.transform(rows).numeric[:, 0])
    np.testing.assert_array_equal(found.numeric[:, 1:], [[0, 0, 0, 0, 1], [0, 0, 0, 1, 1]])
    assert not found.codes.any()

    grade, found = encoder.column_table(encoder.position("grade"))
    assert grade.tolist() == ["a", "b", "c", "unknown"]
    np.testing.assert_array_equal(found.codes, np.outer([1, 2, 3, 0], [0, 0, 1, 0]))
    mixed, found = encoder.column_table(6, ["1", 1, 7])
    assert mixed.tolist() == ["1", 1, 7]
    assert found.codes[:, 3].tolist() == [3, 1, 0]
    price, _ = encoder.column_table(4)
    assert (price[0], price[-1], price.size) == (X["price"].min(), X["price"].max(), 101)
    assert encoder.column_table(7)[0].tolist() == [1]


def test_names_that_are_no_strings():
    X = pd.DataFrame({3: [1.0, np.nan], 4: ["a", "b"]})
    encoder = TableEncoder().fit(X)
    assert encoder.indicator_names == ["missingindicator_3"]
    assert encoder.category_labels == {"4": ("a", "b")}
    with pytest.raises(ValueError, match="Column 4 must be numeric"):
        encoder.transform(X[[4, 3]])


def test_scaling_is_passed_on():
    X = table()
    encoded = TableEncoder(scaling=None).fit(X).transform(X, np.float64)
    np.testing.assert_array_equal(encoded.numeric[:, 2], X["price"])


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"price": np.inf}, ValueError, "column 'price'"),
        ({"when": pd.Timestamp("2024-01-01")}, TypeError, "olumn 'when' holds dates"),
        ({"color": [[["red"]]] * 120}, TypeError, "olumn 'color'"),
        ({"price": 1j}, ValueError, "Complex data not supported: column 'price'"),
    ],
)
def test_a_failed_fit_changes_nothing(change, error, match):
    X = table()
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    with pytest.raises(error, match=match):
        encoder.fit(X.assign(**change))
    assert_same(encoder.transform(X), expected)


def test_without_rows():
    with pytest.raises(ValueError, match="no row"):
        TableEncoder().fit(table()[:0])
    with pytest.raises(ValueError, match="no row"):
        TableEncoder().fit(table(), np.zeros(120))
    assert TableEncoder().fit(table()).transform(table()[:0]).codes.shape == (0, 4)


def test_copies_and_pickles():
    X = table()
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert_same(other.transform(X), expected)
        assert other.category_labels == encoder.category_labels
        # Fitting a copy leaves the original alone.
        other.fit(table(50, seed=5))
        assert_same(encoder.transform(X), expected)


def test_input_is_not_changed():
    X = table()
    before = X.copy()
    TableEncoder().fit(X).transform(X)
    pd.testing.assert_frame_equal(X, before)
