"""Categories to codes: missing and unknown values, every dtype, dense columns."""

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from skdnn.tabular import categories as module
from skdnn.tabular.categories import (
    Categories,
    encode,
    factorize,
    find_categories,
)
from skdnn.tabular.schema import as_numbers


def objects(*values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def find(values):
    return find_categories(values, "c")


def codes(categories, values):
    found = encode(categories, values, "c")
    assert found.dtype == np.int32
    return found.tolist()


def test_known_unknown_and_missing():
    known = find(objects("b", "a", "b", "c"))
    assert known == Categories(("a", "b", "c"), False)
    assert codes(known, objects("a", "b", "c", "d", "B", "")) == [1, 2, 3, 0, 0, 0]
    # Nothing was missing in training: a missing value is unknown.
    assert codes(known, objects(None, np.nan, pd.NA, pd.NaT)) == [0] * 4


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_in_training_is_a_category(missing):
    known = find(objects("b", missing, "a"))
    assert known == Categories(("a", "b"), True)
    assert known.n_codes == 3
    assert known.labels == ("a", "b", None)
    assert codes(known, objects(None, np.nan, pd.NA, pd.NaT, "a", "b", "x")) == [3] * 4 + [1, 2, 0]


def test_nothing_but_missing_values():
    known = find(objects(None, None))
    assert known == Categories((), True)
    assert codes(known, objects(None, "a")) == [1, 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 9, 2], (2, 9, 10)),
        (["10", "9", "2"], ("10", "2", "9")),
        ([np.str_("b"), "c", "a"], ("a", "b", "c")),
        ([1.5, True, -2], (-2, 1, 1.5)),
        ([False, True], (False, True)),
        (["a", 1, "B", 0.5], (0.5, 1, "B", "a")),
        ([(2, "x"), (1, 3)], ((1, 3), (2, "x"))),
        ([b"b", "a", b"a"], (b"a", b"b", "a")),
    ],
)
def test_sorted_whatever_the_order_of_the_rows(values, expected):
    rng = np.random.default_rng(0)
    for _ in range(10):
        rng.shuffle(values)
        assert find(objects(*values)).values == expected


def test_equal_values_of_different_types_are_one_category():
    rng = np.random.default_rng(0)
    values = [True, 1, 1.0, np.int8(1), 0, "a", np.str_("a")]
    for _ in range(20):
        rng.shuffle(values)
        known = find(objects(*values))
        assert known.values == (0, 1, "a")
        assert codes(known, objects("a", True, 1.0, 0)) == [3, 2, 2, 1]


@pytest.mark.parametrize(
    "dtype", ["int8", "Int64", "Float64", "float32", "category", "object", "uint16"]
)
def test_a_number_is_the_same_category_in_every_dtype(dtype):
    known = find(pd.array([3, 1, 2], dtype="int64"))
    assert known.values == (1, 2, 3)
    found = codes(known, pd.Series([1, 3, 7], dtype=dtype).array)
    assert found == [1, 3, 0]
    assert find(pd.Series([3, 1, 2], dtype=dtype).array).values == (1, 2, 3)
    assert codes(known, np.array([1, np.nan, 3.0])) == [1, 0, 3]


@pytest.mark.parametrize(
    "dtype", ["object", "str", "string[python]", "string[pyarrow]", "category", "large_string"]
)
def test_a_string_is_the_same_category_in_every_dtype(dtype):
    if dtype == "string[pyarrow]":
        pytest.importorskip("pyarrow")
    if dtype == "large_string":
        dtype = pd.ArrowDtype(pytest.importorskip("pyarrow").large_string())
    values = pd.Series(["b", None, "a"], dtype=dtype).array
    known = find(values)
    assert known == Categories(("a", "b"), True)
    assert all(type(value) is str for value in known.values)
    assert codes(known, values) == [2, 3, 1]
    assert codes(known, objects("b", None, "a", "c")) == [2, 3, 1, 0]
    assert codes(find(objects("a", "b", None)), values) == [2, 3, 1]


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object"])
def test_bool(dtype):
    values = pd.Series([True, False, True], dtype=dtype).array
    assert find(values).values == (False, True)
    assert codes(find(np.array([True, False])), values) == [2, 1, 2]


def test_dates_are_dates():
    day, other = pd.Timestamp("2024-01-01"), pd.Timestamp("2023-01-01")
    known = find(np.array([day, other, "NaT"], dtype="datetime64[ns]"))
    assert known == Categories((other, day), True)
    assert codes(known, pd.Series([day, None, other]).array) == [2, 3, 1]
    assert codes(known, objects(day, day.to_pydatetime(), "2024-01-01")) == [2, 2, 0]


