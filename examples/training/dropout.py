"""
Dropout and weight decay
========================

A large network learns few rows by heart. Dropout switches off random hidden units in each training
step, weight decay shrinks the weights: both make it smoother. The figures show what they do to the
curve, and the error by the strength of each.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor

# %%
# Sixty noisy points, and a network with 33,000 weights.

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-3, 3, 60))
grid = np.linspace(-3, 3, 300)
y = np.sin(1.5 * x) + rng.normal(0, 0.4, x.size)
true = np.sin(1.5 * grid)


def fit(seed=0, **params):
    params = {"dropout": 0, "weight_decay": 0, **params}
    network = DNNRegressor(
        (256, 128), "relu", numeric_embedding=None, n_members=1, early_stopping=False,
        regularization_schedule="constant", max_iter=300, random_state=seed, **params,
    )  # fmt: skip
    return network.fit(x[:, None], y).predict(grid[:, None])


# %%
# The mean error of two random states for each strength.

dropouts, decays = [0, 0.05, 0.1, 0.2, 0.35, 0.5], [0, 0.1, 0.3, 1, 3, 10]


def error(**params):
    return np.mean([np.sqrt(np.mean((fit(seed, **params) - true) ** 2)) for seed in range(2)])


by_dropout = pd.Series({each: error(dropout=each) for each in dropouts})
by_decay = pd.Series({each: error(weight_decay=each) for each in decays})
print("Error by dropout", by_dropout.round(3).to_string(), sep="\n")
print("Error by weight decay", by_decay.round(3).to_string(), sep="\n")

# %%
# Without them the curve goes through single points. Too much of either bends it too little.

figure, axes = plt.subplot_mosaic([["curves", "curves", "dropout"], ["curves", "curves", "decay"]],
                                  figsize=(11, 5.5), layout="constrained")  # fmt: skip
ax = axes["curves"]
ax.plot(x, y, "o", color="black", markersize=4, label="training rows")
ax.plot(grid, true, color="gray", linewidth=4, alpha=0.4, label="true function")
best_dropout, best_decay = by_dropout.idxmin(), by_decay.idxmin()
ax.plot(grid, fit(), color="tab:orange", label="neither")
ax.plot(grid, fit(dropout=best_dropout), color="tab:blue", label=f"dropout={best_dropout}")
ax.plot(grid, fit(weight_decay=best_decay), "k--", label=f"weight_decay={best_decay}")
ax.set(xlabel="x", ylabel="y", ylim=(-1.7, 3))
ax.legend(loc="upper center", ncols=2)
for key, errors, name in (("dropout", by_dropout, "dropout"), ("decay", by_decay, "weight_decay")):
    axes[key].plot(range(len(errors)), errors, "o-")
    axes[key].set_xticks(range(len(errors)), errors.index)
    axes[key].set(xlabel=name, ylabel="root mean\nsquared error", ylim=0)
plt.show()
