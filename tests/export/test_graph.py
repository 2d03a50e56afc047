"""Names, types and metadata of graphs; members with weights; what is refused."""

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exported import CATEGORIES, assert_same, fitted, hard_rows, onnx, outputs, table, targets
from scipy.special import expit, logit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import skdnn
from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.estimators._document import document_of
from skdnn.export import check, onnx_inputs, to_onnx
from skdnn.export._onnx import graph_of
from skdnn.export._operators import newest

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")

X = table()
NUMBERS = X[["number", "my column (€)"]].to_numpy()
Y = targets(2, len(X))


def properties(graph):
    return {each.key: each.value for each in graph.metadata_props}


def input_types(graph):
    types = {onnx.TensorProto.DOUBLE: "double", onnx.TensorProto.INT64: "int64"}
    return {
        each.name: types.get(each.type.tensor_type.elem_type, "string")
        for each in graph.graph.input
    }


# ------------------------------------------------------------------------------------------------
# Inputs, outputs, metadata
# ------------------------------------------------------------------------------------------------


def test_each_column_is_an_input_with_its_name_and_type():
    graph = to_onnx(fitted(DNNClassifier, X, Y))
    numbers = [name for name in X if name not in CATEGORIES]
    expected = dict.fromkeys(numbers, "double")
    expected |= dict.fromkeys(["grade", "shop", "flag"], "int64")
    expected |= dict.fromkeys(["rank", "ratio", "known"], "double")
    expected |= dict.fromkeys(["color", "word", "town"], "string")
    found = input_types(graph)
    assert found == expected
    assert list(found) == list(X.columns)
    shapes = {
        tuple(d.dim_param or d.dim_value for d in each.type.tensor_type.shape.dim)
        for each in graph.graph.input
    }
    assert shapes == {("N", 1)}


def test_the_metadata_are_versions_classes_and_columns():
    found = properties(to_onnx(fitted(DNNClassifier, X, Y)))
    assert found["skdnn_version"] == skdnn.__version__
    assert found["estimator"] == "DNNClassifier"
    assert json.loads(found["classes"]) == ["a", "b"]
    columns = {column.pop("name"): column for column in json.loads(found["columns"])}
    assert list(columns) == list(X.columns)
    assert columns["number"] == {"kind": "number", "type": "double", "missing": "NaN"}
    assert columns["word"] == {"kind": "category", "type": "string", "missing": ""}
    assert columns["grade"] == {"kind": "category", "type": "int64", "missing": -(2**63)}
    assert "classes" not in properties(to_onnx(fitted(DNNRegressor, NUMBERS, np.arange(80.0))))


def test_there_is_no_zipmap_and_the_network_keeps_its_precision():
    for dtype, code in (("float32", onnx.TensorProto.FLOAT), ("float64", onnx.TensorProto.DOUBLE)):
        graph = to_onnx(fitted(DNNClassifier, X, Y, dtype=dtype))
        assert "ZipMap" not in {node.op_type for node in graph.graph.node}
        label, probabilities = graph.graph.output
        assert (label.name, probabilities.name) == ("label", "probabilities")
        assert probabilities.type.tensor_type.elem_type == code
        constants = {
            attribute.t.data_type
            for node in graph.graph.node
            for attribute in node.attribute
            if attribute.name == "value" and len(attribute.t.dims) == 2
        }
        assert constants == {code}  # the weights


def test_the_graph_of_the_defaults_is_small():
    y = np.arange(len(X)) % 2
    model = DNNClassifier(max_iter=1, random_state=0, categorical_features=CATEGORIES)
    model.fit(X, y)
    assert model.n_members == 4
    assert len(to_onnx(model).SerializeToString()) < 9e5


def test_arrays_of_numbers_are_one_input_with_categories_in_it():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=80), rng.integers(0, 4, 80), rng.integers(0, 2, 80)])
    for X_train, categories in (
        (rows, []),
        (rows, [1]),
        (rows.astype(object), [1, 2]),
        (np.where(rows == 2, np.nan, rows), [1, 2]),
        (np.where(rows == 3, 0.5, rows), [2, 1]),
    ):
        model = fitted(DNNClassifier, X_train, Y, categorical_features=categories)
        graph = to_onnx(model, outputs=["label", "raw"])
        assert input_types(graph) == {"X": "double"}
        hard = rows[:9].copy()
        hard[:4, 1:] = [[np.nan, 1], [7, np.nan], [0.5, 0.25], [1e300, -1]]
        assert_same(model, graph, hard, 1e-9)
        assert_same(model, graph, hard, 1e-9, by="reference")