def test_only_what_occurs_is_known():
    values = pd.Categorical(["b", "b"], categories=["c", "b", "a"], ordered=True)
    known = find(values)
    assert known == Categories(("b",), False)
    assert codes(known, pd.Categorical(["a", "b", None], categories=["a", "b"])) == [0, 1, 0]


@pytest.mark.parametrize("n", [127, 128, 129, 40_000])
def test_many_categories(n):
    # pandas keeps codes in int8, int16, ...: their border must not matter.
    values = np.random.default_rng(0).permutation(n)
    for column in (values, pd.Categorical(values)):
        known = find(column)
        assert known == Categories(tuple(range(n)), False)
        assert codes(known, column) == (values + 1).tolist()
    with_missing = pd.Categorical(np.append(values.astype(float), np.nan))
    assert find(with_missing).has_missing
    assert codes(find(with_missing), with_missing) == [*(values + 1), n + 1]


class Counted:
    """A category that counts how often one is looked at."""

    n_looks = 0

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return self.name == other.name

    def __str__(self):
        return f"{self.name:03d}"

    def __hash__(self):
        Counted.n_looks += 1
        return hash(self.name)


@pytest.mark.parametrize("convert", [lambda column: column, pd.Categorical])
def test_one_row_is_encoded_without_a_look_at_all_categories(convert):
    column = convert(objects(*map(Counted, range(500))))
    known = find(column)
    assert codes(known, column[:1]) == [1]
    Counted.n_looks = 0
    assert codes(known, column[:1]) == [1]
    assert Counted.n_looks < 10


def test_numbers_of_a_category_dtype_are_those_that_occur():
    column = pd.Categorical(["1", "2.5", None], categories=["1", "much", "2.5"])
    np.testing.assert_array_equal(as_numbers(column, "c"), [1, 2.5, np.nan])


def test_a_pickle_holds_no_dictionary():
    known = find(objects(*map(str, range(100))))
    before = pickle.dumps(known)
    assert codes(known, objects("7")) == [known.values.index("7") + 1]
    assert pickle.dumps(known) == before
    copied = pickle.loads(before)
    assert copied == known
    assert codes(copied, objects("7")) == codes(known, objects("7"))


def test_no_rows():
    assert codes(find(objects("a")), objects()) == []
    assert codes(find(objects("a")), pd.Categorical([])) == []


@pytest.mark.parametrize(
    "values",
    [
        objects("b", None, "a", "b", np.nan), objects(1, True, 1.0, np.int64(1), "1", pd.NA),
        objects(Decimal("NaN"), Decimal(1), 1, pd.NaT, (1, 2), (1, 2)), objects(), objects(None),
        np.array([2, 1, 2]), np.array([True, False]), np.array([1.5, np.nan, 1.5]),
        np.array(["b", "a"]), np.array(["2020-01-02", "NaT"], dtype="M8[s]"),
        np.array([3, 4], dtype="m8[D]"), pd.array(["b", None, "a", "b"]),
        pd.array(["b", None], dtype="string"), pd.array([2, None, 1], dtype="Int64"),
        pd.array([True, None]), pd.array([0.5, None], dtype="Float32"),
        pd.Categorical(["b", "a", None, "b"], ["a", "b", "c"]), pd.Categorical([7, 5, 7, None]),
        pd.Categorical([True, False]), pd.Categorical(pd.to_datetime(["2020-01-01", None])),
        pd.Categorical(pd.IntervalIndex.from_breaks([0, 1, 2])), pd.Categorical([0.5, None]),
    ],
)  # fmt: skip
def test_few_rows_are_factorized_as_many_are(values, monkeypatch):
    found, distinct = factorize(values, "c")
    monkeypatch.setattr(module, "_FEW_ROWS", -1)
    expected, expected_distinct = factorize(values, "c")
    assert found.tolist() == expected.tolist()
    assert found.dtype == expected.dtype
    assert list(map(repr, distinct)) == list(map(repr, expected_distinct))


@pytest.mark.parametrize("value", [[1], {"a": 1}, {1, 2}, ([1],)])
def test_what_cannot_be_compared_is_refused_by_name(value):
    with pytest.raises(TypeError, match=r"Column 'kind' cannot hold categories: unhashable"):
        find_categories(objects("a", value), "'kind'")
    with pytest.raises(TypeError, match=r"Column 'kind'"):
        encode(Categories(("a",), False), objects("a", value), "'kind'")


def test_complex_numbers_are_refused():
    with pytest.raises(ValueError, match="column 'z' holds complex"):
        find_categories(np.array([1j, 2]), "'z'")


def test_input_is_not_changed():
    values = np.array(["b", "a"], dtype=object)
    values.flags.writeable = False
    assert codes(find(values), values) == [2, 1]
    assert values.tolist() == ["b", "a"]
