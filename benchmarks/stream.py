"""Scores of incremental learning with batches of different sizes.

``python benchmarks/stream.py`` prints a table: the test score (accuracy or R2) after some passes
over the training rows of scikit-learn's bundled data sets, with calls of ``partial_fit`` for 1, 10,
100 or all rows. Means over three splits.
"""

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from skdnn import DNNClassifier, DNNRegressor

#: Rows of a call (0: all) -> passes over the data.
PASSES = {1: 1, 10: 10, 100: 30, 0: 60}
TABLES = {
    "breast cancer": (DNNClassifier, load_breast_cancer),
    "digits": (DNNClassifier, load_digits),
    "diabetes": (DNNRegressor, load_diabetes),
}


def stream_score(cls, X, y, size, n_passes, seed):
    """Test score after incremental learning."""
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
    model = cls(learning_rate="constant", learning_rate_init=0.003, random_state=seed)
    first_call = {"classes": np.unique(y)} if cls is DNNClassifier else {}
    size = size or len(y_train)
    for _ in range(n_passes):
        for start in range(0, len(y_train), size):
            rows = slice(start, start + size)
            model.partial_fit(X_train[rows], y_train[rows], **first_call)
    return model.score(X_test, y_test)


def main():
    warnings.simplefilter("ignore")
    heads = [f"{size or 'all'} rows, {n} passes" for size, n in PASSES.items()]
    print("| table | " + " | ".join(heads) + " |")
    print("|---|" + "---|" * len(heads))
    for name, (cls, load) in TABLES.items():
        X, y = load(return_X_y=True)
        scores = [
            np.mean([stream_score(cls, X, y, size, n, seed) for seed in range(3)])
            for size, n in PASSES.items()
        ]
        print(f"| {name} | " + " | ".join(f"{score:.3f}" for score in scores) + " |", flush=True)


if __name__ == "__main__":
    main()
