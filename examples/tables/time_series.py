"""
Time series: lags, and validation by time
=========================================

Tomorrow's demand for electricity is predicted from the demand of the days before. Lagged values are
columns of a table like any other. What needs care is validation: rows that are held out at random
have neighbours in time among the training rows; the last rows in time are an honest test.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import TimeSeriesSplit

from skdnn import DNNRegressor

# %%
# Five years of daily demand: seasons, weekdays, holidays, weather, and slow changes.

rng = np.random.default_rng(0)
days = pd.date_range("2020-01-01", "2024-12-31")
t = np.arange(len(days))
cold = 10 * np.cos(2 * np.pi * (t - 20) / 365.25)
for _ in range(2):
    cold += pd.Series(rng.normal(0, 3, t.size)).ewm(alpha=0.3).mean().to_numpy()
demand = pd.Series(
    500
    + 6 * np.maximum(cold, 0)
    + 3 * np.maximum(-cold - 6, 0) ** 1.5
    - 70 * (days.day_of_week == 5)
    - 110 * (days.day_of_week == 6)
    + np.cumsum(rng.normal(0, 1.5, t.size))
    + rng.normal(0, 8, t.size),
    index=days,
    name="demand",
)

# %%
# Columns: demand of earlier days, means of the week before, the forecast of the weather, and the
# weekday as a category. The first month has no lags and is dropped.

X = pd.DataFrame({f"{lag} days ago": demand.shift(lag) for lag in (1, 2, 7, 14)})
X["week before"] = demand.shift(1).rolling(7).mean()
X["month before"] = demand.shift(1).rolling(28).mean()
X["cold"] = cold + rng.normal(0, 1, t.size)
X["weekday"] = days.day_name()
X, y = X.iloc[28:], demand.iloc[28:]
train, test = X.index < "2024", X.index >= "2024"

# %%
# Demand drifts over the years, and a network does not predict beyond the range of its training
# targets. So the target is the difference from the mean of the week before, which is added again
# afterwards.

level = X["week before"]
change = y - level

# %%
# Two ways to choose the epochs by later rows: a splitter for ``validation_fraction``, of which each
# member takes another split, or a validation set of one's own, here the last half year of training.
# The reference is the value of a week ago.

by_splits = DNNRegressor(validation_fraction=TimeSeriesSplit(5), random_state=0)
by_splits.fit(X[train], change[train])
early, late = X.index < "2023-07", train & (X.index >= "2023-07")
own_rows = DNNRegressor(random_state=0)
own_rows.fit(X[early], change[early], X_val=X[late], y_val=change[late])
forecasts = {
    "value of a week ago": X.loc[test, "7 days ago"],
    "network, TimeSeriesSplit": level[test] + by_splits.predict(X[test]),
    "network, own validation set": level[test] + own_rows.predict(X[test]),
}
errors = {name: mean_absolute_error(y[test], each) for name, each in forecasts.items()}
print("Mean absolute error of 2024 / MWh:", pd.Series(errors).round(1).to_string(), sep="\n")

# %%
# Demand and forecasts of six weeks; below, the error of each month. The noise alone has a mean
# absolute error of 6 MWh.

plt.rcParams["date.converter"] = "concise"
figure, (top, bottom) = plt.subplots(2, 1, figsize=(10, 6.5), layout="constrained")
weeks = (X.index[test] >= "2024-02-01") & (X.index[test] < "2024-03-14")
colors = ["tab:gray", "tab:blue", "tab:orange"]
top.plot(y[test][weeks], "o", color="black", markersize=4, label="demand")
for (name, forecast), color in zip(forecasts.items(), colors, strict=True):
    top.plot(X.index[test][weeks], np.asarray(forecast)[weeks], color=color, label=name)
    monthly = (y[test] - np.asarray(forecast)).abs().groupby(X.index[test].month).mean()
    bottom.plot(monthly, "o-", color=color)
top.set(ylabel="demand / MWh", title="Forecasts for the next day")
bottom.set(xlabel="month of 2024", ylabel="mean absolute error / MWh", xticks=range(1, 13), ylim=0)
figure.legend(*top.get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()
