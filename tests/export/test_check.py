"""``check`` finds graphs that predict something else."""

import numpy as np
import pytest
from exported import fitted, hard_rows, onnx, table, targets

from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.estimators._document import document_of
from skdnn.export import check, to_onnx
from skdnn.export._onnx import graph_of

pytestmark = pytest.mark.filterwarnings("ignore:No value of these columns")

X = table()
Y = targets("number", len(X))


def changed(model, outputs, *, name, row, by):
    """A graph of other weights."""
    document, arrays = document_of(model)
    arrays = {key: array.copy() for key, array in arrays.items()}
    arrays[name][row] += by
    return graph_of(document, arrays, outputs=outputs)


def test_the_largest_difference_is_returned(tmp_path):
    model = fitted(DNNClassifier, X, targets(2, len(X)), dtype="float32")
    graph = to_onnx(model, outputs=["label", "probabilities", "raw"])
    difference = check(model, graph, hard_rows())
    assert type(difference) is float
    assert 0 < difference < 1e-6
    path = tmp_path / "model.onnx"
    onnx.save(graph, path)
    for other in (path, str(path), graph.SerializeToString()):
        assert check(model, other, hard_rows()) == difference
    with pytest.raises(ValueError, match=r"differs by .* more than the tolerance of 1e-12"):
        check(model, graph, hard_rows(), tolerance=1e-12)


@pytest.mark.parametrize("names", [["prediction"], ["std"], ["quantiles"], ["raw"]])
def test_every_output_of_a_regressor_is_compared(names):
    model = fitted(DNNRegressor, X, Y, loss=Quantile([0.2, 0.5]), dtype="float64")
    assert check(model, to_onnx(model, outputs=names), X) < 1e-9
    other = changed(model, names, name="members.1.biases.1", row=1, by=1e-3)
    with pytest.raises(ValueError, match=rf"Output '{names[0]}' differs by .* in row \d+, more"):
        check(model, other, X)


def test_quantiles_of_several_targets_have_the_units_of_each():
    y = targets("numbers", len(X)) * [1, 1e6]
    model = fitted(DNNRegressor, X, y, loss=Quantile([0.2, 0.5, 0.8]), dtype="float64")
    names = ["quantiles"]
    assert check(model, to_onnx(model, outputs=names), X) < 1e-9
    for target, scale in enumerate(y.std(axis=0)):
        other = changed(model, names, name="target.mean", row=target, by=1e-4 * scale)
        assert check(model, other, X, tolerance=1) < 1e-4 * 1.001
        with pytest.raises(ValueError, match="Output 'quantiles' differs"):
            check(model, other, X, tolerance=1e-6)


def test_differences_of_predictions_are_in_units_of_the_target():
    model = fitted(DNNRegressor, X, 1e6 * Y - 1e9, dtype="float64")
    other = changed(model, ["prediction"], name="target.mean", row=(), by=1e-4 * 1e6 * Y.std())
    with pytest.raises(ValueError, match=r"tolerance of 1e-09"):
        check(model, other, X)
    assert check(model, other, X, tolerance=1e-3) == pytest.approx(1e-4, rel=0.2)


@pytest.mark.parametrize("kind", [2, 3, "labels"])
def test_other_labels_are_found_except_at_ties(kind):
    model = fitted(DNNClassifier, X, targets(kind, len(X)), dtype="float64")
    last = "members.{}.biases.1"
    document, arrays = document_of(model)
    arrays = {key: array.copy() for key, array in arrays.items()}
    for member in range(2):
        arrays[last.format(member)][0] += 5
    graph = graph_of(document, arrays, outputs=["label"])
    with pytest.raises(ValueError, match=r"Output 'label' differs in row \d+: .* instead of"):
        check(model, graph, X)
    assert check(model, graph, X, tolerance=1.0) == 0


def test_numbers_that_are_not_numbers_are_found():
    model = fitted(DNNClassifier, X, targets(2, len(X)), dtype="float64")
    graph = changed(model, ["raw"], name="members.0.biases.1", row=0, by=np.nan)
    with pytest.raises(ValueError, match="Output 'raw' differs by inf in row 0"):
        check(model, graph, X)


def test_a_graph_of_another_model():
    model = fitted(DNNRegressor, X, Y)
    other = fitted(DNNRegressor, X, targets("numbers", len(X)))
    with pytest.raises(ValueError, match=r"the shape \(80, 2\) instead of \(80,\)"):
        check(model, to_onnx(other), X)
    graph = to_onnx(model)
    graph.graph.output[0].name = graph.graph.node[-1].output[0] = "answer"
    with pytest.raises(ValueError, match=r"outputs that the model does not have: \['answer'\]"):
        check(model, graph, X)
