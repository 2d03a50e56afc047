"""Rows of all kinds for the light scorer, and what it refuses."""

import decimal
from copy import deepcopy
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from saved import fitted, new_rows, written

import skdnn_light

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def loaded(name="mixed-None", dtype="float64"):
    estimator, X = fitted(name, dtype)
    return skdnn_light.load(BytesIO(written(estimator))), estimator, X


def of_polars(X):
    polars = pytest.importorskip("polars")
    text = X.astype({"thing": str})
    return polars.from_pandas(text.assign(known=X["known"].astype("boolean")))


def of_pyarrow(X):
    pyarrow = pytest.importorskip("pyarrow")
    dictionaries = X.astype({"color": "category", "many": "category", "thing": str})
    return pyarrow.Table.from_pandas(dictionaries, preserve_index=False)


KINDS = {
    "frame": lambda X: X,
    "other order": lambda X: X[list(X.columns)[::-1]],
    "more columns": lambda X: X.assign(more=1),
    "columns of lists": lambda X: {name: X[name].tolist() for name in X},
    "columns of arrays": lambda X: {name: X[name].to_numpy() for name in X},
    "columns of series": lambda X: dict(X.items()),
    "records": lambda X: X.to_dict("records"),
    "objects": lambda X: X.astype(object).to_numpy(),
    "rows": lambda X: X.astype(object).to_numpy().tolist(),
    "None": lambda X: X.astype(object).where(X.notna(), None).to_numpy().tolist(),
    "polars": of_polars,
    "pyarrow": of_pyarrow,
}


def test_columns_without_a_known_category_are_named():
    model, estimator, X = loaded()
    rows = X[:2].assign(flag=["True", "False"], color=["black", "white"])
    message = (
        r"No value of these columns is a known category: 'flag' has 'True', 'False' \(str\), had "
        r"False, True \(bool\)\. Give them"
    )
    for predict in (model.predict, estimator.predict):
        with pytest.warns(UserWarning, match=message):
            predict(rows)
    # Ten unknown values of the right type are no accident.
    with pytest.warns(UserWarning, match=r"'color' has 'color 0', 'color 1' \(str\)"):
        model.predict(X[:10].assign(color=[f"color {i}" for i in range(10)]))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_all_kinds(kind):
    model, estimator, _ = loaded()
    X = new_rows().astype({"color": object, "word": object, "one": object})
    # Types that a column of another library cannot mix.
    X = X.drop(index=range(8, 17)).astype({"flag": bool, "many": float})
    X = X.assign(thing="b") if kind in ("polars", "pyarrow") else X
    np.testing.assert_allclose(
        model.predict_proba(KINDS[kind](X)), estimator.predict_proba(X), rtol=0, atol=1e-12
    )


def test_columns_without_names_are_found_by_position():
    model, estimator, X = loaded("objects")
    expected = estimator.predict_proba(X)
    frame = pd.DataFrame(X)
    for each in (frame, {f"column {j}": X[:, j] for j in range(X.shape[1])}, X.tolist()):
        np.testing.assert_allclose(model.predict_proba(each), expected, rtol=0, atol=1e-12)
    assert not hasattr(model, "feature_names_in_")


def predicted(model, row, name, values):
    """Distinct predictions of a row with these values in a column.

    Row by row, because the last bits of a product of matrices depend on the place of a row.
    """
    found = [model.predict_proba([{**row, name: value}])[0] for value in values]
    return np.unique(found, axis=0)


@pytest.mark.filterwarnings("ignore:No value of these columns")
def test_equal_values_are_one_category():
    model, _, X = loaded()
    row = X[20:21].to_dict("records")[0]
    for name, equal in {
        "flag": [1, 1.0, True, np.True_, np.float32(1)],
        "many": [3, 3.0, np.int8(3), decimal.Decimal(3)],
        "thing": [2.5, np.float64(2.5), decimal.Decimal("2.5")],
    }.items():
        found = predicted(model, row, name, equal)
        assert len(found) == 1, name
        other = model.predict_proba([{**row, name: str(equal[0])}])
        assert not np.array_equal(other[0], found[0]), name


def test_missing_values_of_all_kinds_are_one():
    model, _, X = loaded()
    row = X[20:21].to_dict("records")[0]
    missing = [None, np.nan, float("nan"), pd.NA, pd.NaT, np.float32("nan"), decimal.Decimal("nan"),
               np.datetime64("NaT")]  # fmt: skip
    for name in ("gaps", "number", "thing", "flag"):
        found = predicted(model, row, name, missing)
        assert len(found) == 1, name
        assert not np.array_equal(found[0], model.predict_proba([row])[0]), name


def test_masked_values_are_missing():
    model, _, X = loaded("objects")
    missing, masked = X.copy(), np.ma.array(X, mask=np.zeros(X.shape, dtype=bool))
    missing[3:9, [0, 6]], masked[3:9, [0, 6]] = None, np.ma.masked
    np.testing.assert_array_equal(model.predict_proba(masked), model.predict_proba(missing))
    columns = {j: masked[:, j] for j in range(X.shape[1])}
    np.testing.assert_array_equal(model.predict_proba(columns), model.predict_proba(missing))


def test_numbers_as_text_are_numbers():
    model, _, X = loaded()
    text = X.assign(number=X["number"].map(lambda x: None if pd.isna(x) else repr(x)))
    np.testing.assert_array_equal(model.predict_proba(text), model.predict_proba(X))


