"""Kinds of columns: every way to say it, every kind of table."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from skdnn.tabular.schema import Columns, as_numbers, holds_categories, resolve_categorical

DAY = pd.Timestamp("2024-02-29")


def resolve(X, categorical_features="from_dtype"):
    return resolve_categorical(Columns(X), categorical_features)


def series(values, dtype=None):
    """A column as ``Columns`` gives it."""
    return Columns(pd.DataFrame({"c": pd.Series(values, dtype=dtype)}))[0]


def frame():
    return pd.DataFrame(
        {
            "number": [0.5, 1.5, 2.5],
            "category": pd.Categorical([0, 1, 0]),
            "integer": [1, 2, 3],
        }
    )


# -------------------------------------------------------------------------------------------------
# As in histogram gradient boosting
# -------------------------------------------------------------------------------------------------

ARRAY = np.array([[0, 1.5, 2], [1, 2.5, 1], [0, 3.5, 1]])


@pytest.mark.parametrize(
    ("X", "categorical_features"),
    [
        (frame(), "from_dtype"),
        (frame(), ["integer"]),
        (frame(), ["integer", "category", "integer"]),
        (frame(), np.array(["number"], dtype=object)),
        (frame(), [1, 2]),
        (frame(), [True, False, True]),
        (frame().drop(columns="category"), None),
        (frame().drop(columns="category"), []),
        (frame().drop(columns="category"), "from_dtype"),
        (ARRAY, "from_dtype"),
        (ARRAY, None),
        (ARRAY, [2, 0]),
        (ARRAY, (0,)),
        (ARRAY, np.array([False, False, True])),
        (ARRAY, [False, False, False]),
    ],
)
def test_same_columns_as_scikit_learn(X, categorical_features):
    other = HistGradientBoostingRegressor(categorical_features=categorical_features, max_iter=1)
    expected = other.fit(X, [1.0, 2, 3]).is_categorical_
    expected = np.zeros(3, dtype=bool)[: X.shape[1]] if expected is None else expected
    found = resolve(X, categorical_features)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == bool


@pytest.mark.parametrize(
    ("X", "categorical_features", "received"),
    [
        (frame(), ["weight"], "weight"),
        (frame(), ["number", "Integer"], "Integer"),
        (ARRAY, ["number"], "number"),
        (ARRAY, [0.0, 1.0], "float64"),
        (ARRAY, ["number", 1, None], "NoneType, int, str"),
        (ARRAY, [0, 3], "3"),
        (ARRAY, [-1], "-1"),
        (ARRAY, [True, False], r"\(2,\)"),
    ],
)
def test_same_errors_as_scikit_learn(X, categorical_features, received):
    other = HistGradientBoostingRegressor(categorical_features=categorical_features)
    with pytest.raises(ValueError, match="categorical_features") as expected:
        other.fit(X, [1.0, 2, 3])
    with pytest.raises(ValueError, match=received) as found:
        resolve(X, categorical_features)
    # What was received and what is accepted comes in addition.
    assert str(found.value)[:40] == str(expected.value)[:40]


@pytest.mark.parametrize("categorical_features", ["by_dtype", 1, True, [[0, 1]], {0, 1}])
def test_what_is_not_a_list_is_refused(categorical_features):
    with pytest.raises(ValueError, match=r"categorical_features must be .* array-like .* got: "):
        resolve(ARRAY, categorical_features)


def test_unsigned_positions():
    assert resolve(ARRAY, np.array([1], dtype=np.uint8)).tolist() == [False, True, False]


# -------------------------------------------------------------------------------------------------
# Kinds of columns
# -------------------------------------------------------------------------------------------------

CATEGORIES = {
    "category": series(["a", "b"], "category"),
    "category of numbers": series([1, 2], "category"),
    "category of dates": series([DAY, DAY], "category"),
    "str": series(["a", "b", None]),
    "string[python]": series(["a", pd.NA], "string[python]"),
    "bool": series([True, False]),
    "boolean": series([True, pd.NA], "boolean"),
    "sparse bool": series([True, False], pd.SparseDtype(bool)),
    "object str": series(["a", None], object),
    "object bool": series([True, None, np.False_], object),
    "object mixed": series([1, "a"], object),
    "object bytes": series([b"a"], object),
    "object tuples": series([(1, 2), (3,)], object),
    "object nothing": series([None, np.nan, pd.NA, pd.NaT], object),
    "interval": pd.cut([0.5, 1.5], [0, 1, 2]),
    "NumPy str": np.array(["a", "b"]),
}
NUMBERS = {
    "int8": (series([1, 2], np.int8), [1, 2]),
    "float32": (series([1.5, np.nan], np.float32), [1.5, np.nan]),
    "Int64": (series([1, pd.NA], "Int64"), [1, np.nan]),
    "Float64": (series([1.5, pd.NA], "Float64"), [1.5, np.nan]),
    "sparse": (series([1.5, 0], pd.SparseDtype(float)), [1.5, 0]),
    "object": (series([1, 2.5, None, pd.NA, np.nan], object), [1, 2.5] + [np.nan] * 3),
    "object, all kinds": (
        series(
            [Decimal("1.5"), Fraction(1, 2), np.float32(2), np.int8(3), True, np.False_, pd.NaT],
            object,
        ),
        [1.5, 0.5, 2, 3, 1, 0, np.nan],
    ),
    "long integers": (series([2**62, -1], object), [2.0**62, -1]),
}


@pytest.mark.parametrize("kind", CATEGORIES)
def test_columns_of_categories(kind):
    assert holds_categories(CATEGORIES[kind], "c")


@pytest.mark.parametrize("kind", NUMBERS)
def test_columns_of_numbers(kind):
    values, expected = NUMBERS[kind]
    assert not holds_categories(values, "c")
    found = as_numbers(values, "c")
    assert isinstance(found, np.ndarray)
    assert found.dtype.kind in "if"
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (CATEGORIES["category of numbers"], [1, 2]),
        (series([3, None, 1], "category"), [3, np.nan, 1]),
        (CATEGORIES["bool"], [1, 0]),
        (CATEGORIES["boolean"], [1, np.nan]),
        (CATEGORIES["object bool"], [1, np.nan, 0]),
        (CATEGORIES["object nothing"], [np.nan] * 4),
        (series(["1.5", " 2", None]), [1.5, 2, np.nan]),
        (np.array(["1.5", "-2e3"]), [1.5, -2000]),
    ],
)
def test_what_is_declared_numeric_is_converted(values, expected):
    np.testing.assert_array_equal(as_numbers(values, "c"), expected)


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        (series(["1.5", "red"]), ValueError, "could not convert string to float: 'red'"),
        (series(["red"], "category"), ValueError, "could not convert string to float: 'red'"),
        (series([1, object()], object), TypeError, "'object'"),
        (series([10**400], object), ValueError, "too large"),
    ],
)
def test_what_is_no_number_is_refused_by_name(values, error, match):
    with pytest.raises(error, match=match) as caught:
        as_numbers(values, "'size'")
    assert "Column 'size'" in str(caught.value)
    assert "categorical_features" in str(caught.value)


REFUSED = [
    ([DAY, None], None, TypeError, r"dates or times \(datetime64"),
    ([DAY.tz_localize("UTC")], None, TypeError, r"dates or times \(datetime64"),
    ([pd.Timedelta(days=1)], None, TypeError, r"dates or times \(timedelta64"),
    ([DAY.to_period("M")], None, TypeError, r"dates or times \(Period"),
    ([DAY.date(), None], object, TypeError, r"dates or times \(date"),
    ([datetime.time(8)], object, TypeError, r"dates or times \(time"),
    ([np.timedelta64(3, "D")], object, TypeError, r"dates or times \(timedelta64"),
    (["never", DAY], object, TypeError, r"dates or times \(Timestamp"),
    ([1j], None, ValueError, "Complex data not supported"),
    ([1, 1j], object, ValueError, "Complex data not supported"),
    ([1, {"a": 1}], object, TypeError, "argument must be a string or a number, not 'dict'"),
    (["a", ["b"]], object, TypeError, "argument must be a string or a number, not 'list'"),
]


@pytest.mark.parametrize(("values", "dtype", "error", "match"), REFUSED)
@pytest.mark.parametrize("function", [holds_categories, as_numbers])
def test_what_no_column_may_hold(function, values, dtype, error, match):
    with pytest.raises(error, match=match) as caught:
        function(series(values, dtype), "'when'")
    assert "olumn 'when'" in str(caught.value)


def test_the_error_of_a_date_says_what_to_do():
    X = pd.DataFrame({"size": [1, 2], "when": [DAY, DAY]})
    with pytest.raises(TypeError, match=r"'when'.*dt\.month.*categorical_features"):
        resolve(X)
    assert resolve(X, ["when"]).tolist() == [False, True]
    with pytest.raises(TypeError, match="'when'"):
        Columns(X).numbers([0, 1])


def test_columns_of_pyarrow_dtypes():
    pa = pytest.importorskip("pyarrow")

    def column(values, kind):
        return series(values, pd.ArrowDtype(kind))

    for values, kind in [
        (["a", None], pa.string()),
        (["a", None], pa.large_string()),
        ([True, None], pa.bool_()),
        (["a", None], pa.dictionary(pa.int8(), pa.string())),
        ([None], pa.null()),
    ]:
        assert holds_categories(column(values, kind), "c"), kind
    assert holds_categories(series(["a", None], "string[pyarrow]"), "c")
    for values, kind in [
        ([1, None], pa.int64()),
        ([1.0, None], pa.float32()),
        ([Decimal("1.00"), None], pa.decimal128(5, 2)),
    ]:
        assert not holds_categories(column(values, kind), "c"), kind
        np.testing.assert_array_equal(as_numbers(column(values, kind), "c"), [1, np.nan])
    np.testing.assert_array_equal(as_numbers(column([True, None], pa.bool_()), "c"), [1, np.nan])
    utc = DAY.tz_localize("UTC")
    for day, kind in [
        (DAY.date(), pa.date32()),
        (DAY, pa.timestamp("us")),
        (utc, pa.timestamp("us", "UTC")),
    ]:
        with pytest.raises(TypeError, match="'c' holds dates"):
            holds_categories(column([day, None], kind), "'c'")
    with pytest.raises(TypeError, match="not 'dict'"):
        holds_categories(column([{"a": 1}], pa.struct({"a": pa.int64()})), "c")


# -------------------------------------------------------------------------------------------------
# Kinds of tables
# -------------------------------------------------------------------------------------------------


def test_arrays_of_numbers_have_no_categories():
    for dtype in (np.float16, np.float32, np.int64, np.uint8, bool):
        assert not resolve(ARRAY.astype(dtype)).any()
    np.testing.assert_array_equal(Columns(ARRAY != 0).numbers([0, 2]), (ARRAY != 0)[:, [0, 2]])


def test_arrays_of_objects_are_known_by_their_columns():
    X = np.array([[1, "a", None, True], [2.5, None, 3, False], [None, "b", 4, None]], dtype=object)
    assert resolve(X).tolist() == [False, True, False, True]
    np.testing.assert_array_equal(Columns(X).numbers([0, 2]), [[1, np.nan], [2.5, 3], [np.nan, 4]])
    with pytest.raises(ValueError, match="Column 1 must be numeric"):
        Columns(X).numbers([0, 1])


def test_lists_keep_numbers_beside_strings():
    assert resolve([[1, "a"], [2, "b"]]).tolist() == [False, True]
    assert not resolve([[1, 2.5], [2, None]]).any()
    assert resolve(np.array([["a", "1"]], dtype=np.dtypes.StringDType())).all()
    # An array of strings has no numbers, unless somebody says so.
    X = np.array([[1, "a"], [2, "b"]])
    assert resolve(X).all()
    np.testing.assert_array_equal(Columns(X).numbers([0]), [[1], [2]])


@pytest.mark.parametrize("X", [np.ones(3), [1, 2], np.ones((2, 2, 2)), 3.0])
def test_other_shapes_are_refused(X):
    with pytest.raises(ValueError, match=r"Expected 2D array.*Reshape your data"):
        Columns(X)


def test_complex_arrays_are_refused():
    with pytest.raises(ValueError, match="Complex data not supported"):
        Columns(np.ones((2, 2)) * 1j)


def test_repeated_names_are_refused():
    X = pd.DataFrame(np.ones((2, 4)), columns=["a", "b", "a", "c"])
    with pytest.raises(ValueError, match=r"must differ.*\['a'\]"):
        Columns(X)
    Columns(X.set_axis([3, 2, 1, 0], axis=1))


def test_columns_are_arrays_of_values():
    X = frame().assign(sparse=pd.array([True, False, True], dtype=pd.SparseDtype(bool)))
    columns = Columns(X)
    assert type(columns[0]) is type(columns[3]) is np.ndarray
    assert type(columns[1]) is pd.Categorical


def test_labels():
    assert Columns(ARRAY).label(2) == "2"
    assert Columns(frame()).label(2) == "'integer'"
    assert Columns(frame().set_axis([5, 6, 7], axis=1)).label(2) == "7"


@pytest.mark.parametrize("X", [ARRAY, ARRAY.astype(object), frame()])
def test_rows_that_are_not_looked_at(X):
    rows = np.array([True, False, True])
    columns = Columns(X, rows)
    assert (columns.n_rows, columns.n_columns) == (2, 3)
    kept = Columns(X.iloc[[0, 2]] if isinstance(X, pd.DataFrame) else X[[0, 2]])
    np.testing.assert_array_equal(columns.numbers([2, 0]), kept.numbers([2, 0]))
    np.testing.assert_array_equal(columns[1], kept[1])


def test_an_array_is_not_copied_and_not_changed():
    X = ARRAY.copy()
    X.flags.writeable = False
    assert np.shares_memory(Columns(X).numbers([0, 1, 2]), X)


def mixed():
    """Columns that other libraries know as well, with missing values."""
    return pd.DataFrame(
        {
            "integer": [1, 2, 3],
            "float": [0.5, np.nan, 1.5],
            "text": ["a", None, "b"],
            "bool": [True, False, True],
            "flag": [True, None, False],
            "kind": pd.Categorical(["u", "v", None]),
        }
    )


def assert_same_table(X):
    columns, expected = Columns(X), Columns(mixed())
    assert columns.names == expected.names
    assert (columns.n_rows, columns.n_columns) == (3, 6)
    assert resolve(X).tolist() == [False, False, True, True, True, True]
    np.testing.assert_array_equal(columns.numbers([0, 1]), expected.numbers([0, 1]))
    for j in range(2, 6):
        np.testing.assert_array_equal(pd.isna(columns[j]), pd.isna(expected[j]))
    assert resolve(X, ["float"]).tolist() == [False, True, False, False, False, False]


def test_pyarrow_tables():
    pa = pytest.importorskip("pyarrow")
    X = pa.Table.from_pandas(mixed())
    assert_same_table(X)
    assert Columns(X)[5].tolist()[:2] == ["u", "v"]
    # Pieces that number their categories in another way.
    both = Columns(pa.concat_tables([X.select(["kind"]), X.slice(1, 2).select(["kind"])]))[0]
    assert [None if pd.isna(kind) else kind for kind in both] == ["u", "v", None, "v", None]
    X = X.append_column("when", pa.array([0, 1, None], pa.date32()))
    with pytest.raises(TypeError, match="'when' holds dates"):
        resolve(X)


def test_narwhals_frames():
    pa = pytest.importorskip("pyarrow")
    narwhals = pytest.importorskip("narwhals")
    assert_same_table(narwhals.from_native(mixed()))
    assert_same_table(narwhals.from_native(pa.Table.from_pandas(mixed())))


def test_polars_frames():
    pl = pytest.importorskip("polars")
    # From Python objects: a conversion from pandas would need pyarrow.
    data = mixed().astype(object)
    X = pl.DataFrame({name: [None if pd.isna(v) else v for v in data[name]] for name in data})
    X = X.with_columns(pl.col("kind").cast(pl.Categorical))
    assert_same_table(X)
    assert_same_table(X.with_columns(pl.col("kind").cast(pl.String).cast(pl.Enum(["v", "u"]))))
    others = pl.DataFrame({"price": [Decimal("1.50"), None]})
    assert resolve(others).tolist() == [False]
    np.testing.assert_array_equal(Columns(others).numbers([0]), [[1.5], [np.nan]])
    for when in (DAY.date(), DAY.to_pydatetime(), datetime.timedelta(1), datetime.time(8)):
        with pytest.raises(TypeError, match="'when' holds dates"):
            resolve(pl.DataFrame({"when": [when, None]}))


def test_of_a_dictionary_only_what_occurs_is_looked_at():
    pa = pytest.importorskip("pyarrow")
    words = pa.array(["u", "v", "w", None]).dictionary_encode()
    assert len(words[2:].dictionary) == 3
    column = Columns(pa.table({"c": words[2:]}))[0]
    assert column.categories.tolist() == ["w"]
    column = Columns(pd.DataFrame({"c": pd.Series(words[2:], dtype=pd.ArrowDtype(words.type))}))[0]
    assert column.dtype == pd.ArrowDtype(pa.string())
    assert [value if isinstance(value, str) else None for value in column] == ["w", None]


def test_columns_of_arrays_are_refused():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"place": [[1.0, 2.0]]}, schema={"place": pl.Array(pl.Float64, 2)})
    with pytest.raises(TypeError, match=r"Column 'place' holds arrays of shape \(2,\)"):
        resolve(X)
