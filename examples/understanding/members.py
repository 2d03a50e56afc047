"""
Members and their disagreement
==============================

The default is a mean of four networks with different inputs, initial weights and held-out rows.
Where there are training rows the members agree; where there are none, each continues as it likes.
Their standard deviation therefore warns of rows that are unlike the training rows. (It is not the
noise of the target: that is for quantiles.)
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import make_friedman1
from sklearn.metrics import root_mean_squared_error

from skdnn import DNNRegressor

# %%
# Rows from two intervals, with a gap between them.

rng = np.random.default_rng(0)


def true(x):
    return np.sin(2 * x) + 0.3 * x


x = np.concatenate([rng.uniform(-4, -1, 200), rng.uniform(1.5, 4, 200)])
y = true(x) + rng.normal(0, 0.15, x.size)
grid = np.linspace(-5, 5, 400)

# %%
# ``return_std=True`` returns the standard deviation of the members beside their mean.

ensemble = DNNRegressor(n_members=8, random_state=0).fit(x[:, None], y)
mean, std = ensemble.predict(grid[:, None], return_std=True)
known = ((grid > -4) & (grid < -1)) | ((grid > 1.5) & (grid < 4))
among, elsewhere = std[known].mean(), std[~known].mean()
print(f"Mean disagreement among the training rows {among:.3f}, elsewhere {elsewhere:.3f}")

# %%
# Friedman's function of five of ten numbers: more members are better, with decreasing returns. The
# first two members have bins, the next two waves, which suit this smooth function better; what the
# held-out rows say of it is in ``member_weights_``, the shares of the members in the mean.

X, target = make_friedman1(2500, noise=1.0, random_state=0)
sizes = [1, 2, 4, 8]
errors = {}
for size in sizes:
    runs = []
    for seed in range(3):
        run = DNNRegressor((64, 64), n_members=size, max_iter=30, random_state=seed)
        run.fit(X[:500], target[:500])
        runs.append(root_mean_squared_error(target[500:], run.predict(X[500:])))
    errors[size] = np.mean(runs)
print("Error by members, mean of three random states (noise: 1)")
print(pd.Series(errors).round(3).to_string())
print(f"Weights of the last {size} members: {run.member_weights_.round(2)}")

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 4.5), layout="constrained", width_ratios=[2, 1]
)
left.fill_between(grid, mean - 2 * std, mean + 2 * std, alpha=0.3, label="± 2 standard deviations")
left.plot(grid, mean, label="mean of 8 members")
left.plot(grid, true(grid), "--", color="black", linewidth=1, label="true function")
left.plot(x, y, ".", color="gray", markersize=3, label="training rows")
left.set(xlabel="x", ylabel="y", title="Disagreement")
left.legend(ncols=2)
right.plot(sizes, list(errors.values()), "o-")
right.set(
    xlabel="members", ylabel="root mean squared error", xscale="log", title="Friedman's function"
)
right.set_xticks(sizes, sizes)
right.minorticks_off()
plt.show()
