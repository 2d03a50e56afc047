"""The classifier."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skdnn.estimators._base import BaseDNN
from skdnn.estimators._params import CONSTRAINTS, documented
from skdnn.estimators._sklearn import StrOptions, validate_data
from skdnn.training.data import Rows


@documented(links='"logistic" for two classes, "softmax" for more', score="Accuracy")
class DNNClassifier(ClassifierMixin, BaseDNN):
    """Deep network classifier with compiled training.

    Minimises the log-loss, of one logistic unit for two classes and of a softmax for more, plus
    an L2 penalty.

    Parameters
    ----------
    <parameters>

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes as ``{label: weight}``; "balanced" weighs them inversely to their
        frequency, sample weights included. They multiply ``sample_weight``.

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels, sorted.

    <attributes>

    See Also
    --------
    DNNRegressor : The same for numbers.
    sklearn.neural_network.MLPClassifier : Its parameters have the same names here.

    References
    ----------
    Goodfellow, Bengio & Courville 2016, Deep Learning, chapters 6 to 8.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skdnn import DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    >>> model = DNNClassifier((64,), dropout=0.1, early_stopping=True, random_state=0)
    >>> bool(model.fit(X_train, y_train).score(X_test, y_test) > 0.95)
    True
    """

    _parameter_constraints = {
        **CONSTRAINTS,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.001,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        dropout=0.0,
        weight_decay=0.01,
        dtype="auto",
        class_weight=None,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            dropout=dropout,
            weight_decay=weight_decay,
            dtype=dtype,
        )
        self.class_weight = class_weight

    def decision_function(self, X) -> np.ndarray:
        """Raw predictions, before the logistic function or softmax.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        scores : array of shape (n_samples,) or (n_samples, n_classes)
            Log-odds of ``classes_[1]`` for two classes, otherwise a column for each class.
        """
        raw = self._predict_raw(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def predict(self, X) -> np.ndarray:
        """Predict the label of the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,)
        """
        raw = self._predict_raw(X)
        return self.classes_[_class_index(raw)]

    def predict_proba(self, X) -> np.ndarray:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            In the order of ``classes_`` and the dtype of the network.
        """
        raw = self._predict_raw(X)
        if raw.shape[1] > 1:
            return softmax(raw, axis=1)
        return expit(np.hstack([-raw, raw]))

    def predict_log_proba(self, X) -> np.ndarray:
        """Predict the logarithms of class probabilities, exact where a probability is tiny.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_proba : array of shape (n_samples, n_classes)
        """
        raw = self._predict_raw(X)
        if raw.shape[1] > 1:
            return log_softmax(raw, axis=1)
        return log_expit(np.hstack([-raw, raw]))

    def _validate_targets(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32), order="C")
        check_classification_targets(y)
        self.classes_, y = np.unique(column_or_1d(y), return_inverse=True)
        return X, y

    def _target_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        mass = np.bincount(y, weights, minlength=self.classes_.size)
        if np.count_nonzero(mass) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the "
                f"data contains only one class: {self.classes_[mass.argmax()]!r}"
            )
        if self.class_weight is None:
            return weights
        if self.class_weight == "balanced":
            present = np.maximum(mass, np.finfo(float).tiny)
            per_class = mass.sum() / (np.count_nonzero(mass) * present)
        else:
            per_class = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[y]
            )
        return per_class[y] if weights is None else per_class[y] * weights

    def _loss_and_n_outputs(self, y: np.ndarray) -> tuple[str, int]:
        if self.classes_.size == 2:
            return "binary_log_loss", 1
        return "log_loss", self.classes_.size

    def _stratification(self, y: np.ndarray) -> np.ndarray | None:
        return y

    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        return float(np.average(_class_index(raw) == rows.y[:, 0], weights=rows.weights))


def _class_index(raw: np.ndarray) -> np.ndarray:
    """Index of the most probable class from raw predictions."""
    return (raw[:, 0] > 0).astype(np.intp) if raw.shape[1] == 1 else raw.argmax(axis=1)
