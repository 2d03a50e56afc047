"""The scorer of the pages predicts what Python does, in one page for all models."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp, mlp_classifier
from scipy.special import expit

from skdnn import DNNClassifier, DNNRegressor, Huber, Periodic, PiecewiseLinear, Quantile
from skdnn.export import to_html
from skdnn.export._html import page_data
from skdnn.kernels.activations import ACTIVATIONS
from skdnn.kernels.embeddings import COLUMN_KINDS
from skdnn.kernels.losses import LOSSES

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Rows with nothing but unknown categories are meant so.
    pytest.mark.filterwarnings("ignore:No value of these columns is a known category"),
]

#: One more than an integer that JavaScript can tell from the next one.
BIG = 2**53 + 1
#: More than become units of their own.
TOWNS = [f"town {i:02}" for i in range(40)]
TABLE = {
    "categorical_features": "from_dtype", "feature_scaling": "robust",
    "numeric_embedding": "mixed", "n_members": 4, "dtype": "float32",
}  # fmt: skip


def table(n=240):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "number": rng.normal(50, 20, n),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(size=n)),
            "constant": 3.0,
            "absent": np.nan,
            "rooms": rng.integers(1, 6, n),
            "town": TOWNS * (n // 40),
            "color": rng.choice(["red", "green", "blue", None], n),
            "sold": rng.choice(["yes", "no"], n),
            "flag": rng.random(n) < 0.5,
            "key": pd.Categorical(rng.choice([BIG, BIG - 1, 7], n)),
            "only": "one",
            "mixed": pd.Series(rng.choice(np.array([1, "1", None], dtype=object), n)),
        }
    )
    return X


def odd_rows():
    """Rows of the table, and some with unknown, missing and huge values."""
    X = table().iloc[:12].astype({"key": object, "flag": object})
    for row, column, value in [
        (0, "number", 1e6), (1, "number", -1e6), (2, "number", np.nan), (3, "gaps", 1e30),
        (4, "town", "nowhere"), (5, "town", None), (6, "color", "pink"), (6, "sold", "maybe"),
        (7, "sold", None), (7, "flag", None), (8, "key", BIG + 1), (8, "only", "two"),
        (9, "only", None), (9, "constant", 5.0), (10, "absent", 2.0), (10, "constant", np.nan),
    ]:  # fmt: skip
        X.loc[row, column] = value
    X.loc[11, X.columns != "number"] = None
    return X


def binary(X):
    return np.where(np.nan_to_num(X["gaps"]) + X["rooms"] > 4, "high", "low")


def three(X):
    return np.digitize(X["number"], [40, 60])


def several(X):
    return np.column_stack([X["number"] > 50, X["rooms"] > 2, X["flag"]]).astype(int)


def positive(X):
    return 100.0 * X["rooms"] + X["number"].abs()


def fit(cls, y, *, X=None, **parameters):
    X = table() if X is None else X
    parameters = {"max_iter": 2, "random_state": 0, "batch_size": 32, **TABLE, **parameters}
    hidden = parameters.pop("hidden_layer_sizes", (8, 6))
    return mlp(cls, hidden, **parameters).fit(X, y(X))


def as_rows(X, data):
    """Rows as the scorer takes them: numbers, texts of categories, None where one is missing."""
    kinds = [column["kind"] for column in data["columns"]]
    texts = {c["name"]: repr if c["name"] == "mixed" else str for c in data["columns"]}
    rows = []
    for values in np.asarray(X, dtype=object):
        row = []
        for value, kind, column in zip(values, kinds, data["columns"], strict=True):
            is_number = kind == "number"
            known = None if pd.isna(value) else float(value) if is_number else value
            row.append(known if is_number or known is None else texts[column["name"]](known))
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def scorer(browser, tmp_path_factory):
    """Predictions of data and rows, in a page that is opened once."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    to_html(mlp_classifier((2,), max_iter=1).fit([[0.0], [1.0]] * 5, [0, 1] * 5), path)
    page = browser.new_page()
    page.goto(path.as_uri())

    def predictions(data, rows, *, of="rows.map((row) => predict(model, row))", more=None):
        code = f"([data, rows, more]) => {{ const model = loadModel(data); return {of}; }}"
        return page.evaluate(code, [data, rows, more])

    yield predictions
    page.close()


