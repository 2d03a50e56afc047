"""The classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from skdnn._sklearn import Interval, StrOptions, check_partial_fit_first_call, fit_context
from skdnn._typing import MatrixLike
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._checks import available_when, check_attribute, has_epochs
from skdnn.estimators._fitted import learned_aside, reads_one_model
from skdnn.estimators._label_columns import LabelColumns, as_classes
from skdnn.estimators._labels import ClassLabels, LabelIndicators, Labels, kind_of
from skdnn.estimators._params import CONSTRAINTS, documented
from skdnn.estimators._presets import CLASSIFIER_PRESETS
from skdnn.estimators._targets import as_labels, check_weights
from skdnn.estimators._tasks import Task
from skdnn.network.embeddings import NumericEmbedding
from skdnn.network.losses import loss_names


@documented(
    links='"logistic" for two classes, "softmax" for more, "softmax of\n    columns" for several '
    "columns of labels",
    scoring='"accuracy"',
    loss_units="before the\n    calibration",
)
class DNNClassifier(ClassifierMixin, BaseDNN):
    """Deep network classifier with compiled training.

    Takes tables as they are: data frames with categories and missing values, columns of any scale.
    Minimizes the loss of a logistic output for two classes, or of a softmax for more, plus a
    penalty on the weights. Targets may have several columns, of 0 and 1 (multilabel) or of any
    labels. The defaults average four networks with different numeric embeddings.

    Parameters
    ----------
    <network>

    loss : {"log_loss", "brier"}, default="log_loss"
        **Targets.** Loss function. "brier" is half the squared error of the probabilities, summed
        over the classes. It is bounded, which limits the influence of wrong labels.

    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes as ``{label: weight}``, which multiply ``sample_weight``. "balanced"
        weights are inversely proportional to the class frequencies, with sample weights counted.
        For several columns of labels it is a list with a dict for each; the weights of a row are
        multiplied.

    label_smoothing : float, default=0.0
        In training the target probability is ``1 - label_smoothing`` for the class, and
        ``label_smoothing`` is divided equally among all classes (for multilabel targets between 0
        and 1 of each label).

    calibration : {"temperature"} or None, default="temperature"
        "temperature" is temperature scaling: at the end of a training with ``early_stopping`` the
        log-odds of each member are multiplied by a factor that minimizes the loss of its held-out
        rows. It does not change which class of a member is the most probable.

    <training>

    Attributes
    ----------
    classes_ : (n_classes,) array, or list of such arrays
        The labels, sorted; those of each column if ``y`` has several columns of labels.

    <attributes>

    See Also
    --------
    DNNRegressor : The same for numbers.
    sklearn.neural_network.MLPClassifier : Its parameters have the same names here, and
        ``DNNClassifier.preset("mlp")`` has its defaults.

    References
    ----------
    Goodfellow, Bengio & Courville 2016, Deep Learning, chapters 6 to 8. Holzmüller, Grinsztajn &
    Steinwart 2024, "Better by default", arXiv 2407.04491, for much of the defaults.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from skdnn import DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = DNNClassifier(random_state=0)
    >>> round(model.fit(X_train, y_train).score(X_test, y_test), 1)
    1.0
    >>> model.predict_proba(X_test).shape
    (450, 10)
    """

    classes_: Any
    _default_scoring = "accuracy"
    _presets = CLASSIFIER_PRESETS
    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(loss_names("classification")))],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "calibration": [StrOptions({"temperature"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
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
        loss: str = "log_loss",
        class_weight: dict[Any, float] | Sequence[dict[Any, float]] | str | None = None,
        label_smoothing: float = 0.0,
        calibration: str | None = "temperature",
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
        scoring: str | Callable[..., float] | None = "accuracy",
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.calibration = calibration
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

    @available_when(has_epochs)
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on the given rows.

        Not available with ``solver="lbfgs"`` or ``early_stopping=True``. No rows are held out. Each
        call is an epoch of the learning-rate schedule: for a stream without an end use
        ``learning_rate="constant"``.

        The encoding of the columns (scales, bins, categories) is learned from the first 500 rows.
        Until then the rows of the calls are stored, in pickles too; whenever their number has
        doubled, the encoding is learned again and the calls so far are repeated with it. This ends
        early when a call repeats the rows of another one (single rows do not count), or when
        weights or parameters other than ``n_jobs`` and ``verbose`` change between two calls. Later
        calls only add what is new: columns that were constant or missing, missing values, and
        categories (up to 256 in a column that started with at most 32). Columns are numeric or
        categorical as in the first call.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            As in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            As in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in :meth:`fit`; they weigh the rows of this call against each other, not against
            those of other calls.
        classes : array-like of shape (n_classes,), default=None
            All labels there are. Required in the first call; ``y`` need not contain them all.

        Returns
        -------
        self : object
            Fitted estimator.

        Raises
        ------
        ValueError
            As :meth:`fit`, without ``classes`` in the first call, and for labels that are not
            among them.
        """
        with learned_aside(self) as draft:
            columns = as_classes(classes)
            if columns is None:
                check_partial_fit_first_call(draft, as_labels(classes, "classes"))
            else:
                columns = [np.unique(as_labels(each, "classes")) for each in columns]
                _check_first_columns(draft, columns)
            draft._partial_fit(X, y, sample_weight)
        return self

    @reads_one_model
    def decision_function(self, X: MatrixLike) -> Any:
        """Raw predictions, before the logistic function or softmax.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error;
            a column of which nothing is known is named in a ``UserWarning``.

        Returns
        -------
        scores : array of shape (n_samples,) or (n_samples, n_classes)
            Log-odds of ``classes_[1]`` for two classes, otherwise a column for each class or
            label. For several columns of labels it is a list with an array for each.
        """
        return self._task.decision(self._predict_raw(X))

    @reads_one_model
    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict the label of the most probable class, or the labels that are likely.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        y : array of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
            Labels of ``classes_``; for multilabel a column of 0 and 1 for each.
        """
        raw, task = self._predict_raw(X), self._task
        # Classes may have got other names.
        if isinstance(task, ClassLabels):
            return self.classes_[task.class_index(raw)]
        if isinstance(task, LabelColumns):
            index = task.class_indices(raw)
            return np.column_stack([own[index[:, j]] for j, own in enumerate(self.classes_)])
        return task.predict(raw)

    @reads_one_model
    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict class probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            Between 0 and 1, in the order of ``classes_`` and the dtype of the network. For
            multilabel targets a row has the probability of each label and does not sum to 1. For
            several columns of labels it is a list with an array for each.
        """
        return self._task.probabilities(self._predict_raw(X))

    @reads_one_model
    def predict_log_proba(self, X: MatrixLike) -> Any:
        """Predict the logarithms of class probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        log_proba : array of shape (n_samples, n_classes)
            Logarithms of what :meth:`predict_proba` returns; a list for several columns.
        """
        proba = self.predict_proba(X)
        return [np.log(each) for each in proba] if isinstance(proba, list) else np.log(proba)

    @reads_one_model
    def predict_set(self, X: MatrixLike, coverage: float = 0.9) -> np.ndarray:
        """Predict sets of classes that contain the right one with a given probability.

        A set has the most probable classes of a row until their probabilities sum to more than a
        threshold (adaptive prediction sets, without the random number of the paper): it is larger
        where the model is less certain, and never empty. The threshold is learned from rows that
        are not trained on: those that :meth:`fit` holds out, each predicted by the members that
        were not trained on it (``class_weight`` counts there; these rows have also chosen the
        epoch), or those of :meth:`conformalize`, for which the coverage is guaranteed. If the most
        probable class is right more often than ``coverage``, it alone is the set, and the coverage
        is the accuracy.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.
        coverage : float, default=0.9
            Probability that a set contains the right class, on average over all rows, above 0 and
            below 1.

        Returns
        -------
        sets : bool array of shape (n_samples, n_classes)
            Whether each class is in the set of a row, in the order of ``classes_``.

        Raises
        ------
        ValueError
            If no rows were held out and :meth:`conformalize` was not called, and for multilabel
            targets.

        Warns
        -----
        UserWarning
            If there are too few such rows for the coverage (for 0.9 below 19, or 9 of
            :meth:`conformalize`): the sets have all classes.

        References
        ----------
        Romano, Sesia & Candès 2020, "Classification with valid and adaptive coverage", arXiv
        2006.02544.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skdnn import DNNClassifier
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> model = DNNClassifier(max_iter=10, random_state=0).fit(X, y)
        >>> sets = model.predict_set(X, coverage=0.8)
        >>> [model.classes_[row].tolist() for row in sets[:2]]
        [[0], [0]]
        """
        task = self._task
        if not isinstance(task, ClassLabels):
            raise ValueError(
                "predict_set needs one label for each row, not multilabel targets or several "
                "columns."
            )
        scores = self._checked_scores(coverage, "predict_set", "all classes")
        return task.class_set(self._predict_raw(X), scores, coverage)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy on the given rows and labels.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            As in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Share of the rows with the right label, or with all labels right for multilabel and for
            several columns of labels (where scikit-learn's trees have no score).
        """
        y, task = as_labels(y), self._task
        if not isinstance(task, LabelColumns):
            return super().score(X, y, sample_weight)
        task.check_kind(y, "y")
        is_right = (self.predict(X) == y).all(axis=1)
        return float(np.average(is_right, weights=check_weights(sample_weight, X)))

    @property
    def _task(self) -> Labels:
        return self._fitted_model().task  # type: ignore[return-value]

    def _as_targets(self, y: Any, name: str) -> Any:
        return as_labels(y, name)

    def _new_task(self, y: np.ndarray, before: Task | None, *, is_partial: bool) -> Task:
        kind: type[Labels] = KINDS[kind_of(y, "y")]
        # A part of the rows may have two labels alone, 0 and 1.
        if isinstance(before, LabelColumns) or (is_partial and isinstance(self.classes_, list)):
            kind = LabelColumns
        if before is None and not is_partial:
            self.classes_ = kind.found(y)
        if before is not None:
            before.check_kind(y, "y")
        # In a training that goes on, too: classes may have got other names.
        task = kind(self.classes_, self.loss, self.class_weight, self.calibration)
        if before is not None and not is_partial:
            task.check_same(y, "y")
        return task

    def _check_attributes(self) -> None:
        super()._check_attributes()
        task = self._task
        if not isinstance(task, LabelColumns):
            check_attribute(self, "classes_", task.classes.shape)
            return
        known = self.classes_
        if not isinstance(known, list) or tuple(map(len, known)) != task.sizes:
            raise ValueError(
                f"classes_ of this fitted {type(self).__name__} must be arrays of lengths "
                f"{task.sizes}, as fit has set it. Got {known!r} instead."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


KINDS: dict[str, type[Labels]] = {
    kind.kind: kind for kind in (ClassLabels, LabelIndicators, LabelColumns)
}


def _check_first_columns(estimator: Any, columns: list[np.ndarray]) -> None:
    """As ``check_partial_fit_first_call``, for the classes of several columns."""
    known = getattr(estimator, "classes_", None)
    if known is None:
        estimator.classes_ = columns
    elif not isinstance(known, list) or list(map(list, known)) != list(map(list, columns)):
        raise ValueError(
            f"`classes={columns!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )
