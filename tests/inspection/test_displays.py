"""What all displays have in common."""

import io
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text
from mlp import mlp_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdnn
from skdnn import (
    DependenceDisplay,
    EmbeddingDisplay,
    ImportanceDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    ShapleyDisplay,
    ShapleyValues,
    WeightsDisplay,
)
from skdnn.inspection._displays import fitted_network
from skdnn.inspection.dependence import Axis

FROM_ESTIMATOR = [
    LossCurveDisplay.from_estimator,
    WeightsDisplay.from_estimator,
    partial(EmbeddingDisplay.from_estimator, column=0),
]
HISTORY = {"epoch": [1, 2], "loss": [2.0, 1.0]}


def shapley_of(name):
    """Shapley values of one feature."""
    values = np.ones((2, 1))
    data = pd.DataFrame({name: [1.0, 2.0]})
    return ShapleyValues(values, 0.0, values, data, [0], f"Probability of {name}")


def axis_of(name):
    """Two categories with this name, and a missing value."""
    index = np.array([0, 1, -1])
    values = np.array([name, "b"], dtype=object)
    return Axis(name, 0, values, np.array([0, 1]), 2, index, values[index], True)


DISPLAYS = [
    DependenceDisplay(axes=[axis_of("a")], average=np.arange(3.0)),
    ImportanceDisplay(importances=np.eye(2), feature_names=["a", "b"]),
    ShapleyDisplay(shapley=shapley_of("a")),
    LossCurveDisplay(history=HISTORY),
    WeightsDisplay(weights=np.eye(2)),
    EmbeddingDisplay(embedding=pd.DataFrame(np.eye(3))),
    LearningRateDisplay(
        learning_rates=np.array([0.1, 1.0]),
        losses=np.array([2.0, 1.0]),
        smoothed_losses=np.array([2.0, 1.0]),
        suggestion=0.1,
    ),
]


def network():
    # Columns of numbers as they are have no embedding.
    return mlp_classifier((), solver="lbfgs", alpha=10, random_state=0, feature_scaling="standard")


def pipeline():
    return make_pipeline(StandardScaler(), network())


ESTIMATORS = {
    "alone": network,
    "pipeline": pipeline,
    "search": lambda: GridSearchCV(network(), {"alpha": [10]}, cv=2),
    "search of a pipeline": lambda: GridSearchCV(pipeline(), {"dnnclassifier__alpha": [10]}, cv=2),
    "pipeline with a search": lambda: make_pipeline(
        StandardScaler(), GridSearchCV(network(), {"alpha": [10]}, cv=2)
    ),
}


@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
@pytest.mark.parametrize("draw", FROM_ESTIMATOR)
def test_the_network_in_an_estimator_is_found(draw, make):
    estimator = make()
    with pytest.raises(NotFittedError):
        draw(estimator)
    X, y = load_iris(return_X_y=True)
    estimator.fit(X, y)
    found = fitted_network(estimator)
    inputs = StandardScaler().fit_transform(X) if "scaler" in str(estimator).lower() else X
    np.testing.assert_allclose(found.predict_proba(inputs), estimator.predict_proba(X))
    assert draw(estimator).figure_ in map(plt.figure, plt.get_fignums())


@pytest.mark.parametrize("draw", FROM_ESTIMATOR)
def test_other_things_are_refused(draw):
    accepted = "a DNNClassifier, a DNNRegressor or a Pipeline that ends with one"
    other = LogisticRegression()
    for estimator in (other, make_pipeline(StandardScaler(), other)):
        with pytest.raises(TypeError, match=rf"{accepted}.* Got LogisticRegression\(\)\.$"):
            draw(estimator)
    with pytest.raises(TypeError, match=f"{accepted}.* Got 'text'"):
        draw("text")


def test_a_search_without_a_best_estimator_says_so():
    search = GridSearchCV(network(), {"alpha": [10]}, cv=2, refit=False)
    with pytest.raises(NotFittedError, match=r"GridSearchCV has no best_estimator_.*refit=True"):
        fitted_network(search.fit(*load_iris(return_X_y=True)))


