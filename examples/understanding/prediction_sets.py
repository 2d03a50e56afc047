"""
Prediction sets
===============

A classifier that must not be wrong more often than in one of twenty rows can say "3 or 5" where it
is not sure. ``predict_set`` returns the most probable classes of each row, as many as are needed
for the right one to be among them with a given probability.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier
from skdnn.metrics import set_coverage, set_size

# %%
# Digits with noise, so that they are hard to tell apart. A third of the rows is for
# ``conformalize``.

X, y = load_digits(return_X_y=True)
X = X + np.random.default_rng(0).normal(scale=4, size=X.shape)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=600, random_state=0)
X_cal, X_test, y_cal, y_test = train_test_split(X_rest, y_rest, train_size=0.5, random_state=0)
model = DNNClassifier(random_state=0).fit(X_train, y_train).conformalize(X_cal, y_cal)
print(f"Accuracy: {model.score(X_test, y_test):.3f}")

# %%
# The share of rows whose set has the right class is the one that was asked for, at every coverage
# above the accuracy; below it, the most probable class alone is right often enough.

coverages = np.array([0.8, 0.85, 0.9, 0.95, 0.98, 0.99])
table = pd.DataFrame(
    {
        "coverage": coverages,
        "rows with the right class": [
            set_coverage(y_test, model.predict_set(X_test, c), model.classes_) for c in coverages
        ],
        "mean size": [set_size(model.predict_set(X_test, c)) for c in coverages],
    }
)
print(table.round(3).to_string(index=False))

# %%
# Sets are larger where the model is less certain. On the right, digits with the largest sets.

sets = model.predict_set(X_test, coverage=0.95)
sizes = sets.sum(axis=1)
figure = plt.figure(figsize=(12, 4.5), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 1.3])
ax = left.subplots()
is_right = sets[np.arange(len(y_test)), y_test]
for inside, color, label in ((True, "tab:blue", "yes"), (False, "tab:orange", "no")):
    counts = np.bincount(sizes[is_right == inside], minlength=sizes.max() + 1)
    bottom = 0 if inside else np.bincount(sizes[is_right], minlength=sizes.max() + 1)
    ax.bar(np.arange(counts.size), counts, bottom=bottom, color=color, label=label)
ax.set(xlabel="classes in the set", ylabel="test rows", title="Sets of 95 %")
ax.set(xticks=np.arange(1, sizes.max() + 1), xlim=(0.5, sizes.max() + 0.5))
ax.legend(title="right class in the set")
for ax, row in zip(right.subplots(2, 4).flat, sizes.argsort(kind="stable")[::-1], strict=False):
    ax.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    members = ", ".join(str(label) for label in model.classes_[sets[row]])
    ax.set_title(f"{{{members}}}\nis {y_test[row]}", fontsize=9)
    ax.set(xticks=[], yticks=[])
plt.show()