def test_integers_beyond_int64():
    rows = pd.DataFrame({"c": pd.Series([2**70, 5, -(2**63)] * 26 + [5, 5], dtype=object)})
    model = fitted(DNNClassifier, rows, Y, categorical_features=["c"])
    graph = to_onnx(model, outputs=["raw"])
    assert input_types(graph) == {"c": "double"}
    assert np.unique(model.decision_function(rows)).size == 3
    assert_same(model, graph, rows, 1e-9)


def test_arrays_with_text_have_an_input_for_each_column():
    rows = np.array([[0.5, "a"], [1.5, "b"], [2.5, None], [3.5, "a"]] * 20, dtype=object)
    graph = to_onnx(fitted(DNNClassifier, rows, Y))
    assert input_types(graph) == {"x0": "double", "x1": "string"}
    assert_same(fitted(DNNClassifier, rows, Y), graph, rows[:4], 1e-9)


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_networks_without_an_encoding(cls):
    y = Y if cls is DNNClassifier else np.arange(80.0)
    complete = np.nan_to_num(NUMBERS)
    plain = {"feature_scaling": None, "numeric_embedding": None}
    for rows in (complete, pd.DataFrame(complete, columns=["a", "b"])):
        params = {**plain, "categorical_features": None}
        model = cls.preset("mlp", max_iter=2, hidden_layer_sizes=(4,), random_state=0)
        with pytest.warns(match="Maximum iterations"):
            model.set_params(**params).fit(rows, y)
        assert document_of(model)[0]["encoding"] is None
        graph = to_onnx(model)
        assert list(input_types(graph)) == (["a", "b"] if hasattr(rows, "columns") else ["X"])
        tolerance = 1e-5 if document_of(model)[0]["dtype"] == "float32" else 1e-9
        assert_same(model, graph, rows[:10], tolerance)


def test_bins_of_numbers_that_are_huge_or_hardly_differ():
    huge = np.linspace(-1, 1, 80)[:, None] * [1.5e308, 1.5e8]
    close = 1000 + 1e-3 * huge / huge.max(axis=0)
    for rows, n_bins, dtype in ((huge, 1, "float64"), (huge, 4, "float64"), (close, 4, "float32")):
        embedding = skdnn.PiecewiseLinear(n_bins)
        params = {"feature_scaling": None, "numeric_embedding": embedding, "dtype": dtype}
        model = fitted(DNNClassifier, rows, Y, **params)
        assert np.ptp(model.decision_function(rows)) > 0.01
        tolerance = {"float32": 1e-6, "float64": 1e-9}[dtype]
        assert_same(model, to_onnx(model, outputs=["raw"]), rows[::7], tolerance)


def test_waves_of_high_frequency_have_the_phase_of_the_network():
    embedding = skdnn.Periodic(4, sigma=1000.0)
    model = fitted(DNNClassifier, NUMBERS, Y, numeric_embedding=embedding, dtype="float32")
    assert_same(model, to_onnx(model, outputs=["raw"]), NUMBERS, 1e-5)


def test_predictions_stay_in_their_range():
    far = np.outer([1, -1], [1e6, 1e6])
    params = {"feature_scaling": "standard", "numeric_embedding": None, "dtype": "float32"}
    for kind in (2, 3):
        model = fitted(DNNClassifier, NUMBERS, targets(kind, 80), **params)
        found = outputs(to_onnx(model), onnx_inputs(model, far))["probabilities"]
        assert np.isin(found, [np.finfo(np.float32).tiny, 1 - np.finfo(np.float32).epsneg]).any()
        assert found.min() > 0
        assert found.max() < 1
    params |= {"loss": "poisson", "target_scaling": None}
    model = fitted(DNNRegressor, NUMBERS, targets("positive", 80), **params)
    graph = to_onnx(model)
    assert outputs(graph, onnx_inputs(model, far))["prediction"].max() > 1e37
    assert_same(model, graph, far, 1e-5)


def test_no_rows_are_no_predictions():
    model = fitted(DNNRegressor, X, np.arange(80.0), loss=Quantile([0.1, 0.9]))
    graph = to_onnx(model, outputs=["prediction", "quantiles"])
    inputs = {name: array[:0] for name, array in onnx_inputs(model, X).items()}
    found = outputs(graph, inputs)
    assert found["prediction"].shape == (0,)
    assert found["quantiles"].shape == (0, 2)


@pytest.mark.parametrize(
    "classes", [["x", "ü"], [3, 7], [False, True], [1.0, 2.0], np.array(["u", "v"], object)]
)
def test_labels_have_the_type_of_the_classes(classes):
    classes = np.array(classes)
    model = fitted(DNNClassifier, NUMBERS, classes[np.arange(80) % 2])
    found = outputs(to_onnx(model), onnx_inputs(model, NUMBERS[:9]))["label"]
    assert found.tolist() == model.predict(NUMBERS[:9]).tolist()
    assert type(found.tolist()[0]) is type(classes.tolist()[0])


