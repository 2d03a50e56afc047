"""
Embeddings of categories
========================

A column with more than 32 categories gets a learned embedding: each category is a point, and
categories of similar effect come close to each other. Here the categories are 60 weather stations,
known to the network by their names alone, and the target is the temperature. The embedding turns
out to be a map.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.spatial import procrustes

from skdnn import DNNRegressor, EmbeddingDisplay

# %%
# It is colder in the north, and the seasons differ more in the east. The network does not get the
# positions.

rng = np.random.default_rng(0)
names = np.array([f"{i:02}" for i in range(60)])
east, north = rng.uniform(-500, 500, (2, 60))
station, month = rng.integers(0, 60, 6000), rng.uniform(0, 12, 6000)
season = np.cos((month - 7) / 12 * 2 * np.pi)
temperature = 10 - north[station] / 60 + (8 + east[station] / 120) * season
y = temperature + rng.normal(0, 3, 6000)
X = pd.DataFrame({"station": names[station], "month": month})

# %%
# Weight decay removes what does not help: with ten times the default, two of the eight dimensions
# of the embedding have most of its variance.

network = DNNRegressor(n_members=1, weight_decay=1.0, random_state=0).fit(X, y)
embedding = network.column_embedding("station")
print(embedding.iloc[:3, :4].round(2).to_string())

figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 5), layout="constrained")
size = 10 + (east + 500) / 8
points = left.scatter(east, north, c=north, s=size)
for name, position in zip(names, zip(east, north, strict=True), strict=True):
    left.annotate(name, position, xytext=(4, 3), textcoords="offset points", fontsize=8)
left.set(title="Where the stations are", xlabel="east / km (size)", ylabel="north / km")
display = EmbeddingDisplay.from_estimator(
    network, "station", values=names, ax=right, scatter_kw={"c": north, "s": size}
)
right.set_title("What the network has learned of them")
figure.colorbar(points, ax=[left, right], label="north / km")
plt.show()

# %%
# Colours and sizes are ordered along two directions of the right figure: it is the map, turned and
# stretched. The disparity of Procrustes is the part of the variance that remains after shifting,
# turning and scaling one set of points to fit the other; it would be nearly 1 for random points.

disparity = procrustes(np.column_stack([east, north]), display.components_)[2]
print(f"Variance in two components: {display.shares_[:2].sum():.0%}")
print(f"Disparity of map and embedding: {disparity:.2f}")
