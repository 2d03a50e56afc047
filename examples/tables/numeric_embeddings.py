"""
Numeric embeddings: bins and waves
==================================

A network learns smooth functions of a number first; steps and fast oscillations come late, or
never. An encoding of the number makes them easy: quantile bins (:class:`~skdnn.PiecewiseLinear`)
for steps, learned waves (:class:`~skdnn.Periodic`) for oscillations. The same network learns both
functions with each encoding.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skdnn import DNNRegressor, Periodic, PiecewiseLinear

# %%
# Two functions of one number, with noise.

functions = {
    "steps": lambda x: np.array([0, 2, -1, 1, 3, 0, 2, -1.0])[(x * 8).astype(int)],
    "oscillation": lambda x: 1.5 * np.sin(2 * np.pi * 12 * x) + 2 * x,
}
encodings = {
    "the number itself": None,
    "PiecewiseLinear(48)": PiecewiseLinear(n_bins=48),
    "Periodic(sigma=2)": Periodic(sigma=2.0),
}

# %%
# One member each, so that the curves are those of one encoding. The number of epochs is the same.

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, 1000)
grid = np.linspace(0, 1, 1000, endpoint=False)
curves, rows = {}, []
for function, f in functions.items():
    y = f(x) + rng.normal(0, 0.3, x.size)
    for encoding, embedding in encodings.items():
        network = DNNRegressor(numeric_embedding=embedding, n_members=1, dropout=0, random_state=0)
        curve = network.fit(x[:, None], y).predict(grid[:, None])
        curves[function, encoding] = curve
        error = np.sqrt(np.mean((curve - f(grid)) ** 2))
        rows.append({"function": function, "encoding": encoding, "error": error})
errors = pd.DataFrame(rows).pivot(index="encoding", columns="function", values="error")
print("Root mean squared error against the true function (noise: 0.3)")
print(errors.loc[list(encodings)].round(2).to_string())

# %%
# Black is the true function. The number itself gives a smooth curve through the middle of what it
# should follow. Bins and waves follow both functions: bins stay level between the steps, waves have
# rounder curves. The default, "mixed", has members of both kinds.

figure, axes = plt.subplots(2, 3, figsize=(12, 6), sharex=True, sharey="row", layout="constrained")
for row, (function, f) in zip(axes, functions.items(), strict=True):
    for ax, encoding in zip(row, encodings, strict=True):
        ax.plot(grid, f(grid), color="black", linewidth=1, label="true function")
        ax.plot(grid, curves[function, encoding], color="tab:orange", label="network")
        ax.set_title(f"{encoding}: error {errors.loc[encoding, function]:.2f}")
    row[0].set_ylabel(function)
figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
for ax in axes[1]:
    ax.set_xlabel("x")
plt.show()
