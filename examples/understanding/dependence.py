"""
Dependence on numbers, categories and missing values
====================================================

How does the prediction change with the value of a column? :class:`skdnn.DependenceDisplay` draws
partial dependence, individual (ICE) curves and accumulated local effects (ALE), for columns that
have missing values, too.

The table is generated: rides of a bicycle hire, per hour. They depend on the temperature (up to a
point), on the hour of the day, on the weather, and on the humidity, which is strongly correlated
with the temperature and has little effect of its own. Some sensors did not report.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skdnn import DependenceDisplay, DNNRegressor

rng = np.random.default_rng(0)
n_samples = 4_000
hour = rng.integers(0, 24, n_samples)
temperature = rng.normal(14, 8, n_samples) + 4 * np.sin((hour - 9) * np.pi / 12)
humidity = np.clip(85 - 1.8 * temperature + rng.normal(scale=6, size=n_samples), 15, 100)
weather = rng.choice(["clear", "clouds", "rain", "snow"], n_samples, p=[0.45, 0.35, 0.17, 0.03])
rush = np.exp(-((hour - 8) ** 2) / 3) + np.exp(-((hour - 17.5) ** 2) / 6)
comfort = 1 / (1 + np.exp(-(temperature - 10) / 4)) - 0.6 / (1 + np.exp(-(temperature - 30) / 2))
factor = pd.Series(weather).map({"clear": 1, "clouds": 0.9, "rain": 0.4, "snow": 0.25}).to_numpy()
y = 300 * (0.2 + rush) * (0.15 + comfort) * factor * (1 - 0.001 * humidity)
y = np.maximum(0, y + rng.normal(scale=12, size=n_samples))
X = pd.DataFrame(
    {
        "temperature": temperature.round(1),
        "humidity": humidity.round(),
        "hour": hour,
        "weather": pd.Categorical(weather),
    }
)
# The thermometer fails in the cold; the weather is not recorded now and then.
X.loc[rng.random(n_samples) < np.where(temperature < 5, 0.3, 0.03), "temperature"] = np.nan
X.loc[rng.random(n_samples) < 0.06, "weather"] = None

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = DNNRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on {len(X_test)} test rows: {model.score(X_test, y_test):.3f}")

# %%
# Partial dependence and individual curves
# ----------------------------------------
#
# The blue curve is the mean of the predictions if every row had this temperature, and its band the
# standard deviation over the members of the network: it is wide where there are few data, whose
# distribution is below. The thin curves are single rows. Missing values are a point of their
# own.
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, column in zip(axes, ("temperature", "weather"), strict=True):
    DependenceDisplay.from_estimator(model, X_test[:400], column, kind="both", ax=ax)
axes[0].set(xlabel="Temperature (°C)", ylabel="Predicted rides per hour")
axes[1].set(xlabel="Weather", ylabel="")
plt.show()

# %%
# Correlated columns
# ------------------
#
# Partial dependence on the humidity predicts hot days with the humidity of cold ones, which do
# not occur. Accumulated local effects compare only neighboring values, in the rows that have
# them; their mean is 0.
figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
partial = DependenceDisplay.from_estimator(model, X_test, "humidity", ax=axes[0])
local = DependenceDisplay.from_estimator(
    model, X_test, "humidity", kind="ale", grid_resolution=20, ax=axes[1]
)
axes[0].set(title="Partial dependence", ylabel="Predicted rides per hour")
axes[1].set(title="Accumulated local effects", ylabel="Change of the predicted rides per hour")
for ax in axes:
    ax.set_xlabel("Humidity (%)")
plt.show()

# %%
# Two columns
# -----------
#
# The heat map shows the interaction of hour and temperature: rides are many in the rush hours of
# warm days. The points are rows of the data: combinations without points are extrapolated.
figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
display = DependenceDisplay.from_estimator(model, X_test[:400], ("hour", "temperature"), ax=ax)
ax.set(xlabel="Hour of the day", ylabel="Temperature (°C)")
display.colorbar_.set_label("Predicted rides per hour")
plt.show()
