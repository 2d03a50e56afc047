"""
Save a model, and predict without skdnn
=======================================

A pickle holds all of a model, training state included. ``save`` writes what predictions need: text
and arrays, a fraction of the size, without code, and readable by all later versions.
:func:`skdnn.load` reads the file, and so does ``skdnn_light``, which needs NumPy alone.
"""

import json
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import skdnn
import skdnn_light

rng = np.random.default_rng(0)
X = pd.DataFrame({"age": rng.integers(18, 90, 2000), "city": rng.choice(["Rome", "Oslo"], 2000)})
y = np.where((X["age"] > 50) == (X["city"] == "Oslo"), "yes", "no")
model = skdnn.DNNClassifier(random_state=0).fit(X, y)
print(f"Trained by skdnn {skdnn.__version__}")

# %%
# Both files, their size, the seconds to load them, and the largest difference of the probabilities.
# What ``skdnn_light.load`` returns is a :class:`~skdnn_light.Model`: a
# :class:`~skdnn_light.Classifier`, :class:`~skdnn_light.Regressor` or
# :class:`~skdnn_light.QuantileRegressor`.

folder = tempfile.TemporaryDirectory()
pickled, saved = (Path(folder.name) / name for name in ("model.pickle", "model.skdnn"))
pickled.write_bytes(pickle.dumps(model))
model.save(saved)
ways = {
    "pickle": (pickled, lambda path: pickle.loads(path.read_bytes())),
    "save, skdnn.load": (saved, skdnn.load),
    "save, skdnn_light.load": (saved, skdnn_light.load),
}
rows = {}
for name, (path, load) in ways.items():
    start = time.perf_counter()
    loaded = load(path)
    seconds = time.perf_counter() - start
    difference = np.abs(loaded.predict_proba(X) - model.predict_proba(X)).max()
    rows[name] = {"kB": path.stat().st_size / 1000, "seconds": seconds, "difference": difference}
table = pd.DataFrame(rows).T
weights = model.dtype_.itemsize * model.n_parameters_ / 1000
print(table.to_string(float_format="{:.2g}".format))
print(f"The weights alone: {weights:.0f} kB")

# %%
# A new process, such as a function in the cloud, predicts a row with ``skdnn_light``. None of the
# large libraries is imported.

program = """
import json, sys, skdnn_light
model = skdnn_light.load(sys.argv[1])
probability = model.predict_proba([json.loads(sys.argv[2])])[0, 1]
heavy = sorted({"numba", "sklearn", "scipy", "pandas", "skdnn"} & set(sys.modules))
print(json.dumps([float(probability), heavy]))
"""
row = {"age": 64, "city": "Oslo"}
command = [sys.executable, "-c", program, str(saved), json.dumps(row)]
answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
probability, heavy = json.loads(answer)
print(f"There {probability:.6f}, here {model.predict_proba(pd.DataFrame([row]))[0, 1]:.6f}")
print("Large libraries that were imported there:", heavy or "none")

# %%
# A saved file is for predictions; training goes on from a pickle. A pickle of another minor version
# gives a warning, which a service should treat as an error. Here the version in the pickle is
# forged.

message = ""
try:
    skdnn.load(saved).set_params(warm_start=True).fit(X, y)
except ValueError as error:
    message = str(error)
print(message)

forged = pickled.read_bytes().replace(skdnn.__version__.encode(), b"0.0.0")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", skdnn.InconsistentVersionWarning)
    pickle.loads(forged)
print(f"{caught[0].category.__name__}: {caught[0].message}")

# %%

figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
sizes = {"weights alone": weights, "save": table["kB"].iloc[1], "pickle": table["kB"].iloc[0]}
bars = ax.barh(list(sizes), list(sizes.values()), color=["lightgray", "tab:blue", "tab:orange"])
ax.bar_label(bars, fmt="%.0f kB", padding=3)
ax.set(title="Size of the files", xlabel="kB", xlim=(0, 1.2 * max(sizes.values())))
plt.show()
folder.cleanup()
