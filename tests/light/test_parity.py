"""The light scorer predicts what the estimator predicts, whatever its settings."""

from io import BytesIO

import numpy as np
import pytest
from saved import DTYPES, SETTINGS, fitted, outputs, written

import skdnn_light
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn_light import activations, network

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]

TOLERANCES = {"float32": 1e-6, "float64": 1e-12}


def check_attributes(model, estimator):
    names = ["predict_proba", "predict_quantiles", "classes_", "feature_names_in_"]
    for name in names:
        assert hasattr(model, name) == hasattr(estimator, name)
    assert model.n_features_in_ == estimator.n_features_in_
    assert model.n_outputs == estimator.n_outputs_
    assert model.n_members == estimator.n_members
    assert model.dtype == estimator.dtype_
    if hasattr(estimator, "feature_names_in_"):
        assert model.feature_names_in_.tolist() == estimator.feature_names_in_.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SETTINGS)
def test_equal_predictions(name, dtype):
    estimator, X = fitted(name, dtype)
    model = skdnn_light.load(BytesIO(written(estimator)))
    check_attributes(model, estimator)
    expected, labels = outputs(estimator, X)
    found, found_labels = outputs(model, X)
    assert len(found) == len(expected)
    # Numbers in units of their range; of exponentials the logarithm has the error.
    unit = max(1.0, *(np.abs(each).max() for each in expected))
    if estimator.out_activation_ == "exp" or estimator.loss == "normal":
        unit *= max(1.0, np.log(unit))
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCES[dtype] * unit)
    for a, b in zip(found_labels, labels, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_all_activations_and_kinds_of_columns_are_known():
    assert list(activations.ACTIVATIONS) == list(ACTIVATIONS)
    assert network.PARTS.keys() | network.PARTS_WITH_PARAMETERS.keys() == COLUMN_KINDS.keys()
