"""
Importance of columns and of groups of columns
==============================================

Which columns does the model need? Permutation importance is the decrease of a score on test rows
if the values of a column are shuffled (Breiman 2001). Columns that say the same replace each other:
each of them seems unimportant. :class:`skdnn.ImportanceDisplay` shuffles groups of columns
together.

The table is generated: patients, and whether they return to the hospital within a month. Two
columns are measurements of the same thing, and some values are missing.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, ImportanceDisplay

rng = np.random.default_rng(0)
n_samples = 4_000
age = rng.normal(62, 14, n_samples).round()
kidney = rng.normal(size=n_samples)  # what the two laboratory values measure
admission = rng.choice(["planned", "emergency"], n_samples, p=[0.6, 0.4])
stays = rng.poisson(1.2, n_samples)
X = pd.DataFrame(
    {
        "age": age,
        "creatinine": 1.1 + 0.3 * kidney + rng.normal(scale=0.05, size=n_samples),
        "cystatin C": 0.9 + 0.2 * kidney + rng.normal(scale=0.03, size=n_samples),
        "admission": admission,
        "earlier stays": stays,
        "weekday": rng.choice(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], n_samples),
    }
)
risk = -1.8 + 1.4 * kidney + 0.5 * stays + 1.2 * (admission == "emergency") + (age - 62) / 20
y = np.where(rng.random(n_samples) < expit(1.5 * risk), "returned", "stayed at home")
for column in ("creatinine", "cystatin C", "admission"):
    X.loc[rng.random(n_samples) < 0.1, column] = np.nan

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = DNNClassifier(random_state=0).fit(X_train, y_train)
print(f"Accuracy on {len(X_test)} test rows: {model.score(X_test, y_test):.3f}")

# %%
# The bars are means of ten shuffles, which are the points. Each of the two laboratory values can be
# replaced by the other one. Shuffled together, they are the most important feature by far. The
# weekday is of no use.
groups = {"laboratory": ["creatinine", "cystatin C"]}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharex=True, layout="constrained")
for ax, feature_groups in zip(axes, (None, groups), strict=True):
    ImportanceDisplay.from_estimator(
        model,
        X_test,
        y_test,
        scoring="roc_auc",
        feature_groups=feature_groups,
        random_state=0,
        ax=ax,
    )
axes[0].set_title("Each column by itself")
axes[1].set_title("Laboratory values together")
for ax in axes:
    ax.set_xlabel("Decrease of the ROC AUC by shuffling")
plt.show()
