r"""
5. Classification
=================

How does a network learn to tell classes apart, and how good is it? This chapter explains the
log-loss and the softmax, measures a classifier, and ends with two well-known networks for
handwritten digits.
"""

# %%
# The log-loss
# ------------
# A classifier predicts a probability for each class. Let :math:`p` be the one that it gave to the
# class that turned out to be true. The *log-loss*, also called *cross-entropy*, is
#
# .. math:: L = -\frac{1}{n} \sum_{i=1}^n \log p_i .
#
# It is 0 for a prediction that is certain and right, and grows without limit for one that is
# certain and wrong. The squared error :math:`(1 - p)^2`, also called Brier score, is at most 1,
# and it is flat where the network is badly wrong: a sigmoid neuron then learns slowly, since the
# slope of the loss is what it learns from.
import os
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier

# The networks of this guide are trained for a fixed number of epochs.
warnings.simplefilter("ignore", ConvergenceWarning)

z = np.linspace(-8, 8, 200)
p = 1 / (1 + np.exp(-z))
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
left.plot(p, -np.log(p), lw=2, label=r"log-loss $-\log p$")
left.plot(p, (1 - p) ** 2, "--", lw=2, label="squared error $(1-p)^2$")
left.set(xlabel="predicted probability $p$ of the true class", ylabel="loss", ylim=(0, 5))
left.legend()
right.plot(z, 1 - p, lw=2, label="log-loss")
right.plot(z, 2 * (1 - p) ** 2 * p, "--", lw=2, label="squared error")
right.set(xlabel="$z$, where $p = \\sigma(z)$", ylabel="slope: how fast the neuron learns")
right.legend()
plt.show()

# %%
# Measures of a classifier
# ------------------------
# 143 tumors, malignant or benign, are the test rows. The network returns probabilities; to decide
# we need a *threshold*. Here "positive" is malignant.
#
# * *Accuracy*: the share of right decisions.
# * *Recall*: the share of the malignant tumors that are found.
# * *Precision*: the share of malignant ones among those that were called so.
# * *ROC AUC*: the probability that a malignant tumor has a higher predicted probability than a
#   benign one. It needs no threshold.
# * *Log-loss*: the quality of the probabilities themselves.
X, y = load_breast_cancer(return_X_y=True)
malignant = y == 0
X_train, X_test, y_train, y_test = train_test_split(
    X, malignant, stratify=malignant, random_state=0
)
tumors = DNNClassifier(random_state=0).fit(X_train, y_train)
probability = tumors.predict_proba(X_test)[:, 1]
print(f"ROC AUC {roc_auc_score(y_test, probability):.3f}, ", end="")
print(f"log-loss {log_loss(y_test, probability):.3f}")

thresholds = np.linspace(0.01, 0.99, 99)
measures = {"accuracy": accuracy_score, "recall": recall_score, "precision": precision_score}
curves = {
    name: [measure(y_test, probability > threshold) for threshold in thresholds]
    for name, measure in measures.items()
}
fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
for (name, curve), style in zip(curves.items(), ["-", "--", ":"], strict=True):
    ax.plot(thresholds, curve, style, label=name, lw=2)
ax.axvline(0.5, color="0.6", lw=1)
ax.set(xlabel="threshold", ylabel="score", title="A low threshold misses fewer tumors")
ax.legend()
plt.show()

# %%
# ``predict`` uses the threshold 0.5. If a missed tumor is worse than a false alarm, take a lower
# one; scikit-learn's ``TunedThresholdClassifierCV`` finds it.
#
# Softmax
# -------
# For more than two classes the last layer has one unit for each. The *softmax* makes
# probabilities of their outputs :math:`z_1, \ldots, z_K`: all are positive, and their sum is 1.
#
# .. math:: p_k = \frac{e^{z_k}}{e^{z_1} + \ldots + e^{z_K}} .
z = np.array([2.0, 1.0, -1.0])
softmax = np.exp(z) / np.exp(z).sum()
print("softmax of", z, "is", softmax.round(3))

# %%
# Two networks for digits
# -----------------------
# The data are scikit-learn's small images of 8 x 8 pixels or, if the environment variable
# ``SKDNN_MNIST`` names a file with ``X_train``, ``y_train``, ``X_test`` and ``y_test``, MNIST
# with 28 x 28.
mnist = os.environ.get("SKDNN_MNIST")
if mnist:
    with np.load(mnist) as data:
        X_train, X_test = (data[name].astype(np.float32) / 255 for name in ("X_train", "X_test"))
        y_train, y_test = data["y_train"], data["y_test"]
else:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The first is the network of Nielsen's book: 100 hidden sigmoid units and 10 sigmoid units at the
# end, one for each digit, which is predicted by the largest output. It is trained with the
# squared error and plain SGD with a learning rate of 3.0, on batches of 10 rows.
#
# To have a sigmoid for each digit, the target is a table of 0 and 1 with ten columns:
# scikit-learn calls that *multilabel*. ``loss="brier"`` is the squared error, the sum over the
# ten outputs. Nielsen takes half of it: our learning rate is 1.5 for his 3.0. As in the book,
# 50,000 rows of MNIST are used.
rows = slice(50_000)
one_hot = (y_train[:, None] == np.arange(10)).astype(int)
nielsen = DNNClassifier.preset(
    "mlp",
    hidden_layer_sizes=(100,),
    activation="logistic",
    loss="brier",
    solver="sgd",
    momentum=0,
    learning_rate_init=1.5,
    alpha=0,
    batch_size=10,
    max_iter=30,
    n_iter_no_change=np.inf,
    random_state=0,
).fit(X_train[rows], one_hot[rows])
nielsen_accuracy = accuracy_score(y_test, nielsen.predict_proba(X_test).argmax(axis=1))

