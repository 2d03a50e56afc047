"""
Random search, successive halving, and pruning by partial_fit
=============================================================

:func:`~skdnn.search_space` returns distributions around the defaults. A random search trains all
candidates to the end. Successive halving trains them for some epochs, drops the worse half, and so
on: scikit-learn's implementation begins anew each time, with a shorter schedule; with
``partial_fit`` the training goes on.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    HalvingRandomSearchCV,
    ParameterSampler,
    RandomizedSearchCV,
    train_test_split,
)

from skdnn import DNNClassifier, search_space

X, y = make_classification(
    5000, 16, n_informative=8, n_clusters_per_class=4, flip_y=0.05, random_state=0
)
X, X_test, y, y_test = train_test_split(X, y, train_size=800, random_state=0)
model = DNNClassifier(n_members=1, max_iter=24, scoring="loss", random_state=0)
space = search_space(model)
space["hidden_layer_sizes"] = [(32, 32), (64, 64), (128, 128)]  # the rest is as it comes
for name, distribution in space.items():
    print(name, getattr(distribution, "args", distribution))

# %%
# scikit-learn's searches. The resource of the halving is ``max_iter``: 16 candidates for 3 epochs,
# 8 for 6, 4 for 12, and 2 for 24.

common = dict(scoring="neg_log_loss", cv=2, refit=False, random_state=0)
random = RandomizedSearchCV(model, space, n_iter=16, **common).fit(X, y)
halving = HalvingRandomSearchCV(
    model, space, n_candidates=16, factor=2, resource="max_iter", min_resources=3, max_resources=24,
    **common,
).fit(X, y)  # fmt: skip
best = {
    "defaults": {},
    "random search": random.best_params_,
    "halving, scikit-learn": {name: halving.best_params_[name] for name in space},
}
epochs = {
    "defaults": 0,
    "random search": 2 * 16 * 24,
    "halving, scikit-learn": 2 * halving.cv_results_["n_resources"].sum(),
}

# %%
# By ``partial_fit``, a call of which is one epoch of the schedule over ``max_iter``. Candidates are
# dropped at the end of the cycles of "coslog4", where the learning rate is nearly zero.

X_part, X_val, y_part, y_val = train_test_split(X, y, stratify=y, random_state=0)
parameters = list(ParameterSampler(space, 16, random_state=0))
models = [clone(model).set_params(**each) for each in parameters]
losses, alive = [[] for _ in models], list(range(16))
for epoch in range(1, 25):
    for i in alive:
        models[i].partial_fit(X_part, y_part, classes=[0, 1])
        losses[i].append(log_loss(y_val, models[i].predict_proba(X_val)))
    if epoch in (2, 5, 11, 24):
        alive = sorted(alive, key=lambda i: min(losses[i]))[: len(alive) // 2]
best["halving, partial_fit"] = parameters[alive[0]]
epochs["halving, partial_fit"] = sum(map(len, losses))

# %%
# The best parameters of each search, on test rows. With 16 candidates and 800 rows the differences
# are within what chance does: look at the epochs that each search needed.

rows = {}
for name, params in best.items():
    final = clone(model).set_params(n_members=4, **params).fit(X, y)
    loss = log_loss(y_test, final.predict_proba(X_test))
    rows[name] = {"epochs": epochs[name], "test log-loss": loss}
table = pd.DataFrame(rows).T
print(table.round(3).to_string())

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
found = random.cv_results_
points = left.scatter(
    np.array(found["param_learning_rate_init"], dtype=float), -found["mean_test_score"],
    c=np.array(found["param_dropout"], dtype=float), s=60,
)  # fmt: skip
figure.colorbar(points, ax=left, label="dropout")
left.set(title="Random search", xlabel="learning_rate_init", xscale="log")
left.set_ylabel("log-loss, cross-validated")
left.set_xticks([0.002, 0.005, 0.01, 0.02, 0.05], ["0.002", "0.005", "0.01", "0.02", "0.05"])
left.minorticks_off()
for curve in losses:
    color, end = ("tab:blue", "o") if len(curve) == 24 else ("gray", "x")
    right.plot(np.arange(1, len(curve) + 1), curve, color=color, alpha=0.8)
    right.plot(len(curve), curve[-1], end, color=color)
right.set(
    title="Halving by partial_fit (x: dropped)", xlabel="epoch", ylabel="log-loss, validation"
)
plt.show()