def test_classes_with_new_names():
    model = fitted(DNNClassifier, NUMBERS, Y)
    model.classes_ = np.array([10, 20])
    assert set(outputs(to_onnx(model), onnx_inputs(model, NUMBERS))["label"]) <= {10, 20}


def test_a_single_class():
    model = fitted(DNNClassifier, NUMBERS, np.full(80, "only"))
    graph = to_onnx(model)
    assert_same(model, graph, NUMBERS, 1e-9)
    found = outputs(graph, onnx_inputs(model, NUMBERS[:2]))
    assert found["label"].tolist() == ["only", "only"]
    assert found["probabilities"].tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(("kind", "sole"), [(2, 0), (2, 1), (3, 1)])
def test_a_single_class_of_several_with_weight(kind, sole):
    y = np.arange(80) % kind
    model = DNNClassifier((4,), max_iter=1, random_state=0)
    model.fit(NUMBERS, y, sample_weight=(y == sole).astype(float))
    graph = to_onnx(model, outputs=["label", "probabilities", "raw"])
    assert_same(model, graph, NUMBERS[:5], 1e-9)
    found = outputs(graph, onnx_inputs(model, NUMBERS[:5]))
    assert set(found["label"]) == {sole}
    assert (found["probabilities"][:, sole] > 0.999).all()


def test_a_model_that_has_learned_more_columns_and_categories():
    many = table(600)
    first = many.assign(number=1.0, town="first")
    first["my column (€)"] = 0.5
    model = DNNClassifier((4,), random_state=0, categorical_features=CATEGORIES, n_members=2)
    y = targets(2, 600)
    model.partial_fit(first, y, classes=["a", "b"])
    model.partial_fit(many, y)
    assert_same(model, to_onnx(model), hard_rows(), 1e-5)


# ------------------------------------------------------------------------------------------------
# Members with weights
# ------------------------------------------------------------------------------------------------

WEIGHTS = np.array([0.4, 0.25, 0.34, 0.01])


def weighted_graph(model, names):
    document, arrays = document_of(model)
    for member, weight in zip(document["members"], WEIGHTS.tolist(), strict=True):
        member["weight"] = weight
    return graph_of(document, arrays, outputs=names)


def weighted(values):
    return np.tensordot(WEIGHTS, values, axes=1)


@pytest.mark.parametrize("kind", [2, 3, "labels"])
def test_the_mean_of_the_probabilities_has_the_weights_of_the_members(kind):
    model = fitted(DNNClassifier, X, targets(kind, len(X)), n_members=4)
    found = outputs(weighted_graph(model, ["probabilities", "raw"]), onnx_inputs(model, X))
    members = model._member_raw(X)
    wanted = weighted(softmax(members, axis=-1) if kind == 3 else expit(members))
    two = np.hstack([1 - wanted, wanted]) if kind == 2 else wanted
    np.testing.assert_allclose(found["probabilities"], two, atol=1e-9)
    raw = np.log(wanted) if kind == 3 else logit(wanted)
    np.testing.assert_allclose(found["raw"], raw, atol=1e-9)


@pytest.mark.parametrize(("loss", "kind"), [("squared_error", "numbers"), ("poisson", "positive")])
def test_the_mean_of_the_predictions_has_the_weights_of_the_members(loss, kind):
    y = targets(kind, len(X))
    model = fitted(DNNRegressor, X, y, n_members=4, loss=loss, dtype="float64")
    raw = model._member_raw(X)
    found = outputs(weighted_graph(model, ["prediction", "std"]), onnx_inputs(model, X))
    scale, mean = np.std(y, axis=0), np.mean(y, axis=0)
    low, high = y.min(axis=0), y.max(axis=0)
    if kind == "positive":
        raw, scale, mean = np.exp(raw), np.mean(y), 0.0
    members = np.clip(raw * scale + mean, low, high).squeeze()
    prediction = np.clip(weighted(raw) * scale + mean, low, high).squeeze()
    np.testing.assert_allclose(found["prediction"], prediction, rtol=1e-9)
    std = np.sqrt(weighted((members - weighted(members)) ** 2))
    assert (std > 0).all()
    np.testing.assert_allclose(found["std"], std, atol=1e-6 * std.max())


def test_a_model_with_weights_of_its_members_predicts_the_same():
    y = targets("numbers", len(X))
    model = fitted(DNNRegressor, X, y, n_members=4, dtype="float64")
    model._model.weights = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_array_equal(model.member_weights_, [0.1, 0.2, 0.3, 0.4])
    assert_same(model, to_onnx(model, outputs=["prediction", "std", "raw"]), X, 1e-9)


