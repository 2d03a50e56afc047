import io

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from skdnn import DNNRegressor, EmbeddingDisplay, PiecewiseLinear, WeightsDisplay
from skdnn.inspection import embedding

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(50, 20, 200),
            "color": rng.choice(["red", "green", "blue", "pink"], 200),
            "sold": rng.choice(["yes", "no"], 200),
            "town": np.arange(200) % 40,
            "one": 1.0,
        }
    )
    X.loc[::7, ["size", "color"]] = None
    return mlp_classifier(
        (6,), categorical_features=["color", "sold", "town"], max_iter=3, n_members=2,
        numeric_embedding=[PiecewiseLinear(5), None], random_state=0,
    ).fit(X, np.arange(200) % 3)  # fmt: skip


def assert_same_up_to_sign(components, expected):
    """And the last of each component is positive."""
    assert (components[-1] > 0).all()
    assert_allclose(components, expected * np.sign(expected[-1]), atol=1e-6)


def texts(display):
    return [text.get_text() for text in display.texts_]


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("n_components", [1, 3])
def test_curves_of_a_number(model, n_components):
    display = EmbeddingDisplay.from_estimator(model, "size", n_components=n_components)
    frame = model.column_embedding("size")
    known, missing = frame[:-1], frame[-1:]
    pca = PCA(n_components).fit(known)
    drawn = np.column_stack([line.get_ydata() for line in display.lines_])
    assert_same_up_to_sign(drawn, pca.transform(known))
    for line in display.lines_:
        assert_array_equal(line.get_xdata(), known.index)
    assert_allclose(display.shares_, pca.explained_variance_ratio_)
    assert_array_equal(display.components_[:-1], drawn)
    heights = [line.get_ydata()[0] for line in display.missing_lines_]
    assert_allclose(np.abs(heights), np.abs(pca.transform(missing)[0]), atol=1e-6)
    names = [
        f"Component {i + 1} ({share:.0%})" for i, share in enumerate(pca.explained_variance_ratio_)
    ]
    assert legend(display) == [*names, "Missing"]
    colors = [line.get_color() for line in display.lines_]
    assert colors == [line.get_color() for line in display.missing_lines_]
    assert display.ax_.get_xlabel() == "size"
    assert (display.points_, display.texts_) == (None, [])


def test_components_that_are_nothing_are_left_out(model):
    # A number as it is has one direction.
    display = EmbeddingDisplay.from_estimator(model, "size", member=1)
    assert len(display.lines_) == len(display.missing_lines_) == 1
    assert_allclose(display.shares_, [1])
    display = EmbeddingDisplay.from_estimator(model, "one")
    assert_array_equal(display.lines_[0].get_ydata(), [0])
    assert legend(display) == ["Component 1 (0%)"]


def test_chosen_numbers_are_drawn_in_order(model):
    display = EmbeddingDisplay.from_estimator(model, "size", values=[60, 20.5, 40])
    assert_array_equal(display.lines_[0].get_xdata(), [20.5, 40, 60])
    assert display.missing_lines_ == []
    expected = model.column_embedding("size", [20.5, 40, 60])
    pd.testing.assert_frame_equal(display.embedding, expected)


@pytest.mark.parametrize("member", [0, 1])
def test_map_of_categories(model, member):
    display = EmbeddingDisplay.from_estimator(model, "color", member=member)
    frame = model.column_embedding("color", member=member)[:-1]
    pca = PCA(2).fit(frame)
    assert_same_up_to_sign(display.points_.get_offsets(), pca.transform(frame))
    assert texts(display) == ["blue", "green", "pink", "red", "missing"]
    for text, point in zip(display.texts_, display.points_.get_offsets(), strict=True):
        assert_array_equal(text.xy, point)
    shares = pca.explained_variance_ratio_
    assert display.ax_.get_xlabel() == f"Component 1 ({shares[0]:.0%})"
    assert display.ax_.get_ylabel() == f"Component 2 ({shares[1]:.0%})"
    assert display.ax_.get_title() == "color"
    assert display.lines_ == display.missing_lines_ == []


def test_two_categories_lie_on_a_line(model):
    display = EmbeddingDisplay.from_estimator(model, "sold")
    x, y = display.components_.T
    assert_allclose(x, [-x[1], x[1]])
    assert x[1] > 0
    assert_allclose(y, 0, atol=1e-12)
    assert texts(display) == ["no", "yes"]


def test_labels_of_the_outermost(model, monkeypatch):
    display = EmbeddingDisplay.from_estimator(model, "town")
    assert len(display.points_.get_offsets()) == 40
    assert len(texts(display)) == embedding.MAX_LABELS == 30
    monkeypatch.setattr(embedding, "MAX_LABELS", 2)
    display.plot()
    distances = np.hypot(*display.components_.T)
    assert set(texts(display)) == set(map(str, np.argsort(distances)[-2:]))


def test_chosen_categories_and_options(model):
    display = EmbeddingDisplay.from_estimator(
        model, "color", values=["red", "black"], scatter_kw={"marker": "s", "color": "k"}
    )
    assert texts(display) == ["red", "black"]
    assert_array_equal(display.points_.get_facecolor()[0], [0, 0, 0, 1])
    display = EmbeddingDisplay.from_estimator(model, "size", line_kw={"color": "k", "lw": 3})
    assert {line.get_linewidth() for line in display.lines_} == {3}
    assert {line.get_color() for line in display.lines_ + display.missing_lines_} == {"k"}


def test_the_error_is_that_of_the_method(model):
    with pytest.raises(ValueError, match=r"There is no column 'height'\. The 5 columns are 'size'"):
        EmbeddingDisplay.from_estimator(model, "height")


@pytest.mark.parametrize("label", ["$40K - $60K", "a $$ b", "US$ or A$_x$"])
@pytest.mark.parametrize("column", ["income", "cost $_$"])
def test_dollars_are_no_formulas(column, label):
    X = pd.DataFrame({column: [label, "other"] * 20, "x $": np.arange(40.0)})
    model = DNNRegressor((2,), max_iter=1, random_state=0).fit(X, np.arange(40.0))
    for name in X:
        EmbeddingDisplay.from_estimator(model, name).figure_.savefig(io.BytesIO())
    display = EmbeddingDisplay.from_estimator(model, column)
    assert not any(text.get_parse_math() for text in [*display.texts_, display.ax_.title])
    WeightsDisplay.from_estimator(model).figure_.savefig(io.BytesIO())