#: Relative to the largest value; the scorer computes in double precision.
TOLERANCES = {"float32": 1e-5, "float64": 1e-9}


def assert_close(found, expected, dtype="float32", scale=1.0):
    expected = np.asarray(expected, dtype=float)
    scale = max(scale, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCES[dtype] * scale)


def check(scorer, model, X=None):
    """Compare all outputs, and return what the scorer found."""
    X = odd_rows() if X is None else X
    data = page_data(model)
    found = scorer(data, as_rows(X, data))
    dtype = data["document"]["dtype"]
    if isinstance(model, DNNClassifier):
        proba = np.array([each["probabilities"] for each in found])
        assert_close(proba, model.predict_proba(X), dtype)
        if data["document"]["task"]["kind"] == "class":
            first, second = np.sort(np.column_stack([proba, 0 * proba[:, :1]]))[:, :-3:-1].T
            sure = first - second > 1e-5
            labels = np.array([each["label"] for each in found])
            assert (labels == model.predict(X).astype(str))[sure].all()
        return found
    y, deviation = model.predict(X, return_std=True)
    shape = (len(X), -1)
    assert_close([each["prediction"] for each in found], y.reshape(shape), dtype)
    # Differences of predictions.
    scale = np.abs(y).max()
    deviations = [each["deviation"] for each in found]
    assert_close(deviations, deviation.reshape(shape), dtype, scale)
    if hasattr(model, "predict_quantiles"):
        quantiles = model.predict_quantiles(X).reshape(len(X), len(deviations[0]), -1)
        assert_close([each["quantiles"] for each in found], quantiles, dtype)
    return found


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(scorer, activation, dtype):
    found = check(scorer, fit(DNNClassifier, binary, activation=activation, dtype=dtype))
    assert np.ptp([each["probabilities"][0] for each in found]) > 1e-3


def test_the_scorer_knows_all_activations_kinds_of_columns_and_links(scorer):
    known = scorer(
        page_data(fit(DNNClassifier, binary, n_members=1)), [],
        of="[ACTIVATIONS, COLUMN_KINDS].map((table) => Object.keys(table).sort())",
    )  # fmt: skip
    assert known == [sorted(ACTIVATIONS), sorted(COLUMN_KINDS)]
    # A classifier of several columns is not exported.
    assert {loss.link for loss in LOSSES.values()} - {"softmax of columns"} == {
        "identity", "logistic", "softmax", "exp", "normal",
    }  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("scaling", ["robust", "standard", None])
def test_dtypes_and_scalings(scorer, scaling, dtype):
    model = fit(DNNRegressor, positive, feature_scaling=scaling, dtype=dtype)
    X = odd_rows()
    if scaling != "robust":
        X = X.drop(index=[0, 1, 3])  # far outside the network amplifies rounding
    check(scorer, model, X)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
@pytest.mark.parametrize("hidden", [(), (8,), (8, 6, 4)])
def test_normalizations_and_depths(scorer, normalization, hidden):
    check(scorer, fit(DNNClassifier, three, normalization=normalization, hidden_layer_sizes=hidden))


@pytest.mark.parametrize(
    "embedding",
    [None, PiecewiseLinear(256), PiecewiseLinear(1), Periodic(3, 2, 5.0), [None, Periodic()]],
    ids=repr,
)
def test_embeddings(scorer, embedding):
    check(scorer, fit(DNNClassifier, three, numeric_embedding=embedding, n_members=2))


@pytest.mark.parametrize("loss", ["log_loss", "brier"])
@pytest.mark.parametrize("y", [binary, three, several])
@pytest.mark.parametrize("n_members", [1, 4])
def test_classes(scorer, y, loss, n_members):
    check(scorer, fit(DNNClassifier, y, loss=loss, n_members=n_members))


