"""
Rows that belong together: groups
=================================

Several rows of one patient are alike. If one of them is held out for early stopping while the
others are trained on, the network recognizes the patient, and the validation score is far too good.
With ``groups`` a patient is held out as a whole, or not at all.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, KFold, cross_validate

from skdnn import DNNClassifier

# %%
# Two hundred patients with five visits each. Most of a measurement is peculiar to the patient;
# little of it has to do with the disease.

rng = np.random.default_rng(0)
patient = np.repeat(np.arange(200), 5)
sick = rng.integers(0, 2, 200)
own = rng.normal(size=(200, 12)) + 0.4 * sick[:, None]
X = own[patient] + rng.normal(0, 0.3, (1000, 12))
y = sick[patient]

# %%
# The same network, with and without ``groups``, and its accuracy for the patients of the test set.

rows = []
for seed in range(4):
    split = GroupShuffleSplit(1, test_size=0.4, random_state=seed)
    train, test = next(split.split(X, y, patient))
    for name, groups in {"rows": None, "patients": patient[train]}.items():
        network = DNNClassifier(n_members=1, validation_fraction=0.2, random_state=0)
        network.fit(X[train], y[train], groups=groups)
        score = network.score(X[test], y[test])
        rows.append([name, network.best_validation_score_, score])
columns = ["held out", "held-out rows", "new patients"]
table = pd.DataFrame(rows, columns=columns)
mean = table.groupby("held out").mean().loc[["rows", "patients"]]
print("Accuracy, mean of four splits:", mean.round(3).to_string(), sep="\n")

# %%
# The same holds for cross-validation. Splitters get the groups from ``params``; here they are not
# passed on to ``fit``.

network = DNNClassifier(n_members=1, random_state=0)
by_rows = cross_validate(network, X, y, cv=KFold(4, shuffle=True, random_state=0))["test_score"]
by_patients = [
    network.fit(X[train], y[train], groups=patient[train]).score(X[test], y[test])
    for train, test in GroupKFold(4).split(X, y, patient)
]
print(f"Cross-validation by rows {by_rows.mean():.2f}, by patients {np.mean(by_patients):.2f}")

# %%
# Held-out rows of known patients promise what new patients do not keep. The score of held-out
# patients is closer; it is still a little too good, since it is that of the best epoch.

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
mean.plot.bar(ax=ax, rot=0, color=["tab:orange", "tab:blue"])
for bars in ax.containers:
    ax.bar_label(bars, fmt="%.2f")
ax.set(ylabel="accuracy", ylim=(0.4, 1.12), xlabel="what is held out for early stopping")
ax.legend(title="accuracy for", loc="upper right", ncols=2)
plt.show()
