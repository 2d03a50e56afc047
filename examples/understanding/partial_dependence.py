"""
scikit-learn's importance and partial dependence
================================================

The tools of :mod:`sklearn.inspection` work with tables as they are. Permutation importance is how
much worse the predictions become when the values of a column are shuffled; partial dependence is
the mean prediction when a column has a given value in all rows. :class:`~skdnn.EmbeddingDisplay`
shows what the first layer of a member gets to see of a column.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor, EmbeddingDisplay

# %%
# The yield of a field: most at 18 °C, more with rain up to a limit, better on loam; the last two
# columns have no effect. Some values are missing.

rng = np.random.default_rng(0)
n = 3000
X = pd.DataFrame(
    {
        "temperature": rng.normal(16, 5, n),
        "rain": rng.gamma(4, 150, n),
        "soil": pd.Categorical(rng.choice(["clay", "loam", "sand"], n)),
        "altitude": rng.uniform(0, 800, n),
        "farm": rng.choice(["north", "east", "south", "west"], n),
    }
)
y = (
    6
    + 3 * np.exp(-(((X["temperature"] - 18) / 5) ** 2))
    + 2 * np.minimum(X["rain"], 700) / 700
    + X["soil"].map({"clay": -0.3, "loam": 0.8, "sand": -0.8}).astype(float)
    + rng.normal(0, 0.5, n)
)
X.loc[rng.uniform(size=n) < 0.1, "rain"] = np.nan
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = DNNRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on test rows: {network.score(X_test, y_test):.3f}")

# %%
# The decrease of R², the mean of five shuffles of each column of the test rows.

found = permutation_importance(network, X_test, y_test, random_state=0)
table = pd.DataFrame(
    {"importance": found.importances_mean, "std": found.importances_std}, index=X.columns
).sort_values("importance")
print(table[::-1].round(3).to_string())

# %%
# Above: columns without an effect have no importance; the curves are those of the yield. (Rows with
# missing rain are left out of the curve.) Below: the embedding of a number by a member of bins is
# curves over its values, steep where the network tells values apart. The embedding of categories is
# points, near to each other if they are alike.

figure, axes = plt.subplots(2, 3, figsize=(13, 7.5), layout="constrained")
axes[0, 0].barh(table.index, table["importance"], xerr=table["std"])
axes[0, 0].set(xlabel="decrease of R²", title="Permutation importance")
for ax, column, unit in zip(axes[0, 1:], ("temperature", "rain"), ("°C", "mm"), strict=True):
    PartialDependenceDisplay.from_estimator(
        network, X_test.dropna()[:300], [column], grid_resolution=40, ax=ax
    )
    plt.gca().set(xlabel=f"{column} / {unit}", ylabel="yield / t per ha")
    plt.gca().set_title(f"Partial dependence on {column}")
for ax, column in zip(axes[1], ("temperature", "rain", "soil"), strict=True):
    EmbeddingDisplay.from_estimator(network, column, ax=ax)
    ax.set_title(f"Embedding of {column}")
plt.show()
