"""
Missing values and unknown categories
=====================================

Rents of flats, with missing numbers, missing categories, and a district that training has not seen.
A network takes the table as it is. A linear model gets the usual preprocessing.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skdnn import DNNRegressor

# %%
# The year of construction is missing more often for old houses: that it is missing says something.

rng = np.random.default_rng(0)
n = 3000
price = {"center": 17.0, "harbor": 14.0, "north": 11.0, "south": 12.5, "west": 10.0}
X = pd.DataFrame(
    {
        "area": rng.gamma(9, 8, n).round(),
        "year": rng.integers(1880, 2024, n).astype(float),
        "floor": rng.integers(0, 7, n).astype(float),
        "lift": rng.choice([True, False], n),
        "district": rng.choice(list(price), n),
    }
)
per_area = X["district"].map(price) + 3 * (X["year"] > 2000) + 2 * (X["year"] < 1920)
per_area -= 0.4 * X["floor"] * ~X["lift"]
y = per_area * X["area"] ** 0.9 + rng.normal(0, 30, n)
X.loc[rng.uniform(size=n) < np.where(X["year"] < 1920, 0.7, 0.1), "year"] = np.nan
X.loc[rng.uniform(size=n) < 0.1, "area"] = np.nan
X.loc[rng.uniform(size=n) < 0.1, "district"] = None
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(X.head().to_string(index=False))

# %%
# Missing numbers are imputed by the median, with an indicator; a missing category is a category.

numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
preprocessor = make_column_transformer(
    (numbers, make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
linear = make_pipeline(preprocessor, Ridge()).fit(X_train, y_train)
network = DNNRegressor(n_members=2, random_state=0).fit(X_train, y_train)

complete = X_test.notna().all(axis=1)
errors = pd.DataFrame(
    {
        name: [
            mean_absolute_error(y_test[rows], model.predict(X_test[rows]))
            for rows in (complete, ~complete)
        ]
        for name, model in {"network": network, "linear model": linear}.items()
    },
    index=["complete rows", "incomplete rows"],
)
print("Mean absolute error in €:", errors.round(1).to_string(), sep="\n")

# %%
# The same flat with other values. A district that was not in the training data is no error: its
# inputs are zeros. A missing year predicts nearly the rent of an old house, which it often is.

flat = {"area": 70.0, "year": 1970.0, "floor": 2.0, "lift": True, "district": "south"}
districts = [*price, None, "suburb"]
years = [1900.0, 1970.0, 2010.0, np.nan]
by_district = network.predict(pd.DataFrame([{**flat, "district": each} for each in districts]))
by_year = network.predict(pd.DataFrame([{**flat, "year": each} for each in years]))

figure, (left, middle, right) = plt.subplots(
    1, 3, figsize=(12, 3.8), layout="constrained", width_ratios=[1, 1.5, 1]
)
errors.plot.bar(ax=left, rot=0, ylabel="mean absolute error / €", title="Test rows")
names = [*price, "missing", "unknown"]
middle.bar(names, by_district, color=["tab:blue"] * len(price) + ["tab:orange"] * 2)
middle.tick_params("x", rotation=30)
middle.set(title="70 m² of 1970, by district", ylabel="predicted rent / €")
right.bar(["1900", "1970", "2010", "missing"], by_year, color=["tab:blue"] * 3 + ["tab:orange"])
right.set(title="70 m² in the south, by year", ylabel="predicted rent / €")
plt.show()
