"""The regressor."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from skdnn.estimators._base import BaseDNN, has_epochs, unchanged_on_failure
from skdnn.estimators._params import CONSTRAINTS, documented
from skdnn.estimators._sklearn import fit_context, validate_data
from skdnn.training.data import Rows


@documented(links='"identity"', score="R2")
class DNNRegressor(RegressorMixin, BaseDNN):
    """Deep network regressor with compiled training.

    Minimises half the squared error, summed over the outputs, plus an L2 penalty.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    DNNClassifier : The same for classes.
    sklearn.neural_network.MLPRegressor : Its parameters have the same names here.

    References
    ----------
    Goodfellow, Bengio & Courville 2016, Deep Learning, chapters 6 to 8.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from skdnn import DNNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X * 20, y, random_state=0)
    >>> model = DNNRegressor((10,), "tanh", solver="lbfgs", alpha=100, max_iter=1000,
    ...                      random_state=0)
    >>> bool(model.fit(X_train, y_train).score(X_test, y_test) > 0.3)
    True
    """

    _parameter_constraints = CONSTRAINTS

    def predict(self, X) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype of the network.
        """
        raw = self._predict_raw(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    @available_if(has_epochs)
    @fit_context
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch on the given rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            As in :meth:`fit`; they weigh the rows of this call against each other, not against
            those of other calls.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As :meth:`fit`, and with ``early_stopping=True``.
        """
        with unchanged_on_failure(self):
            return self._partial_fit(X, y, sample_weight, resume=self._is_trained())

    def _validate_targets(
        self, X, y, *, resume: bool, partial: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            reset=not resume,
            dtype=(np.float64, np.float32),
            order="C",
            multi_output=True,
            y_numeric=True,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _loss_and_n_outputs(self, y: np.ndarray) -> tuple[str, int]:
        return "squared_error", 1 if y.ndim == 1 else y.shape[1]

    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        from sklearn.metrics import r2_score  # as in _base._split

        # A diverging network may be so far off that its squared error overflows.
        with np.errstate(over="ignore", invalid="ignore"):
            return float(r2_score(rows.y, raw, sample_weight=rows.weights))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
