import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier, mlp_regressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline

from skdnn import ImportanceDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ENCODED = {"categorical_features": "from_dtype", "max_iter": 40, "random_state": 0}
draw = ImportanceDisplay.from_estimator


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=200),
            "city": rng.choice(["Oslo", "Bergen", None], 200),
            "age": np.where(rng.random(200) < 0.1, np.nan, rng.normal(size=200)),
        }
    )
    X["twice"] = 2 * X["age"]
    return X, (3 * X["age"].fillna(0) + (X["city"] == "Oslo")).to_numpy()


@pytest.fixture(scope="module")
def model(table):
    return mlp_regressor((8,), learning_rate_init=0.01, dtype="float64", **ENCODED).fit(*table)


def test_the_importance_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [0.0, 1.0, 3.0]
    model = LinearRegression().fit(X, y)
    display = draw(model, X, y, n_repeats=40, random_state=0)
    expected = permutation_importance(model, X, y, n_repeats=40, random_state=1)
    assert display.importances.shape == (3, 40)
    assert_allclose(display.importances.mean(axis=1), expected.importances_mean, atol=0.02)
    assert_allclose(display.importances[0], 0, atol=1e-12)
    assert display.score == 1
    assert display.feature_names_ == ["x2", "x1", "x0"]


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_are_checked_as_those_of_fit(table, model, weight):
    X, y = table
    with pytest.raises(ValueError, match=r"(?i)sample.?weight"):
        draw(model, X, y, n_repeats=1, sample_weight=np.where(np.arange(len(y)) == 3, weight, 1.0))


def test_a_shuffle_is_the_score_of_shuffled_rows(model, table):
    X, y = table
    weights = np.arange(200) % 3
    display = draw(model, X, y, n_repeats=2, sample_weight=weights, random_state=5)
    generator = np.random.RandomState(5)
    score = r2_score(y, model.predict(X), sample_weight=weights)
    assert display.score == pytest.approx(score)
    for name, found in zip(display.feature_names, display.importances, strict=True):
        for each in found:
            shuffled = X.assign(**{name: X[name].to_numpy()[generator.permutation(200)]})
            expected = score - r2_score(y, model.predict(shuffled), sample_weight=weights)
            assert each == pytest.approx(expected, abs=1e-9)


def test_groups_are_shuffled_together(model, table):
    X, y = table
    groups = {"both": ["age", "twice"]}
    display = draw(model, X, y, feature_groups=groups, random_state=0)
    assert display.feature_names == ["noise", "city", "both"]
    assert display.feature_names_[0] == "both"
    alone = draw(model, X, y, random_state=0)
    together = display.importances[2].mean()
    assert together > alone.importances[2:].sum(axis=0).mean()


def log_loss_of_rows(estimator, X, y):
    """A scorer that looks at the rows."""
    assert list(X.columns) == ["noise", "city", "age", "twice"]
    return -log_loss(y, estimator.predict_proba(X))


def test_scores_of_encoded_rows_are_those_of_tables(table):
    X, y = table
    labels = np.where(y > 0, "high", "low")
    model = mlp_classifier((8,), **ENCODED).fit(X, labels)
    options = {"n_repeats": 3, "random_state": 0}
    for scoring in (None, "neg_log_loss", "roc_auc"):
        fast = draw(model, X, labels, scoring=scoring, **options).importances
        slow = draw(make_pipeline("passthrough", model), X, labels, scoring=scoring, **options)
        assert_allclose(fast, slow.importances, atol=1e-12)
    own = draw(model, X, labels, scoring=log_loss_of_rows, **options)
    expected = draw(model, X, labels, scoring="neg_log_loss", **options)
    assert_allclose(own.importances, expected.importances, atol=1e-6)


def test_artists(model, table):
    display = ImportanceDisplay(
        importances=np.array([[1.0, 3.0], [-1.0, 0.0], [4.0, 6.0]]),
        feature_names=["a", "b", "c"],
        score=0.9312,
        score_name="accuracy",
    ).plot()
    assert [bar.get_width() for bar in display.bars_] == [5, 2, -0.5]
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["c", "a", "b"]
    offsets = display.points_.get_offsets()
    assert_array_equal(offsets[:, 0], [4, 6, 1, 3, -1, 0])
    assert_array_equal(np.round(offsets[:, 1]), [0, 0, 1, 1, 2, 2])
    assert len(set(offsets[:, 1])) == 6
    low, high = display.ax_.get_ylim()
    assert low > high  # the most important one is at the top
    assert display.ax_.get_xlabel() == "Decrease of the accuracy (of 0.931) by shuffling"
    display.plot(max_features=1, bar_kw={"color": "red"})
    assert display.feature_names_ == ["c"]
    assert display.bars_[0].get_facecolor()[:3] == (1, 0, 0)


def test_names_of_scores(model, table):
    X, y = table
    names = {
        None: "R²",
        "neg_mean_squared_error": "neg_mean_squared_error",
        make_scorer(mean_absolute_error, greater_is_better=False): "score",
    }
    for scoring, name in names.items():
        assert draw(model, X, y, scoring=scoring, n_repeats=1).score_name == name


def test_errors(model, table):
    X, y = table
    for value in (0, 1.5, True):
        with pytest.raises(ValueError, match=rf"n_repeats must be an int .* Got {value} instead"):
            draw(model, X, y, n_repeats=value)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        draw(model, X, y[1:])
    with pytest.raises(ValueError, match="no column 'town'"):
        draw(model, X, y, feature_groups={"a": ["town"]})
