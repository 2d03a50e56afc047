"""
Text: TF-IDF and sparse rows
============================

Texts become sparse rows of word weights by TF-IDF, and the network takes sparse rows without making
them dense. The texts are real, and on every machine: the first paragraphs of the docstrings of
NumPy, SciPy, pandas and scikit-learn. The network tells from which library a text is.
"""

import inspect
from importlib import import_module

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skdnn import DNNClassifier

# %%
# Public functions and classes of the libraries' subpackages. Names of libraries are removed from
# the texts.

libraries = {
    "numpy": ["", ".fft", ".linalg", ".ma", ".polynomial", ".random"],
    "pandas": ["", ".api.types", ".tseries.offsets"],
    "scipy": [".signal", ".stats", ".optimize", ".special", ".ndimage", ".sparse", ".spatial"],
    "sklearn": [".cluster", ".ensemble", ".linear_model", ".metrics", ".preprocessing", ".svm"],
}
texts = {}
for library, modules in libraries.items():
    for module in (import_module(library + name) for name in modules):
        for name in sorted(set(dir(module))):
            member = getattr(module, name)
            if callable(member) and not name.startswith("_") and member.__doc__:
                paragraphs = inspect.getdoc(member).split("\n\n")
                text = " ".join(paragraphs[:4]).lower()
                for word in (*libraries, "scikit-learn", "numpy", "np.", "pd."):
                    text = text.replace(word, " ")
                texts.setdefault(text, library)
X, y = np.array(list(texts)), np.array(list(texts.values()))
print(pd.Series(y).value_counts().to_string())
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The network and logistic regression get the same rows, of 95 % zeros and more. With thousands of
# inputs, one hidden layer is enough, and dropout of the inputs makes the network use many words.

vectorizer = TfidfVectorizer(min_df=3, sublinear_tf=True)
models = {
    "network": DNNClassifier((64,), input_dropout=0.2, random_state=0),
    "logistic regression": LogisticRegression(),
}
for name, model in models.items():
    models[name] = make_pipeline(vectorizer, model).fit(X_train, y_train)
    print(f"{name}: accuracy {models[name].score(X_test, y_test):.3f}")
rows = models["network"][:-1].transform(X_test)
print(f"{rows.shape[1]} inputs, {rows.nnz / np.prod(rows.shape):.1%} of them not zero")

# %%
# Each row of the matrices is a library, and sums to 1. The diagonal is what was recognized.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.3), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    display = ConfusionMatrixDisplay.from_estimator(
        model, X_test, y_test, normalize="true", values_format=".2f", ax=ax, colorbar=False
    )
    display.im_.set_clim(0, 1)
    ax.set_title(f"{name}: accuracy {model.score(X_test, y_test):.3f}")
figure.colorbar(display.im_, ax=axes, label="share of the texts of a library")
plt.show()
