"""Base class of the classifier and the regressor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skdnn._settings import BaseEstimator
from skdnn._sklearn import fit_context, is_validated
from skdnn._typing import MatrixLike
from skdnn.estimators._attributes import FittedAttributesMixin
from skdnn.estimators._callbacks import CallbackSupportMixin, EpochTasks, epoch_tasks
from skdnn.estimators._checks import check_groups, check_range, warn_of_overflow
from skdnn.estimators._conformal import ConformalMixin
from skdnn.estimators._embeddings import EmbeddingMixin
from skdnn.estimators._fit import Fit
from skdnn.estimators._fitted import learned_aside
from skdnn.estimators._hidden import HiddenActivationsMixin
from skdnn.estimators._model import FittedModel
from skdnn.estimators._presets import PresetMixin
from skdnn.estimators._saving import SavingMixin
from skdnn.estimators._scoring import check_scoring_name
from skdnn.estimators._stream import Beginning, train_piece
from skdnn.estimators._tables import as_plain, rows_to_predict
from skdnn.estimators._tasks import Task
from skdnn.estimators._versions import VersionedMixin


class BaseDNN(
    FittedAttributesMixin,
    EmbeddingMixin,
    HiddenActivationsMixin,
    CallbackSupportMixin,
    PresetMixin,
    ConformalMixin,
    SavingMixin,
    VersionedMixin,
    BaseEstimator,
    ABC,
):
    """Base of the estimators; the subclasses define targets and predictions."""

    _beginning: Beginning | None = None
    #: Rows that have been predicted already, and their raw predictions (see ``Scoring``).
    _known_raw: tuple[Any, np.ndarray] | None = None
    #: The value of ``scoring`` that is the estimator's own score.
    _default_scoring: str

    # Parameters that are used here.
    n_jobs: Any
    scoring: Any
    warm_start: Any

    # ---------------------------------------------------------------- subclass interface

    @abstractmethod
    def _as_targets(self, y: Any, name: str) -> Any:
        """Convert the user's targets to an array."""

    @abstractmethod
    def _new_task(self, y: np.ndarray, before: Task | None, *, is_partial: bool) -> Task:
        """Create the task of a fit from its targets.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_targets) array
            Validated.
        before : Task or None
            The task of the training that is continued.
        is_partial : bool
            Whether ``y`` is only part of the targets.
        """

    # ---------------------------------------------------------------- fit

    @fit_context
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        All members are trained. The encoding of the columns (categories, scales, bins) is learned
        from all rows that any member is trained on.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows: numbers, which may be missing (NaN) but not infinite, and categories (see
            ``categorical_features``). Sparse X holds numbers, which are used as they are, without
            ``feature_scaling`` and ``numeric_embedding``, and is never made dense. (Sparse rows for
            an estimator that is fitted with dense X are made dense: all of them in training, some
            at a time in predictions.) Lazy data (Dask, polars, Spark) are computed; masked values
            are missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values: class labels, or real numbers, which may be given as text. Missing
            targets are an error, also in rows of weight 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights: a weight of 0 removes a row, and an integer repeats it.
            This is exact if a batch has all rows and none is held out, by default up to 100 rows;
            otherwise the batches have other rows.
        X_val : {data frame, array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows, used after every epoch by all members together instead of hold-outs of
            ``X``. With ``early_stopping`` they decide which epoch is kept and when training stops;
            otherwise their loss and score are only recorded. A ``Pipeline`` transforms them like
            ``X`` with ``transform_input=["X_val"]``.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Target values of the validation rows.
        sample_weight_val : array-like of shape (n_val,), default=None
            Sample weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Group labels of the rows: a group is held out as a whole, or not at all.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If the input is not valid, if targets are missing or outside of the domain of the loss,
            if columns or targets are dates, or if training ends with numbers that are not finite.
            The estimator is left as it was before.

        Warns
        -----
        UserWarning
            If a column of text looks like numbers, or nearly all of its values are unique.

        Notes
        -----
        Ctrl-C stops training with a warning and keeps the best model so far.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val), groups)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, ...],
        groups: Any = None,
        offset: Any = None,
        tasks: EpochTasks | None = None,
    ) -> Self:
        """Train the network: see ``fit``; ``tasks`` are those of the callbacks, if not given."""
        tasks = tasks or epoch_tasks(self, X, y, sample_weight)
        with learned_aside(self) as draft:
            call = Fit(draft, resumes=draft.warm_start and draft._is_trained())
            data = call.training_data(X, y, sample_weight, offset)
            held_out = call.validation_data(data.y, *validation)
            groups = check_groups(groups, data.y.shape[0])
            check_scoring_name(draft)
            call.train(data, held_out=held_out, groups=groups, callbacks=tasks)
            draft._beginning = None
        if tasks is not None:
            tasks.end()
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, offset: Any = None) -> None:
        """Train one epoch; on a draft."""
        call = Fit(self, resumes=self._is_trained(), is_partial=True)
        train_piece(call, call.training_data(X, y, sample_weight, offset))

    def _is_trained(self) -> bool:
        return "_model" in self.__dict__

    def _fitted_model(self) -> FittedModel:
        if not self._is_trained():
            check_is_fitted(self)
        return self._model

    # ---------------------------------------------------------------- predict

    def _member_raw(self, X: Any) -> np.ndarray:
        """Raw predictions of shape (n_members, n_samples, n_outputs)."""
        if self._known_raw is not None and X is self._known_raw[0]:
            return self._known_raw[1]
        X, model = self._rows_to_predict(X), self._model
        rows = model.encoded(X)
        raw = model.predict_encoded(rows, self.n_jobs)
        if not np.isfinite(raw).all():
            if model.inputs is None:
                check_range(self, X, model.network.dtype)
            warn_of_overflow(self, raw, X, rows)
        return raw

    def _rows_to_predict(self, X: Any) -> Any:
        """Rows of X, validated against those of the training."""
        model = self._fitted_model()
        self._check_attributes()
        if not is_validated(self, X):
            X = rows_to_predict(self, X)
            X = as_plain(self, X) if model.inputs is None else X
        return X

    def _predict_raw(self, X: Any) -> np.ndarray:
        """Raw predictions of shape (n_samples, n_outputs), of all members together."""
        raw = self._member_raw(X)
        return self._model.mean(raw)

    # ---------------------------------------------------------------- scikit-learn

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags
