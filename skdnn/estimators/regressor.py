"""The regressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from skdnn._sklearn import StrOptions, fit_context
from skdnn._typing import MatrixLike
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._checks import (
    available_when,
    has_epochs,
    predicts_quantiles,
)
from skdnn.estimators._fitted import learned_aside, reads_one_model
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._params import CONSTRAINTS, documented
from skdnn.estimators._presets import REGRESSOR_PRESETS
from skdnn.estimators._scoring import in_safe_unit
from skdnn.estimators._targets import as_numbers
from skdnn.estimators._tasks import Task
from skdnn.network.embeddings import NumericEmbedding
from skdnn.network.losses import LossSettings, loss_names
from skdnn.training.averages import deviation_of

#: Losses of numbers.
NAMES = loss_names("regression")
EXPONENTIAL = " and ".join(f'"{name}"' for name in loss_names("regression", link="exp"))

RETURNS = """
        Returns
        -------
        self"""
#: Of ``fit``, in addition to the parameters that the classifier has, too.
OFFSETS = """        offset : array-like of shape (n_samples,), default=None
            Known logarithms of factors of the mean, such as ``np.log(exposure)``: the network
            learns the mean for an offset of 0. Only for losses with a log link (Poisson, gamma,
            Tweedie). It is the same as targets ``y / exposure`` with weights
            ``exposure ** (2 - power)``, whose deviance is the same; scores of held-out rows,
            ``loss_curve_`` and intervals are of these.
        offset_val : array-like of shape (n_val,), default=None
            Offsets of the validation rows.
