"""
Callbacks: a curve that grows
=============================

A callback of scikit-learn 1.9 or later is told of the beginning and the end of every epoch, with an
estimator that can predict. It can draw, report, or end the training. This one keeps the prediction
of some epochs, draws them, and stops when a second has passed.
"""

import time

import numpy as np
from matplotlib import pyplot as plt

from skdnn import DNNRegressor

# %%
# A callback is an object with four methods. What ``on_fit_task_end`` returns says whether to stop.
# In a notebook ``display`` of the figure would show each epoch at once.


class Film:
    """Keeps predictions for ``X`` after each epoch; stops after ``seconds``."""

    def __init__(self, X, seconds):
        self.X, self.seconds = X, seconds

    def setup(self, estimator, context):
        self.start, self.frames = time.perf_counter(), []

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **kwargs):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator, **kwargs):
        if context.task_name == "epoch":
            self.frames.append(fitted_estimator.predict(self.X))
        return time.perf_counter() - self.start > self.seconds


# %%
# A curve with a sharp corner. The callback gets a copy of the network, so its predictions do not
# disturb the training.

rng = np.random.default_rng(0)
x = rng.uniform(-2, 2, 500)
y = np.abs(x) + 0.3 * np.sin(8 * x) + rng.normal(0, 0.1, x.size)
grid = np.linspace(-2, 2, 200)
film = Film(grid[:, None], seconds=1)
network = DNNRegressor(
    n_members=1, max_iter=20_000, learning_rate="constant", learning_rate_init=0.002, random_state=0
).set_callbacks(film)
network.fit(x[:, None], y)
print(f"{network.n_iter_} epochs in a second, of {network.max_iter}")

# %%
# The first epochs find the coarse shape, later ones the details.

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.plot(x, y, ".", color="lightgray", markersize=4)
n_epochs = len(film.frames)
epochs = [epoch for epoch in (1, 3, 6, 12, 25) if epoch < n_epochs] + [n_epochs]
colors = plt.get_cmap("viridis")(np.linspace(0.95, 0, len(epochs)))
for epoch, color in zip(epochs, colors, strict=True):
    ax.plot(grid, film.frames[epoch - 1], color=color, label=f"epoch {epoch}")
ax.set(xlabel="x", ylabel="y")
ax.legend(ncols=2)
plt.show()

# %%
# scikit-learn's own callbacks work, too, such as ``ProgressBar`` (which needs rich) and
# ``ScoringMonitor``, which records scores of each epoch.

from sklearn.callback import ScoringMonitor  # noqa: E402

monitor = ScoringMonitor(scoring=["r2", "neg_mean_absolute_error"])
DNNRegressor(n_members=1, max_iter=5, random_state=0).set_callbacks(monitor).fit(x[:, None], y)
logs = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
print(logs[["task_id", "r2", "neg_mean_absolute_error"]].round(3).to_string(index=False))
