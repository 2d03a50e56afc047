import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

from skdnn import PiecewiseLinear, WeightsDisplay
from skdnn.inspection import weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def model():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return mlp_classifier((5, 2), solver="lbfgs", alpha=1, random_state=0, max_iter=1000).fit(X, y)


def y_labels(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


@pytest.mark.parametrize("layer", [0, 1, 2, -1, -3, np.int64(1)])
def test_the_image_is_the_layer(model, layer):
    display = WeightsDisplay.from_estimator(model, layer=layer)
    expected = model.coefs_[layer]
    assert_array_equal(display.im_.get_array(), expected)
    limit = np.abs(expected).max()
    assert display.im_.get_clim() == (-limit, limit)
    np.testing.assert_allclose(display.im_.to_rgba([0.0])[0, :3], 0.97, atol=0.01)  # white
    i = int(layer) % 3
    assert display.ax_.get_xlabel() == f"Unit of layer {i}"
    assert display.ax_.get_ylabel() == ("Feature" if i == 0 else f"Unit of layer {i - 1}")
    assert display.colorbar_.ax.get_ylabel() == "Weight"


def test_the_picture_does_not_change_with_the_model(model):
    display = WeightsDisplay.from_estimator(model)
    before = display.weights.copy()
    model.coefs_[0][0, 0] += 1
    assert_array_equal(display.weights, before)
    model.coefs_[0][0, 0] -= 1


def test_names_of_features(model, monkeypatch):
    assert y_labels(WeightsDisplay.from_estimator(model)) == list(model.feature_names_in_)
    assert y_labels(WeightsDisplay.from_estimator(model, layer=1)) != list("abcde")
    assert y_labels(
        WeightsDisplay.from_estimator(model, layer=1, feature_names=list("abcde"))
    ) == list("abcde")
    monkeypatch.setattr(weights, "MAX_NAMES", 3)
    assert WeightsDisplay.from_estimator(model).feature_names is None
    names = ["a", "b", "c", "d"]
    assert y_labels(WeightsDisplay.from_estimator(model, feature_names=names)) == names
    with pytest.raises(ValueError, match=r"feature_names must have 4 items.*layer 0. Got 3"):
        WeightsDisplay.from_estimator(model, feature_names=names[:3])


@pytest.mark.parametrize("value", [3, -4, 1.0, True, None, "0"])
def test_no_such_layer(model, value):
    with pytest.raises(ValueError, match=rf"layer must be an int in .*\[-3, 2\]. Got {value!r} "):
        WeightsDisplay.from_estimator(model, layer=value)


def test_members(model):
    with pytest.raises(ValueError, match=r"member must be an int in .*\[-1, 0\]. Got 1 "):
        WeightsDisplay.from_estimator(model, member=1)
    several = mlp_classifier((3,), n_members=2, max_iter=1, random_state=0)
    several.fit(*load_iris(return_X_y=True))
    for member in (0, 1, -1):
        display = WeightsDisplay.from_estimator(several, member=member)
        assert_array_equal(display.weights, several.coefs_[0][member])
    with pytest.raises(ValueError, match=r"member must be an int in .*\[-2, 1\]. Got 2 "):
        WeightsDisplay.from_estimator(several, member=2)


def test_members_that_differ_and_the_names_of_their_inputs(monkeypatch):
    X = pd.DataFrame({"size": [1.0, 2.0, 3.0, None] * 6, "color": list("rgbrgb") * 4})
    several = mlp_classifier(
        (3,), categorical_features="from_dtype", numeric_embedding=[PiecewiseLinear(2), None],
        n_members=2, max_iter=1, random_state=0,
    ).fit(X, list("nyyy") * 6)  # fmt: skip
    indicator, colors = ["missingindicator_size"], ["color_b", "color_g", "color_r"]
    # What is looked up comes behind what is multiplied.
    bins = [*indicator, "size_bin0", "size_bin1", *colors]
    for member, names in enumerate([bins, ["size", *indicator, *colors]]):
        display = WeightsDisplay.from_estimator(several, member=member)
        assert_array_equal(display.weights, several.coefs_[0][member])
        assert y_labels(display) == names
        display = WeightsDisplay.from_estimator(several, layer=1, member=member)
        assert_array_equal(display.weights, several.coefs_[1][member])
    monkeypatch.setattr(weights, "MAX_NAMES", 5)
    assert WeightsDisplay.from_estimator(several).feature_names is None
    assert WeightsDisplay.from_estimator(several, member=1).feature_names is not None


def test_options():
    display = WeightsDisplay(weights=np.zeros((2, 3))).plot(
        colorbar=False, cmap="PiYG", im_kw={"vmax": 2.0, "aspect": "equal"}
    )
    assert display.colorbar_ is None
    assert display.figure_.axes == [display.ax_]
    assert display.im_.get_cmap().name == "PiYG"
    assert display.im_.get_clim() == (-1.0, 2.0)  # of weights that are all zero, -1 to 1
    assert display.ax_.get_aspect() == 1.0
    assert y_labels(display) != ["Feature"] * 2
