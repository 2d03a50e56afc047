"""
Speed: the same network in scikit-learn's MLP
=============================================

``preset("mlp")`` has the defaults of :class:`~sklearn.neural_network.MLPClassifier`: the same
network, the same initial weights, the same batches and the same number of steps. What differs is
the time between two steps. This page measures it on the machine that builds it.
"""

import time
import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import skdnn
from skdnn import DNNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # all fits have three epochs

# %%
# The first fit on a machine compiles; :func:`~skdnn.warmup` does that ahead. It returns the seconds
# of what it has compiled, and nothing if all is stored on disk already.

compiled = skdnn.warmup("float32")
print(f"Compiled: {len(compiled['float32'])} functions")

# %%
# In small networks the steps are short, and what Python does between them counts; in wide networks
# the time goes into products of matrices. Each time is the
# median of three fits, made in turns, on one thread.

X, y = make_classification(3000, 20, random_state=0)
X = X.astype(np.float32)
rows = []
for hidden in [(4,), (32,), (64, 64), (128, 128)]:
    params = dict(hidden_layer_sizes=hidden, batch_size=32, max_iter=3, random_state=0)
    seconds = {"skdnn": [], "scikit-learn": []}
    for _ in range(3):
        for name, model in {
            "skdnn": DNNClassifier.preset("mlp", n_jobs=1, **params),
            "scikit-learn": MLPClassifier(**params),
        }.items():
            start = time.perf_counter()
            with threadpool_limits(1):
                model.fit(X, y)
            seconds[name].append((time.perf_counter() - start) / 3)
    medians = {name: 1000 * np.median(each) for name, each in seconds.items()}
    rows.append({"hidden layers": " x ".join(map(str, hidden)), **medians})
table = pd.DataFrame(rows).set_index("hidden layers")
table["ratio"] = table["scikit-learn"] / table["skdnn"]
print("Milliseconds per epoch of 3,000 rows", table.round(2).to_string(), sep="\n")

# %%

figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
table[["skdnn", "scikit-learn"]].plot.bar(ax=ax, rot=0, logy=True)
for position, ratio in enumerate(table["ratio"]):
    height = table["scikit-learn"].iloc[position]
    ax.annotate(f"{ratio:.1f}x", (position + 0.12, height), ha="center", va="bottom")
ax.set(ylabel="milliseconds per epoch", title="3,000 rows, batches of 32, one thread")
ax.margins(y=0.15)
plt.show()
