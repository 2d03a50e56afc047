"""
Quantile bands
==============

With the loss :class:`~skdnn.Quantile` a network predicts quantiles of the target, several at once
and without crossing. Where the noise differs from row to row, the band between a low and a high
quantile is wide where it must be.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.metrics import d2_pinball_score

from skdnn import DNNRegressor, Quantile
from skdnn.metrics import (
    coverage_scorer,
    crps,
    crps_normal,
    crps_scorer,
    log_likelihood_normal,
    log_likelihood_scorer,
    pinball_loss,
    pinball_scorer,
    quantile_reliability,
    width_scorer,
)

# %%
# Noise that grows with x, and is skewed to the right.

rng = np.random.default_rng(0)


def make_rows(n):
    x = np.sort(rng.uniform(0, 10, n))
    return x, 3 * np.sin(x) + (0.3 + 0.25 * x) * (rng.gamma(2, 1, n) - 2)


x, y = make_rows(3000)
x_test, y_test = make_rows(5000)

# %%
# One network for five levels. ``predict`` would return the median alone.

levels = [0.05, 0.25, 0.5, 0.75, 0.95]
network = DNNRegressor(loss=Quantile(levels), random_state=0).fit(x[:, None], y)
quantiles = network.predict_quantiles(x_test[:, None])
crossing = (np.diff(quantiles, axis=1) < 0).sum()
print(f"Shape {quantiles.shape}, crossing quantiles: {crossing}")

# %%
# Each quantile should have its level as the share of test rows below it. The score is the part of
# the pinball loss that the network removes, compared with a constant quantile.

scores = [
    d2_pinball_score(y_test, predicted, alpha=level)
    for level, predicted in zip(levels, quantiles.T, strict=True)
]
below = quantile_reliability(y_test, quantiles)
table = pd.DataFrame({"level": levels, "rows below": below, "D²": scores})
print(table.round(3).to_string(index=False))
print(f"Mean pinball loss: {pinball_loss(y_test, quantiles, levels):.3f}")
print(f"CRPS: {crps(y_test, quantiles, levels):.3f}")

# %%
# As scorers they compare models in scikit-learn's searches and cross-validation; greater is better.

scorers = {
    "pinball loss": pinball_scorer,
    "CRPS": crps_scorer,
    "coverage": coverage_scorer,
    "width": width_scorer,
}
scored = {name: scorer(network, x_test[:, None], y_test) for name, scorer in scorers.items()}
print(pd.Series(scored).round(3).to_string())

# %%
# The loss "normal" predicts mean and standard deviation instead. This noise is skewed and not
# normal: the score is worse than that of the quantiles, better than that of a constant deviation.

normal = DNNRegressor(loss="normal", random_state=0).fit(x[:, None], y)
mean, std = normal.predict(x_test[:, None], return_std=True)
equal = np.full_like(mean, np.std(y - normal.predict(x[:, None])))
for name, deviation in (("predicted", std), ("constant", equal)):
    likelihood = log_likelihood_normal(y_test, mean, deviation)
    score = crps_normal(y_test, mean, deviation)
    print(f"Standard deviation {name}: CRPS {score:.3f}, log-likelihood {likelihood:.3f}")
print(f"As a scorer: {log_likelihood_scorer(normal, x_test[:, None], y_test):.3f}")

# %%
# The bands follow both the width and the skewness of the noise. On the right, the share of the test
# rows within the band of 90 %, by x: it stays closer to 90 % than that of a band of constant width
# around the median, which is too wide on the left and too narrow on the right.

inside = (quantiles[:, 0] <= y_test) & (y_test <= quantiles[:, -1])
constant = np.quantile(np.abs(network.predict(x[:, None]) - y), 0.9)
inside_constant = np.abs(quantiles[:, 2] - y_test) <= constant
edges = np.linspace(0, 10, 11)
bins = np.digitize(x_test, edges[1:-1])
centers = (edges[1:] + edges[:-1]) / 2

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 4.5), layout="constrained", width_ratios=[1.6, 1]
)
left.plot(x, y, ".", color="gray", markersize=2, label="training rows")
left.fill_between(x_test, *quantiles[:, [0, 4]].T, alpha=0.25, label="5 % to 95 %")
left.fill_between(
    x_test, *quantiles[:, [1, 3]].T, alpha=0.5, color="tab:blue", label="25 % to 75 %"
)
left.plot(x_test, quantiles[:, 2], color="black", label="median")
left.set(xlabel="x", ylabel="y", title="Quantiles of y")
left.legend(loc="upper left", ncols=2)
for name, rows, marker in (("quantiles", inside, "o"), ("constant width", inside_constant, "s")):
    share = pd.Series(rows).groupby(bins).mean()
    right.plot(centers, 100 * share, marker=marker, label=f"{name}: {rows.mean():.1%} of all rows")
right.axhline(90, color="gray", linestyle=":")
right.set(xlabel="x", ylabel="test rows within the band / %", title="Coverage")
right.legend(loc="lower left")
plt.show()
