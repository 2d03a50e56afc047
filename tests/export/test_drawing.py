"""Drawings on the canvas of a page, in a real browser."""

import numpy as np
import pytest
from mlp import mlp_classifier
from pages import shown
from sklearn.datasets import load_digits

from skdnn import DNNClassifier
from skdnn.export._html import page_data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X, y = X[:1100] / 16, y[:1100]
    # Drawings are centered to a pixel, which is an eighth of these images.
    images = X[:1000].reshape(-1, 8, 8)
    images = np.concatenate([np.roll(images, shift, axis=2) for shift in (-1, 0, 1)])
    model = mlp_classifier((64,), max_iter=20, learning_rate_init=0.01, random_state=0)
    return model.fit(images.reshape(-1, 64), np.tile(y[:1000], 3)), X


#: Paint an image on the canvas with squares of ink, and recognize it.
PAINT = """(image) => {
  const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
  const size = canvas.width / 8;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  image.forEach((ink, i) => {
    pen.fillStyle = `rgb(0 0 0 / ${ink})`;
    pen.fillRect((i % 8) * size, Math.floor(i / 8) * size, size, size);
  });
  recognize();
  const text = document.getElementById("headline").firstChild.textContent;
  return [text, rowOf(normalized(inkOf(canvas)))];
}"""


def test_digits_that_are_painted_are_recognized_as_in_python(opened, digits):
    model, X = digits
    page = opened(model, X=X, image_shape=(8, 8))
    assert page.locator("#headline").inner_text() == "Draw something"
    images = X[1000:]
    found = page.evaluate(f"images => images.map({PAINT})", images.tolist())
    same = np.array([text for text, _ in found]) == model.predict(images).astype(str)
    # The others are moved by a pixel: their center of mass is not the usual one.
    exact = np.abs(np.array([row for _, row in found]) - images).max(axis=1) < 0.01
    assert same[exact].all()
    assert exact.mean() > 0.7
    assert same.mean() >= 0.95


def test_small_and_shifted_drawings_are_scaled_and_centered(opened, digits):
    model, X = digits
    page = opened(model, X=X, image_shape=(8, 8))
    bar = np.zeros((8, 8))
    bar[:, 3:5] = 1
    _, expected = page.evaluate(PAINT, bar.ravel().tolist())
    np.testing.assert_allclose(np.reshape(expected, (8, 8)), bar, atol=0.01)
    small = np.zeros((8, 8))
    small[3:7, 6] = 1
    _, row = page.evaluate(PAINT, small.ravel().tolist())
    # Twice as large, and its column becomes the two in the middle.
    np.testing.assert_allclose(np.reshape(row, (8, 8)), bar, atol=0.01)


def test_drawing_with_the_mouse(opened, digits):
    model, X = digits
    page = opened(model, X=X, image_shape=(8, 8))
    box = page.locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    page.locator(".output.is-likely").wait_for()
    row = np.array(page.evaluate("rowOf(normalized(inkOf(paper)))")).reshape(8, 8)
    assert (row[:, 3:5].max(axis=1) > 0.5).all()
    assert row[:, [0, 1, 6, 7]].max() < 0.05
    np.testing.assert_allclose(shown(page), model.predict_proba(row.reshape(1, -1))[0], atol=1e-5)
    live = page.locator("#live")
    live.filter(has_text="Prediction: ").wait_for(state="attached")
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#headline").inner_text() == "Draw something"
    live.filter(has_text="Draw something").wait_for(state="attached")
    page.get_by_role("button", name="Example").click()
    assert page.locator("#headline").inner_text().split()[0] == str(model.predict(X[:1])[0])


def test_drawing_with_the_keyboard(opened, digits):
    model, X = digits
    page = opened(model, X=X, image_shape=(8, 8))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === paper")
    assert page.locator(".cursor").is_visible()
    for _ in range(6):
        page.keyboard.press("ArrowUp")
    assert page.locator("#headline").inner_text() == "Draw something"
    page.keyboard.press("Space")
    assert page.locator("#live").inner_text() == "Pen down"
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.locator(".output.is-likely").wait_for()
    row = np.array(page.evaluate("rowOf(normalized(inkOf(paper)))")).reshape(8, 8)
    assert (row[:, 3:5].max(axis=1) > 0.5).all()
    assert row[:, [0, 1, 6, 7]].max() < 0.05
    np.testing.assert_allclose(shown(page), model.predict_proba(row.reshape(1, -1))[0], atol=1e-5)


def test_missing_pixels_are_background(tmp_path):
    X = np.random.default_rng(0).random((120, 4))
    gaps = np.where(X > 0.9, np.nan, X)
    model = DNNClassifier(max_iter=2, random_state=0).fit(gaps, X[:, 0] > 0.5)
    image = page_data(model, gaps, image_shape=(2, 2))["image"]
    filled = page_data(model, np.where(X > 0.9, np.nanmin(gaps), X), image_shape=(2, 2))["image"]
    assert image == filled