# %%
# The second is the first example of Chollet's book, written with Keras: 512 relu units, a
# softmax, the log-loss, RMSprop (a relative of Adam without momentum) and five epochs. The third
# is ours. It adds what the last two chapters have shown: dropout, and a learning rate that falls
# at the end (``"one_cycle"`` raises it first).
#
# Such results vary with the random start by some tenths of a percent. Each of the two is trained
# five times, and the mean is reported. The published results are for MNIST.


def fit_five(**parameters):
    """Five networks with different random states."""
    network = DNNClassifier.preset(
        "mlp",
        hidden_layer_sizes=(512,),
        solver="rmsprop",
        alpha=0,
        batch_size=128,
        max_iter=5 if mnist else 50,  # MNIST has 45 times as many images
        n_iter_no_change=np.inf,
        **parameters,
    )
    return [clone(network).set_params(random_state=k).fit(X_train, y_train) for k in range(5)]


keras = fit_five(beta_2=0.9, epsilon=1e-7)
ours = fit_five(beta_2=0.99, dropout=0.1, learning_rate="one_cycle", learning_rate_init=0.004)


def mean_accuracy(networks):
    return np.mean([network.score(X_test, y_test) for network in networks])


n_pixels = X_train.shape[1]
table = pd.DataFrame(
    [
        (f"{n_pixels}-100-10, SGD, squared error", 0.9659, nielsen_accuracy),
        (f"{n_pixels}-512-10, RMSprop", 0.9785, mean_accuracy(keras)),
        (f"{n_pixels}-512-10, RMSprop, dropout, one cycle", np.nan, mean_accuracy(ours)),
    ],
    columns=["network", "published", "skdnn"],
)
table.insert(1, "measure", "accuracy")
print(table.round(4).to_string(index=False, na_rep="-"))

# %%
# On MNIST all reach what the books report: see the table below. Nielsen's
# network even reaches more. The book draws the initial weights from a normal distribution of
# standard deviation 1. With these, the network ends at 96.5 % here, too, or far lower if an output
# unit gets stuck on the flat part of the squared error. Smaller initial weights, which skdnn uses
# for a layer with many inputs, prevent it.
#
# The *confusion matrix* shows which digits are taken for which. A right prediction is on the
# diagonal.
network = ours[0]
predicted = network.predict(X_test)
fig, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, predicted, cmap="Blues", ax=ax)
ax.set(title=f"{(predicted != y_test).sum()} of {len(y_test)} wrong", xlabel="predicted digit")
ax.set_ylabel("true digit")
plt.show()

# %%
# These are the twelve test images with the highest log-loss, with two of their
# probabilities. Many are hard to read.
probabilities = network.predict_proba(X_test)
of_truth = probabilities[np.arange(len(y_test)), y_test]
side = int(np.sqrt(n_pixels))
fig, axes = plt.subplots(2, 6, figsize=(10, 4.2), layout="constrained")
for ax, i in zip(axes.flat, np.argsort(of_truth), strict=False):
    ax.imshow(X_test[i].reshape(side, side), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    truth = f"true {y_test[i]}: {of_truth[i]:.0%}"
    answer = f"predicted {predicted[i]}: {probabilities[i].max():.0%}"
    ax.set_title(f"{truth}\n{answer}", fontsize=10)
plt.show()

# %%
# .. _results-on-mnist:
#
# Results on MNIST
# ----------------
# These are the results of this guide on the 10,000 test images of MNIST, and for XOR on generated
# points, beside published ones: those of Nielsen's book for 784-100-10, of Chollet's for
# 784-512-10, and of introductory notebooks for the others.
#
# .. csv-table::
#    :header-rows: 1
#
#    network,measure,published,skdnn
#    "one neuron, digit 1",accuracy,0.9861,0.9943
#    "one neuron, digit 1",recall,0.9075,0.9797
#    "one neuron, digit 3",accuracy,0.9600,0.9789
#    "one neuron, digit 3",recall,0.6525,0.8574
#    "XOR, no hidden layer",accuracy,,0.5019
#    "XOR, 2-6-4-1",accuracy,0.9800,0.9871
#    "784-100-10, SGD, squared error",accuracy,0.9659,0.9788
#    "784-512-10, RMSprop",accuracy,0.9785,0.9786
#    "784-512-10, RMSprop, dropout, one cycle",accuracy,,0.9853
#
# The table is printed by ``python benchmarks/mnist.py --mnist PATH``, with the ``npz`` file that
# ``SKDNN_MNIST`` names in the chapters.
#
# Try
# ---
# * Train Nielsen's network with ``loss="log_loss"`` and the learning rate 0.5. After how many
#   epochs is it as good as with the squared error?
# * Train it with learning rates of 0.0005 and 50: the book tries their doubles, too. What does
#   ``loss_curve_`` look like?
# * Print ``log_loss(y_test, network.predict_proba(X_test))`` for ``keras`` and ``ours``. Which
#   has the better probabilities?
# * Compare with ``DNNClassifier()`` as it is, and with ``DNNClassifier(n_members=1)``.
