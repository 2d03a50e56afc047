"""
An embedding of your own
========================

A subclass of :class:`~skdnn.NumericEmbedding` says which inputs a number becomes. This one has the
number itself beside its bins: a linear trend and steps are then both simple to learn.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor, InputColumn, NumericEmbedding, PiecewiseLinear

# %%
# ``columns`` returns an :class:`~skdnn.InputColumn` for each group of inputs; ``source`` is the
# index of the numeric column. With an attribute ``n_bins`` the quantiles are computed from the
# training rows. Nothing has to be registered, and searches find the parameter by the name
# ``numeric_embedding__n_bins``.


class NumberAndBins(NumericEmbedding):
    def __init__(self, n_bins=16):
        self.n_bins = n_bins

    def columns(self, source, n_bins):
        return [InputColumn("number", source), InputColumn("bins", source, n_bins, n_bins)]


# %%
# The target has a trend in each of twenty columns, and a step in three of them. A linear model on
# top of the inputs (no hidden layer) shows what each encoding offers.

rng = np.random.default_rng(0)
slopes = rng.normal(size=20)


def make_rows(n):
    X = rng.normal(size=(n, 20))
    return X, X @ slopes + 3 * (X[:, :3] > 0.5).sum(axis=1) + rng.normal(size=n)


X_test, y_test = make_rows(4000)
encodings = {"number": None, "bins": PiecewiseLinear(16), "number and bins": NumberAndBins(16)}
sizes = [150, 300, 600, 1200]
rows = []
for size in sizes:
    X, y = make_rows(size)
    for name, embedding in encodings.items():
        network = DNNRegressor(
            (), numeric_embedding=embedding, feature_scaling="standard", n_members=1, random_state=0
        )
        error = np.sqrt(np.mean((network.fit(X, y).predict(X_test) - y_test) ** 2))
        rows.append({"rows": size, "encoding": name, "error": error})
errors = pd.DataFrame(rows).pivot(index="rows", columns="encoding", values="error")
print("Root mean squared error on test rows (noise: 1)")
print(errors[list(encodings)].round(2).to_string())

# %%
# The number alone misses the steps, however many rows there are. Bins alone have to learn the trend
# piece by piece, which takes many rows. Both together are near the better of the two with few rows,
# and best with more.

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for marker, name in zip("osD", encodings, strict=True):
    ax.plot(sizes, errors[name], marker=marker, label=name)
ax.axhline(1, color="gray", linestyle=":", label="noise")
ax.set(xlabel="training rows", ylabel="root mean squared error, test", xscale="log")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(title="encoding")
plt.show()
