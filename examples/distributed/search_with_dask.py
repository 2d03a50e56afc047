"""
Searches on a Dask cluster
==========================

A search makes many fits, each of which fits one machine: the plain estimators, in scikit-learn's
searches, with the backend "dask" of joblib. The data are sent to each worker once (``scatter``),
not with each fit; and with ``n_jobs=1`` a fit has one thread, so that there are as many threads as
there are cores.
"""

from collections import Counter

import joblib
import pandas as pd
from distributed import Client
from matplotlib import pyplot as plt
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV

from skdnn import DNNClassifier, search_space

client = Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
X, y = make_classification(600, 8, n_informative=5, flip_y=0.05, random_state=0)
model = DNNClassifier((32,), n_members=1, max_iter=12, n_jobs=1, scoring="loss", random_state=0)

# %%
# A grid: 24 fits.

common = dict(scoring="neg_log_loss", cv=3)
grid = {"learning_rate_init": [0.001, 0.003, 0.01, 0.03], "dropout": [0.0, 0.1]}
with joblib.parallel_config("dask", scatter=[X, y]):
    search = GridSearchCV(model, grid, refit=False, **common).fit(X, y)
print(search.best_params_, search.best_score_)

# %%
# Successive halving: many candidates for a few epochs, the best of them for more.

space = search_space(model)
space["hidden_layer_sizes"] = [(16,), (32,), (64,)]
with joblib.parallel_config("dask", scatter=[X, y]):
    halving = HalvingRandomSearchCV(
        model, space, n_candidates=8, factor=2, resource="max_iter", min_resources=3,
        max_resources=12, refit=False, random_state=0, **common,
    ).fit(X, y)  # fmt: skip
rounds = pd.DataFrame(halving.cv_results_).groupby("iter")["mean_test_score"]
print(Counter(halving.cv_results_["n_resources"].tolist()), halving.best_score_)

client.close()

# %%
fig, ax = plt.subplots()
for name, scores in rounds:
    ax.plot([name] * len(scores), scores, "o", color="C0")
ax.axhline(search.best_score_, color="C1", label="best of the grid")
ax.set(xlabel="round of the halving", ylabel="negative log-loss", xticks=range(len(rounds)))
ax.legend()
plt.show()