AXIS = axis_of("a")
RATES = {"learning_rates": [0.1, 1.0], "losses": [2.0, 1.0], "smoothed_losses": [2.0, 1.0]}
WRONG = [
    (DependenceDisplay, {"axes": []}, "axes must be a list of one or two"),
    (DependenceDisplay, {"axes": [AXIS] * 3}, "axes must be a list of one or two"),
    (DependenceDisplay, {"axes": [AXIS]}, "average must be given"),
    (DependenceDisplay, {"axes": [AXIS] * 2, "individual": np.ones((3, 3))}, "average must be"),
    (DependenceDisplay, {"axes": [AXIS], "average": np.ones(2)}, r"average .* \(3,\). Got \(2,\)"),
    (DependenceDisplay, {"axes": [AXIS] * 2, "average": np.ones((2, 3))}, r"average .* \(2, 2\)"),
    (DependenceDisplay, {"axes": [AXIS], "individual": np.ones((3, 2))}, r"individual .* \(3, 3\)"),
    (
        DependenceDisplay,
        {"axes": [AXIS], "average": np.ones(3), "spread": np.ones(2)},
        r"spread .* \(3,\)",
    ),
    (
        DependenceDisplay,
        {"axes": [AXIS], "average": np.ones(3), "weights": np.ones(4)},
        r"weights .* \(3,\)",
    ),
    (DependenceDisplay, {"axes": [AXIS], "average": [1, np.nan, 2]}, "average .* NaN"),
    (ImportanceDisplay, {"importances": np.eye(3), "feature_names": ["a"]}, "must have 3 .* Got 1"),
    (
        ImportanceDisplay,
        {"importances": np.eye(1), "feature_names": ["a", "b"]},
        "must have 1 item",
    ),
    (
        ImportanceDisplay,
        {"importances": np.ones(2), "feature_names": ["a", "b"]},
        "importances .*2,",
    ),
    (ImportanceDisplay, {"importances": [[np.nan]], "feature_names": ["a"]}, "importances .* NaN"),
    (ImportanceDisplay, {"importances": [["x"]], "feature_names": ["a"]}, "importances .* numbers"),
    (LossCurveDisplay, {"history": {"epoch": [1]}}, r"history must have .*\['epoch'\]"),
    (LossCurveDisplay, {"history": {"loss": [1]}}, r"history must have .*\['loss'\]"),
    (LossCurveDisplay, {"history": {"epoch": [1, 2], "loss": [1]}}, "'loss'.* 2 items.*Got 1"),
    (
        LossCurveDisplay,
        {"history": {**HISTORY, "validation_loss": [1]}},
        "validation_loss.* 2 items",
    ),
    (LossCurveDisplay, {"history": {**HISTORY, "validation_score": [1]}}, "validation_score.* 2 "),
    (WeightsDisplay, {"weights": np.ones(3)}, r"weights .*\(n_in, n_out\). Got \(3,\)"),
    (WeightsDisplay, {"weights": np.ones((3, 3, 3))}, "weights must have the shape"),
    (WeightsDisplay, {"weights": np.ones((0, 3))}, "weights must have the shape"),
    (WeightsDisplay, {"weights": np.eye(3), "feature_names": ["a", "b"]}, "must have 3 .* Got 2"),
    (EmbeddingDisplay, {"embedding": pd.DataFrame(np.eye(0))}, "embedding must have the shape"),
    (EmbeddingDisplay, {"embedding": pd.DataFrame([[np.nan, 1]])}, "embedding .* NaN"),
    (LearningRateDisplay, {**RATES, "losses": [1], "suggestion": 1}, r"losses .*\(2,\)"),
    (LearningRateDisplay, {**RATES, "smoothed_losses": [1], "suggestion": 1}, "smoothed_losses"),
]


