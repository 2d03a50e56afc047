import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier
from numpy.testing import assert_allclose, assert_array_equal

from skdnn import ShapleyDisplay, ShapleyValues, shapley_values
from skdnn.inspection.shapley_display import SPREAD, stacked_heights


def made(values, data, base=10.0, outputs=(0,), name="Prediction"):
    values = np.asarray(values, dtype=float)
    return ShapleyValues(values, base, np.zeros_like(values), pd.DataFrame(data), [*outputs], name)


#: Mean absolute values 1, 3 and 2.
SHAPLEY = made(
    [[1, -2, 2], [-1, 4, 2], [1, 3, -2]],
    {"age": [30.0, np.nan, 50.0], "city": ["Oslo", None, "Bergen"], "$a$": [True, False, True]},
)


def y_labels(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


def widths(bars):
    return [bar.get_width() for bar in bars]


def test_beeswarm():
    display = ShapleyDisplay.from_values(SHAPLEY)
    assert display.feature_names_ == y_labels(display) == ["city", "$a$", "age"]
    city, member, known, missing = display.points_
    assert_array_equal(city.get_offsets()[:, 0], [-2, 4, 3])
    assert_array_equal(member.get_offsets()[:, 0], [2, 2, -2])
    assert_array_equal(known.get_offsets(), [[1, 2], [1, 2 + SPREAD / 8]])
    assert_array_equal(missing.get_offsets(), [[-1, 2]])
    assert_array_equal(known.get_array(), [0, 1])  # low and high
    assert len(missing.get_facecolors()) == 0
    assert display.colorbar_.ax.get_ylabel() == "Value of the column"
    assert display.ax_.get_xlabel() == "Change of prediction"
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["text, category or several", "missing"]
    low, high = display.ax_.get_ylim()
    assert low > high  # the first row is at the top


def test_points_of_a_stack_do_not_cover_each_other():
    heights = stacked_heights(np.zeros(9))
    assert len(set(heights)) == 9
    assert_allclose(sorted(heights), SPREAD * np.arange(-4, 5) / 8)
    assert abs(stacked_heights(np.zeros(1000))).max() == SPREAD
    assert_array_equal(stacked_heights(np.array([0.1, 0.5, 0.9])), 0)


def test_a_table_of_text_has_no_color_bar():
    display = ShapleyDisplay.from_values(made([[1.0], [2.0]], {"city": ["Oslo", "Bergen"]}))
    assert display.colorbar_ is None
    assert len(display.points_) == 1


def test_the_others_are_one_row():
    values = np.arange(5)[::-1] * np.array([[1], [-1]])
    shapley = made(values, {name: [0, 1] for name in "abcde"})
    display = ShapleyDisplay.from_values(shapley, kind="bar", max_features=2)
    assert display.feature_names_ == ["a", "b", "3 others"]
    assert widths(display.bars_[0]) == [4, 3, 3]  # 2 + 1 + 0
    assert [text.get_text() for text in display.texts_] == ["4", "3", "3"]
    display = ShapleyDisplay.from_values(shapley, kind="bar", max_features=4)
    assert display.feature_names_ == list("abcde")
    display = ShapleyDisplay.from_values(shapley, max_features=3)
    assert_array_equal(display.points_[-1].get_offsets()[:, 0], [1, -1])


def test_waterfall():
    display = ShapleyDisplay.from_values(SHAPLEY, kind="waterfall", row=1)
    (bars,) = display.bars_
    assert y_labels(display) == ["city = missing", "$a$ = False", "age = missing"]
    assert widths(bars) == [4, 2, -1]
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert ends == [15, 11, 9]
    assert bars[-1].get_x() == 10  # the base value
    assert [bar.get_x() for bar in bars[:-1]] == ends[1:]
    colors = [bar.get_facecolor() for bar in bars]
    assert colors[0] == colors[1] != colors[2]
    texts = [text.get_text() for text in display.texts_]
    assert texts == ["+4", "+2", "-1", "mean: 10", "this row: 15"]
    assert display.ax_.get_xlabel() == "Prediction"
    low, high = display.ax_.get_xlim()
    assert low < 9 < 15 < high
    display = ShapleyDisplay.from_values(SHAPLEY, kind="waterfall", row=-1, max_features=1)
    assert y_labels(display) == ["city = Bergen", "2 others"]
    assert widths(display.bars_[0]) == [3, -1]


def test_values_of_groups_and_large_numbers():
    shapley = made([[5000.0]], {"home": [(120.0, np.nan, "oil")]}, base=1e6)
    display = ShapleyDisplay.from_values(shapley, kind="waterfall")
    assert y_labels(display) == ["home = (120, missing, oil)"]
    texts = [text.get_text() for text in display.texts_]
    assert texts == ["+5,000", "mean: 1,000,000", "this row: 1,005,000"]


def test_several_outputs():
    values = np.array([[[1.0, -1.0], [2.0, 4.0]]])
    shapley = made(values, {"a": [0], "b": [1]}, np.zeros(2), ["no", "yes"], "Probability")
    display = ShapleyDisplay.from_values(shapley, kind="bar")
    assert display.feature_names_ == ["b", "a"]
    assert [widths(bars) for bars in display.bars_] == [[2, 1], [4, 1]]
    assert [bar.get_x() for bar in display.bars_[1]] == [2, 1]
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == ["no", "yes"]
    display = ShapleyDisplay.from_values(shapley, kind="bar", output="yes")
    assert [widths(bars) for bars in display.bars_] == [[4, 1]]
    assert display.ax_.get_xlabel() == "Mean absolute change of probability of yes"
    assert display.ax_.get_legend() is None
    for kind in ("beeswarm", "waterfall"):
        with pytest.raises(ValueError, match=r"output must be one of \['no', 'yes'\]. Got None"):
            ShapleyDisplay.from_values(shapley, kind=kind)
    with pytest.raises(ValueError, match=r"Got 'maybe'"):
        ShapleyDisplay.from_values(shapley, kind="bar", output="maybe")


def test_from_estimator():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 3)), columns=["a", "b", "c"])
    model = mlp_classifier((4,), solver="lbfgs", random_state=0).fit(X, X["b"] > 0)
    options = {"background": X[20:], "response_method": "decision_function"}
    display = ShapleyDisplay.from_estimator(model, X[:9], shapley_kw=options, kind="bar")
    expected = shapley_values(model, X[:9], **options)
    assert_array_equal(display.shapley.values, expected.values)
    assert display.feature_names_[0] == "b"
    assert display.ax_.get_xlabel() == "Mean absolute change of decision function of True"
    with pytest.raises(
        ValueError, match=r"kind must be one of \['beeswarm', 'bar', 'waterf.*'dots'"
    ):
        ShapleyDisplay.from_estimator(model, X, kind="dots")
    with pytest.raises(ValueError, match=r"row must be an int in .*\[-9, 8\]. Got 9 "):
        ShapleyDisplay.from_values(expected, kind="waterfall", row=9)
