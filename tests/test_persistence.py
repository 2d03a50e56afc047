"""Files of saved models: what is loaded predicts the same bits, and what is damaged is refused."""

import json
import pickle
import random
import tracemalloc
import warnings
import zipfile
from copy import deepcopy
from hashlib import sha256
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from saved import DTYPES, SETTINGS, Custom, changed, fitted, outputs, table, ternary, written
from sklearn.base import clone

import skdnn
import skdnn_light
from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators._document import SETTINGS as SETTINGS_CLASSES
from skdnn.network import embeddings, losses
from skdnn.training import schedules
from skdnn_light.files import read

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]


def loaded(model):
    return skdnn.load(BytesIO(written(model)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SETTINGS)
def test_same_predictions_to_the_bit(name, dtype):
    model, X = fitted(name, dtype)
    content = written(model)
    assert len(content) <= 1.15 * model._network.values.nbytes + 50_000
    other = skdnn.load(BytesIO(content))
    for a, b in zip(outputs(other, X), outputs(model, X), strict=True):
        for found, expected in zip(a, b, strict=True):
            np.testing.assert_array_equal(found, expected, strict=True)
    for attribute in ("n_features_in_", "n_outputs_", "out_activation_", "n_layers_", "dtype_",
                      "dropout_", "n_parameters_"):  # fmt: skip
        assert getattr(other, attribute) == getattr(model, attribute)
    np.testing.assert_array_equal(other.is_categorical_, model.is_categorical_)
    custom = "custom" in name or "both" in name
    expected, found = (str(each.get_params()) for each in (model, other))
    assert (found == expected) != custom
    # A second generation is the same file.
    if not custom:
        assert written(other) == content


def test_a_loaded_model_can_be_inspected_copied_and_pickled():
    model, X = fitted("mixed-batch", "float64")
    other = loaded(model)
    for column in ("number", "color", "many"):
        for member in (0, 1):
            expected = model.column_embedding(column, member=member, of="inputs")
            found = other.column_embedding(column, member=member, of="inputs")
            pd.testing.assert_frame_equal(found, expected)
    text = "numbers as"
    assert text in model._fitted_html()
    assert other._fitted_html().count(text) == model._fitted_html().count(text)
    for each in (pickle.loads(pickle.dumps(other)), deepcopy(other), loaded(other)):
        np.testing.assert_array_equal(each.predict_proba(X), model.predict_proba(X))
    other.coefs_[0][0][...] = 0
    assert not np.array_equal(other.predict_proba(X), model.predict_proba(X))


def test_a_loaded_model_can_be_fitted_anew():
    model, X = fitted("mixed-batch", "float64")
    other, rows = loaded(model), table()
    y = ternary(rows)
    np.testing.assert_array_equal(
        clone(other).fit(rows, y).predict_proba(X), model.predict_proba(X)
    )
    other.fit(rows, y)
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
    assert other.history_["loss"] == model.history_["loss"]


SENTENCE = "was loaded from a file, which holds what predictions need .* keep a pickle"


@pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])
def test_training_is_not_continued(cls):
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    other = loaded(cls((3,), max_iter=2, warm_start=True).fit(X, y))
    expected = outputs(other, X)[0][0]
    with pytest.raises(ValueError, match=SENTENCE):
        other.fit(X, y)
    with pytest.raises(ValueError, match=SENTENCE):
        other.partial_fit(X, y)
    np.testing.assert_array_equal(outputs(other, X)[0][0], expected)


def test_there_is_no_history():
    model, _ = fitted("mish", "float32")
    other = loaded(model)
    assert not hasattr(other, "history_")
    with pytest.raises(AttributeError, match="loaded from a file has no history"):
        other.history_  # noqa: B018
    assert not hasattr(other, "loss_curve_")


@pytest.mark.parametrize("name", ["one of two", "one of three"])
def test_the_only_class_of_the_training_rows(name):
    X = np.arange(40.0)[:, None]
    classes = [0, 1, 2][: 2 + (name == "one of three")]
    model = DNNClassifier((3,), max_iter=2, warm_start=True, random_state=0)
    model.fit(X, np.arange(40) % len(classes))
    model._model.task.sole_class = 1
    content = BytesIO(written(model))
    for each in (skdnn.load(content), skdnn_light.load(BytesIO(written(model)))):
        np.testing.assert_array_equal(each.predict(X), np.ones(40, dtype=int))
        np.testing.assert_allclose(each.predict_proba(X), model.predict_proba(X), rtol=1e-12)


