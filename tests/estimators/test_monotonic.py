"""Monotonic constraints: no prediction ever moves the wrong way."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import skdnn
import skdnn_light
from skdnn import DNNClassifier, DNNRegressor, InputColumn, NumericEmbedding, Quantile
from skdnn._sklearn import InvalidParameterError
from skdnn.kernels.activations import ACTIVATIONS

N_VALUES = 60
#: Of the columns of ``make_data``.
CONSTRAINTS = (1, -1, 0, 0, 1)
SMALL = {"hidden_layer_sizes": (12, 9), "max_iter": 3, "random_state": 0}


class NumberAndBins(NumericEmbedding):
    n_bins = 6

    def columns(self, source, n_bins):
        return [InputColumn("number", source), InputColumn("bins", source, n_bins, n_bins)]


def make_data(n_rows=300, seed=0):
    """Targets that mostly go against the constraints: they matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, len(CONSTRAINTS)))
    X[:, 4] = np.round(X[:, 4], 1)
    y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2 * X[:, 3] - X[:, 4] + X[:, 2] ** 2
    return X, y + 0.1 * rng.normal(size=n_rows)


def sweep(predict, column, n_rows):
    """Predictions for rows whose value of one column rises: (n_rows, N_VALUES, ...) array.

    The values are those of training, halfway between and far beyond them.
    """
    X, _ = make_data(n_rows, seed=1)
    known = np.sort(make_data()[0][:, column])
    values = np.quantile(known, np.linspace(0, 1, N_VALUES - 4), method="nearest")
    values = np.sort([*values, -1e3, known[0] - 1, known[-1] + 1, 1e3])
    rows = np.repeat(X, N_VALUES, axis=0)
    rows[:, column] = np.tile(values, n_rows)
    found = predict(rows)
    return found.reshape(n_rows, N_VALUES, -1)


def wrong_steps(predict, *, tolerance=0.0, n_rows=100):
    """Number of steps against the constraints, and that of steps along them."""
    against = along = 0
    for column, sign in enumerate(CONSTRAINTS):
        if sign:
            found = sweep(predict, column, n_rows)
            steps = sign * np.diff(found, axis=1)
            limit = tolerance * max(1.0, float(np.abs(found).max()))
            against += np.count_nonzero(steps < -limit)
            along += np.count_nonzero(steps > limit)
    return against, along


def members_of(model):
    """A function of rows: raw predictions of all members, as (n_rows, n_members * n_outputs)."""

    def predict(X):
        return np.moveaxis(model._model.predict_members(X), 0, 1).reshape(len(X), -1)

    return predict


