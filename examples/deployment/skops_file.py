"""
Safe files of whole pipelines with skops
========================================

Loading a pickle runs the code in it. A file of skops is loaded without running anything but types
that are trusted: its own list, and those that are named. :data:`skdnn.SKOPS_TRUSTED` names the
types of this package. A pipeline is kept as a whole, and its training can go on.
"""

import tempfile
from pathlib import Path

import numpy as np
import skops.io
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skdnn import SKOPS_TRUSTED, DNNRegressor

X_train, X_test, y_train, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
pipeline = make_pipeline(PCA(8), DNNRegressor(n_members=2, random_state=0)).fit(X_train, y_train)
print(f"R² on test rows: {pipeline.score(X_test, y_test):.3f}")

# %%
# What is in the file can be listed before it is loaded. Types that are neither skops' own nor named
# would raise an error.

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "pipeline.skops"
    skops.io.dump(pipeline, path)
    unknown = skops.io.get_untrusted_types(file=path)
    foreign = sorted(set(unknown) - set(SKOPS_TRUSTED))
    loaded = skops.io.load(path, trusted=SKOPS_TRUSTED)
print(f"{len(unknown)} types of the file are not on skops' own list, such as {unknown[0]}")
print(f"Not in SKOPS_TRUSTED: {foreign or 'none'}")

# %%
# The predictions are equal to the bit, and the training goes on.

before, after = pipeline.predict(X_test), loaded.predict(X_test)
print("Equal bits:", np.array_equal(before, after))
network = loaded[-1].set_params(warm_start=True, max_iter=5)
network.fit(loaded[:-1].transform(X_train), y_train)
print(f"{len(network.history_['epoch'])} epochs after five more")

figure, ax = plt.subplots(figsize=(5.5, 5), layout="constrained")
low, high = y_test.min(), y_test.max()
ax.plot([low, high], [low, high], color="gray", linewidth=1, label="perfect")
ax.plot(before, y_test, "o", markersize=7, alpha=0.4, label="before saving")
ax.plot(after, y_test, "k.", markersize=3, label="after loading")
ax.set(xlabel="predicted progression of diabetes", ylabel="true progression", title="Test rows")
ax.legend()
plt.show()
