"""
Several labels at once
======================

A target matrix of zeros and ones is multilabel: each column is a label that a row has or has not.
One network learns all of them and shares what it has seen. Here the rows are images of digits, and
the labels are properties of the digit.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier

# %%
# Three properties; a digit can have all of them, or none.

X, digit = load_digits(return_X_y=True)
labels = ["even", "prime", "closed loop"]
Y = np.column_stack(
    [digit % 2 == 0, np.isin(digit, [2, 3, 5, 7]), np.isin(digit, [0, 6, 8, 9])]
).astype(int)
X_train, X_test, Y_train, Y_test, _, digit_test = train_test_split(X, Y, digit, random_state=0)

# %%
# ``predict`` returns a matrix like Y, ``predict_proba`` the probability of each label. They do not
# sum to 1. ``score`` is the share of rows of which all labels are right.

network = DNNClassifier(random_state=0).fit(X_train, Y_train)
predicted, probability = network.predict(X_test), network.predict_proba(X_test)
table = pd.DataFrame(
    {
        "label": labels,
        "share of rows": Y_test.mean(axis=0),
        "accuracy": (predicted == Y_test).mean(axis=0),
        "F1": f1_score(Y_test, predicted, average=None),
    }
)
print(table.round(3).to_string(index=False))
print(f"All labels right: {network.score(X_test, Y_test):.3f}")

# %%
# One image of each digit, and below it the probabilities. The crosses are the true labels.

figure, axes = plt.subplots(
    2, 10, figsize=(12, 4), layout="constrained", height_ratios=[1, 1.2], sharey="row"
)
for value, (image, bars) in enumerate(axes.T):
    row = np.flatnonzero(digit_test == value)[0]
    image.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    image.set(xticks=[], yticks=[])
    bars.bar(labels, probability[row])
    bars.plot(labels, Y_test[row], "x", color="tab:orange")
    bars.tick_params("x", rotation=90)
axes[1, 0].set(ylabel="probability", ylim=(-0.05, 1.05))
plt.show()
