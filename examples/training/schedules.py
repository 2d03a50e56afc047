"""
Learning-rate schedules
=======================

A schedule lowers the learning rate, so that training can begin fast and end precisely. The default
is :class:`~skdnn.CosLog`. The same network is trained with each schedule for the same number of
epochs.
"""

import warnings

import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

from skdnn import Cosine, CosLog, DNNRegressor, OneCycle

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen
X, y = make_friedman1(2500, n_features=8, noise=1.0, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1500, random_state=0)

# %%
# Schedules have settings: the warmup of a cosine, the rise of one cycle, the number of cycles. With
# the test rows as validation set, their error is recorded after every epoch. Here it is only looked
# at; ``early_stopping=False`` keeps the weights of the last epoch.

schedules = {
    "constant": "constant",
    "Cosine(warmup=0.1)": Cosine(warmup=0.1),
    "OneCycle(rise=0.3)": OneCycle(rise=0.3),
    "CosLog(n_cycles=4)": CosLog(n_cycles=4),
}
networks = {}
for name, schedule in schedules.items():
    networks[name] = DNNRegressor(
        learning_rate=schedule, learning_rate_init=0.02, batch_size=128, n_members=2,
        early_stopping=False, regularization_schedule="constant",
        scoring="neg_root_mean_squared_error", random_state=0,
    ).fit(X_train, y_train, X_val=X_test, y_val=y_test)  # fmt: skip
errors = {
    name: root_mean_squared_error(y_test, network.predict(X_test))
    for name, network in networks.items()
}
print("Root mean squared error after the last epoch (noise: 1)")
print(pd.Series(errors).round(3).to_string())

# %%
# With a constant rate the error goes up and down to the end, and the last epoch is a matter of
# luck. Where the rate falls to zero, the error settles. It does so at the end of each cycle of
# ``CosLog``, so that early stopping has several good epochs to choose from.

figure, axes = plt.subplots(
    2, 4, figsize=(13, 5.5), sharex=True, sharey="row", layout="constrained"
)
for (top, bottom), (name, network) in zip(axes.T, networks.items(), strict=True):
    history = pd.DataFrame(network.history_)
    top.plot(history["epoch"], history["learning_rate"], color="tab:orange")
    bottom.plot(history["epoch"], -history["validation_score"])
    bottom.axhline(errors[name], color="gray", linestyle=":", label=f"end: {errors[name]:.2f}")
    top.set_title(name)
    bottom.set(xlabel="epoch")
    bottom.legend(loc="upper right")
axes[0, 0].set_ylabel("learning rate")
axes[1, 0].set(ylabel="root mean squared error, test", ylim=(1, 2.2))
plt.show()
