"""
Prediction intervals
====================

An interval of 90 % should contain nine of ten new targets. ``predict_interval`` learns its width
from rows that were not trained on, which makes the coverage right on average. Quantiles make it
narrow where the noise is small (conformalized quantile regression).
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor, Quantile
from skdnn.metrics import interval_coverage, interval_width, quantile_reliability

# %%
# Noise that grows with x. The second column is not needed for the target.

rng = np.random.default_rng(0)


def make_rows(n):
    X = np.column_stack([rng.uniform(0, 10, n), rng.normal(size=n)])
    X = X[X[:, 0].argsort()]
    return X, 3 * np.sin(X[:, 0]) + (0.2 + 0.3 * X[:, 0]) * rng.normal(size=n)


X, y = make_rows(1500)
X_cal, y_cal = make_rows(500)
X_test, y_test = make_rows(5000)

# %%
# By default a fit holds out rows, different ones for different members, to choose the best epoch.
# Each of these rows is predicted by the members that were not trained on it: from the errors
# follows the width of the intervals, without any more data.

levels = [0.05, 0.25, 0.5, 0.75, 0.95]
models = {
    "prediction": DNNRegressor(random_state=0),
    "quantiles": DNNRegressor(loss=Quantile(levels), random_state=0),
}
rows, intervals = {}, {}
for name, model in models.items():
    model.fit(X, y)
    if name == "quantiles":
        raw = model.predict_quantiles(X_test)
        intervals["quantiles as they are"] = raw[:, [0, -1]]
    intervals[f"{name}, held-out rows"] = model.predict_interval(X_test, coverage=0.9)
    model.conformalize(X_cal, y_cal)
    intervals[f"{name}, conformalize"] = model.predict_interval(X_test, coverage=0.9)
for name, interval in intervals.items():
    rows[name] = {
        "coverage": interval_coverage(y_test, interval),
        "mean width": interval_width(interval),
        "coverage, x > 9": interval_coverage(y_test[X_test[:, 0] > 9], interval[X_test[:, 0] > 9]),
    }
table = pd.DataFrame(rows).T
print(table.round(3).to_string())

# %%
# ``conformalize`` uses rows of your own instead of those that the fit has held out; for these the
# coverage is guaranteed, whatever the model. All intervals around a prediction have the same width,
# too wide on the left and too narrow on the right. Those from quantiles follow the noise. Reliable
# quantiles have their level as the share of the targets below them: on the diagonal.

figure, axes = plt.subplots(1, 3, figsize=(13, 4.5), layout="constrained")
colors = dict(zip(models, ("tab:orange", "tab:blue"), strict=True))
for name, color in colors.items():
    interval = intervals[f"{name}, conformalize"]
    axes[0].plot(X_test[:, 0], interval, color=color, linewidth=0.7)
    axes[0].plot([], [], color=color, label=f"from {name}")
axes[0].plot(X[:, 0], y, ".", color="gray", markersize=2, zorder=0)
axes[0].set(xlabel="x", ylabel="y", title="Intervals of 90 %")
axes[0].legend(loc="upper left")

bins = X_test[:, 0].astype(int)
for marker, (name, color) in zip("so", colors.items(), strict=True):
    lower, upper = intervals[f"{name}, conformalize"].T
    share = pd.Series((lower <= y_test) & (y_test <= upper)).groupby(bins).mean()
    axes[1].plot(share.index + 0.5, 100 * share, marker=marker, color=color, label=f"from {name}")
axes[1].axhline(90, color="gray", linestyle=":")
axes[1].set(xlabel="x", ylabel="test rows inside / %", title="Coverage by x")
axes[1].legend(loc="lower left")

axes[2].plot([0, 1], [0, 1], color="gray", linestyle=":")
axes[2].plot(levels, quantile_reliability(y_test, raw), marker="o", color="tab:blue")
axes[2].set(xlabel="level", ylabel="share of test rows below", title="Reliability of quantiles")
plt.show()