# ------------------------------------------------------------------------------------------------
# What is refused
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, "b"], "Column 'c' holds categories of several types, such as 'b' and 1"),
        (["", None, "x"], "Column 'c' has missing values and the category ''"),
        ([2**53 + 1, 5, None], f"Column 'c' holds the category {2**53 + 1}, which is not exact"),
    ],
)
def test_columns_that_cannot_be_exported_are_named(values, message):
    rows = pd.DataFrame(
        {"c": pd.Series([values[i % len(values)] for i in range(80)], dtype=object)}
    )
    model = fitted(DNNClassifier, rows, Y, categorical_features=["c"])
    for call in (lambda: to_onnx(model), lambda: onnx_inputs(model, rows)):
        with pytest.raises(ValueError, match=message):
            call()


def test_names_that_a_graph_cannot_have():
    for name, message in (("label", "Column 'label' has the name of an output"), ("", "no name")):
        model = fitted(DNNClassifier, X[["number"]].set_axis([name], axis=1), Y,
                       categorical_features=None)  # fmt: skip
        with pytest.raises(ValueError, match=message):
            to_onnx(model)
    # Names that the builder chooses itself are not in the way.
    names = ["Gemm_0_Y", "Gemm_0_Y/1", "Gemm_0_Y/2"]
    named = pd.DataFrame({name: (k + 1) * X["number"] for k, name in enumerate(names)})
    model = fitted(DNNClassifier, named, Y, categorical_features=None)
    assert_same(model, to_onnx(model), named, 1e-9)


def test_classes_of_several_types():
    model = fitted(DNNClassifier, NUMBERS, Y)
    model.classes_ = np.array([1, "a"], dtype=object)
    with pytest.raises(ValueError, match=r"Classes of several types cannot be exported: .1, 'a'."):
        to_onnx(model)
    model.classes_ = np.array([1, 2**64], dtype=object)
    with pytest.raises(ValueError, match="in the range of int64"):
        to_onnx(model)


@pytest.mark.parametrize("unit", [1e155, 1e-30])
def test_deviations_of_extreme_targets(unit):
    y = unit * targets("number", len(X))
    model = fitted(DNNRegressor, X, y)
    found = outputs(to_onnx(model, outputs=["std"]), onnx_inputs(model, X))["std"]
    _, wanted = model.predict(X, return_std=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6 * wanted.max())


def test_other_models_are_refused():
    with pytest.raises(NotFittedError):
        to_onnx(DNNClassifier())
    with pytest.raises(TypeError, match="Got dict"):
        to_onnx({})
    pipeline = make_pipeline(DNNClassifier())
    for call, remedy in (
        (lambda: to_onnx(pipeline), r"skdnn\.export\.register\(\), then skl2onnx"),
        (lambda: onnx_inputs(pipeline, X), "first step"),
        (lambda: check(pipeline, b"", X), "compare its predict_proba"),
    ):
        with pytest.raises(TypeError, match=r"Got Pipeline\. For others: .*" + remedy):
            call()


@pytest.mark.parametrize("opset", [17, newest() + 1, "18", 18.0])
def test_opsets_that_cannot_be_written(opset):
    with pytest.raises(ValueError, match=rf"opset must be an int from 18 to {newest()}. Got"):
        to_onnx(fitted(DNNClassifier, NUMBERS, Y), opset=opset)


@pytest.mark.parametrize("names", ["label", [], ["prediction"], ["label", "label"], ["std"]])
def test_outputs_that_there_are_not(names):
    with pytest.raises(ValueError, match=r"different names among .'label', 'probabilities', 'raw'"):
        to_onnx(fitted(DNNClassifier, NUMBERS, Y), outputs=names)
    if names == ["std"]:
        with pytest.raises(ValueError, match="'prediction', 'std', 'raw'"):
            to_onnx(fitted(DNNRegressor, NUMBERS, np.arange(80.0)), outputs=["quantiles"])


def test_packages_of_the_extra_are_imported_when_they_are_needed(monkeypatch):
    extra = {"spox", "onnx", "onnxruntime", "skl2onnx"}
    for path in (Path(skdnn.__file__).parent / "export").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            module = getattr(node, "module", None)
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not extra & {name.split(".")[0] for name in [*names, module or ""]}
    model = fitted(DNNClassifier, NUMBERS, Y)
    monkeypatch.setitem(__import__("sys").modules, "spox", None)
    with pytest.raises(ImportError, match=r'spox is missing: pip install "skdnn\[export\]"'):
        to_onnx(model)
