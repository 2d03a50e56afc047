"""Inputs of graphs from any kind of table."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from exported import CATEGORIES, expected, fitted, outputs, table, targets
from scipy.sparse import csr_array

from skdnn import DNNClassifier
from skdnn.export import onnx_inputs, to_onnx

X = table()
Y = targets(2, len(X))


@pytest.fixture(scope="module")
def model():
    return fitted(DNNClassifier, X, Y)


def test_types_and_missing_values(model):
    rows = X[:3].astype({"flag": object, "grade": object})
    rows.loc[1, :] = None
    found = onnx_inputs(model, rows)
    assert list(found) == list(X.columns)
    assert {array.shape for array in found.values()} == {(3, 1)}
    kinds = {name: array.dtype for name, array in found.items()}
    assert kinds["number"] == kinds["rank"] == kinds["ratio"] == kinds["known"] == np.float64
    assert kinds["grade"] == kinds["flag"] == np.int64
    assert {kinds[name].kind for name in ("word", "color", "town")} == {"O"}
    missing = {name: array[1, 0] for name, array in found.items()}
    assert missing["word"] == missing["color"] == ""
    assert np.isnan(missing["number"])
    assert np.isnan(missing["rank"])
    # No training row was missing: unknown.
    assert missing["grade"] not in set(X["grade"])
    assert missing["flag"] not in (0, 1)
    flags = found["flag"][[0, 2], 0].tolist()
    assert flags == X["flag"][[0, 2]].astype(int).tolist()


def test_values_of_another_type_are_unknown_categories(model):
    known, other = X[:1].astype(object), X[:1].astype(object)
    for name, value in {"grade": "1", "flag": "True", "rank": "2", "word": 1, "town": 0.5}.items():
        other[name] = value
    for name, value in {"grade": 77, "flag": 77, "rank": 77, "word": "?", "town": "?"}.items():
        known[name] = value
    found, wanted = onnx_inputs(model, other), onnx_inputs(model, known)
    assert isinstance(found["word"][0, 0], str)
    graph = to_onnx(model)
    np.testing.assert_array_equal(
        outputs(graph, found)["probabilities"], outputs(graph, wanted)["probabilities"]
    )


def test_equal_numbers_of_another_dtype_are_the_same_category(model):
    rows = X[:5].astype({"grade": float, "flag": int, "known": "Float64", "rank": "Float64"})
    found, wanted = onnx_inputs(model, rows), onnx_inputs(model, X[:5])
    for name in CATEGORIES:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


def test_an_empty_text_is_a_category_where_nothing_is_missing():
    rows = pd.DataFrame({"c": ["", "x", "<unknown>", "y"] * 20})
    model = fitted(DNNClassifier, rows, Y, categorical_features=["c"])
    graph = to_onnx(model)
    hard = pd.DataFrame({"c": ["", None, "<unknown>", "?"]})
    inputs = onnx_inputs(model, hard)
    assert inputs["c"][:, 0].tolist() == ["", "<unknown_>", "<unknown>", "?"]
    found = outputs(graph, inputs)["probabilities"]
    assert len(np.unique(found.round(12), axis=0)) == 3
    np.testing.assert_allclose(found, expected(model, hard, ["probabilities"])["probabilities"])


def test_an_empty_text_is_unknown_where_it_stands_for_missing():
    rows = pd.DataFrame({"c": ["a", None, "b", "b"] * 20})
    model = fitted(DNNClassifier, rows, Y, categorical_features=["c"])
    hard = pd.DataFrame({"c": ["", None, "a"]})
    inputs = onnx_inputs(model, hard)
    assert inputs["c"][:, 0].tolist() == ["<unknown>", "", "a"]
    found = outputs(to_onnx(model), inputs)["probabilities"]
    np.testing.assert_allclose(found, expected(model, hard, ["probabilities"])["probabilities"])


def test_polars_and_pyarrow_are_as_pandas(model):
    rows = X[:6].astype({"color": str, "town": str})
    wanted = onnx_inputs(model, rows)
    frame = pl.from_pandas(rows)
    for other in (frame, frame.lazy(), frame.to_arrow()):
        found = onnx_inputs(model, other)
        assert list(found) == list(wanted)
        for name, array in wanted.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_arrays_and_sparse_rows():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 3)) * (rng.random((80, 3)) < 0.5)
    dense, sparse = fitted(DNNClassifier, rows, Y), fitted(DNNClassifier, csr_array(rows), Y)
    for model, given in (
        (dense, rows.astype(np.float32)), (dense, rows.astype(np.float32).tolist()),
        (sparse, csr_array(rows)), (sparse, rows),
    ):  # fmt: skip
        found = onnx_inputs(model, given)
        assert list(found) == ["X"]
        assert found["X"].dtype == np.float64
        assert found["X"].flags.c_contiguous
        np.testing.assert_allclose(found["X"], rows, rtol=1e-6)
        probabilities = outputs(to_onnx(model), found)["probabilities"]
        np.testing.assert_allclose(probabilities, model.predict_proba(given), atol=1e-9)


def test_columns_must_be_those_of_the_training(model):
    with pytest.raises(ValueError, match="feature names"):
        onnx_inputs(model, X.rename(columns={"word": "sentence"}))
    with pytest.raises(ValueError, match="Column 'number' must be numeric"):
        onnx_inputs(model, X.assign(number="a"))
