"""
A web page that predicts
========================

:func:`~skdnn.export.to_html` writes a model as one HTML file that works without a server and
without a network: a form for a table, or a canvas to draw on for a model of images. The second page
is part of this one: draw a digit.
"""

import html
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits, load_wine
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier
from skdnn.export import to_html

folder = tempfile.TemporaryDirectory()

# %%
# **A form.** The page has a field for each column, with a range and a curve of its effect, taken
# from the rows of ``X``.

X, y = load_wine(return_X_y=True, as_frame=True)
X = X[["alcohol", "color_intensity", "flavanoids", "proline"]]
model = DNNClassifier(random_state=0).fit(X, y)
form = Path(folder.name) / "wine.html"
names = ["Barolo", "Grignolino", "Barbera"]
to_html(model, form, X=X, title="Which wine is it?", target_names=names)
sizes = {form.name: form.stat().st_size / 1000}

# %%
# **A canvas.** Drawings are scaled and centered to the pixel, which is much in images of 8 x 8: the
# network is also trained on images that are moved by a pixel.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
images = X_train.reshape(-1, 8, 8)
moved = np.concatenate([np.roll(images, shift, axis=2) for shift in (-1, 0, 1)])
params = dict(dropout=0.1, learning_rate="one_cycle", learning_rate_init=0.004, batch_size=128)
recognizer = DNNClassifier.preset(
    "mlp", hidden_layer_sizes=(128,), max_iter=30, n_iter_no_change=np.inf, random_state=0, **params
)
recognizer.fit(moved.reshape(-1, 64), np.tile(y_train, 3))
canvas = Path(folder.name) / "digits.html"
to_html(recognizer, canvas, X=X_train, title="Draw a digit", image_shape=(8, 8))
accuracy = recognizer.score(X_test, y_test)
sizes[canvas.name] = canvas.stat().st_size / 1000
print(f"Sizes in kB: {sizes}, accuracy on test images {accuracy:.3f}")

# %%
# The page, as it is, in a frame:


class Frame:
    def __init__(self, path):
        self.text = path.read_text(encoding="utf-8")

    def _repr_html_(self):
        style = "width: 100%; height: 46rem; border: 1px solid gray; background: white"
        return f'<iframe srcdoc="{html.escape(self.text)}" style="{style}" title="page"></iframe>'


page = Frame(canvas)
page  # noqa: B018

# %%
# What the network is least sure of, among the test images, and the probabilities of the two most
# likely digits.

probability = recognizer.predict_proba(X_test)
figure, axes = plt.subplots(2, 8, figsize=(12, 4.2), layout="constrained")
for ax, i in zip(axes.flat, np.argsort(probability.max(axis=1)), strict=False):
    second, first = np.argsort(probability[i])[-2:]
    ax.imshow(X_test[i].reshape(8, 8), cmap="gray_r")
    shares = f"{first}: {probability[i, first]:.0%}, {second}: {probability[i, second]:.0%}"
    ax.set(title=f"true: {y_test[i]}", xticks=[], yticks=[], xlabel=shares)
plt.show()
folder.cleanup()
