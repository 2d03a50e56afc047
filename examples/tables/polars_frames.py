"""
Data frames of polars
=====================

Frames of polars, pandas and pyarrow are used as they are, lazy ones too. Columns of text, bool and
the categorical types are categories, and null is a missing value. Predictions have the same bits
whatever the library.
"""

import numpy as np
import polars as pl
from matplotlib import pyplot as plt
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor

# %%
# Journeys by taxi: the fare depends on distance, time of the day, and the kind of the car.

rng = np.random.default_rng(0)
n = 3000
kinds = ["small", "large", "luxury"]
journeys = pl.DataFrame(
    {
        "distance": rng.lognormal(1.5, 0.7, n),
        "hour": rng.integers(0, 24, n),
        "kind": pl.Series(rng.choice(kinds, n, p=[0.6, 0.3, 0.1])).cast(pl.Enum(kinds)),
        "airport": rng.uniform(size=n) < 0.15,
    }
).with_columns(
    fare=(4 + 2.1 * pl.col("distance") + 15 * pl.col("airport"))
    * pl.when(pl.col("hour") < 6).then(1.25).otherwise(1)
    * pl.col("kind").replace_strict({"small": 1.0, "large": 1.3, "luxury": 2.0})
    + pl.Series(rng.normal(0, 2, n)),
    kind=pl.when(pl.Series(rng.uniform(size=n) > 0.05)).then("kind"),
)
print(journeys.head(3))

# %%
# scikit-learn splits polars frames. The lazy frame is computed when the network is fitted.

train, test = train_test_split(journeys, random_state=0)
X_test, y_test = test.drop("fare"), test["fare"]
network = DNNRegressor(n_members=2, random_state=0)
network.fit(train.lazy().drop("fare"), train["fare"])
predicted = network.predict(X_test)
same = np.array_equal(predicted, network.predict(X_test.to_pandas()))
print(f"R² on test rows: {network.score(X_test, y_test):.3f}")
print(f"Same predictions for the pandas frame: {same}")
print(dict(zip(network.feature_names_in_, network.is_categorical_.tolist(), strict=True)))

# %%
# Predictions go back into the frame for what polars is good at: here, errors by group. A null is a
# car of unknown kind; its fares cannot be known as well.

errors = (
    test.with_columns(error=(pl.col("fare") - predicted).abs())
    .group_by(pl.col("kind").cast(pl.String).fill_null("missing"))
    .agg(pl.col("error").mean(), journeys=pl.len())
    .sort("error")
)
print(errors)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.plot([0, 150], [0, 150], color="gray", linewidth=1)
left.scatter(predicted, y_test, s=8, alpha=0.6)
left.set(title="Test rows", xlabel="predicted fare / €", ylabel="fare / €", aspect="equal")
left.set(xlim=(0, 150), ylim=(0, 150))
right.bar(errors["kind"].to_list(), errors["error"].to_list())
right.set(title="By kind of car", ylabel="mean absolute error / €")
plt.show()
