"""
Sample weights
==============

Weights say how much a row counts. Measurements of known precision have the weight 1 / variance;
then a few good ones are not drowned in many bad ones. The second part shows that weights are exact:
a weight of 2 is the same as the row twice, a weight of 0 the same as no row.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor

# %%
# Two instruments: every fifth measurement has a noise of 0.1, the others of 1.5.

rng = np.random.default_rng(0)
n = 1000
x = rng.uniform(-2, 2, n)
noise = np.where(rng.uniform(size=n) < 0.2, 0.1, 1.5)
grid = np.linspace(-2, 2, 300)


def true(x):
    return np.sin(3 * x) + 0.5 * x


y = true(x) + rng.normal(0, noise)
good = noise < 1
fits = {
    "all rows alike": (np.ones(n, dtype=bool), None),
    "good rows alone": (good, None),
    "weights 1 / variance": (np.ones(n, dtype=bool), noise**-2),
}
curves = {}
for name, (rows, weight) in fits.items():
    network = DNNRegressor(random_state=0)
    network.fit(x[rows, None], y[rows], sample_weight=weight)
    curves[name] = network.predict(grid[:, None])
errors = {name: np.sqrt(np.mean((curve - true(grid)) ** 2)) for name, curve in curves.items()}
print("Root mean squared error against the true function")
print(pd.Series(errors).round(3).to_string())

# %%
# The weighted network is as good as one that knows which rows are good.

figure, ax = plt.subplots(figsize=(8, 4.8), layout="constrained")
ax.plot(x[~good], y[~good], ".", color="lightgray", markersize=4, label="noise 1.5")
ax.plot(x[good], y[good], ".", color="black", markersize=4, label="noise 0.1")
colors = ["tab:orange", "tab:cyan", "tab:blue"]
for (name, curve), color, style in zip(curves.items(), colors, ("-", "--", "-"), strict=True):
    ax.plot(grid, curve, style, color=color, label=f"{name}: error {errors[name]:.2f}")
ax.set(xlabel="x", ylabel="y", ylim=(-4.5, 4.5))
figure.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
# Weights of 0, 1 and 2, against rows that are removed and repeated. Up to 100 rows are one batch,
# and none is held out: the two networks are equal up to rounding.

few, weights = slice(0, 60), rng.integers(0, 3, 60)
weighted, repeated = DNNRegressor(random_state=0), DNNRegressor(random_state=0)
weighted.fit(x[few, None], y[few], sample_weight=weights)
repeated.fit(np.repeat(x[few], weights)[:, None], np.repeat(y[few], weights))
difference = np.abs(weighted.predict(grid[:, None]) - repeated.predict(grid[:, None])).max()
print(f"Largest difference of the predictions: {difference:.1e}")
