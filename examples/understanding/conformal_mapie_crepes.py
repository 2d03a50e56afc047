"""
Conformal prediction with MAPIE and crepes
==========================================

The estimators follow scikit-learn's interface, so that packages for conformal prediction take them
as they are. MAPIE has cross-conformal methods, the jackknife and time series; crepes has difficulty
estimates, groups with a coverage of their own, and predictive distributions. Both wrap a fitted
model.
"""

import numpy as np
import pandas as pd
from crepes import WrapRegressor
from crepes.extras import DifficultyEstimator
from mapie.regression import SplitConformalRegressor
from matplotlib import pyplot as plt
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor, Quantile
from skdnn.metrics import interval_coverage, interval_width

# %%
# A table with noise that grows with the last column, split into rows to fit, rows to learn the
# widths from, and rows to test.

X, y = make_friedman1(5000, n_features=6, random_state=0)
y = y + (0.5 + 4 * X[:, 5]) * np.random.default_rng(0).normal(size=len(y))
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=2000, random_state=0)
X_cal, X_test, y_cal, y_test = train_test_split(X_rest, y_rest, train_size=1000, random_state=0)

model = DNNRegressor(random_state=0).fit(X_train, y_train)
quantiles = DNNRegressor(loss=Quantile([0.05, 0.5, 0.95]), random_state=0).fit(X_train, y_train)

# %%
# Split conformal prediction is the same method in all three packages, and gives the same intervals.

intervals = {
    "skdnn": model.conformalize(X_cal, y_cal).predict_interval(X_test, coverage=0.9),
    "skdnn, quantiles": quantiles.conformalize(X_cal, y_cal).predict_interval(X_test, coverage=0.9),
}
mapie = SplitConformalRegressor(model, confidence_level=0.9, prefit=True)
intervals["MAPIE"] = mapie.conformalize(X_cal, y_cal).predict_interval(X_test)[1][:, :, 0]
crepes = WrapRegressor(model)
crepes.calibrate(X_cal, y_cal)
intervals["crepes"] = crepes.predict_int(X_test, confidence=0.9)

# %%
# crepes can divide the errors by an estimate of how difficult a row is: here the mean error of its
# 25 nearest neighbours among the training rows.

residuals = y_train - model.predict(X_train)
difficulty = DifficultyEstimator().fit(X_train, residuals=residuals, scaler=True)
crepes.calibrate(X_cal, y_cal, de=difficulty)
intervals["crepes, difficulty"] = crepes.predict_int(X_test, confidence=0.9)

noisy = X_test[:, 5] > 0.8
table = pd.DataFrame(
    {
        name: {
            "coverage": interval_coverage(y_test, interval),
            "mean width": interval_width(interval),
            "coverage, noisiest fifth": interval_coverage(y_test[noisy], interval[noisy]),
        }
        for name, interval in intervals.items()
    }
).T
print(table.round(3).to_string())

# %%
# All have the coverage that was asked for, on average. Where the noise is large, only intervals
# that adapt have it.

figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharex=True)
bins = (10 * X_test[:, 5]).astype(int)
for marker, name in zip("osD", ("skdnn", "skdnn, quantiles", "crepes, difficulty"), strict=True):
    lower, upper = intervals[name].T
    groups = pd.DataFrame(
        {"inside": (lower <= y_test) & (y_test <= upper), "width": upper - lower}
    ).groupby(bins)
    means = groups.mean()
    axes[0].plot(means.index / 10 + 0.05, 100 * means["inside"], marker=marker, label=name)
    axes[1].plot(means.index / 10 + 0.05, means["width"], marker=marker)
axes[0].axhline(90, color="gray", linestyle=":")
axes[0].set(xlabel="last column", ylabel="test rows inside / %", title="Coverage")
axes[1].set(xlabel="last column", ylabel="mean width", title="Width", ylim=(0, None))
axes[0].legend(loc="lower left")
plt.show()