def test_sparse_rows():
    from scipy import sparse

    model, _, X = loaded("sparse-DNNRegressor")
    for kind in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        np.testing.assert_array_equal(model.predict(kind(X)), model.predict(X))


def test_rows_are_predicted_in_blocks(monkeypatch):
    model, _, X = loaded()
    expected = model.predict_proba(X)
    model._n_rows = 7
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


def test_memory_does_not_grow_with_the_rows_by_their_inputs():
    import tracemalloc

    model, _, X = loaded("mixed-None", "float32")
    n_inputs = model._networks[1].width
    numeric = {name: np.tile(X[name].to_numpy(), 500) for name in X}
    tracemalloc.start()
    model.predict_proba(numeric)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n_rows = 500 * len(X)
    assert n_rows * n_inputs * 4 > 1.2 * peak


# ---------------------------------------------------------------- what is refused


def check_refused(X, error, match, name="mixed-None"):
    """By both, for the same reason."""
    model, estimator, _ = loaded(name)
    with pytest.raises(error, match=match):
        model.predict(X)
    with pytest.raises(error, match=match):
        estimator.predict(X)


def frame(**columns):
    return new_rows().assign(**columns)


def test_infinity():
    check_refused(frame(number=np.inf), ValueError, "contains infinity in column 'number'")


def test_text_in_a_column_of_numbers():
    match = "Column 'number' must be numeric, but: could not convert string to float: 'much'"
    check_refused(frame(number="much"), ValueError, match)


def test_dates_in_a_column_of_numbers():
    match = "Column 'number' .*holds dates or times"
    check_refused(frame(number=pd.Timestamp("2020-01-01")), TypeError, match)


def test_complex_numbers():
    check_refused(frame(number=1j), ValueError, "Complex data not supported: column 'number'")


def test_lists_in_a_column_of_categories():
    many = pd.Series([[1]] * len(new_rows()), dtype=object)
    check_refused(frame(many=many), TypeError, "Column 'many' cannot hold categories")


@pytest.mark.parametrize("name", ["plain-DNNClassifier", "plain-DNNRegressor"])
@pytest.mark.parametrize("value", ["NaN", "infinity"])
def test_numbers_of_a_model_without_encoding(name, value):
    X = np.ones((3, 3))
    X[1, 2] = float(value[:3])
    check_refused(X, ValueError, f"Input X contains {value} in column 2", name)


def test_numbers_beyond_the_dtype_of_the_network():
    estimator = deepcopy(fitted("plain-DNNRegressor", "float32")[0])
    estimator.coefs_[0] *= 1e3
    X = np.ones((3, 3))
    X[1, 2] = 1e300
    for each in (skdnn_light.load(BytesIO(written(estimator))), estimator):
        with pytest.raises(ValueError, match=r"too large for float32, .*: 1e\+300 in column 2"):
            each.predict(X)
    X[1, 2] = 1e38
    for each in (skdnn_light.load(BytesIO(written(estimator))), estimator):
        with pytest.warns(UserWarning, match=r"predictions for 1 row\(s\) overflow float32"):
            each.predict(X)


def test_scaled_numbers_beyond_the_dtype_of_the_network():
    model, estimator, X = loaded("scaling-standard", "float32")
    for each in (model, estimator):
        with pytest.raises(ValueError, match="too large for float32 in column 'number': scaled by"):
            each.predict(X.assign(number=1e300))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("n_columns", [3, 14])
def test_a_wrong_number_of_columns(n_columns):
    match = f"X has {n_columns} features, but .*13"
    check_refused(np.ones((2, n_columns)), ValueError, match)


@pytest.mark.parametrize("shape", [(3,), (2, 13, 1), ()])
def test_what_is_not_a_table(shape):
    with pytest.raises(ValueError, match=f"Expected 2D array, got {len(shape)}D array"):
        loaded()[0].predict(np.ones(shape))


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match="rows of X must have the same length"):
        loaded()[0].predict([[1, 2], [3]])


def test_no_rows():
    check_refused(new_rows()[:0], ValueError, "0 (rows|sample)")


def test_columns_that_are_missing():
    model = loaded()[0]
    X = new_rows().drop(columns=["gaps", "one"])
    for each in (X, dict(X.items()), X.to_dict("records")):
        with pytest.raises(ValueError, match=r"lacks .*: 'gaps', 'one'\. It has 'number', 'count'"):
            model.predict(each)


def test_a_record_without_a_value():
    model, _, X = loaded()
    records = X.to_dict("records")
    del records[3]["gaps"]
    with pytest.raises(ValueError, match="Row 3 of X has no value of 'gaps'"):
        model.predict(records)
    # Other keys are not read.
    others = [{**record, f"id {i}": i} for i, record in enumerate(X.to_dict("records"))]
    np.testing.assert_array_equal(model.predict(others), model.predict(X))


def test_columns_of_different_lengths_and_single_values():
    model, _, X = loaded()
    columns = {name: X[name].tolist() for name in X}
    with pytest.raises(ValueError, match="must have the same length"):
        model.predict({**columns, "gaps": [1.0]})
    for value in (3.5, "red", None):
        with pytest.raises(TypeError, match="Column 'gaps' of X must be a sequence"):
            model.predict({**columns, "gaps": value})


def test_columns_with_the_same_name():
    X = new_rows()
    X.columns = [*X.columns[:-1], "gaps"]
    with pytest.raises(ValueError, match=r"Found more than once: \['gaps'\]"):
        loaded()[0].predict(X)
