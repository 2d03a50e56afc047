"""
Early stopping
==============

After some epochs a network begins to learn the noise of its training rows. Early stopping watches
rows that are held out, keeps the weights of the best epoch, and ends training when the score has
not improved for ``n_iter_no_change`` epochs.
"""

import warnings

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, LossCurveDisplay

warnings.simplefilter("ignore", ConvergenceWarning)  # one network is trained to the end

# %%
# A tenth of the labels is wrong: there is much noise to learn.

X, y = make_classification(3000, 20, n_informative=8, flip_y=0.2, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1000, random_state=0)

# %%
# One member without dropout and with a constant learning rate, which overfits. Held out is a tenth
# of the training rows. The score is the validation loss.

common = dict(
    n_members=1, dropout=0, weight_decay=0, learning_rate="constant", learning_rate_init=0.002,
    calibration=None, max_iter=100, scoring="loss", random_state=0,
)  # fmt: skip
networks = {
    "to the end": DNNClassifier(early_stopping=False, n_iter_no_change=np.inf, **common),
    "early stopping": DNNClassifier(early_stopping=True, n_iter_no_change=15, **common),
    "all defaults": DNNClassifier(random_state=0),
}
rows = {}
for name, network in networks.items():
    network.fit(X_train, y_train)
    loss = log_loss(y_test, network.predict_proba(X_test))
    rows[name] = [network.n_iter_, loss, network.score(X_test, y_test)]
table = pd.DataFrame(rows, index=["epochs", "test log-loss", "test accuracy"]).T
print(table.round(3).to_string())

# %%
# On the left, training and validation loss part; the dotted line is the epoch whose weights are
# kept. On the right, the losses of the test rows: the network that was trained to the end is sure
# of what is wrong. The defaults have early stopping for each of four members, dropout and more.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.3), layout="constrained", width_ratios=[1.4, 1]
)
LossCurveDisplay.from_estimator(networks["early stopping"], ax=left, show_score=False)
left.set_title("Early stopping")
bars = right.bar(table.index, table["test log-loss"], color=["tab:orange", "tab:blue", "tab:blue"])
right.bar_label(bars, fmt="%.2f")
right.axhline(np.log(2), color="gray", linestyle=":", label="always one half")
right.set(ylabel="log-loss", title="Test rows")
right.legend(loc="upper right")
plt.show()
