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
