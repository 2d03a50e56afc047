r"""
4. Overfitting
==============

A network with many weights can learn its training rows by heart, noise included. What counts is the
loss on rows that it has not seen. This chapter is about the difference, and the remedies: early
stopping, weight decay, dropout and batch normalization.

The steps are those of Kaggle's course *Intro to Deep Learning*: after the linear unit (chapter 1),
deep networks (chapter 2) and stochastic gradient descent (chapter 3) come overfitting and
underfitting, dropout and batch normalization, and at last a binary classification with all of them.
"""

# %%
# Too small, too large
# --------------------
# We generate 25 points of a sine with noise, and 1,000 more of them to test. The *capacity* of a
# network, what it is able to learn, grows with its units. A small network cannot follow the
# curve: it *underfits*. A large one passes through every point: it *overfits*. Only the test rows
# tell the second from success. (``solver="lbfgs"`` goes to the very bottom of the loss, and is good
# for small data.)
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, DNNRegressor, LossCurveDisplay

# The networks of this guide are trained for a fixed number of epochs.
warnings.simplefilter("ignore", ConvergenceWarning)


def make_sine(n_samples, seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-3, 3, n_samples))
    return x[:, None], np.sin(2 * x) + rng.normal(scale=0.3, size=n_samples)


X, y = make_sine(25, seed=1)
X_test, y_test = make_sine(1_000, seed=100)
grid = np.linspace(-3, 3, 400)
errors = {}
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True, layout="constrained")
for ax, (hidden, verdict) in zip(
    axes, {(1,): "underfits", (3,): "fits", (50, 50): "overfits"}.items(), strict=True
):
    network = DNNRegressor.preset(
        "mlp",
        hidden_layer_sizes=hidden,
        activation="tanh",
        solver="lbfgs",
        alpha=0,
        max_iter=500,
        random_state=0,
    ).fit(X, y)
    errors[verdict] = [
        mean_squared_error(target, network.predict(rows))
        for rows, target in [(X, y), (X_test, y_test)]
    ]
    ax.plot(grid, np.sin(2 * grid), "--", color="0.5", label="truth")
    ax.plot(grid, network.predict(grid[:, None]), color="tab:orange", lw=2, label="network")
    ax.plot(X[:, 0], y, "o", ms=5, color="tab:blue", label="training rows")
    train, test = errors[verdict]
    title = f"{hidden} {verdict}\nsquared error: training {train:.2f}, test {test:.2f}"
    ax.set(title=title, xlabel="$x$", ylim=(-2.5, 2.5))
axes[0].set_ylabel("$y$")
axes[0].legend(loc="lower left")
plt.show()

# %%
# Learning curves and early stopping
# ----------------------------------
# The next data have ten inputs, of which five matter, and much noise. With ``X_val`` and
# ``y_val`` the network reports the loss on *validation* rows after every epoch.
X, y = make_friedman1(2_400, noise=3, random_state=0)
y = (y - 14) / 6  # about mean 0 and standard deviation 1
X, X_val, y, y_val = train_test_split(X, y, train_size=400, random_state=0)


def fit(**parameters):
    return DNNRegressor.preset(
        "mlp",
        hidden_layer_sizes=(128, 128),
        feature_scaling="standard",
        batch_size=64,
        max_iter=150,
        n_iter_no_change=np.inf,
        early_stopping=True,
        scoring="loss",
        random_state=0,
        **parameters,
    ).fit(X, y, X_val=X_val, y_val=y_val)


plain = fit()
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
LossCurveDisplay.from_estimator(plain, ax=ax, show_score=False)
ax.legend(loc="upper right")
ax.set(xlabel="epoch", ylabel="loss (half the mean squared error)", title="Learning curves")
plt.show()

