"""skops restores estimators from the types that are published as trusted."""

from io import BytesIO

import numpy as np
import pytest
import skops.io
from saved import DTYPES, SETTINGS, fitted, outputs, written
from skops.io.exceptions import UntrustedTypesFoundException

import skdnn
from skdnn import DNNClassifier, DNNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]

NAMES = [
    "mish", "two-batch", "mixed-layer", "four members", "brier-binary", "one class", "objects",
    "poisson-two", "Huber(delta=3.0)-two", "Quantile(quantile=[0.1, 0.4, 0.9])-two",
    "Tweedie(power=1.3)-two", "normal-two", "columns", "plain-DNNClassifier",
    "sparse-DNNRegressor",
]  # fmt: skip


def check_restored(model, X):
    blob = skops.io.dumps(model)
    other = skops.io.loads(blob, trusted=skdnn.SKOPS_TRUSTED)
    for a, b in zip(outputs(other, X), outputs(model, X), strict=True):
        for found, expected in zip(a, b, strict=True):
            np.testing.assert_array_equal(found, expected, strict=True)
    assert str(other.get_params()) == str(model.get_params())
    return other


@pytest.mark.parametrize("name", NAMES)
def test_same_predictions_to_the_bit(name):
    assert name in SETTINGS
    for dtype in DTYPES[: 1 + (name == "two-batch")]:
        model, X = fitted(name, dtype)
        assert check_restored(model, X).history_["loss"] == model.history_["loss"]


SCHEDULES = [skdnn.Cosine(), skdnn.OneCycle(), skdnn.CosLog(), "adaptive"]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_training_goes_on(schedule):
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    params = {"learning_rate": schedule, "early_stopping": True, "warm_start": True}
    model = DNNRegressor((3,), max_iter=2, random_state=0, **params).fit(X, y)
    other = check_restored(model, X)
    np.testing.assert_array_equal(other.fit(X, y).predict(X), model.fit(X, y).predict(X))


def test_a_stream():
    """Its first rows are stored."""
    X, y = np.arange(60.0)[:, None], np.arange(60) % 3
    model = DNNClassifier((3,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    other = check_restored(model, X)
    np.testing.assert_array_equal(
        other.partial_fit(-X, y).predict_proba(X), model.partial_fit(-X, y).predict_proba(X)
    )


def test_a_model_that_was_loaded_from_a_file():
    model, X = fitted("two-batch", "float32")
    check_restored(skdnn.load(BytesIO(written(model))), X)


class Scorer:
    def __call__(self, estimator, X, y):
        return 0.5


def test_other_types_are_refused():
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    model = DNNClassifier((3,), max_iter=1, early_stopping=True, scoring=Scorer()).fit(X, y)
    with pytest.raises(UntrustedTypesFoundException, match="Scorer"):
        skops.io.loads(skops.io.dumps(model), trusted=skdnn.SKOPS_TRUSTED)


def test_every_trusted_type_is_needed():
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    models = [fitted(name, "float32")[0] for name in NAMES]
    models += [DNNRegressor(learning_rate=each) for each in SCHEDULES]
    models.append(DNNClassifier((3,)).partial_fit(X, y, classes=[0, 1]))
    models.append(skdnn.load(BytesIO(written(models[0]))))
    found = {name for model in models
             for name in skops.io.get_untrusted_types(data=skops.io.dumps(model))}  # fmt: skip
    # skops may come to trust NumPy's own.
    assert found | {"numpy.dtype"} == set(skdnn.SKOPS_TRUSTED)