def test_every_kind_of_settings_can_be_held():
    found = {
        name
        for module in (embeddings, losses, schedules)
        for name, each in vars(module).items()
        if isinstance(each, type) and name in skdnn.__all__ and hasattr(each, "check")
    }
    assert set(SETTINGS_CLASSES) == found - {"NumericEmbedding", "InputColumn"}


PARAMETERS = {
    "hidden_layer_sizes": [(4,), [4, 3], 5, np.array([4, 2])],
    "numeric_embedding": [
        "mixed", None, skdnn.Periodic(3, 4, 0.3), [None, skdnn.PiecewiseLinear(9)],
        ("periodic", skdnn.Periodic()),
    ],
    "learning_rate": ["constant", skdnn.Cosine(0.2), skdnn.OneCycle(), skdnn.CosLog(3)],
    "class_weight": [None, "balanced", {"yes": 2.0, "no": 1}],
    "categorical_features": ["from_dtype", ["color"], [0], None],
    "max_time": [np.inf, 1e9],
    "n_jobs": [None, 2],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(k, v) for k, each in PARAMETERS.items() for v in each]
)
def test_parameters_come_back(name, value):
    X = table()[["number", "many"]].rename(columns={"many": "color"})
    X["color"] = X["color"].astype(int)
    params = {"hidden_layer_sizes": (3,), "max_iter": 1, name: value}
    model = DNNClassifier(**params).fit(X, np.where(X["number"] > 0, "yes", "no"))
    found = loaded(model).get_params()[name]
    expected = value.tolist() if isinstance(value, np.ndarray) else value
    assert str(found) == str(expected)
    assert type(found) is type(expected)


def score(estimator, X, y):
    return 0.5


class Other(DNNClassifier):
    """Has another parameter."""

    def __init__(self, hidden_layer_sizes=(3,), extra=1, max_iter=2, **parameters):
        self.extra = extra
        super().__init__(hidden_layer_sizes, max_iter=max_iter)


class Huber(skdnn.Huber):
    """A user's loss with a known name."""


def test_parameters_that_a_file_cannot_hold_are_listed_and_have_their_defaults():
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    random_state = np.random.RandomState(0)
    params = {"scoring": score, "random_state": random_state, "numeric_embedding": Custom()}
    model = DNNClassifier((3,), max_iter=2, early_stopping=True, **params).fit(X, y)
    document, _ = read(BytesIO(written(model)))
    assert sorted(document["omitted"]) == ["numeric_embedding", "random_state", "scoring"]
    found, defaults = loaded(model).get_params(), DNNClassifier().get_params()
    assert {name: found[name] for name in params} == {name: defaults[name] for name in params}
    assert found["early_stopping"] is True
    model = DNNRegressor((3,), max_iter=2, loss=Huber(2.0)).fit(X, y)
    assert read(BytesIO(written(model)))[0]["omitted"] == ["loss"]
    np.testing.assert_array_equal(loaded(model).predict(X), model.predict(X))


def test_a_subclass_is_loaded_as_its_base():
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    model = Other(extra=3).fit(X, y)
    assert read(BytesIO(written(model)))[0]["omitted"] == ["extra"]
    other = loaded(model)
    assert type(other) is DNNClassifier
    assert other.max_iter == 2
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


# ---------------------------------------------------------------- other versions


def test_fields_and_parameters_of_other_versions():
    model, X = fitted("mixed-batch", "float32")

    def change(document, arrays):
        document["news"] = document["network"]["news"] = document["task"]["news"] = [1]
        document["parameters"]["gone"] = 3
        del document["parameters"]["n_jobs"]

    found = skdnn.load(changed(written(model), change))
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))
    assert found.n_jobs is None


def test_values_of_parameters_that_are_not_valid_now():
    model, X = fitted("mixed-batch", "float32")

    def change(document, arrays):
        document["parameters"] |= {"solver": "removed", "max_iter": -1, "alpha": 0.25}
        document["parameters"]["learning_rate"] = {"class": "Removed", "parameters": {}}

    content = changed(written(model), change)
    refused = r"'max_iter'.*'learning_rate'|'learning_rate'.*'max_iter'"
    with pytest.warns(UserWarning, match=refused) as warned:
        found = skdnn.load(content)
    assert len(warned) == 1
    np.testing.assert_array_equal(found.predict_proba(X), model.predict_proba(X))
    default = DNNClassifier()
    assert found.alpha == 0.25
    for name in ("solver", "max_iter", "learning_rate"):
        assert getattr(found, name) is getattr(default, name)


def test_other_inputs_than_training_would_choose_now():
    """Longer embeddings, for example: the columns of a file are used as they are."""
    model, X = fitted("mixed-None", "float64")

    def change(document, arrays):
        for i, member in enumerate(document["members"]):
            [k] = [k for k, column in enumerate(member["columns"]) if column[0] == "embedding"]
            place = sum(column[2] for column in member["columns"][:k])
            width, size = member["columns"][k][2:4]
            member["columns"][k][2] = width + 2
            vectors = arrays[f"members.{i}.columns.{k}"].reshape(size + 1, width)
            arrays[f"members.{i}.columns.{k}"] = np.pad(vectors, ((0, 0), (0, 2))).ravel()
            weights, at = arrays[f"members.{i}.weights.0"], [place + width] * 2
            arrays[f"members.{i}.weights.0"] = np.insert(weights, at, 1.0, axis=0)
            if f"members.{i}.scales" in arrays:
                scales = arrays[f"members.{i}.scales"]
                arrays[f"members.{i}.scales"] = np.insert(scales, at, 1.0)

    content = changed(written(model), change)
    found = skdnn.load(content)
    np.testing.assert_allclose(found.predict_proba(X), model.predict_proba(X), rtol=1e-12)
    assert found.column_embedding("many", of="inputs").shape[1] == 10
    content.seek(0)
    light = skdnn_light.load(content)
    np.testing.assert_allclose(light.predict_proba(X), model.predict_proba(X), rtol=1e-12)


# ---------------------------------------------------------------- damaged files


ODD = [
    None, True, False, 0, -1, 1, 2, 3, 2**31, 2**63, 10**30, 1e308, "", "x", [], {}, [[]],
    "number", "float64", {"number": "inf"}, {"class": "Huber", "parameters": {}},
]  # fmt: skip


def paths(value, path=()):
    """Paths of all values in a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(each, (*path, key))


def mutate(document, rng):
    """Change one value."""
    *path, last = rng.choice(list(paths(document)))
    for key in path:
        document = document[key]
    old, way = document[last], rng.randrange(4)
    if way == 0:
        del document[last]
    elif way == 1 and type(old) is int:
        document[last] = old + rng.choice([-1, 1, 10, 1000])
    elif way == 2 and isinstance(document, list):
        document.append(old)
    else:
        document[last] = rng.choice(ODD)


def mutated(content, rng):
    """A file with other bytes, without its end, or with another value in one of its texts."""
    way = rng.randrange(4)
    if way == 0:
        changed = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if way == 1:
        return content[: rng.randrange(len(content))]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        document = json.loads(archive.read("model.json"))
        data = archive.read("arrays.safetensors")
    if way == 2:
        mutate(document, rng)
    else:
        begin = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:begin])
        mutate(header, rng)
        text = json.dumps(header).encode()
        data = len(text).to_bytes(8, "little") + text + data[begin:]
        document["sha256"] = sha256(data).hexdigest()
    with zipfile.ZipFile(file := BytesIO(), "w") as archive:
        archive.writestr("model.json", json.dumps(document))
        archive.writestr("arrays.safetensors", data)
    return file.getvalue()


MUTATED = ["mixed-batch", "Quantile(quantile=[0.1, 0.4, 0.9])-two", "plain-DNNClassifier"]


def test_a_thousand_mutated_files():
    """Each is refused, or is a model that predicts as the light one does."""
    rng, counts = random.Random(0), {True: 0, False: 0}
    models = [fitted(name, "float64") for name in MUTATED]
    originals = [(written(model), rows) for model, rows in models]
    for i in range(1000):
        content, rows = originals[i % len(originals)]
        content = mutated(content, rng)
        tracemalloc.start() if i % 10 == 0 else None
        try:
            model = skdnn.load(BytesIO(content))
        except ValueError:
            model = None
        if tracemalloc.is_tracing():
            assert tracemalloc.get_traced_memory()[1] < 20 * len(content) + 10**6
            tracemalloc.stop()
        counts[model is not None] += 1
        if model is None:
            continue
        light = skdnn_light.load(BytesIO(content))
        # Columns may have got other names.
        names = getattr(light, "feature_names_in_", None)
        X = rows if names is None else rows.set_axis(names, axis=1)
        if names is not None and "" in names:
            continue
        with warnings.catch_warnings():
            # Columns may have got other categories.
            warnings.filterwarnings("ignore", "No value of these columns is a known category")
            found = outputs(light, X)[0], outputs(model, X)[0]
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)
    assert counts[False] > 900
    assert counts[True] > 20