# %%
# The training loss falls to zero: the network knows all 400 rows by heart. The validation loss
# falls, too, then rises again. *Early stopping* keeps the weights of the best epoch, and with
# ``n_iter_no_change=20`` it also ends training 20 epochs later.
#
# Weight decay and dropout
# ------------------------
# Better than to stop in time is a network that hardly overfits.
#
# * *Weight decay* (``solver="adamw"``) multiplies all weights by a number slightly below 1 in
#   each step. Weights that the data do not need fade away, and curves become smoother.
# * *Dropout* switches each hidden unit off with a probability :math:`p`, drawn anew for each
#   row and step, and divides the others by :math:`1 - p`. No unit can rely on another
#   single one. Predictions use all units.
# * More training rows are the best remedy, where they can be had.
#
# Batch normalization
# -------------------
# *Batch normalization* gives each unit of a hidden layer mean 0 and standard deviation 1 over the
# rows of a batch,
#
# .. math:: \hat z = \gamma\, \frac{z - \mathrm{mean}(z)}{\mathrm{std}(z)} + \beta ,
#
# and learns the scale :math:`\gamma` and the shift :math:`\beta` instead. It was made for another
# purpose, as the next section shows; its noise, since each row depends on the others of its
# batch, works well together with that of dropout.
networks = {
    "nothing": plain,
    "weight decay": fit(solver="adamw", weight_decay=1.0),
    "dropout": fit(dropout=0.3),
    "dropout and batch norm": fit(dropout=0.3, normalization="batch"),
}
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, network), style in zip(networks.items(), ["-", "--", "-.", ":"], strict=True):
    curve = network.validation_loss_curve_
    ax.plot(range(1, len(curve) + 1), curve, style, label=f"{name}: {min(curve):.3f}", lw=2)
ax.set(
    xlabel="epoch",
    ylabel="validation loss (half the mean squared error)",
    title="Validation loss, and its minimum",
    ylim=(0.16, 0.32),
)
ax.legend()
plt.show()

# %%
# Batch normalization and inputs of any scale
# -------------------------------------------
# The inputs of the next data, measurements of tumors, have standard deviations between 0.003 and
# 570. Steps that are right for one weight are far too long for another (chapter 3). With batch
# normalization the units are on one scale, whatever their inputs are, and training works. (Better
# still is to scale the inputs, which ``DNNClassifier()`` does.)
tumors, benign = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(tumors, benign, stratify=benign, random_state=0)
raw = {}
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for normalization, color in [(None, "tab:orange"), ("batch", "tab:blue")]:
    network = DNNClassifier.preset(
        "mlp",
        hidden_layer_sizes=(64, 64),
        normalization=normalization,
        solver="sgd",
        learning_rate_init=0.01,
        batch_size=32,
        max_iter=50,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X_train, y_train)
    raw[normalization] = network.score(X_test, y_test)
    label = f"normalization={normalization!r}: test accuracy {raw[normalization]:.2f}"
    ax.plot(range(1, 51), network.loss_curve_, color=color, label=label, lw=2)
ax.set(xlabel="epoch", ylabel="training log-loss", yscale="log", title="Inputs without scaling")
ax.legend()
plt.show()

# %%
# Binary classification with all of it
# ------------------------------------
# The last step of the course: two hidden layers with dropout and batch normalization, a sigmoid
# at the end, the log-loss, and early stopping by held-out rows, a tenth of the training rows.
# ``feature_scaling="standard"`` scales the inputs.
network = DNNClassifier.preset(
    "mlp",
    hidden_layer_sizes=(64, 64),
    feature_scaling="standard",
    normalization="batch",
    dropout=0.3,
    batch_size=32,
    early_stopping=True,
    scoring="loss",
    n_iter_no_change=20,
    random_state=0,
).fit(X_train, y_train)
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
LossCurveDisplay.from_estimator(network, ax=ax, show_score=False)
ax.legend(loc="upper right")
ax.set(xlabel="epoch", ylabel="log-loss", title="Malignant or benign?")
plt.show()

defaults = DNNClassifier(random_state=0).fit(X_train, y_train)
print(f"test accuracy of this network:    {network.score(X_test, y_test):.3f}")
print(f"test accuracy of DNNClassifier(): {defaults.score(X_test, y_test):.3f}")

# %%
# ``DNNClassifier()`` and ``DNNRegressor()`` have most of these remedies by default: they scale
# the inputs, decay the weights, use dropout, stop early, and average four networks.
#
# Try
# ---
# * Train the large network on 250 instead of 25 points of the sine. Does it still overfit?
# * Draw the validation loss of ``fit`` for ``dropout`` 0.1, 0.3, 0.5 and 0.8.
# * Use ``train_size=1_600`` for the second data set. Which remedies are still of use?
# * Which of the results change if the ``random_state`` does? A difference smaller than that
#   between two random states means nothing.
