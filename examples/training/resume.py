"""
Stop and go on: warm_start, partial_fit, Ctrl-C
===============================================

A training can be interrupted and continued. ``warm_start`` goes on with the optimizer's averages
and the random streams where ``fit`` ended, also after the estimator was pickled; ``partial_fit`` is
one epoch on the rows that it is given; and Ctrl-C ends a fit with the best model so far.
"""

import pickle
import warnings

import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is chosen
X, y = make_classification(6000, 20, n_informative=8, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=2000, random_state=0)
params = dict(
    learning_rate="constant", learning_rate_init=0.005, regularization_schedule="constant",
    early_stopping=False, n_members=2, random_state=0,
)  # fmt: skip

# %%
# **warm_start.** Twelve epochs, the estimator through a file, and twelve more: the weights have the
# same bits as after 24 epochs in one go. ``max_iter`` is the number of epochs of a call of ``fit``;
# the schedules are constant, as others would begin anew with the second call.

at_once = DNNClassifier(max_iter=24, **params).fit(X_train, y_train)
model = DNNClassifier(max_iter=12, warm_start=True, **params).fit(X_train, y_train)
model = pickle.loads(pickle.dumps(model)).fit(X_train, y_train)
same = np.array_equal(at_once.predict_proba(X_test), model.predict_proba(X_test))
print(f"Equal bits after {len(at_once.loss_curve_)} and {len(model.loss_curve_)} epochs: {same}")

# %%
# **partial_fit.** Rows that arrive in pieces: each call is an epoch on a hundred rows that are then
# forgotten. All classes are named in the first call.

stream = DNNClassifier(**params)
losses = []
for start in range(0, len(X_train), 100):
    piece = slice(start, start + 100)
    stream.partial_fit(X_train[piece], y_train[piece], classes=[0, 1])
    losses.append(log_loss(y_test, stream.predict_proba(X_test)))
print(f"Log-loss after the stream: {losses[-1]:.3f}, after 24 epochs: {at_once.loss_:.3f}")

# %%
# **Ctrl-C** raises KeyboardInterrupt, and so does this scorer when it is called for the thirtieth
# time, once after each epoch. ``fit`` returns with a warning.

scores = []


def score(model, X, y):
    scores.append(model.score(X, y))
    if len(scores) == 30:
        raise KeyboardInterrupt
    return scores[-1]


patient = DNNClassifier(max_iter=100_000, scoring=score, **params).set_params(n_members=1)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    patient.fit(X_train, y_train, X_val=X_test, y_val=y_test)
print(f"After {patient.n_iter_} epochs: {caught[-1].message}")
print(f"Test accuracy: {patient.score(X_test, y_test):.3f}")

# %%
# The loss curve of the resumed network has no step where it was interrupted. A stream sees each row
# once: its loss still falls at the end.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
left.plot(range(1, 25), at_once.loss_curve_, color="lightgray", linewidth=6, label="24 epochs")
left.plot(range(1, 13), model.loss_curve_[:12], "o-", markersize=3, label="first 12")
left.plot(
    range(13, 25), model.loss_curve_[12:], "s-", markersize=3, label="12 more, after a pickle"
)
left.set(xlabel="epoch", ylabel="training log-loss", title="warm_start", ylim=0)
left.legend()
right.plot(range(100, len(X_train) + 1, 100), losses, "o-", markersize=3)
right.set(xlabel="rows of the stream", ylabel="test log-loss", title="partial_fit", ylim=0)
plt.show()
