r"""
1. One neuron
=============

A neural network is made of *neurons*, also called units. This chapter is about a single one: what
it computes, and how it learns. A neuron has a *weight* :math:`w_j` for each of its inputs
:math:`x_j` and one more number, the *bias* :math:`b`. It computes

.. math:: z = w_1 x_1 + \ldots + w_d x_d + b .

A neuron that returns :math:`z` itself is a *linear unit*. To learn means to find the weights and
the bias that fit the data.
"""

# %%
# A linear unit
# -------------
# The data have one input and one target, which we generate as :math:`y = 3x + 2` plus noise. A
# network without hidden layers (``hidden_layer_sizes=()``) is a single linear unit.
#
# ``DNNRegressor()`` alone would be an ensemble of four networks that scale their inputs, stop by
# themselves and more. This guide adds such things one by one, and therefore starts with
# ``preset("mlp")``, which has none of them. ``solver="sgd"`` is gradient descent, the subject of
# the next section, and ``max_iter`` the number of its rounds; ``n_iter_no_change=np.inf`` makes
# all of them.
import os
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, recall_score
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, DNNRegressor

# The networks of this guide are trained for a fixed number of epochs.
warnings.simplefilter("ignore", ConvergenceWarning)

rng = np.random.default_rng(0)
x = rng.normal(size=100)
y = 3 * x + 2 + rng.normal(size=100)
X = x[:, None]  # (100, 1): scikit-learn wants a column for each input

unit = DNNRegressor.preset(
    "mlp",
    hidden_layer_sizes=(),
    solver="sgd",
    learning_rate_init=0.1,
    max_iter=100,
    n_iter_no_change=np.inf,
    random_state=0,
)
unit.fit(X, y)
line = LinearRegression().fit(X, y)
print(f"linear unit:       w = {unit.coefs_[0].item():.3f}, b = {unit.intercepts_[0].item():.3f}")
print(f"linear regression: w = {line.coef_.item():.3f}, b = {line.intercept_:.3f}")

# %%
# Both find the same line. Linear regression solves an equation. The unit has learned it step by
# step, in a way that also works for networks with millions of weights, for which there is no
# equation to solve.
#
# Gradient descent
# ----------------
# To learn we need a number that says how wrong the unit is: the *loss*. For numbers it is half the
# mean squared error over the :math:`n` rows,
#
# .. math:: L(w, b) = \frac{1}{2n} \sum_{i=1}^n (w x_i + b - y_i)^2 .
#
# Its derivatives say in which direction the loss rises, and how steeply:
#
# .. math::
#
#    \frac{\partial L}{\partial w} = \frac{1}{n} \sum_{i=1}^n (w x_i + b - y_i)\, x_i, \qquad
#    \frac{\partial L}{\partial b} = \frac{1}{n} \sum_{i=1}^n (w x_i + b - y_i) .
#
# Gradient descent takes a small step in the opposite direction, and repeats. The size of the step
# is the derivative times the *learning rate* :math:`\eta`:
#
# .. math:: w \leftarrow w - \eta\, \frac{\partial L}{\partial w}, \qquad
#           b \leftarrow b - \eta\, \frac{\partial L}{\partial b} .


def gradient_descent(rate, steps, w=-2.0, b=0.0):
    """The weights and biases after 0, 1, ..., ``steps`` steps, and the losses."""
    path = []
    for _ in range(steps + 1):
        error = w * x + b - y
        path.append((w, b, (error**2).mean() / 2))
        w, b = w - rate * (error * x).mean(), b - rate * error.mean()
    return np.array(path).T


ws, bs, losses = gradient_descent(rate=0.1, steps=100)
print(f"after {len(ws) - 1} steps of gradient descent: w = {ws[-1]:.3f}, b = {bs[-1]:.3f}")

# %%
# The same line again. For a figure we hold the bias at its best value, so that the loss is a curve
# over a single weight. The learning rate decides how the steps go down: too small a rate takes
# forever; a good one arrives; too large a rate jumps over the lowest point, and further away with
# every step.
best_b = line.intercept_
grid = np.linspace(-5, 11, 200)
curve = [((w * x + best_b - y) ** 2).mean() / 2 for w in grid]

fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for ax, (rate, verdict) in zip(
    axes, {0.05: "too low", 0.8: "good", 2.25: "too high"}.items(), strict=True
):
    w, steps = -2.0, []
    for _ in range(7):
        error = w * x + best_b - y
        steps.append((w, (error**2).mean() / 2))
        w -= rate * (error * x).mean()
    ax.plot(grid, curve, color="0.6")
    ax.plot(*np.transpose(steps), "o-", color="tab:orange", ms=5, lw=1)
    ax.set(
        title=f"learning rate {rate}: {verdict}", xlabel="weight $w$", ylim=(-1, 30), xlim=(-5, 11)
    )