"""


@documented(
    links=f'"identity", "exp" for the losses {EXPONENTIAL}, or\n    "normal"',
    scoring='"r2"',
    loss_units="in\n    units of the scaled target with ``target_scaling``",
)
class DNNRegressor(RegressorMixin, BaseDNN):
    """Deep network regressor with compiled training.

    Takes tables as they are: data frames with categories and missing values, columns of any scale.
    Minimizes a loss, summed over the outputs, plus a penalty on the weights. The defaults average
    four networks with different numeric embeddings.

    Parameters
    ----------
    <network>

    loss : str or settings object, default="squared_error"
        **Targets.** Loss function: "squared_error" (half the squared error), "absolute_error",
        "huber", "quantile" and "tweedie" (:class:`Huber`, :class:`Quantile` and :class:`Tweedie`
        with their defaults, or an object of these classes), "poisson", "gamma" and "normal".
        "poisson", "gamma" and "tweedie" are half the deviance, with a log link, for targets of at
        least 0 ("gamma": above 0). "normal" is minus the log-likelihood of a normal distribution:
        its mean and its standard deviation are predicted (``predict(X, return_std=True)``). With
        several outputs it is summed over them.

    target_scaling : {"standard"} or None, default="standard"
        "standard" scales each target to mean 0 and standard deviation 1 for training; for the
        losses "poisson", "gamma" and "tweedie" it divides by the mean. Predictions are in the units
        of ``y`` and within the range of the training targets; ``loss_curve_`` is in scaled units.

    <training>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    DNNClassifier : The same for classes.
    sklearn.neural_network.MLPRegressor : Its parameters have the same names here, and
        ``DNNRegressor.preset("mlp")`` has its defaults.

    References
    ----------
    Goodfellow, Bengio & Courville 2016, Deep Learning, chapters 6 to 8. Holzmüller, Grinsztajn &
    Steinwart 2024, "Better by default", arXiv 2407.04491, for much of the defaults. Nix & Weigend
    1994, "Estimating the mean and variance of the target probability distribution", and
    Lakshminarayanan, Pritzel & Blundell 2017, arXiv 1612.01474, for the loss "normal".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from skdnn import DNNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = DNNRegressor(random_state=0)
    >>> bool(model.fit(X_train, y_train).score(X_test, y_test) > 0.2)
    True
    """

    _default_scoring = "r2"
    _presets = REGRESSOR_PRESETS
    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(NAMES)), LossSettings],
        "target_scaling": [StrOptions({"standard"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: str = "auto",
        *,
        normalization: str | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        feature_scaling: str | None = "robust",
        numeric_embedding: str | NumericEmbedding | Sequence[Any] | None = "mixed",
        monotonic_cst: ArrayLike | Mapping[str, int] | None = None,
        loss: str | LossSettings = "squared_error",
        target_scaling: str | None = "standard",
        solver: str = "adamw",
        learning_rate_init: float | str = "auto",
        learning_rate: Any = "coslog4",
        power_t: float = 0.5,
        batch_size: int | str = "by_rows",
        shuffle: bool = True,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.95,
        epsilon: float = 1e-8,
        clip_norm: float | str = "auto",
        max_fun: int = 15000,
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        weight_decay: float = 0.1,
        dropout: float | Sequence[float] | str = "auto",
        input_dropout: float = 0.0,
        regularization_schedule: Any = "flat_cos",
        max_iter: int | str = "auto",
        max_time: float = np.inf,
        tol: float = 1e-4,
        n_iter_no_change: float = np.inf,
        early_stopping: bool | str = "auto",
        validation_fraction: float | Any = 0.1,
        scoring: str | Callable[..., float] | None = "r2",
        n_members: int = 4,
        n_jobs: int | None = None,
        random_state: int | RandomState | None = None,
        warm_start: bool = False,
        verbose: bool | int = False,
        dtype: str = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.normalization = normalization
        self.categorical_features = categorical_features
        self.feature_scaling = feature_scaling
        self.numeric_embedding = numeric_embedding
        self.monotonic_cst = monotonic_cst
        self.loss = loss
        self.target_scaling = target_scaling
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.power_t = power_t
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.clip_norm = clip_norm
        self.max_fun = max_fun
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.regularization_schedule = regularization_schedule
        self.max_iter = max_iter
        self.max_time = max_time
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_members = n_members
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.dtype = dtype

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
        offset: ArrayLike | None = None,
        offset_val: ArrayLike | None = None,
    ) -> Self:
        validation = X_val, y_val, sample_weight_val, offset_val
        if X_val is not None and (offset is None) != (offset_val is None):
            raise ValueError("offset and offset_val must be given together if X_val is.")
        return self._fit(X, y, sample_weight, validation, groups, offset)

    fit.__doc__ = str(BaseDNN.fit.__doc__).replace(RETURNS, OFFSETS + RETURNS)

    @overload
    def predict(
        self, X: MatrixLike, *, return_std: Literal[False] = False, offset: ArrayLike | None = None
    ) -> np.ndarray: ...

    @overload
    def predict(
        self, X: MatrixLike, *, return_std: Literal[True], offset: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]: ...

    @reads_one_model
    def predict(
        self, X: MatrixLike, *, return_std: bool = False, offset: ArrayLike | None = None
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict targets.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error;
            a column of which nothing is known is named in a ``UserWarning``.
        return_std : bool, default=False
            Whether to also return a standard deviation. With ``loss="normal"`` it is that of the
            target, of the mixture of the members' normal distributions. Otherwise it is that of the
            members' predictions: it measures how much they disagree, not the noise of the target,
            and is 0 with ``n_members=1``.
        offset : array-like of shape (n_samples,), default=None
            As in :meth:`fit`: predictions are multiplied by its exponential.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Mean over the members, with their weights, in float64 with ``target_scaling`` and
            otherwise in the dtype of the network. With several quantiles it is the one closest to
            0.5.
        std : array of the shape of ``y``
            Standard deviation, with the weights of the members. Only with ``return_std=True``.
        """
        raw, model, task = self._member_raw(X), self._model, self._task
        mean = model.mean(raw)
        y = task.with_offset(task.predict(mean), offset)
        if not return_std:
            return y
        if task.has_deviation:
            return y, task.deviation(mean)
        members = np.array([task.predict(member) for member in raw])
        return y, task.with_offset(deviation_of(members, model.weights), offset)

    @available_when(predicts_quantiles)
    @reads_one_model
    def predict_quantiles(self, X: MatrixLike) -> np.ndarray:
        """Predict all quantiles of ``loss=Quantile(...)``.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        quantiles : array of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
            Quantiles in the order of the levels, sorted so that they do not cross.
        """
        return self._task.quantiles(self._predict_raw(X))

    @reads_one_model
    def predict_interval(self, X: MatrixLike, coverage: float = 0.9) -> np.ndarray:
        """Predict intervals that contain the target with a given probability.

        The width is learned from rows that are not trained on: those that :meth:`fit` holds out,
        each predicted by the members that were not trained on it (these rows have also chosen the
        epoch; see the user guide for the measured coverage), or those of :meth:`conformalize`, for
        which the coverage is guaranteed. It is the same for all rows, except with several levels of
        ``loss=Quantile(...)``: then the two quantiles whose distance is closest to ``coverage`` are
        moved by the same amount (conformalized quantile regression), and with ``loss="normal"``: it
        is a multiple of the predicted standard deviation.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.
        coverage : float, default=0.9
            Probability that an interval contains the target, on average over all rows and for each
            output, above 0 and below 1.

        Returns
        -------
        interval : array of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends in units of ``y``. They are not limited to the range of the
            training targets, but not below 0 for losses with a log link.

        Raises
        ------
        ValueError
            If no rows were held out and :meth:`conformalize` was not called.

        Warns
        -----
        UserWarning
            If there are too few such rows for the coverage (for 0.9 below 19, or 9 of
            :meth:`conformalize`): the intervals are infinite.

        References
        ----------
        Romano, Patterson & Candès 2019, "Conformalized quantile regression", arXiv 1905.03222; Lei,
        G'Sell, Rinaldo, Tibshirani & Wasserman 2018, "Distribution-free predictive inference for
        regression", section 5.2, arXiv 1604.04173.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skdnn import DNNRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = DNNRegressor(max_iter=10, random_state=0).fit(X[:300], y[:300])
        >>> lower, upper = model.predict_interval(X[300:], coverage=0.8).T
        >>> bool(((lower <= y[300:]) & (y[300:] <= upper)).mean() > 0.7)
        True
        """
        scores = self._checked_scores(coverage, "predict_interval", "infinite intervals")
        return self._task.interval(self._predict_raw(X), scores, coverage)

    @available_when(has_epochs)
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on the given rows.

        Not available with ``solver="lbfgs"`` or ``early_stopping=True``. No rows are held out. Each
        call is an epoch of the learning-rate schedule: for a stream without an end use
        ``learning_rate="constant"``.

        The encoding of columns and targets (scales, bins, categories) is learned from the first 500
        rows. Until then the rows of the calls are stored, in pickles too; whenever their number
        has doubled, the encoding is learned again and the calls so far are repeated with it. This
        ends early when a call repeats the rows of another one (single rows do not count), or when
        weights or parameters other than ``n_jobs`` and ``verbose`` change between two calls. Later
        calls only add what is new: columns and targets that were constant or missing, missing
        values, categories (up to 256 in a column that started with at most 32), and the range of
        the targets. Columns are numeric or categorical as in the first call.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            As in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in :meth:`fit`; they weigh the rows of this call against each other, not against
            those of other calls.
        offset : array-like of shape (n_samples,), default=None
            As in :meth:`fit`.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        with learned_aside(self) as draft:
            draft._partial_fit(X, y, sample_weight, offset)
        return self

    def score(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> float:
        """R² of the predictions of the given rows.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.
        offset : array-like of shape (n_samples,), default=None
            As in :meth:`predict`.

        Returns
        -------
        score : float
            The mean over the outputs.
        """
        y, prediction = as_numbers(y), self.predict(X, offset=offset)
        if y is not None and y.dtype.kind in "iuf" and y.shape == prediction.shape:
            y, prediction = in_safe_unit(y, prediction)
        from sklearn.metrics import r2_score

        return r2_score(y, prediction, sample_weight=sample_weight)

    @property
    def _task(self) -> NumericTargets:
        return self._fitted_model().task  # type: ignore[return-value]

    def _as_targets(self, y: Any, name: str) -> Any:
        return as_numbers(y, name)

    def _new_task(self, y: np.ndarray, before: Task | None, *, is_partial: bool) -> Task:
        scaler = before.scaler if isinstance(before, NumericTargets) else None
        return NumericTargets(self.loss, self.target_scaling, scaler)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        names = loss_names("regression", centers_targets=False)
        positive = getattr(self.loss, "name", self.loss) in names
        tags.target_tags.positive_only = positive
        # They take several outputs, too, but scikit-learn's check of these has negative ones.
        tags.target_tags.multi_output = not positive
        return tags