MODELS = {
    "defaults": {},
    "rectifiers": {"activation": "relu"},
    "bounded": {"activation": "tanh"},
    "numbers": {"numeric_embedding": None},
    "unencoded": {
        "numeric_embedding": None, "feature_scaling": None, "categorical_features": None,
    },
    "periodic": {"numeric_embedding": "periodic", "n_members": 1},
    "own": {"numeric_embedding": NumberAndBins(), "n_members": 2},
    "standard": {"feature_scaling": "standard", "n_members": 2},
    "batch": {"normalization": "batch", "n_members": 2},
    "one layer": {"hidden_layer_sizes": (), "n_members": 2},
    "one unit": {"hidden_layer_sizes": (1, 1), "n_members": 2},
    "sgd": {"solver": "sgd", "n_members": 2},
    "rmsprop": {"solver": "rmsprop", "alpha": 1.0, "l1_ratio": 0.5, "n_members": 2},
    "lbfgs": {"solver": "lbfgs", "n_members": 2, "max_iter": 15},
    "dropped": {"input_dropout": 0.3, "n_members": 2},
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", MODELS)
def test_no_step_is_against_a_constraint(name, dtype):
    X, y = make_data()
    params = {**SMALL, "monotonic_cst": CONSTRAINTS, **MODELS[name], "dtype": dtype}
    model = DNNRegressor(**params).fit(X, y)
    exact = dtype == "float64"
    n_rows = 1000 if name == "defaults" else 100
    against, along = wrong_steps(members_of(model), tolerance=0 if exact else 1e-6, n_rows=n_rows)
    assert against == 0
    assert along > 1000
    assert wrong_steps(model.predict, tolerance=0 if exact else 1e-6)[0] == 0


@pytest.mark.parametrize("activation", [n for n, each in ACTIVATIONS.items() if each.monotone])
def test_every_monotone_activation(activation):
    X, y = make_data()
    model = DNNRegressor(
        **SMALL, n_members=2, monotonic_cst=CONSTRAINTS, activation=activation, dtype="float64"
    ).fit(X, y)
    assert wrong_steps(members_of(model))[0] == 0


def test_an_unconstrained_model_does_step_against_them():
    model = DNNRegressor(**SMALL).fit(*make_data())
    assert wrong_steps(model.predict)[0] > 1000


def test_quantiles_and_several_targets():
    X, y = make_data()
    params = {**SMALL, "monotonic_cst": CONSTRAINTS, "dtype": "float64"}
    model = DNNRegressor(**params, loss=Quantile([0.1, 0.5, 0.9])).fit(X, y)
    assert wrong_steps(model.predict_quantiles)[0] == 0
    model = DNNRegressor(**params).fit(X, np.c_[y, -y])
    assert wrong_steps(model.predict)[0] == 0
    model = DNNRegressor(**params, loss="poisson").fit(X, np.exp(y - y.max()))
    assert wrong_steps(model.predict, tolerance=1e-15)[0] == 0


@pytest.mark.parametrize("labels", ["two classes", "several labels"])
def test_probabilities(labels):
    X, y = make_data()
    y = np.where(y > 0, "yes", "no") if labels == "two classes" else np.c_[y > 0, y > 1].astype(int)
    params = {**SMALL, "monotonic_cst": CONSTRAINTS, "dtype": "float64"}
    model = DNNClassifier(**params).fit(X, y)
    assert wrong_steps(members_of(model))[0] == 0
    columns = slice(1, 2) if labels == "two classes" else slice(None)
    against, along = wrong_steps(lambda X: model.predict_proba(X)[:, columns], tolerance=1e-14)
    assert against == 0
    assert along > 1000


# ---------------------------------------------------------------- learning


def test_a_monotonic_truth_is_learned():
    """A convex, a concave and a bounded part: about as well as without constraints."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    bounded = expit(3 * X[:, 0]) * expit(-3 * X[:, 2])
    truth = np.exp(X[:, 0] / 2) - np.exp(-X[:, 1] / 2) + 2 * bounded
    y = truth + 0.3 * rng.normal(size=2000)
    free, bound = (
        DNNRegressor(
            (32, 32), n_members=2, max_iter=30, monotonic_cst=cst, random_state=0
        ).fit(X[:1000], y[:1000])
        for cst in (None, [1, 1, -1])
    )  # fmt: skip
    errors = [np.mean((model.predict(X[1000:]) - truth[1000:]) ** 2) for model in (free, bound)]
    assert errors[0] < 0.1 * truth.var()
    assert errors[1] < 1.1 * errors[0]


def test_zero_constraints_are_none():
    X, y = make_data()
    models = [
        DNNRegressor(**SMALL, monotonic_cst=cst).fit(X, y) for cst in (None, [0] * X.shape[1])
    ]
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))


# ---------------------------------------------------------------- tables


def test_missing_values_categories_and_names():
    X, y = make_data()
    table = pd.DataFrame(X, columns=list("abcde"))
    table.loc[::7, "a"] = np.nan
    table["kind"] = np.where(X[:, 2] > 0, "high", "low")
    names = {"a": 1, "b": -1, "e": 1}
    model = DNNRegressor(**SMALL, monotonic_cst=names, dtype="float64").fit(table, y)

    def predict(X):
        return model.predict(pd.DataFrame(X, columns=list("abcde")).assign(kind="low"))

    assert wrong_steps(predict)[0] == 0
    by_position = DNNRegressor(**SMALL, monotonic_cst=[1, -1, 0, 0, 1, 0], dtype="float64")
    np.testing.assert_array_equal(model.predict(table), by_position.fit(table, y).predict(table))


def test_training_goes_on_within_the_constraints():
    X, y = make_data()
    params = {**SMALL, "monotonic_cst": CONSTRAINTS, "dtype": "float64"}
    model = DNNRegressor(**params, warm_start=True).fit(X, y)
    model.fit(X, y)
    assert wrong_steps(members_of(model))[0] == 0
    model = DNNRegressor(**params)
    X[:40, 3] = 0.0  # a constant column, and later a missing value: new inputs
    for rows in (slice(0, 40), slice(40, 200), slice(200, None)):
        model.partial_fit(X[rows], y[rows])
        X[250, 0] = np.nan
    assert wrong_steps(members_of(model))[0] == 0
    with pytest.raises(ValueError, match="same monotonic_cst"):
        model.set_params(monotonic_cst=[1, 0, 0, 0, 0]).partial_fit(X, y)


def test_stored_models_predict_the_same(tmp_path):
    X, y = make_data()
    model = DNNRegressor(**SMALL, monotonic_cst=CONSTRAINTS).fit(X, y)
    model.save(tmp_path / "model.skdnn")
    for other in (pickle.loads(pickle.dumps(model)), skdnn.load(tmp_path / "model.skdnn")):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        assert other.monotonic_cst == CONSTRAINTS
    light = skdnn_light.load(tmp_path / "model.skdnn")
    np.testing.assert_allclose(light.predict(X), model.predict(X), rtol=1e-5)


def test_an_exported_graph_obeys_them():
    pytest.importorskip("spox", reason='needs pip install "skdnn[export]"')
    runtime = pytest.importorskip("onnxruntime", reason='needs pip install "skdnn[export]"')
    from skdnn.export import to_onnx

    model = DNNRegressor(**SMALL, monotonic_cst=CONSTRAINTS, dtype="float64").fit(*make_data())
    session = runtime.InferenceSession(to_onnx(model).SerializeToString())
    against, along = wrong_steps(lambda X: session.run(None, {"X": X})[0], tolerance=1e-12)
    assert against == 0
    assert along > 1000


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"monotonic_cst": [1, 0]}, r"shape \(2,\).*5 features"),
        ({"monotonic_cst": [2, 0, 0, 0, 0]}, r"Observed values: \[2\]"),
        ({"monotonic_cst": [[1], [0], [0], [0], [0]]}, "one-dimensional"),
        ({"monotonic_cst": {"a": 1}}, "feature names"),
        ({"activation": "mish"}, r"'activation'.*'relu'.*monotonic_cst.*Got 'mish'"),
        ({"activation": "gelu"}, r"'activation'.*Got 'gelu'"),
        ({"normalization": "layer"}, r"'normalization'.*Got 'layer'"),
    ],
)
def test_what_cannot_be(changes, message):
    X, y = make_data()
    params = {**SMALL, "monotonic_cst": CONSTRAINTS, **changes}
    with pytest.raises(ValueError, match=message):
        DNNRegressor(**params).fit(X, y)


def test_errors_name_the_column():
    X, y = make_data()
    table = pd.DataFrame(X, columns=list("abcde")).assign(city="x", town="y")
    with pytest.raises(ValueError, match=r"unexpected feature names: \['z'\]"):
        DNNRegressor(**SMALL, monotonic_cst={"a": 1, "z": -1}).fit(table, y)
    with pytest.raises(ValueError, match=r"monotonic_cst\['a'\] must be either -1, 0 or 1. Got 3"):
        DNNRegressor(**SMALL, monotonic_cst={"a": 3}).fit(table, y)
    with pytest.raises(ValueError, match=r"categorical column\(s\) 'city', 'town'"):
        DNNRegressor(**SMALL, monotonic_cst={"a": 1, "city": 1, "town": -1}).fit(table, y)


def test_several_classes_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match=r"monotonic_cst needs two classes.* 3 classes"):
        DNNClassifier(**SMALL, monotonic_cst=CONSTRAINTS).fit(X, np.digitize(y, [-1, 1]))


def test_wrong_types_are_refused_before_any_work():
    with pytest.raises(InvalidParameterError, match="'monotonic_cst' parameter"):
        DNNRegressor(monotonic_cst=1).fit(*make_data())
