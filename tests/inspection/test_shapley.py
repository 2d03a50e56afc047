"""Shapley values: against the formula, the axioms, and other estimators."""

import sys
from functools import cache
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skdnn import Quantile, ShapleyValues, shapley_values
from skdnn.inspection import _mixed, shapley

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ENCODED = {"categorical_features": "from_dtype", "max_iter": 30, "random_state": 0}


def mixed_table(n_samples=60, seed=0):
    """Six columns: numbers with missing values, text, bool, categories."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.uniform(18, 80, n_samples).round(),
            "income": np.where(rng.random(n_samples) < 0.2, np.nan, rng.normal(size=n_samples)),
            "city": rng.choice(["Oslo", "Bergen", "Bodø"], n_samples),
            "member": rng.random(n_samples) < 0.5,
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n_samples)),
            "count": rng.integers(0, 9, n_samples),
        }
    )
    X.loc[rng.random(n_samples) < 0.2, ["city", "size"]] = None
    y = (X["age"] - 50) / 10 * X["member"] + X["income"].fillna(2) + 3 * (X["city"] == "Oslo")
    return X, y.to_numpy()


@pytest.fixture(scope="module")
def table():
    return mixed_table()


@pytest.fixture(scope="module")
def regressor(table):
    """It trains in float64, for comparisons to the last digits."""
    return mlp_regressor((8,), n_members=2, dtype="float64", **ENCODED).fit(*table)


@pytest.fixture(scope="module")
def classifier(table):
    X, y = table
    labels = np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.7]))]
    return mlp_classifier((8,), **ENCODED).fit(X, labels)


def by_the_formula(predict, row, background, weights=None):
    """Shapley values of one row, from the definition."""
    n = background.shape[1]

    @cache
    def worth(coalition):
        rows = background.copy()
        for j in coalition:
            rows[rows.columns[j]] = pd.Series(
                [row.iloc[0, j]] * len(rows), rows.index, rows.dtypes.iloc[j]
            )
        return np.average(predict(rows), axis=0, weights=weights)

    values = []
    for j in range(n):
        others = [k for k in range(n) if k != j]
        value = 0.0
        for size in range(n):
            factor = factorial(size) * factorial(n - size - 1) / factorial(n)
            for coalition in combinations(others, size):
                value += factor * (worth(tuple(sorted((*coalition, j)))) - worth(coalition))
        values.append(value)
    return np.array(values)


def test_values_are_those_of_the_formula(regressor, table):
    X, _ = table
    found = shapley_values(regressor, X[:3], background=X[40:])
    for i in range(3):
        expected = by_the_formula(regressor.predict, X[i : i + 1], X[40:])
        assert_allclose(found.values[i], expected, rtol=0, atol=1e-10)
    assert_array_equal(found.standard_errors, np.zeros((3, 6)))
    assert found.feature_names == X.columns.tolist()
    pd.testing.assert_frame_equal(found.data, X[:3].reset_index(drop=True))


def test_weights_of_background_rows(regressor, table):
    X, _ = table
    weights = np.arange(20) % 3
    found = shapley_values(regressor, X[:1], background=X[40:], background_weight=weights)
    expected = by_the_formula(regressor.predict, X[:1], X[40:], weights)
    assert_allclose(found.values[0], expected, rtol=0, atol=1e-10)
    repeated = X[40:].iloc[np.repeat(np.arange(20), weights)]
    repeated = shapley_values(regressor, X[:1], background=repeated)
    assert_allclose(found.values, repeated.values, rtol=0, atol=1e-10)
    assert found.base_values == pytest.approx(repeated.base_values, abs=1e-12)


@pytest.mark.parametrize("n_permutations", [1, 2, None])
def test_values_sum_to_the_prediction(regressor, classifier, table, n_permutations):
    X, _ = table
    options = {"background": X[40:], "n_permutations": n_permutations, "random_state": 0}
    found = shapley_values(regressor, X[:5], **options)
    mean = regressor.predict(X[40:]).mean()
    assert found.base_values == pytest.approx(mean, abs=1e-9)
    sums = regressor.predict(X[:5]) - mean
    assert_allclose(found.values.sum(axis=1), sums, rtol=0, atol=1e-6)
    found = shapley_values(classifier, X[:5], **options)
    assert found.values.shape == found.standard_errors.shape == (5, 6, 3)
    assert_allclose(found.predictions, classifier.predict_proba(X[:5]), rtol=0, atol=1e-6)
    assert_allclose(found.values.sum(axis=2), 0, atol=1e-6)  # of probabilities that sum to 1


def test_a_linear_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 9))
    w = rng.normal(size=9)
    model = mlp_regressor((), solver="lbfgs", alpha=0, max_iter=5000, tol=1e-14, dtype="float64")
    model.fit(X, X @ w)
    found = shapley_values(model, X[:7], background=X[20:], random_state=0)
    expected = model.coefs_[0][:, 0] * (X[:7] - X[20:].mean(axis=0))
    assert_allclose(found.values, expected, rtol=0, atol=1e-9)
    assert_allclose(expected, w * (X[:7] - X[20:].mean(axis=0)), rtol=0, atol=1e-4)
    assert (found.standard_errors < 1e-9).all()
    assert found.feature_names[-1] == "x8"


class Products(RegressorMixin, BaseEstimator):
    """Sum of products of three columns: for pairs, an order and its reverse have no error."""

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return (X[:, 2:] * X[:, 1:-1] * X[:, :-2]).sum(axis=1)


def test_standard_errors_are_those_of_repetitions():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(54, 8))
    options = {"background": X[4:], "random_state": np.random.RandomState(0)}
    exact = shapley_values(Products().fit(), X[:4], **options, n_permutations=200)
    assert (exact.standard_errors == 0).all()
    runs = [
        shapley_values(Products().fit(), X[:4], **options, n_permutations=3) for _ in range(150)
    ]
    values, errors = (
        np.array([getattr(r, n) for r in runs]) for n in ("values", "standard_errors")
    )
    # 32 values: the error of a standard deviation of 150 numbers is 6 %.
    ratio = np.sqrt((errors**2).mean(axis=0)) / values.std(axis=0)
    assert 0.8 < ratio.min() < ratio.max() < 1.25
    assert ratio.mean() == pytest.approx(1, abs=0.03)
    z = (values - exact.values) / errors
    assert abs(z.mean(axis=0)).max() < 0.4  # unbiased
    assert (abs(z) < 1.96).mean() == pytest.approx(0.95, abs=0.03)


def test_one_order_has_no_standard_error(regressor, table):
    X, _ = table
    found = shapley_values(regressor, X[:2], background=X[40:], n_permutations=1)
    assert np.isnan(found.standard_errors).all()


def test_reproducible_for_any_size_of_the_blocks(regressor, table, monkeypatch):
    X, _ = table
    options = {"background": X[40:], "n_permutations": 2, "random_state": 3}
    found = shapley_values(regressor, X[:3], **options)
    monkeypatch.setattr(shapley, "BLOCK_VALUES", 1000)
    monkeypatch.setattr(_mixed, "BLOCK_VALUES", 30)
    again = shapley_values(regressor, X[:3], **options)
    assert_array_equal(found.values, again.values)
    assert_array_equal(found.standard_errors, again.standard_errors)
    other = shapley_values(regressor, X[:3], **{**options, "random_state": 4})
    assert (found.values != other.values).any()


def test_groups_are_one_feature(regressor, table):
    X, _ = table
    groups = {"place": ["city", "income"], "rest": [3, 4, 5]}
    found = shapley_values(regressor, X[:2], background=X[40:], feature_groups=groups)
    assert found.feature_names == ["age", "place", "rest"]
    sums = regressor.predict(X[:2]) - regressor.predict(X[40:]).mean()
    assert_allclose(found.values.sum(axis=1), sums, atol=1e-9)
    assert found.data["place"].map(str).tolist() == [
        str(pair) for pair in X[["city", "income"]][:2].itertuples(index=False, name=None)
    ]
    alone = shapley_values(regressor, X[:2], background=X[40:], feature_groups={"all": range(6)})
    assert_allclose(alone.values[:, 0], sums, atol=1e-9)


def wrapped(regressor):
    """The same network, but its columns are not encoded once."""
    return make_pipeline("passthrough", regressor)


@pytest.mark.parametrize("n_permutations", [2, None])
def test_encoded_columns_give_the_values_of_tables(regressor, classifier, table, n_permutations):
    X, _ = table
    options = {"background": X[40:], "n_permutations": n_permutations, "random_state": 0}
    for model in (regressor, classifier):
        fast, slow = (shapley_values(m, X[:3], **options) for m in (model, wrapped(model)))
        assert_array_equal(fast.values, slow.values)
        assert fast.output_names == slow.output_names


def test_kinds_of_tables(regressor, table):
    X, _ = table
    expected = shapley_values(regressor, X[:3], background=X[40:]).values
    values = X.astype(object).where(X.notna(), None)
    for model in (regressor, wrapped(regressor)):
        frame = pl.from_pandas(X)
        found = shapley_values(model, frame[:3], background=frame[40:])
        assert_array_equal(found.values, expected)
        assert found.feature_names == X.columns.tolist()
        arrow = shapley_values(model, frame[:3].to_arrow(), background=frame[40:].to_arrow())
        assert_array_equal(arrow.values, expected)
    model = mlp_regressor((8,), dtype="float64", **ENCODED).fit(values.to_numpy(), table[1])
    for each in (model, wrapped(model)):
        found = shapley_values(each, values[:3].to_numpy(), background=values[40:].to_numpy())
        prediction = model.predict(values[:3].to_numpy())
        assert_allclose(found.predictions, prediction, atol=1e-9)
        assert found.data["x0"].dtype == np.float64


def test_other_estimators(table):
    X, y = table
    numbers, texts = make_column_selector(dtype_include="number"), ["city", "member", "size"]
    preprocessor = make_column_transformer(
        (SimpleImputer(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
    )
    linear = make_pipeline(preprocessor, LinearRegression()).fit(X, y)
    found = shapley_values(linear, X[:3], background=X[40:])
    assert_allclose(found.predictions, linear.predict(X[:3]), atol=1e-9)
    age = linear[-1].coef_[0] * (X["age"][:3] - X["age"][40:].mean())
    assert_allclose(found.values[:, 0], age, atol=1e-9)

    X = X.astype({"city": "category"})
    trees = HistGradientBoostingRegressor(categorical_features="from_dtype").fit(X, y)
    few = X[:3].assign(city=X["city"][:3].cat.remove_unused_categories())
    found = shapley_values(trees, few, background=X[40:])
    assert_allclose(found.predictions, trees.predict(X[:3]), atol=1e-9)


def test_searches(table):
    X, y = table
    search = GridSearchCV(mlp_regressor((4,), **ENCODED), {"alpha": [0.1]}, cv=2).fit(X, y)
    found = shapley_values(search, X[:2], background=X[40:])
    expected = shapley_values(search.best_estimator_, X[:2], background=X[40:])
    assert_array_equal(found.values, expected.values)


def test_responses(classifier, table):
    X, y = table
    found = shapley_values(classifier, X[:3], background=X[40:])
    assert found.output_names == ["high", "low", "middle"]
    assert found.response_name == "Probability"
    one = found.of("low")
    assert_array_equal(one.values, found.values[..., 1])
    assert one.base_values == found.base_values[1]
    assert one.response_name == "Probability of low"
    with pytest.raises(ValueError, match=r"output must be one of \['high', .*Got None"):
        found.of()
    options = {"background": X[40:], "response_method": "decision_function"}
    found = shapley_values(classifier, X[:3], **options)
    assert_allclose(found.predictions, classifier.decision_function(X[:3]), atol=1e-5)

    binary = mlp_classifier((4,), **ENCODED).fit(X, y > 2)
    found = shapley_values(binary, X[:3], background=X[40:])
    assert found.values.shape == (3, 6)
    assert found.output_names == [True]
    assert_allclose(found.predictions, binary.predict_proba(X[:3])[:, 1], atol=1e-6)
    found = shapley_values(binary, X[:3], **options)
    assert_allclose(found.predictions, binary.decision_function(X[:3]), atol=1e-5)
    assert found.of(True) is found

    labels = np.column_stack([y > 2, y > 3]).astype(int)
    multilabel = mlp_classifier((4,), **ENCODED).fit(X, labels)
    found = shapley_values(multilabel, X[:3], background=X[40:])
    assert found.values.shape == (3, 6, 2)
    assert_allclose(found.predictions, multilabel.predict_proba(X[:3]), atol=1e-6)

    two = mlp_regressor((4,), loss=Quantile((0.1, 0.9)), **ENCODED).fit(X, y)
    options["response_method"] = "predict_quantiles"
    found = shapley_values(two, X[:3], **options)
    assert found.output_names == [0, 1]
    assert_allclose(found.predictions, two.predict_quantiles(X[:3]), atol=1e-5)


def test_background_from_the_rows_themselves(regressor, monkeypatch):
    X, _ = mixed_table(30, seed=1)
    found = shapley_values(regressor, X)
    assert found.base_values == pytest.approx(regressor.predict(X).mean())
    monkeypatch.setattr(shapley, "N_BACKGROUND", 10)
    bases = [shapley_values(regressor, X, random_state=seed).base_values for seed in (0, 0, 1)]
    assert bases[0] == bases[1] != bases[2]


def test_errors(regressor, classifier, table):
    X, _ = table

    def error(match, model=regressor, rows=X[:2], kind=ValueError, **options):
        with pytest.raises(kind, match=match):
            shapley_values(model, rows, **{"background": X[40:], **options})

    for value in (0, 1.5, True, "all"):
        error(rf"n_permutations must be None or an int in .* Got {value!r}", n_permutations=value)
    error("no column 'town'. The 6 columns are 'age', ", feature_groups={"a": ["town"]})
    error("have no column in common", feature_groups={"a": [0, 1], "b": ["age"]})
    error(r"names of other columns: \['age'\]", feature_groups={"age": [1, 2]})
    error(
        "response_method must be 'auto' or .* Got 'predict_proba'", response_method="predict_proba"
    )
    error("returns labels", model=classifier, response_method="predict")
    error("same columns as X", background=X[["age", "city"]])
    error("same type", background=X.to_numpy())
    error("background must have rows", background=X[:0])
    error("X must have rows", rows=X[:0])
    error("must be dense", kind=TypeError, rows=csr_array(np.eye(6)))
    error("needs a background", background=None, background_weight=np.ones(2))
    error("background_weight: .*non-zero", background_weight=np.zeros(20))
    error("background_weight: ", background_weight=np.ones(3))
    error("not fitted", kind=NotFittedError, model=mlp_regressor())
    error("Prediction|infinity", rows=X[:2].assign(age=np.inf))


def test_conversion_to_shap(regressor, classifier, table, monkeypatch):
    shap = pytest.importorskip("shap")
    X, _ = table
    found = shapley_values(regressor, X[:4], background=X[40:])
    explanation = found.to_shap()
    assert isinstance(explanation, shap.Explanation)
    assert_array_equal(explanation.values, found.values)
    assert_array_equal(explanation.base_values, np.full(4, found.base_values))
    assert explanation.data.dtype == np.float64
    assert_array_equal(explanation.data[:, 0], X["age"][:4])
    assert_array_equal(explanation.display_data[:, 3], X["member"][:4])
    assert explanation.feature_names == X.columns.tolist()
    several = shapley_values(classifier, X[:4], background=X[40:]).to_shap()
    assert several.values.shape == (4, 6, 3)
    assert several[..., 1].output_names == "low"
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match="pip install shap"):
        found.to_shap()


def test_kernel_explainer_with_all_coalitions(regressor, table):
    shap = pytest.importorskip("shap")
    X, _ = table
    background = X[50:]

    def predict(rows):
        return regressor.predict(pd.DataFrame(rows, columns=X.columns).astype(X.dtypes.to_dict()))

    explainer = shap.KernelExplainer(predict, background.astype(object))
    expected = explainer.shap_values(X[:2].astype(object), nsamples=2**6, silent=True, l1_reg=False)
    found = shapley_values(regressor, X[:2], background=background)
    assert_allclose(found.values, expected, rtol=0, atol=1e-3)


def test_logistic_regression_of_an_array():
    X = np.random.default_rng(0).normal(size=(30, 3))
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    found = shapley_values(model, X[:2], background=X, response_method="decision_function")
    assert isinstance(found, ShapleyValues)
    assert_allclose(found.values, model.coef_[0] * (X[:2] - X.mean(axis=0)), atol=1e-12)
