"""
Activations and the boundaries they draw
========================================

The same small network with each activation function, on two interleaved spirals. Kinks of the
activation become kinks of the boundary: piecewise linear activations draw polygons, smooth ones
curves. With the identity a network is linear, whatever its depth.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

from skdnn import DNNClassifier

# %%
# Two spirals of one and a half turns, with noise.

rng = np.random.default_rng(0)


def make_spirals(n):
    turn, y = np.sqrt(rng.uniform(0.05, 1, n)), rng.integers(0, 2, n)
    angle = 1.5 * 2 * np.pi * turn + np.pi * y
    X = np.column_stack([turn * np.cos(angle), turn * np.sin(angle)])
    return X + rng.normal(0, 0.04, X.shape), y


X_train, y_train = make_spirals(800)
X_test, y_test = make_spirals(2000)

# %%
# Encodings of the numbers are switched off, so that the boundary is that of the activation. The
# cosine schedule ends after ``max_iter`` epochs.

activations = [
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish",
    "softplus",
]  # fmt: skip
networks = {}
for activation in activations:
    networks[activation] = DNNClassifier(
        (16, 16), activation, numeric_embedding=None, n_members=1, early_stopping=False,
        dropout=0, learning_rate="cosine", learning_rate_init=0.02, max_iter=100, random_state=0,
    ).fit(X_train, y_train)  # fmt: skip
accuracies = pd.Series({name: each.score(X_test, y_test) for name, each in networks.items()})
print("Test accuracy", accuracies.round(3).to_string(), sep="\n")

# %%
# White is a probability of one half.

figure, axes = plt.subplots(3, 4, figsize=(12, 8), sharex=True, sharey=True, layout="constrained")
for ax, (name, network) in zip(axes.flat, networks.items(), strict=False):
    display = DecisionBoundaryDisplay.from_estimator(
        network, X_train, response_method="predict_proba", plot_method="pcolormesh", eps=0.1,
        grid_resolution=100, cmap="RdBu_r", vmin=0, vmax=1, ax=ax,
    )  # fmt: skip
    ax.set(title=f"{name}: {accuracies[name]:.1%}", xlabel="", ylabel="", aspect="equal")
for label, color in enumerate(("tab:blue", "tab:red")):
    axes[2, 3].scatter(*X_train[y_train == label].T, s=5, color=color)
axes[2, 3].set(title="training rows", aspect="equal")
for ax in axes[2]:
    ax.set_xlabel("$x_1$")
for ax in axes[:, 0]:
    ax.set_ylabel("$x_2$")
figure.colorbar(display.surface_, ax=axes, label="probability of class 1", shrink=0.6)
plt.show()
