"""
Several targets: complete an image
==================================

A regressor with a target matrix predicts all columns with one network. Here the upper half of an
image of a digit predicts the 32 pixels of its lower half.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

from skdnn import DNNRegressor

# %%
# Pixels that are nearly always white are left out of the error, but not of the images.

X, digit = load_digits(return_X_y=True)
upper, lower = X[:, :32], X[:, 32:]
upper_train, upper_test, lower_train, lower_test = train_test_split(upper, lower, random_state=0)
models = {
    "network": DNNRegressor(random_state=0, max_iter=100),
    "linear model": Ridge(),
}
inked = lower_train.std(axis=0) > 1
predictions, errors = {}, {}
for name, model in models.items():
    predictions[name] = model.fit(upper_train, lower_train).predict(upper_test).clip(0, 16)
    errors[name] = np.sqrt(np.mean((predictions[name] - lower_test)[:, inked] ** 2))
print("Root mean squared error of a pixel of 0 to 16, test images")
print(pd.Series(errors).round(2).to_string())

# %%
# The upper halves are given. A mean of plausible halves is blurred; that of the linear model is
# more so, and has shadows of other digits.

shown = range(12)
figure, axes = plt.subplots(3, len(shown), figsize=(12, 3.6), layout="constrained")
for row, (name, halves) in zip(axes, {"true": lower_test, **predictions}.items(), strict=True):
    for ax, i in zip(row, shown, strict=True):
        ax.imshow(np.concatenate([upper_test[i], halves[i]]).reshape(8, 8), cmap="gray_r", vmax=16)
        ax.axhline(3.5, color="tab:orange", linewidth=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()
