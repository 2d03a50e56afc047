"""Graphs predict what models predict, by two runtimes that have nothing in common."""

from itertools import cycle, product

import pytest
from exported import assert_same, fitted, hard_rows, table, targets

from skdnn import (
    DNNClassifier,
    DNNRegressor,
    Huber,
    InputColumn,
    NumericEmbedding,
    Quantile,
    Tweedie,
)
from skdnn.export import to_onnx
from skdnn.export._operators import ACTIVATIONS, newest
from skdnn.kernels.activations import ACTIVATIONS as RECORDS
from skdnn.kernels.losses import LOSSES

TOLERANCES = {"float32": 1e-5, "float64": 1e-9}
LEVELS = Quantile([0.1, 0.4, 0.9])
X = table()
NAMES = ["number", "my column (€)"]
NUMBERS = X[NAMES].to_numpy()
HARD = hard_rows()


class Both(NumericEmbedding):
    """Waves, bins and the number in an order of its own."""

    n_bins = 5

    def columns(self, source, n_bins):
        waves = InputColumn("periodic", source, 2 + source % 2, 3, 0.3)
        return [InputColumn("bins", source, n_bins, n_bins), waves, InputColumn("number", source)]


#: Of neighbors in a product that ends with two values: both dtypes meet both.
DTYPES = ["float32", "float64", "float64", "float32"]


def cases():
    """Settings of models: cls, kind of target, parameters."""
    dtypes, normalizations = cycle(DTYPES), cycle([None, "batch", "layer"])
    for activation, dtype in product(RECORDS, TOLERANCES):
        params = {"activation": activation, "dtype": dtype, "n_members": 1}
        yield DNNClassifier, 3, {**params, "normalization": next(normalizations)}
    for loss, kind, n in product(["log_loss", "brier"], [2, 3, "labels"], [1, 4]):
        yield DNNClassifier, kind, {"loss": loss, "n_members": n, "dtype": next(dtypes)}
    losses = "squared_error", "absolute_error", Huber(2.0), Quantile(0.8), LEVELS, "normal"
    for loss, kind, n in product(losses, ["number", "numbers"], [1, 4]):
        yield DNNRegressor, kind, {"loss": loss, "n_members": n, "dtype": next(dtypes)}
    for loss, n in product(["poisson", "gamma", Tweedie(1.5)], [1, 4]):
        scaling = {1: None, 4: "standard"}[n]
        params = {"loss": loss, "dtype": next(dtypes), "n_members": n}
        yield DNNRegressor, "positive", {**params, "target_scaling": scaling}


def cases_of_tables():
    """Settings of classifiers."""
    dtypes, normalizations = cycle(DTYPES), cycle([None, "batch", "layer"])
    embeddings = [None, "piecewise_linear", "periodic", "mixed", [Both(), None]]
    for embedding, scaling in product(embeddings, ["robust", "standard"]):
        yield {
            "numeric_embedding": embedding, "feature_scaling": scaling, "dtype": next(dtypes),
            "normalization": next(normalizations), "hidden_layer_sizes": (6, 5),
        }  # fmt: skip
    for dtype in TOLERANCES:
        yield {"feature_scaling": None, "dtype": dtype, "n_members": 4}


def name_of(case):
    *case, params = case if isinstance(case, tuple) else [case]
    texts = (repr(value) for value in params.values())
    return "-".join([str(getattr(each, "__name__", each)) for each in case] + list(texts))


def check_graph(model, names, rows, tolerance):
    graph = to_onnx(model, outputs=names)
    assert_same(model, graph, rows, tolerance)
    assert_same(model, graph, rows[:4], tolerance, by="reference")


@pytest.mark.parametrize("case", [*cases()], ids=name_of)
def test_every_activation_and_loss(case):
    cls, kind, params = case
    rows = HARD[NAMES].to_numpy()
    model = fitted(cls, NUMBERS, targets(kind, len(X)), **params)
    names = ["label", "probabilities", "raw"]
    if cls is DNNRegressor:
        names = ["prediction", "std", "raw"]
        names += ["quantiles"] if isinstance(model.loss, Quantile) else []
    # onnxruntime has its error function in float32 alone.
    dtype = "float32" if model.activation == "gelu" else model.dtype
    check_graph(model, names, rows, TOLERANCES[dtype])


@pytest.mark.parametrize("params", [*cases_of_tables()], ids=name_of)
def test_every_kind_of_column(params):
    model = fitted(DNNClassifier, X, targets(2, len(X)), **params)
    check_graph(model, ["label", "probabilities", "raw"], HARD, TOLERANCES[params["dtype"]])


def test_the_cases_have_all_activations_and_losses():
    assert set(ACTIVATIONS) == set(RECORDS)
    found = {getattr(params.get("loss"), "name", params.get("loss")) for _, _, params in cases()}
    assert found - {None} == {loss.public_name for loss in LOSSES.values()}


@pytest.mark.parametrize("opset", [18, newest()])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_the_oldest_and_the_newest_opset(opset, dtype):
    params = {"dtype": dtype, "normalization": "layer"}
    for activation, rows, hard in (("mish", X, HARD), ("elu", NUMBERS, HARD[NAMES].to_numpy())):
        model = fitted(DNNClassifier, rows, targets(3, 80), activation=activation, **params)
        graph = to_onnx(model, opset=opset)
        assert {each.domain: each.version for each in graph.opset_import}[""] == opset
        assert_same(model, graph, hard, TOLERANCES[dtype])