REGRESSIONS = ["squared_error", "absolute_error", Huber(0.3), "poisson", "gamma", "normal"]
REGRESSIONS += [Quantile(0.8), Quantile([0.1, 0.4, 0.9])]


@pytest.mark.parametrize("target_scaling", ["standard", None])
@pytest.mark.parametrize("loss", REGRESSIONS, ids=repr)
def test_losses_of_one_and_several_targets(scorer, loss, target_scaling):
    parameters = {"loss": loss, "target_scaling": target_scaling, "n_members": 2}

    def two(X):
        return np.column_stack([positive(X) / 100, X["number"].abs() + 1])

    check(scorer, fit(DNNRegressor, two, **parameters))
    check(scorer, fit(DNNRegressor, lambda X: two(X)[:, 0], **parameters))


def test_targets_near_the_largest_number(scorer):
    def huge(X):
        return 1.7e308 * np.where(X["number"] > 50, 1, -1)

    check(scorer, fit(DNNRegressor, huge, target_scaling="standard", n_members=2, dtype="float64"))


@pytest.mark.parametrize("classes", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_single_class(scorer, classes):
    X = np.random.default_rng(0).normal(size=(20, 3))
    model = mlp_classifier((4,), random_state=0)
    model.partial_fit(X, np.array(["a"] * 20), classes=classes)
    # Whether the rows of the training had only one.
    for sole in (None, 0) if len(classes) > 1 else (0,):
        model._task.sole_class = sole
        found = check(scorer, model, X[:3])
    assert {each["label"] for each in found} == {"a"}


def test_arrays_without_encoding(scorer):
    X = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    model = mlp_classifier((9,), max_iter=2, random_state=0).fit(X, np.arange(100) % 3)
    assert page_data(model)["document"]["encoding"] is None
    check(scorer, model, X[:10])


def test_members_of_unequal_weights(scorer):
    model = fit(DNNClassifier, binary, n_members=3)
    X, weights = odd_rows(), np.array([0.5, 0.3, 0.2])
    data = page_data(model)
    for member, weight in zip(data["document"]["members"], weights, strict=True):
        member["weight"] = weight
    found = [each["probabilities"][1] for each in scorer(data, as_rows(X, data))]
    members = expit(model._member_raw(X)[:, :, 0])
    assert_close(found, weights @ members)
    assert np.abs(weights @ members - members.mean(axis=0)).max() > 1e-4


def test_deviations_of_members_of_unequal_weights(scorer):
    model = fit(DNNRegressor, positive, n_members=3, target_scaling=None)
    X, weights = odd_rows(), np.array([0.5, 0.3, 0.2])
    data = page_data(model)
    for member, weight in zip(data["document"]["members"], weights, strict=True):
        member["weight"] = weight
    found = scorer(data, as_rows(X, data))
    members = model._member_raw(X)[:, :, 0]
    mean = weights @ members
    assert_close([each["prediction"][0] for each in found], mean)
    assert_close([each["deviation"][0] for each in found], np.sqrt(weights @ (members - mean) ** 2))


@pytest.mark.parametrize("normalization", [None, "layer"])
def test_the_effect_of_a_column_is_the_prediction_of_changed_rows(scorer, normalization):
    model = fit(DNNClassifier, binary, normalization=normalization)
    data, X = page_data(model), odd_rows()
    rows = as_rows(X, data)
    values = {"gaps": [0.5, 2.0, None], "town": ["town 03", "nowhere", None], "flag": ["True"]}
    for name, changes in values.items():
        position = list(X.columns).index(name)
        found = scorer(
            data, rows[:1], of="effect(model, rows[0], ...more)", more=[position, changes]
        )
        changed = [[*rows[0][:position], value, *rows[0][position + 1 :]] for value in changes]
        expected = scorer(data, changed)
        np.testing.assert_allclose(
            [each["probabilities"] for each in found],
            [each["probabilities"] for each in expected],
            rtol=1e-12,
        )
