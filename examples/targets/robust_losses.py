"""
Outliers: robust losses
=======================

One training target in ten is grossly wrong. Squared error follows the outliers, absolute error and
Huber's loss hardly do: their gradient does not grow with the error.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor, Huber

# %%
# A smooth function with small noise; a tenth of the targets are too high, mostly on the right.

rng = np.random.default_rng(0)
n = 1000
x = rng.uniform(-3, 3, n)
y = np.sin(2 * x) + x / 2 + rng.normal(0, 0.2, n)
wrong = rng.uniform(size=n) < 0.2 * (x + 3) / 6
y[wrong] += rng.gamma(2, 4, wrong.sum())

# %%
# ``delta`` of Huber's loss is in units of the target: errors below it count as squares, those above
# linearly. Two or three times the noise is a good value.

losses = {
    "squared error": "squared_error",
    "absolute error": "absolute_error",
    "Huber(delta=0.5)": Huber(delta=0.5),
}
grid = np.linspace(-3, 3, 300)
true = np.sin(2 * grid) + grid / 2
curves = {}
for name, loss in losses.items():
    network = DNNRegressor(loss=loss, scoring="loss", random_state=0)
    curves[name] = network.fit(x[:, None], y).predict(grid[:, None])
errors = {name: np.sqrt(np.mean((curve - true) ** 2)) for name, curve in curves.items()}
print("Root mean squared error against the true function")
print(pd.Series(errors).round(3).to_string())

# %%
# With ``scoring="loss"``, early stopping uses the robust loss, too: R² of held-out rows would be
# that of the outliers. On the right, the error against the true function.

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
left.plot(x[~wrong], y[~wrong], ".", color="lightgray", markersize=4, label="rows")
left.plot(x[wrong], y[wrong], "x", color="gray", markersize=4, label="wrong rows")
left.plot(grid, true, color="black", linewidth=3, alpha=0.4, label="true function")
colors = ["tab:orange", "tab:cyan", "tab:blue"]
for (name, curve), color, style in zip(curves.items(), colors, ("-", "--", "-"), strict=True):
    left.plot(grid, curve, style, color=color, label=name)
    right.plot(grid, curve - true, style, color=color, label=f"{name}: {errors[name]:.2f}")
left.set(xlabel="x", ylabel="y", ylim=(-4, 12), title="One target in ten is wrong")
figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6)
right.axhline(0, color="black", linewidth=3, alpha=0.4)
right.set(xlabel="x", ylabel="prediction - true function", title="Errors of the curves")
right.legend(title="root mean squared error")
plt.show()
