"""Conversion by skl2onnx of what an estimator is a part of."""

import pytest

pytest.importorskip("skl2onnx", reason='needs pip install "skdnn[export]"')

import numpy as np
import pandas as pd
import skl2onnx
from exported import fitted, onnx, onnxruntime
from mlp import mlp
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from skdnn import DNNClassifier, DNNRegressor
from skdnn.export import register

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:skl2onnx"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(loc=5, size=(90, 3))
TWO = (X[:, 0] + 0.3 * RNG.normal(size=90) > 5).astype(int)
THREE = np.array(["low", "middle", "high"])[np.digitize(X[:, 1], [4.5, 5.5])]
PARAMS = {"hidden_layer_sizes": (5,), "max_iter": 3, "learning_rate_init": 0.05,
          "random_state": 0, "dtype": "float64"}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _registered():
    register()


def network(cls=DNNClassifier, **params):
    return mlp(cls, **{**PARAMS, **params})


def converted(model, rows, *, options=None, types=None):
    """Outputs of the graph for rows in float64."""
    if types is None:
        types = [("X", DoubleTensorType([None, rows.shape[1]]))]
    graph = skl2onnx.to_onnx(model, initial_types=types, options=options, target_opset=18)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    inputs = {"X": rows}
    if len(types) > 1:
        inputs = {name: rows[[name]].to_numpy() for name, _ in types}
    return session.run(None, inputs)


def assert_classifies(model, rows, tolerance=1e-9, **kwargs):
    label, probabilities = converted(model, rows, options={"zipmap": False}, **kwargs)
    np.testing.assert_array_equal(label, model.predict(rows))
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=tolerance)


@pytest.mark.parametrize("y", [TWO, THREE, TWO == 1], ids=["int", "text", "bool"])
def test_pipelines_that_end_with_a_classifier(y):
    assert_classifies(make_pipeline(StandardScaler(), network()).fit(X, y), X)


def test_inputs_in_float32():
    model = make_pipeline(StandardScaler(), network(dtype="float32")).fit(X, THREE)
    rows = X.astype(np.float32)
    assert_classifies(model, rows, 1e-5, types=[("X", FloatTensorType([None, 3]))])


@pytest.mark.parametrize("n_targets", [1, 2])
def test_pipelines_that_end_with_a_regressor(n_targets):
    y = 100 + 20 * X[:, :n_targets].squeeze()
    params = {"target_scaling": "standard"} if n_targets == 2 else {}
    model = make_pipeline(StandardScaler(), network(DNNRegressor, **params)).fit(X, y)
    [prediction] = converted(model, X)
    assert prediction.shape == (90, n_targets)
    np.testing.assert_allclose(prediction.squeeze(), model.predict(X), rtol=1e-9)


def test_several_labels():
    y = np.column_stack([TWO, X[:, 1] > 5, X[:, 2] > 5]).astype(int)
    assert_classifies(make_pipeline(StandardScaler(), network()).fit(X, y), X)


def test_indices_instead_of_classes_and_zipmap():
    model = make_pipeline(StandardScaler(), network()).fit(X, THREE)
    label, _ = converted(model, X, options={"zipmap": False, "nocl": True})
    np.testing.assert_array_equal(model.classes_[label], model.predict(X))
    # The operator takes float32 only.
    rows = X[:2].astype(np.float32)
    _, maps = converted(model, rows, types=[("X", FloatTensorType([None, 3]))])
    wanted = [dict(zip(model.classes_, row, strict=True)) for row in model.predict_proba(rows)]
    assert [pytest.approx(each, abs=1e-5) for each in wanted] == maps


@pytest.mark.parametrize("encoder", [OneHotEncoder(sparse_output=False), OrdinalEncoder()])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_columns_are_transformed_before(encoder, output):
    rows = pd.DataFrame(X[:, :2], columns=["a", "b"])
    rows["color"] = np.array(["red", "green", "blue"], dtype=object)[np.arange(90) % 3]
    steps = [("scaled", StandardScaler(), ["a", "b"]), ("encoded", encoder, ["color"])]
    categories = None
    if isinstance(encoder, OrdinalEncoder):
        categories = [2] if output == "default" else ["encoded__color"]
    last = network(categorical_features=categories, feature_scaling="robust")
    model = make_pipeline(ColumnTransformer(steps).set_output(transform=output), last)
    types = [(name, DoubleTensorType([None, 1])) for name in ("a", "b")]
    types += [("color", StringTensorType([None, 1]))]
    assert_classifies(model.fit(rows, TWO), rows, types=types)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_estimators_made_of_others(y):
    logistic = LogisticRegression()
    for model in (
        CalibratedClassifierCV(network(), cv=2),
        StackingClassifier([("a", network()), ("b", logistic)], cv=2),
        VotingClassifier(
            [("a", network()), ("b", logistic)], voting="soft", flatten_transform=False
        ),
    ):
        # Their own arithmetic is partly in float32.
        assert_classifies(model.fit(X, y), X, 1e-6)


def test_stacked_regressors():
    y = 10 * X[:, 0]
    model = StackingRegressor([("a", network(DNNRegressor)), ("b", Ridge())], cv=2).fit(X, y)
    [prediction] = converted(model, X)
    np.testing.assert_allclose(prediction[:, 0], model.predict(X), rtol=1e-6)


def test_what_cannot_be_converted():
    text = pd.DataFrame({"c": ["a", "b", "c"] * 30})
    model = fitted(DNNClassifier, text, TWO, categorical_features=["c"])
    with pytest.raises(ValueError, match="Column 'c' holds text, such as 'a', but the input is"):
        converted(model, text)
    model = network().fit(X, TWO)
    types = [(f"x{j}", DoubleTensorType([None, 1])) for j in range(3)]
    with pytest.raises(ValueError, match=r"one matrix in skl2onnx\. Got 3 inputs: use skdnn"):
        converted(model, X, types=types)
    with pytest.raises(ValueError, match=r"target_opset must be from 18 to \d+\. Got 17\."):
        skl2onnx.to_onnx(model, X[:1], target_opset=17)