@pytest.mark.parametrize(("cls", "arguments", "message"), WRONG)
def test_arrays_that_do_not_fit_are_named(cls, arguments, message):
    figures = plt.get_fignums()
    with pytest.raises(ValueError, match=message):
        cls(**arguments).plot()
    assert plt.get_fignums() == figures  # no empty one


@pytest.mark.parametrize("value", [-1, 2.5, "2", None, True])
@pytest.mark.parametrize(
    ("display", "name"),
    [
        (DISPLAYS[0], "n_individual"),
        (DISPLAYS[1], "max_features"),
        (DISPLAYS[2], "max_features"),
        (DISPLAYS[5], "n_components"),
    ],
)
def test_numbers_of_what_is_drawn(display, name, value):
    with pytest.raises(ValueError, match=rf"{name} must be an int in the range .* Got {value!r}"):
        display.plot(**{name: value})


@pytest.mark.parametrize(
    ("display", "message"),
    [
        (ShapleyDisplay(shapley=np.eye(2)), "shapley must be the ShapleyValues .* Got ndarray"),
        (EmbeddingDisplay(embedding=np.eye(2)), "embedding must be a data frame.* Got ndarray"),
    ],
)
def test_other_types_are_refused(display, message):
    with pytest.raises(TypeError, match=message):
        display.plot()


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: type(display).__name__)
def test_axes(display):
    _, ax = plt.subplots()
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    figures = plt.get_fignums()
    display.plot()
    assert display.ax_ is not ax
    assert display.ax_.figure is display.figure_
    assert len(plt.get_fignums()) == len(figures) + 1


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: type(display).__name__)
def test_without_matplotlib_the_error_says_what_is_missing(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    name = type(display).__name__
    with pytest.raises(ImportError, match=rf"{name}.plot requires matplotlib.*pip install"):
        display.plot()


def test_public_names_are_imported_when_asked_for():
    code = (
        "import sys, skdnn\n"
        "lazy = ['matplotlib', 'skdnn.inspection']\n"
        "assert not [name for name in lazy if name in sys.modules]\n"
        "assert set(skdnn.__all__) <= set(dir(skdnn))\n"
        "from skdnn import *\n"
        "assert find_learning_rate is skdnn.find_learning_rate\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'skdnn' has no attribute 'nothing'"):
        _ = skdnn.nothing


#: Names that matplotlib takes for formulas, and cannot read, or reads as others.
DOLLARS = ["$40K - $60K", "a $$ b", "US$ or A$_x$", "cost $_$", r"\$\frac$"]


def displays_of(name):
    """Displays of everything that can have a name, and how often it is drawn."""
    numbers = pd.Index([1.0, 2.0, np.nan], name=name)
    categories = pd.Index([name, "b", None], name=name)
    history = {**HISTORY, "validation_score": [0.1, 0.2]}
    axis, average = axis_of(name), np.arange(3.0)
    return [
        (DependenceDisplay(axes=[axis], average=average, ylabel=name), 3),
        (DependenceDisplay(axes=[axis, axis], average=np.eye(2), ylabel=name), 5),
        (ImportanceDisplay(importances=np.eye(1), feature_names=[name], score_name=name), 2),
        (ShapleyDisplay(shapley=shapley_of(name)), 2),
        (LossCurveDisplay(history=history, score_name=name), 2),
        (WeightsDisplay(weights=np.eye(2), feature_names=[name, name]), 2),
        (EmbeddingDisplay(embedding=pd.DataFrame(np.eye(3), numbers), categorical=False), 1),
        (EmbeddingDisplay(embedding=pd.DataFrame(np.eye(3), categories), categorical=True), 2),
    ]


@pytest.mark.parametrize("name", DOLLARS)
def test_names_with_dollars_are_drawn_as_they_are(name):
    for display, n_times in displays_of(name):
        display.plot()
        display.figure_.savefig(io.BytesIO())  # where a formula is read
        texts = [text for text in display.figure_.findobj(Text) if name in text.get_text()]
        assert sum(text.get_visible() for text in texts) == n_times
        assert not any(text.get_parse_math() for text in texts)