axes[0].set_ylabel("loss $L(w)$")
plt.show()

# %%
# The sigmoid neuron
# ------------------
# To answer yes or no, a neuron should return a probability. It therefore sends :math:`z` through
# the *sigmoid*, also called the logistic function, whose values are between 0 and 1:
#
# .. math:: p = \sigma(z) = \frac{1}{1 + e^{-z}} .
#
# The weight makes the step from 0 to 1 steep or flat; the bias moves it.
z = np.linspace(-6, 6, 200)
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for w, b, style in [(1, 0, "-"), (4, 0, "--"), (1, -2, ":")]:
    ax.plot(z, 1 / (1 + np.exp(-(w * z + b))), style, label=f"$w = {w},\\ b = {b}$", lw=2)
ax.set(xlabel="input $x$", ylabel=r"output $\sigma(wx + b)$", title="A sigmoid neuron")
ax.legend()
plt.show()

# %%
# One neuron reads digits
# -----------------------
# A single sigmoid neuron can tell whether an image shows a certain digit. Its inputs are the
# pixels. The data are scikit-learn's small images of 8 x 8 pixels or, if the environment variable
# ``SKDNN_MNIST`` names a file with ``X_train``, ``y_train``, ``X_test`` and ``y_test``, MNIST
# with 28 x 28.
#
# ``DNNClassifier`` is trained with the *log-loss*, which chapter 5 explains. It reads the rows in
# batches of 32 and makes a step after each. An *epoch* is one pass through all rows;
# ``max_iter`` is the number of epochs, and ``loss_curve_`` has the loss of each.
mnist = os.environ.get("SKDNN_MNIST")
if mnist:
    with np.load(mnist) as data:
        X_train, X_test = (data[name].astype(np.float32) / 255 for name in ("X_train", "X_test"))
        y_train, y_test = data["y_train"], data["y_test"]
else:
    images, digits = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        images / 16, digits, stratify=digits, random_state=0
    )

#: Accuracy and recall on MNIST of a single neuron in an introductory notebook.
published = {1: (0.9861, 0.9075), 3: (0.9600, 0.6525)}
neurons, rows = {}, []
for digit in (1, 3):
    neurons[digit] = DNNClassifier.preset(
        "mlp",
        hidden_layer_sizes=(),
        batch_size=32,
        max_iter=20 if mnist else 200,  # MNIST has 45 times as many images
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X_train, y_train == digit)
    predicted = neurons[digit].predict(X_test)
    scores = [
        ("accuracy", accuracy_score(y_test == digit, predicted)),
        ("recall", recall_score(y_test == digit, predicted)),
    ]
    for (measure, score), reference in zip(scores, published[digit], strict=True):
        rows.append((f"one neuron, digit {digit}", measure, reference, score))
table = pd.DataFrame(rows, columns=["network", "measure", "published", "skdnn"])
print(table.round(4).to_string(index=False))

# %%
# Nine of ten images show another digit: a neuron that always says no has an accuracy of 0.9. That
# is why the table has the *recall*, too: the share of the images of the digit that the neuron
# finds. The published results are those of a notebook with MNIST, on which our neuron is better in
# both: see :ref:`the table <results-on-mnist>`.
#
# The loss falls quickly at first, then more and more slowly. The weights form an image themselves:
# a pixel with a positive weight (red) speaks for the digit, one with a negative weight (blue)
# against it.
fig, axes = plt.subplots(
    1, 3, figsize=(11, 3.4), layout="constrained", gridspec_kw={"width_ratios": [1.4, 1, 1]}
)
side = int(np.sqrt(X_train.shape[1]))
limit = max(abs(neuron.coefs_[0]).max() for neuron in neurons.values())
for (digit, neuron), ax in zip(neurons.items(), axes[1:], strict=True):
    axes[0].plot(range(1, neuron.n_iter_ + 1), neuron.loss_curve_, label=f"digit {digit}", lw=2)
    weights = neuron.coefs_[0].reshape(side, side)
    image = ax.imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set(title=f"weights of the neuron for {digit}", xticks=[], yticks=[])
axes[0].set(title="loss history", xlabel="epoch", ylabel="training log-loss", yscale="log")
axes[0].legend()
fig.colorbar(image, ax=axes[1:], label="against  ←  weight  →  for")
plt.show()

# %%
# Try
# ---
# * In the figure of gradient descent, which learning rate arrives at the lowest point in a single
#   step? (The derivative of the derivative, the mean of :math:`x^2`, tells.)
# * Call ``gradient_descent`` with other starting points. Does the end depend on them?
# * Train a neuron for the digit 8. Why is it harder than 1?
# * Fit scikit-learn's ``LogisticRegression`` to the same digit, and compare the weights.
