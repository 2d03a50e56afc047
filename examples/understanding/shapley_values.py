"""
Shapley values of a table
=========================

How much does each column contribute to a prediction? Shapley values split the difference between
the prediction of a row and the mean prediction among the columns. Text, categories and missing
values need no encoding: :func:`skdnn.shapley_values` exchanges whole columns between rows.

The table is generated: the yearly cost of heating a home, in euros. The cost depends on the floor
area, on the insulation (not known for every home), on the fuel, and on the temperature that people
like. The number of the house has no effect.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor, ShapleyDisplay, shapley_values

rng = np.random.default_rng(0)
n_samples = 3_000
fuel = rng.choice(["gas", "oil", "heat pump"], n_samples, p=[0.5, 0.2, 0.3])
X = pd.DataFrame(
    {
        "area": rng.gamma(9, 12, n_samples).round(),
        "built": rng.integers(1900, 2024, n_samples),
        "insulation": rng.uniform(0, 20, n_samples).round(),
        "fuel": fuel,
        "temperature": rng.normal(21, 1.2, n_samples).round(1),
        "house number": rng.integers(1, 200, n_samples),
    }
)
price = pd.Series(fuel).map({"gas": 1.0, "oil": 1.3, "heat pump": 0.6}).to_numpy()
loss = 1 + 1.5 * np.exp(-X["insulation"] / 6) + (X["built"] < 1978)
y = 3.5 * X["area"] * price * loss * (1 + 0.07 * (X["temperature"] - 21))
y = (y + rng.normal(scale=60, size=n_samples)).rename("cost")
# The insulation of old homes is often unknown.
X.loc[rng.random(n_samples) < np.where(X["built"] < 1978, 0.4, 0.05), "insulation"] = np.nan

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = DNNRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on {len(X_test)} test rows: {model.score(X_test, y_test):.3f}")

# %%
# One home
# --------
#
# The result is a :class:`skdnn.ShapleyValues`. The waterfall starts at the mean prediction of the
# background rows, and ends at the prediction of this home. With six columns all :math:`2^6` sets of
# known columns are evaluated, so that the values are exact.
shapley = shapley_values(model, X_test[:300], background=X_train[:100])
oldest = int(X_test["built"][:300].argmin())
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ShapleyDisplay.from_values(shapley, kind="waterfall", row=oldest, ax=ax)
ax.set_title("Why the oldest home costs what it costs")
ax.set_xlabel("Predicted cost of heating (€ per year)")
plt.show()

# %%
# All homes
# ---------
#
# Each point is a home; its color is the value of the column. A large area increases the cost, and
# so does an early year of construction. Homes of unknown insulation are drawn as circles.
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ShapleyDisplay.from_values(shapley, ax=ax)
ax.set_title("Contributions of 300 homes")
ax.set_xlabel("Change of the predicted cost (€ per year)")
plt.show()

# %%
# The mean absolute values are an importance of the columns. Columns that belong together can be one
# feature: here those that describe the building.
groups = {"building": ["area", "built", "insulation"]}
grouped = shapley_values(model, X_test[:300], background=X_train[:100], feature_groups=groups)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
for ax, values in zip(axes, (shapley, grouped), strict=True):
    ShapleyDisplay.from_values(values, kind="bar", ax=ax)
    ax.set_xlabel("Mean absolute change (€ per year)")
axes[0].set_title("Columns")
axes[1].set_title("Columns of the building as one")
plt.show()

# %%
# Errors of many columns
# ----------------------
#
# With more than six columns, or with a small ``n_permutations``, random orders of the columns are
# drawn, and the values have standard errors. Compared with the exact values, about 95 % of the
# differences are below two standard errors.
sampled = shapley_values(
    model, X_test[:300], background=X_train[:100], n_permutations=2, random_state=0
)
z = (sampled.values - shapley.values) / sampled.standard_errors
print(f"Median standard error: {np.median(sampled.standard_errors):.2f} €")
print(f"Differences below two standard errors: {np.mean(abs(z) < 2):.1%}")
