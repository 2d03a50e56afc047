"""Dependence of predictions on columns: the curves against their definitions, and the artists."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DependenceDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ENCODED = {"categorical_features": "from_dtype", "max_iter": 20, "random_state": 0}
draw = DependenceDisplay.from_estimator


def mixed_table(n_samples=80, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.uniform(18, 80, n_samples).round(),
            "city": rng.choice(["Oslo", "Bergen", "Bodø"], n_samples),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n_samples), ["S", "M", "L"], True),
            "member": rng.random(n_samples) < 0.5,
        }
    )
    X.loc[rng.random(n_samples) < 0.2, ["age", "city"]] = None
    y = X["age"].fillna(0) / 20 + 3 * (X["city"] == "Oslo") * X["member"] - X["city"].isna()
    return X, y.to_numpy()


@pytest.fixture(scope="module")
def table():
    return mixed_table()


@pytest.fixture(scope="module")
def model(table):
    return mlp_regressor((8,), n_members=3, dtype="float64", **ENCODED).fit(*table)


class Function(RegressorMixin, BaseEstimator):
    """Predicts a given function of the table."""

    def __init__(self, function):
        self.function = function

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return self.function(X)


def x_labels(display):
    return [text.get_text() for text in display.ax_.get_xticklabels()]


def by_replacement(predict, X, column, values):
    """Predictions (n_samples, n_values) if all rows have a value."""
    kept = X[column].dtype
    replaced = [X.assign(**{column: pd.Series([v] * len(X), X.index).astype(kept)}) for v in values]
    return np.column_stack([predict(each) for each in replaced])


@pytest.mark.parametrize("column", ["age", "city", "size", "member"])
def test_curves_are_means_of_replaced_rows(model, table, column):
    X, _ = table
    display = draw(model, X, column, kind="both", grid_resolution=9)
    (axis,) = display.axes
    values = axis.values.tolist() + ([] if axis.missing is None else [None])
    assert (axis.missing is None) == (column in ("size", "member"))
    expected = by_replacement(model.predict, X, column, values)
    assert_allclose(display.individual, expected, rtol=0, atol=1e-9)
    assert_allclose(display.average, expected.mean(axis=0), rtol=0, atol=1e-9)


def test_numbers_are_quantiles_that_occur(model, table):
    X, _ = table
    (axis,) = draw(model, X, "age", grid_resolution=6).axes
    known = X["age"].dropna()
    assert axis.values[0] == known.min()
    assert axis.values[-1] == known.max()
    assert set(axis.values) < set(known)
    assert 4 <= len(axis.values) <= 6
    assert_array_equal(draw(model, X, "age", grid_resolution=99).axes[0].values, np.unique(known))
    weights = (X["age"] < 40).astype(float)  # of the quantiles, too
    (axis,) = draw(model, X, "age", grid_resolution=6, sample_weight=weights).axes
    assert (axis.values[:-1] < 40).all()


def test_order_of_categories(model, table):
    X, _ = table
    assert draw(model, X, "city").axes[0].labels == ["Bergen", "Bodø", "Oslo"]
    assert draw(model, X, "size").axes[0].labels == ["S", "M", "L"]
    assert draw(model, X, "member").axes[0].labels == ["False", "True"]


def test_curve_of_a_number(model, table):
    X, _ = table
    display = draw(model, X, "age")
    (axis,) = display.axes
    assert_array_equal(display.line_.get_xdata(), axis.values)
    assert_array_equal(display.line_.get_ydata(), display.average[:-1])
    place, height = display.missing_[0].get_data()
    assert place > axis.values[-1]
    assert height == display.average[-1]
    assert x_labels(display)[-1] == "missing"
    assert_array_equal(display.ax_.get_xticks()[-1], place[0])
    assert all(float(text) <= axis.values[-1] for text in x_labels(display)[:-1])
    assert display.points_ is None
    assert display.ax_.get_xlabel() == "age"
    assert display.ax_.get_ylabel() == "Prediction"


def test_ticks_of_large_numbers():
    X = np.array([[1e7], [3e7], [np.nan]])
    display = draw(Function(lambda X: np.nan_to_num(X[:, 0])).fit(), X, 0)
    assert "20000000" in x_labels(display)
    assert x_labels(display)[-1] == "missing"


def test_the_band_is_the_spread_of_the_members(model, table):
    X, _ = table
    display = draw(model, X, "age", grid_resolution=5)
    values = [*display.axes[0].values, None]
    members = []
    for i in range(3):
        predict = model._model.part(slice(i, i + 1)).predict
        members.append(by_replacement(predict, X, "age", values).mean(axis=0))
    assert_allclose(display.average, np.mean(members, axis=0), atol=1e-9)
    assert_allclose(display.spread, np.std(members, axis=0), atol=1e-9)
    band = display.band_.get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx((display.average + display.spread)[:-1].max())
    single = mlp_regressor((4,), **ENCODED).fit(*table)
    display = draw(single, X, "age")
    assert display.spread is None
    assert display.band_ is None
    # Members at the end of a Pipeline are found, too.
    behind = draw(make_pipeline("passthrough", model), X, "age", grid_resolution=5)
    assert_allclose(behind.spread, np.std(members, axis=0), atol=1e-9)


def test_points_of_categories(model, table):
    X, _ = table
    display = draw(model, X, "city")
    assert x_labels(display) == ["Bergen", "Bodø", "Oslo", "missing"]
    line, _, (bars,) = display.points_
    assert_array_equal(line.get_xdata(), [0, 1, 2])
    assert_array_equal(line.get_ydata(), display.average[:3])
    lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    assert_allclose(lengths, 2 * display.spread[:3])
    assert display.missing_[0].get_xdata() == [3]
    assert display.line_ is None


def test_distribution(model, table):
    X, _ = table
    display = draw(model, X, "city")
    counts = X["city"].value_counts()
    known, missing = display.bars_
    assert [bar.get_height() for bar in known] == counts[["Bergen", "Bodø", "Oslo"]].tolist()
    assert missing[0].get_height() == X["city"].isna().sum()
    assert display.distribution_ax_.get_xlim() == display.ax_.get_xlim()
    display = draw(model, X, "age", sample_weight=np.full(len(X), 2.0))
    known, missing = display.bars_
    assert sum(bar.get_height() for bar in known) == 2 * X["age"].notna().sum()
    assert missing[0].get_height() == 2 * X["age"].isna().sum()
    # No curve is behind the bars.
    low, high = display.ax_.get_ylim()
    assert (display.average.min() - low) / (high - low) > 0.12
    display.plot(show_distribution=False)
    assert display.distribution_ax_ is None
    assert display.bars_ == []


def test_displays_that_share_an_axis(model, table):
    X, _ = table
    _, axes = plt.subplots(1, 2, sharey=True)
    lows = []
    for ax, column in zip(axes, ("member", "age"), strict=True):
        display = draw(model, X, column, kind="both", ax=ax)
        lows += [display.individual.min(), (display.average - display.spread).min()]
    low, high = axes[0].get_ylim()
    assert 0.12 < (min(lows) - low) / (high - low) < 0.22


def test_individual_curves(model, table):
    X, _ = table
    display = draw(model, X, "age", kind="individual", grid_resolution=7)
    assert display.average is None
    assert display.line_ is None
    assert len(display.lines_) == 50
    assert_array_equal(display.lines_[0].get_ydata(), display.individual[0, :-1])
    assert_array_equal(display.lines_[-1].get_ydata(), display.individual[-1, :-1])
    display.plot(n_individual=3, ice_lines_kw={"color": "red"})
    assert [line.get_color() for line in display.lines_] == ["red"] * 3


def test_local_effects_of_an_additive_function():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 2))
    X[:, 1] += 3 * X[:, 0]  # correlated
    display = draw(Function(lambda X: X[:, 0] ** 2 + 5 * X[:, 1]).fit(), X, 0, kind="ale")
    (axis,) = display.axes
    assert axis.name == "x0"
    known = np.interp(X[:, 0], axis.values, axis.values**2).mean()
    assert_allclose(display.average, axis.values**2 - known, atol=1e-12)
    assert display.ax_.get_ylabel() == "Prediction (ALE)"


def test_local_effects_are_those_of_neighboring_rows():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 800)
    X = np.column_stack([x, x + rng.uniform(-0.01, 0.01, 800)])
    display = draw(Function(lambda X: X[:, 0] * X[:, 1]).fit(), X, 0, kind="ale")
    # The derivative is the other column, which is almost the same.
    expected = display.axes[0].values ** 2 / 2
    assert_allclose(display.average, expected - np.mean(x**2 / 2), atol=0.01)


def test_local_effects_of_categories_and_missing_values():
    X = pd.DataFrame(
        {
            "city": ["Oslo", "Bergen", "Bodø", None] * 25,
            "age": np.append(np.arange(99.0), np.nan),
        }
    )
    worth = {"Oslo": 7.0, "Bergen": 1.0, "Bodø": 4.0}
    additive = Function(lambda X: X["city"].map(worth).fillna(2) + X["age"].fillna(30)).fit()
    display = draw(additive, X, "city", kind="ale")
    assert display.axes[0].labels == ["Bergen", "Bodø", "Oslo"]
    assert_allclose(display.average, [-3, 0, 3, -2], atol=1e-12)
    display = draw(additive, X, "age", kind="ale", grid_resolution=12)
    assert_allclose(display.average[:-1], display.axes[0].values - 49, atol=1e-12)
    assert display.average[-1] == pytest.approx(30 - 49)


@pytest.mark.parametrize("kind", ["average", "ale"])
def test_tables_of_the_pipeline_and_encoded_ones_agree(model, table, kind):
    X, _ = table
    for column in ("age", "city", "size"):
        fast = draw(model, X, column, kind=kind).average
        slow = draw(make_pipeline("passthrough", model), X, column, kind=kind).average
        frame = (
            draw(
                model,
                pl.from_pandas(
                    X[["age", "city", "member"]].assign(size=X["size"].astype(str))[X.columns]
                ),
                column,
                kind=kind,
            )
            if column != "size"
            else None
        )
        assert_allclose(fast, slow, atol=1e-12)
        if frame is not None:
            assert_allclose(frame.average, fast, atol=1e-12)


def test_partial_dependence_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X, X @ [1, 2, 3] + X[:, 0] ** 2)
    found = draw(model, X, 2, grid_resolution=100)
    expected = partial_dependence(model, X, [2], percentiles=(0, 1), method="brute")
    assert_allclose(found.axes[0].values, expected["grid_values"][0])
    assert_allclose(found.average, expected["average"][0])


def test_outputs(table):
    X, y = table
    labels = np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.7]))]
    several = mlp_classifier((4,), **ENCODED).fit(X, labels)
    display = draw(several, X, "city", output="low")
    expected = several.predict_proba(X.assign(city="Oslo"))[:, 1].mean()
    assert display.average[2] == pytest.approx(expected, abs=1e-6)
    assert display.ax_.get_ylabel() == "Probability of low"
    with pytest.raises(ValueError, match=r"output must be one of \['high', 'low', 'middle'\]"):
        draw(several, X, "city")
    two = mlp_classifier((4,), n_members=2, **ENCODED).fit(X, y > 2)
    display = draw(two, X, "city", response_method="decision_function")
    expected = two.decision_function(X.assign(city="Oslo")).mean()
    assert display.average[2] == pytest.approx(expected, abs=1e-5)
    assert display.spread.shape == (4,)
    assert display.ax_.get_ylabel() == "Decision function of True"


def test_heat_map(model, table):
    X, _ = table
    display = draw(model, X, ("age", "city"), grid_resolution=4)
    x, y = display.axes
    assert display.average.shape == (len(x.values), 3)
    rows = X.assign(age=x.values[1], city="Oslo")
    assert display.average[1, 2] == pytest.approx(model.predict(rows).mean())
    assert_array_equal(display.mesh_.get_array(), display.average.T)
    assert display.colorbar_.ax.get_ylabel() == "Prediction"
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == y.labels
    assert display.ax_.get_xlabel(), display.ax_.get_ylabel() == ("age", "city")
    known = X["age"].notna() & X["city"].notna()
    offsets = display.points_.get_offsets()
    assert_array_equal(offsets[:, 0], X["age"][known])
    assert_array_equal(np.round(offsets[:, 1]), y.index[known])
    low, high = display.ax_.get_xlim()
    assert low < x.values[0]
    assert high > x.values[-1]
    assert display.plot(show_distribution=False).points_ is None


def test_errors(model, table):
    X, _ = table

    def error(match, column="age", rows=X, **options):
        with pytest.raises(ValueError, match=match):
            draw(model, rows, column, **options)

    error(r"kind must be one of \['average', .*Got 'pdp'", kind="pdp")
    error(r"grid_resolution must be an int .*Got 1 instead", grid_resolution=1)
    error("no column 'town'", column="town")
    error("column must be one, or two with kind='average'", column=("age", "city"), kind="ale")
    error("column must be one, or two", column=("age", "city", "size"))
    error("All values of column 'age' are missing", rows=X.assign(age=np.nan))
    error("output must be one of", output="low")
