"""
A table of claims: networks, trees and logistic regression, tuned
=================================================================

A table with numeric and categorical columns and missing values. The network needs no preprocessing,
like gradient boosting; for logistic regression, columns are imputed, scaled and one-hot encoded.
All models are tuned by :class:`~sklearn.model_selection.GridSearchCV`, the network over sizes and
dropout.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.special import expit
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import RocCurveDisplay, accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skdnn import DNNClassifier

# %%
# Drivers, their cars, and whether they make a claim within a year. The risk depends on
# interactions: young drivers of powerful cars, long distances in the city.

rng = np.random.default_rng(0)
n = 4000
effects = {"city": 0.6, "suburb": 0.1, "village": -0.3, "mountains": 0.2}
region = rng.choice(list(effects), n, p=[0.4, 0.3, 0.2, 0.1])
uses = {"private": -0.2, "commuting": 0.1, "business": 0.6}
use = rng.choice(list(uses), n, p=[0.5, 0.35, 0.15])
X = pd.DataFrame({"age": rng.uniform(18, 85, n).round(), "power": rng.gamma(9, 12, n).round()})
X["distance"] = (rng.lognormal(2.5, 0.5, n) * (1 + (use == "business"))).round(1)
X["car_age"] = rng.exponential(6, n).round()
X["years_without_claim"] = (rng.uniform(0, 1, n) * (X["age"] - 18)).round()
X["region"], X["use"] = pd.Categorical(region), pd.Categorical(use)
risk = (
    -1.2
    + pd.Series(region).map(effects)
    + pd.Series(use).map(uses)
    + 2.5 * expit((27 - X["age"]) / 3) * (X["power"] - 60) / 50
    + 1.5 * expit((X["age"] - 72) / 3)
    + 0.06 * (X["distance"] - 12) * np.where(region == "city", 1.5, 0.3)
    - 0.9 * np.tanh(X["years_without_claim"] / 8)
    + 0.5 * np.sin(X["car_age"] / 3) * (use != "private")
)
for column in ("distance", "car_age", "use"):
    X.loc[rng.uniform(size=n) < 0.08, column] = np.nan
y = (rng.uniform(size=n) < expit(1.5 * risk)).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The candidates, and their grids.

numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
preprocessor = make_column_transformer(
    (numbers, make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
)
candidates = {
    "logistic regression": (
        make_pipeline(preprocessor, LogisticRegression(max_iter=1000)),
        {"logisticregression__C": [0.01, 0.1, 1, 10]},
    ),
    "gradient boosting": (
        HistGradientBoostingClassifier(random_state=0),
        {"max_leaf_nodes": [7, 15, 31]},
    ),
    "DNNClassifier": (
        DNNClassifier(random_state=0),
        {"dropout": [0.1, 0.3]},
    ),
}
rows, probabilities = [], {}
for name, (model, grid) in candidates.items():
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=3).fit(X_train, y_train)
    probability = probabilities[name] = search.predict_proba(X_test)[:, 1]
    scores = [metric(y_test, probability) for metric in (roc_auc_score, log_loss)]
    rows.append([name, accuracy_score(y_test, probability > 0.5), *scores])
    print(f"{name}: {search.best_params_}")
table = pd.DataFrame(rows, columns=["model", "accuracy", "ROC AUC", "log-loss"])
print(table.round(3).to_string(index=False))

# %%
# The curves of network and trees lie close together, above that of logistic regression, which has
# no interactions of columns.

figure, ax = plt.subplots(figsize=(5.5, 5.7), layout="constrained")
for (name, probability), line in zip(probabilities.items(), (":", "--", "-"), strict=True):
    RocCurveDisplay.from_predictions(
        y_test, probability, name=name, ax=ax, curve_kwargs={"linestyle": line}
    )
ax.plot([0, 1], [0, 1], color="lightgray", label="chance")
ax.set(title="ROC curves on the test set", xlabel="false positive rate")
ax.set(ylabel="true positive rate")
ax.legend(loc="lower right")
plt.show()
