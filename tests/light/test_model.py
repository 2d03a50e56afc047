"""Light models, and the weights of their members."""

from io import BytesIO

import numpy as np
import pytest
from saved import fitted, written

import skdnn_light
from skdnn_light.files import read

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def loaded(name, dtype="float64"):
    estimator, X = fitted(name, dtype)
    return skdnn_light.load(BytesIO(written(estimator))), estimator, X


def test_repr():
    assert repr(loaded("mixed-None")[0]) == (
        "<saved DNNClassifier: 13 columns, 2 networks, 3 outputs>"
    )


def with_weights(estimator, weights):
    """The kind of model, and the model with other weights of its members."""
    document, arrays = read(BytesIO(written(estimator)))
    for member, weight in zip(document["members"], weights, strict=True):
        member["weight"] = weight
    kind = type(skdnn_light.load(BytesIO(written(estimator))))
    return kind(document, arrays)


@pytest.mark.parametrize("name", ["mixed-None", "mish", "four members"])
def test_probabilities_are_weighted_means_of_those_of_the_members(name):
    _, estimator, X = loaded(name)
    n = estimator.n_members
    members = [with_weights(estimator, np.eye(n)[i].tolist()).predict_proba(X) for i in range(n)]
    weights = (np.arange(1, n + 1) / (n * (n + 1) / 2)).tolist()
    found = with_weights(estimator, weights).predict_proba(X)
    np.testing.assert_allclose(found, np.average(members, axis=0, weights=weights), rtol=1e-12)


@pytest.mark.parametrize("name", ["squared_error-unscaled", "poisson-two", "scaling-None"])
def test_numbers_are_weighted_means_of_those_of_the_members(name):
    _, estimator, X = loaded(name)
    members = [with_weights(estimator, weights).predict(X) for weights in ([1.0, 0.0], [0.0, 1.0])]
    y, std = with_weights(estimator, [0.25, 0.75]).predict(X, return_std=True)
    if estimator.target_scaling is None:
        np.testing.assert_allclose(y, 0.25 * members[0] + 0.75 * members[1], rtol=1e-12)
    # Of two values with these weights.
    expected = np.sqrt(0.25 * 0.75) * np.abs(members[0] - members[1])
    np.testing.assert_allclose(std, expected, rtol=1e-9, atol=1e-12)
