r"""
2. Layers and XOR
=================

A neuron separates its inputs by a straight line, because :math:`\sigma(w_1 x_1 + w_2 x_2 + b)` is
one half where :math:`w_1 x_1 + w_2 x_2 + b = 0`, and that is a line. This chapter has data that no
line can separate, and shows how *hidden layers* bend the boundary.
"""

# %%
# A problem for more than one neuron
# ----------------------------------
# Two inputs between -1 and 1. The class is 1 if they have the same sign. This is known as XOR
# ("exclusive or"), here with all numbers instead of only two.
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay

from skdnn import DNNClassifier

# The networks of this guide are trained for a fixed number of epochs.
warnings.simplefilter("ignore", ConvergenceWarning)

BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("", ["tab:blue", "white", "tab:orange"])


def make_xor(n_samples, seed):
    X = np.random.default_rng(seed).uniform(-1, 1, (n_samples, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def fit(X, y, hidden_layer_sizes, activation="tanh", max_iter=100):
    return DNNClassifier.preset(
        "mlp",
        hidden_layer_sizes=hidden_layer_sizes,
        activation=activation,
        learning_rate_init=0.02,
        batch_size=32,
        max_iter=max_iter,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)


def draw(network, X, y, ax, title):
    """The predicted probability of class 1 as a color, and the points."""
    DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        eps=0.1,
        cmap=BLUE_TO_ORANGE,
        vmin=0,
        vmax=1,
        ax=ax,
    )
    for label, color, marker in [(0, "tab:blue", "o"), (1, "tab:orange", "s")]:
        ax.scatter(*X[y == label].T, s=14, c=color, marker=marker, edgecolors="white", lw=0.6)
    ax.set(title=title, xlabel="", ylabel="", xticks=[], yticks=[], aspect="equal")


X, y = make_xor(2_000, seed=0)
X_test, y_test = make_xor(10_000, seed=1)
shown = slice(300)  # points in the figures

# %%
# Hidden layers
# -------------
# A *layer* is a row of neurons that have the same inputs. The outputs of a *hidden* layer are the
# inputs of the next layer. With a matrix :math:`W` that has a column of weights for each unit, a
# layer computes
#
# .. math:: h = f(x W + b),
#
# where :math:`f` is the *activation function*, here :math:`\tanh`, whose values are between -1 and
# 1. ``hidden_layer_sizes=(6, 4)`` is a network with 2 inputs, 6 and 4 hidden units and 1 output, or
# 2-6-4-1 for short.
sizes = {"no hidden layer": (), "2-2-1": (2,), "2-4-1": (4,), "2-6-4-1": (6, 4)}
networks = {name: fit(X, y, hidden) for name, hidden in sizes.items()}
accuracies = {name: network.score(X_test, y_test) for name, network in networks.items()}

fig, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    draw(network, X_test[shown], y_test[shown], ax, f"{name}\ntest accuracy {accuracies[name]:.1%}")
fig.colorbar(axes[-1].collections[0], ax=axes, label="probability of class 1")
plt.show()

# %%
# A single neuron only guesses. With each unit the boundary gets another piece, and the network
# 2-6-4-1 is right for 98 % of the points and more.
published = {"no hidden layer": np.nan, "2-6-4-1": 0.98}
table = pd.DataFrame(
    [(f"XOR, {name}", "accuracy", published[name], accuracies[name]) for name in published],
    columns=["network", "measure", "published", "skdnn"],
)
print(table.round(4).to_string(index=False, na_rep="-"))

# %%
# What the hidden units see
# -------------------------
# The weights of layer :math:`k` are ``coefs_[k]``, its biases ``intercepts_[k]``. A prediction is
# nothing more than a few products of matrices. Here is all of it, layer by layer:
network = networks["2-6-4-1"]


def forward(X):
    """Outputs of all layers."""
    (W1, W2, W3), (b1, b2, b3) = network.coefs_, network.intercepts_
    h1 = np.tanh(X @ W1 + b1)  # (n_samples, 6)
    h2 = np.tanh(h1 @ W2 + b2)  # (n_samples, 4)
    p = 1 / (1 + np.exp(-(h2 @ W3 + b3)))  # (n_samples, 1)
    return h1, h2, p


difference = abs(forward(X_test)[2][:, 0] - network.predict_proba(X_test)[:, 1]).max()
print(f"largest difference from predict_proba: {difference:.0e}")

# %%
# Each map shows the output of one unit over the square of the inputs. Units of the first layer know
# one straight line each. Units of the second layer combine six lines to shapes, and the output
# combines four shapes. Some units may be nearly constant: the network does not need them.
side = 100
names = ["layer 1", "layer 2", "output"]
square = np.stack(np.meshgrid(*2 * [np.linspace(-1, 1, side)]), axis=-1).reshape(-1, 2)
fig, axes = plt.subplots(3, 6, figsize=(10, 5.4), layout="constrained")
for row, (name, outputs) in enumerate(zip(names, forward(square), strict=True)):
    for ax, output in zip(axes[row, : outputs.shape[1]], outputs.T, strict=True):
        low = 0 if name == "output" else -1
        image = ax.imshow(
            output.reshape(side, side), origin="lower", cmap=BLUE_TO_ORANGE, vmin=low, vmax=1
        )
    axes[row, 0].set_ylabel(name)
    for ax in axes[row, outputs.shape[1] :]:
        ax.set_visible(False)
    fig.colorbar(image, ax=axes[row], label="output of the unit")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
plt.show()

# %%
# More units, more layers
# -----------------------
# Two spirals that wind around each other are harder. From left to right the layers have more units,
# from top to bottom there are more layers. Both let the network bend the boundary more often.


def make_spirals(n_samples, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_samples)
    radius = np.sqrt(rng.uniform(0.01, 1, n_samples))
    angle = 3.5 * np.pi * radius + np.pi * y
    X = np.c_[radius * np.cos(angle), radius * np.sin(angle)]
    return X + rng.normal(scale=0.03, size=X.shape), y


X_spirals, y_spirals = make_spirals(600, seed=0)
X_new, y_new = make_spirals(2_000, seed=1)
spirals = {}
fig, axes = plt.subplots(3, 4, figsize=(10, 7.8), layout="constrained")
for i, n_layers in enumerate([1, 2, 3]):
    for j, n_units in enumerate([2, 4, 8, 16]):
        hidden = n_layers * (n_units,)
        spirals[hidden] = fit(X_spirals, y_spirals, hidden, max_iter=300)
        title = f"{hidden}\ntest accuracy {spirals[hidden].score(X_new, y_new):.0%}"
        draw(spirals[hidden], X_spirals[shown], y_spirals[shown], axes[i, j], title)
plt.show()

# %%
# Activation functions
# --------------------
# Without an activation function, which is ``activation="identity"``, hidden layers are of no use:
# :math:`(x W_1 + b_1) W_2 + b_2` is again of the form :math:`x W + b`, and the boundary is a line.
# Any bent function helps. ``"tanh"`` and ``"logistic"`` (the sigmoid) make round boundaries;
# ``"relu"``, which is :math:`\max(0, z)`, makes boundaries of straight pieces, is quick to compute
# and does not flatten for large :math:`z`. ``"mish"`` is a smooth relu, and the default of
# ``DNNClassifier`` and ``DNNRegressor``.
functions = {
    "identity": lambda z: z,
    "logistic": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(0, z),
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(z))),
}
z = np.linspace(-4, 4, 200)
activations = {name: fit(X_spirals, y_spirals, (16, 16), name, 300) for name in functions}
fig, axes = plt.subplots(
    2, 5, figsize=(12, 5), layout="constrained", gridspec_kw={"height_ratios": [1, 1.5]}
)
for (name, function), top, bottom in zip(functions.items(), *axes, strict=True):
    top.plot(z, function(z), lw=2)
    top.set(title=name, xlabel="$z$", ylim=(-1.5, 4))
    top.grid(alpha=0.3)
    title = f"test accuracy {activations[name].score(X_new, y_new):.0%}"
    draw(activations[name], X_spirals[shown], y_spirals[shown], bottom, title)
axes[0, 0].set_ylabel("output $f(z)$")
plt.show()

# %%
# Try
# ---
# * What is the smallest network that learns XOR with an accuracy of 95 %? Is it the same for
#   another ``random_state``?
# * Replace 100 of the labels ``y`` by wrong ones (``y[:100] = 1 - y[:100]``). What happens to the
#   boundaries of small and large networks?
# * Add a third input to XOR, the product ``X[:, 0] * X[:, 1]``. Which network do you need now?
# * Draw the maps of the units for ``activation="relu"``. ``forward`` needs another function then.
