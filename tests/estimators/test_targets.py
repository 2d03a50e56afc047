"""Targets and weights as people have them: any dtype, missing values, text, times."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from mlp import mlp
from scipy import sparse
from scipy.sparse import coo_array

from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators._targets import as_labels, as_numbers, check_weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
X = np.random.default_rng(0).normal(size=(N, 2))
NUMBERS = np.round(X[:, 0], 3)
YES = X[:, 0] > 0
WORDS = np.where(YES, "yes", "no")
#: Two numbers that are one in float64.
LARGE = np.where(YES, 2**53 + 1, 2**53)


def make(cls, **params):
    return mlp(cls, **{"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, **params})


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def first_missing(values, missing):
    return [missing, *values[1:]]


def masked(values):
    return np.ma.array(values, mask=np.arange(N) == 0)


# ---------------------------------------------------------------- missing

MISSING = {
    "list with None": lambda y: first_missing(y.tolist(), None),
    "list with NA": lambda y: first_missing(y.tolist(), pd.NA),
    "list with NaN": lambda y: first_missing(y.tolist(), np.nan),
    "list with NaT": lambda y: first_missing(y.tolist(), pd.NaT),
    "objects": lambda y: objects(first_missing(y, None)),
    "series": lambda y: pd.Series(first_missing(y, None), dtype=object),
    "nullable": lambda y: pd.Series(first_missing(y, None)).convert_dtypes(),
    "category": lambda y: pd.Categorical(first_missing(y, None)),
    "masked": masked,
    "two columns": lambda y: [[a, y[1]] for a in first_missing(y.tolist(), None)],
    "frame": lambda y: pd.DataFrame({"y": first_missing(y, None), "z": y}),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("y", [WORDS, YES, LARGE, YES * 1.0], ids=["text", "bool", "int", "float"])
def test_missing_labels_are_named_as_such(kind, y):
    with pytest.raises(ValueError, match=r"Input y contains NaN: .* 1 of 60 rows, .* row 0\."):
        make(DNNClassifier).fit(X, MISSING[kind](y))


@pytest.mark.parametrize("kind", MISSING)
def test_missing_numbers_are_named_as_such(kind):
    with pytest.raises(ValueError, match=r"Input y contains NaN: .* 1 of 60 rows, .* row 0\."):
        make(DNNRegressor).fit(X, MISSING[kind](NUMBERS))


@pytest.mark.parametrize(("cls", "y"), [(DNNClassifier, WORDS), (DNNRegressor, NUMBERS)])
@pytest.mark.parametrize("call", ["y_val", "partial_fit", "score", "weight 0"])
def test_missing_targets_of_other_rows(cls, y, call):
    missing = first_missing(y.tolist(), None)
    name = "y_val" if call == "y_val" else "y"
    model = make(cls).fit(X, y)
    calls = {
        "y_val": lambda: model.fit(X, y, X_val=X, y_val=missing),
        "partial_fit": lambda: model.partial_fit(X, missing),
        "score": lambda: model.score(X, missing),
        "weight 0": lambda: model.fit(X, missing, sample_weight=np.arange(N)),
    }
    with pytest.raises(ValueError, match=f"Input {name} contains NaN"):
        calls[call]()


def test_missing_numbers_that_are_read_from_text():
    with pytest.raises(ValueError, match="Input y contains NaN"):
        as_numbers(["1.5", "nan"])


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "convert",
    [
        list,
        objects,
        lambda y: y.astype(str),
        lambda y: y.astype(str).tolist(),
        lambda y: y.astype("S"),
        lambda y: y.astype(np.dtypes.StringDType()),
        lambda y: pd.Series(y.astype(str), dtype="string"),
        lambda y: pd.Series(y, dtype="Float64", index=np.arange(N)[::-1]),
        lambda y: pd.Categorical(y),
        lambda y: pd.Categorical(y.astype(str)),
        lambda y: pd.arrays.SparseArray(y),
        np.ma.array,
        lambda y: [Decimal(str(value)) for value in y],
    ],
)
def test_numbers_of_any_kind_are_numbers(convert):
    expected = make(DNNRegressor).fit(X, NUMBERS)
    model = make(DNNRegressor).fit(X, convert(NUMBERS), X_val=X, y_val=convert(NUMBERS))
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert model.score(X, convert(NUMBERS)) == expected.score(X, NUMBERS)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([True, False], [1.0, 0.0]),
        (pd.array([True, False], dtype="boolean"), [1.0, 0.0]),
        (objects([Fraction(1, 2), np.int8(3)]), [0.5, 3.0]),
        (pd.DataFrame({"a": ["1", "2"], "b": [3, 4]}), [[1.0, 3.0], [2.0, 4.0]]),
        ([" 1e3 ", "-.5"], [1000.0, -0.5]),
    ],
)
def test_what_numbers_are_made_of(y, expected):
    numbers = as_numbers(y)
    assert numbers.dtype == np.float64
    assert numbers.tolist() == expected


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (["1.5", "much"], ValueError, r"Input y must be numeric, but.*'much'"),
        (["1.5", ""], ValueError, r"Input y must be numeric"),
        (np.array(["a", "b"]), ValueError, r"could not convert string to float: 'a'\.$"),
        (["1,5", "2"], ValueError, r"'1,5'\. .*replace the decimal comma\.$"),
        (np.array(["-0,5"]), ValueError, r"'-0,5'\. .*replace the decimal comma\.$"),
        (objects([10**400, 1]), ValueError, r"Input y must be numeric.*too large"),
        (objects([1, 2j]), ValueError, r"Complex data not supported: y"),
        (objects([1, object()]), TypeError, r"Input y must be numeric.*'object'"),
        (pd.to_timedelta([1, 2], unit="h"), TypeError, r"y\.dt\.total_seconds\(\)"),
        ([timedelta(1), timedelta(2)], TypeError, r"y\.dt\.total_seconds\(\)"),
        (objects([np.timedelta64(1, "s")]), TypeError, r"y\.dt\.total_seconds\(\)"),
        (pd.to_datetime(["2024-01-01"]), TypeError, r"y - y\.min\(\)"),
        (pd.Series(pd.to_datetime(["2024-01-01"], utc=True)), TypeError, r"y - y\.min\(\)"),
        ([date(2024, 1, 1)], TypeError, r"y - y\.min\(\)"),
        (sparse.csr_array(np.eye(2)), TypeError, r"y\.toarray\(\)"),
        (1.0, ValueError, r"y should be a 1d array"),
        ([[1.0], [1.0, 2.0]], ValueError, r"Input y: .*inhomogeneous"),
        ({"y": [1.0]}, TypeError, r"y is a dict"),
        (np.array([(1.0,)], dtype=[("y", float)]), TypeError, r"y is a structured array"),
        ((value for value in [1.0]), TypeError, r"y is a generator"),
    ],
)  # fmt: skip
def test_what_is_no_number(y, error, message):
    with pytest.raises(error, match=message):
        as_numbers(y)


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("y", "classes", "kind"),
    [
        (objects(YES * 1), [0, 1], "i"),
        (objects(YES), [False, True], "b"),
        (YES.tolist(), [False, True], "b"),
        (objects(WORDS), ["no", "yes"], "O"),
        (objects(YES * 1.0), [0.0, 1.0], "f"),
        (objects([True, 0] * 30), [0, 1], "i"),
        (objects([1.0, 0] * 30), [0.0, 1.0], "f"),
        (objects([2**63 + 1, 2**63] * 30), [2**63, 2**63 + 1], "u"),
        (pd.array(YES, dtype="boolean"), [False, True], "b"),
        (pd.Series(LARGE, dtype="Int64"), [2**53, 2**53 + 1], "i"),
        (pd.Series(YES * 1, dtype="UInt8"), [0, 1], "u"),
        (pd.Series(YES * 1.0, dtype="Float64"), [0.0, 1.0], "f"),
        (pd.Series(WORDS, dtype="string"), ["no", "yes"], "O"),
        (pd.Series(WORDS, index=np.arange(N)[::-1]), ["no", "yes"], "O"),
        (WORDS.astype(np.dtypes.StringDType()), ["no", "yes"], "O"),
        (pd.Categorical(WORDS, categories=["yes", "no", "maybe"]), ["no", "yes"], "O"),
        (pd.Categorical(LARGE), [2**53, 2**53 + 1], "i"),
        (pd.Categorical(YES), [False, True], "b"),
        (np.ma.array(LARGE), [2**53, 2**53 + 1], "i"),
        (pd.arrays.SparseArray(YES * 1), [0, 1], "i"),
    ],
)
def test_labels_keep_their_kind_and_value(y, classes, kind):
    model = make(DNNClassifier).fit(X, y, X_val=X, y_val=y)
    assert model.classes_.tolist() == classes
    assert model.classes_.dtype.kind == model.predict(X).dtype.kind == kind
    plain = np.array(classes)[np.unique(np.asarray(y, dtype=object), return_inverse=True)[1]]
    assert model.score(X, y) == (model.predict(X) == plain).mean()
    expected = make(DNNClassifier).fit(X, plain)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_indicators_of_several_labels():
    indicators = np.column_stack([YES, ~YES])
    expected = make(DNNClassifier).fit(X, indicators.astype(int)).predict_proba(X)
    for y in (indicators.astype(object), pd.DataFrame(indicators).astype("boolean")):
        np.testing.assert_array_equal(make(DNNClassifier).fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (objects([1, "a"]), r"Unknown label type: y holds objects of type int, str.*astype\(str\)"),
        ([1, "a"], r"Unknown label type: y holds objects of type int, str"),
        (pd.cut([1.0, 5.0], 2), r"Unknown label type: y holds objects of type Interval"),
        ([date(2024, 1, 1)], r"Unknown label type: y holds objects of type date"),
        (pd.Series([[1], [2]]), r"Unknown label type: y holds objects of type list"),
        (objects([2**70, 1]), r"beyond 64 bits"),
        (objects([2**63, -1]), r"beyond 64 bits"),
        ("yes", r"y should be a 1d array"),
    ],
)
def test_what_is_no_label(y, message):
    with pytest.raises(ValueError, match=message):
        as_labels(y)


@pytest.mark.parametrize(
    ("y", "other"),
    [(YES * 1, (YES * 1).astype(str)), ((YES * 1).astype(str), YES * 1), (YES, YES.astype(str))],
)
def test_the_same_labels_of_another_type(y, other):
    """Text is not taken for numbers: which of them would be meant?"""
    model = make(DNNClassifier, warm_start=True)
    with pytest.raises(ValueError, match=r"`y_val` has classes not in.*same labels, of type"):
        model.fit(X, y, X_val=X, y_val=other)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"warm_start can only.*same labels, of type"):
        model.fit(X, other)
    with pytest.raises(ValueError, match=r"`y` has classes not in.*same labels, of type"):
        model.partial_fit(X, other)


def test_equal_labels_of_another_dtype_are_the_same():
    model = make(DNNClassifier, warm_start=True).fit(X, YES * 1, X_val=X, y_val=YES)
    for y in (YES, YES * 1.0, pd.array(YES, dtype="boolean"), objects(YES * 1)):
        assert model.fit(X, y).partial_fit(X, y).classes_.tolist() == [0, 1]


def test_classes_of_partial_fit():
    y, classes = pd.array(YES, dtype="boolean"), pd.array([True, False], dtype="boolean")
    model = make(DNNClassifier).partial_fit(X, y, classes=classes)
    assert model.classes_.dtype == bool
    assert model.partial_fit(X, y, classes=[False, True]).classes_.tolist() == [False, True]
    for bad, message in [([True, None], "Input classes contains NaN"), ([1, "a"], "classes holds")]:
        with pytest.raises(ValueError, match=message):
            make(DNNClassifier).partial_fit(X, y, classes=bad)


# ---------------------------------------------------------------- weights


def test_weights_of_any_kind():
    weights = np.arange(1.0, N + 1)
    for given in (
        weights.tolist(),
        objects(weights),
        pd.Series(weights, dtype="Int64", index=np.arange(N)[::-1]),
        np.ma.array(weights),
    ):
        np.testing.assert_array_equal(check_weights(given, X), weights)
    assert check_weights(None, X) is None
    np.testing.assert_array_equal(check_weights(2, X), np.full(N, 2.0))


@pytest.mark.parametrize(
    "weights",
    [
        first_missing([1.0] * N, None),
        first_missing([1.0] * N, pd.NA),
        pd.Series(first_missing([1.0] * N, None), dtype="Float64"),
        masked(np.ones(N)),
    ],
)
@pytest.mark.parametrize("name", ["sample_weight", "sample_weight_val"])
def test_missing_weights_are_named_as_such(weights, name):
    with pytest.raises(ValueError, match=f"Input {name} contains NaN.* 1 of 60 rows"):
        make(DNNRegressor).fit(X, NUMBERS, X_val=X, y_val=NUMBERS, **{name: weights})


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo", "dia", "lil", "dok"])
def test_sparse_labels_of_any_format(kind):
    X = np.random.default_rng(0).normal(size=(60, 3))
    dense = (X > 0).astype(int)
    y = coo_array(dense).asformat(kind)
    models = [DNNClassifier((4,), max_iter=2, random_state=0).fit(X, each) for each in (dense, y)]
    np.testing.assert_array_equal(*(model.predict(X) for model in models))
    assert models[0].score(X, dense) == models[1].score(X, y)
