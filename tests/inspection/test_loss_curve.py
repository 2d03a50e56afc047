import numpy as np
import pytest
from mlp import mlp
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from skdnn import DNNClassifier, DNNRegressor, LossCurveDisplay

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer. Maximum iterations:sklearn.exceptions.ConvergenceWarning"
)


def fitted(cls=DNNClassifier, **params):
    X, y = (load_iris if cls is DNNClassifier else load_diabetes)(return_X_y=True)
    y = y if cls is DNNClassifier else scale(y)
    params = {"max_iter": 12, "learning_rate_init": 0.01, "random_state": 0, **params}
    return mlp(cls, (6,), **params).fit(scale(X), y)


def legend(display):
    axes = [ax for ax in display.figure_.axes if ax.get_legend() is not None]
    assert len(axes) == 1
    return [text.get_text() for text in axes[0].get_legend().get_texts()]


def test_training_loss_over_epochs():
    model = fitted()
    display = LossCurveDisplay.from_estimator(model)
    (line,) = display.lines_
    assert_array_equal(line.get_xdata(), np.arange(1, 13))
    assert_array_equal(line.get_ydata(), model.loss_curve_)
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss"
    assert legend(display) == ["Training loss"]
    assert display.score_ax_ is None
    assert display.best_line_ is None


@pytest.mark.parametrize(
    ("cls", "name"), [(DNNClassifier, "accuracy"), (DNNRegressor, "R²")], ids=["class", "number"]
)
def test_validation(cls, name):
    model = fitted(cls, early_stopping=True)
    display = LossCurveDisplay.from_estimator(model)
    curves = [model.loss_curve_, model.validation_loss_curve_, model.validation_scores_]
    assert [line.get_ydata().tolist() for line in display.lines_] == curves
    labels = ["Training loss", "Validation loss", f"Validation {name}"]
    scores = np.array(model.validation_scores_)
    best = 1 + int(np.flatnonzero(scores == scores.max())[-1])
    assert legend(display) == [*labels, f"Best epoch: {best}"]
    assert [line.axes for line in display.lines_] == [display.ax_] * 2 + [display.score_ax_]
    assert display.score_ax_.get_ylabel() == f"Validation {name}"
    assert set(display.best_line_.get_xdata()) == {best}
    assert model.validation_scores_[best - 1] == model.best_validation_score_
    assert len({line.get_color() for line in display.lines_}) == 3


def test_without_score():
    display = LossCurveDisplay.from_estimator(fitted(early_stopping=True), show_score=False)
    assert [line.get_label() for line in display.lines_] == ["Training loss", "Validation loss"]
    assert display.score_ax_ is None
    assert display.figure_.axes == [display.ax_]
    assert legend(display)[-1].startswith("Best epoch: ")


def test_options():
    display = LossCurveDisplay.from_estimator(
        fitted(early_stopping=True), score_name="share", line_kw={"linewidth": 3, "color": "k"}
    )
    assert {line.get_linewidth() for line in display.lines_} == {3}
    assert {line.get_color() for line in display.lines_} == {"k"}
    assert display.score_ax_.get_ylabel() == "Validation share"


def test_scores_that_are_not_finite():
    nan = np.nan
    history = {"epoch": [4, 5, 6], "loss": [3, 2, nan], "validation_loss": [3, 2, nan]}
    display = LossCurveDisplay(history={**history, "validation_score": [0.1, 0.5, nan]}).plot()
    assert set(display.best_line_.get_xdata()) == {5}
    history["can_be_best"] = [True, False, True]
    display = LossCurveDisplay(history={**history, "validation_score": [0.1, 0.5, nan]}).plot()
    assert set(display.best_line_.get_xdata()) == {4}
    display = LossCurveDisplay(history={**history, "validation_score": [nan, 0.5, nan]}).plot()
    assert set(display.best_line_.get_xdata()) == {5}
    display = LossCurveDisplay(history={**history, "validation_score": [nan, nan, nan]}).plot()
    assert display.best_line_ is None
    assert len(display.lines_) == 3
