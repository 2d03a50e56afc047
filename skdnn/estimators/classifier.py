"""The classifier."""

from __future__ import annotations

from numbers import Real

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skdnn._settings import Interval, StrOptions
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._checks import available_when, check_attribute, has_epochs
from skdnn.estimators._fitted import learned_aside, reads_one_model
from skdnn.estimators._params import CONSTRAINTS, documented
from skdnn.estimators._presets import CLASSIFIER_PRESETS
from skdnn.estimators._sklearn import check_partial_fit_first_call, fit_context
from skdnn.estimators._targets import as_labels
from skdnn.network.losses import class_loss, loss_names
from skdnn.network.spec import NetworkSpec
from skdnn.training.data import Rows

#: Log-odds that are certainty in either dtype.
CERTAIN = 100.0
#: Of fewer held-out rows the accuracy has too few values to tell one epoch from another: the last
#: of the many that are equally good is that of the most overfitting.
FEW_ROWS = 5


@documented(
    links='"logistic" for two classes, "softmax" for more',
    scoring='"accuracy"',
    loss_units="before the\n    calibration",
)
class DNNClassifier(ClassifierMixin, BaseDNN):
    """Deep network classifier with compiled training.

    Takes tables as they are: data frames with categories and missing values, columns of any scale.
    Minimises a loss of one logistic unit for two classes and of a softmax for more, plus a
    penalty on the weights. The defaults average four networks that see the numbers differently.

    Parameters
    ----------
    <network>

    loss : {"log_loss", "brier"}, default="log_loss"
        **Targets.** "brier" is the squared error of the probabilities, halved and summed over the
        classes: bounded, so that wrong labels pull less.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes as ``{label: weight}``; "balanced" weighs them inversely to their
        frequency, sample weights included. They multiply ``sample_weight``.

    label_smoothing : float, default=0.0
        While training a target is ``1 - label_smoothing`` for the class, and ``label_smoothing``
        shared equally by all classes (by yes and no for each label of a multilabel target).

    calibration : {"temperature"} or None, default="temperature"
        "temperature" scales the log-odds of each member, at the end of a training with
        ``early_stopping``, to be as sure as they are right on its held-out rows. It changes no
        order of the classes for one member.

    <training>

    Attributes
    ----------
    classes_ : (n_classes,) array
        The labels, sorted.

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

    _default_scoring = "accuracy"
    _presets = CLASSIFIER_PRESETS
    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(loss_names("classification")))],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "calibration": [StrOptions({"temperature"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(128, 128),
        activation="mish",
        *,
        normalization=None,
        categorical_features="from_dtype",
        feature_scaling="robust",
        numeric_embedding="mixed",
        loss="log_loss",
        class_weight=None,
        label_smoothing=0.0,
        calibration="temperature",
        solver="adamw",
        learning_rate_init="auto",
        learning_rate="coslog4",
        power_t=0.5,
        batch_size="by_rows",
        shuffle=True,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.95,
        epsilon=1e-8,
        clip_norm=np.inf,
        max_fun=15000,
        alpha=0.0,
        l1_ratio=0.0,
        weight_decay=0.1,
        dropout="by_rows",
        input_dropout=0.0,
        regularization_schedule="flat_cos",
        max_iter="by_rows",
        max_time=np.inf,
        tol=1e-4,
        n_iter_no_change=np.inf,
        early_stopping="auto",
        validation_fraction=0.1,
        scoring="accuracy",
        n_members=4,
        n_jobs=None,
        random_state=None,
        warm_start=False,
        verbose=False,
        dtype="auto",
    ):
        self._store(locals())

    @available_when(has_epochs)
    @fit_context
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train one epoch on the given rows.

        Not available with ``solver="lbfgs"`` and ``early_stopping=True``. Nothing is held out. The
        learning rate goes by its schedule, a call for an epoch: for a stream without an end
        ``learning_rate="constant"`` may be the better one.

        What is known of the columns (scales, bins, categories) is learned from the first 500 rows.
        If a call brings fewer, its rows are kept, also in a pickle; whenever there are twice as
        many, the columns are learned anew and the calls so far are repeated with that. This ends,
        too, when the rows of a call come again (a single row may), or when weights or parameters
        other than ``n_jobs`` and ``verbose`` are changed between two calls. Later calls add what
        was not known at all: a column that was constant or missing, missing values, categories (up
        to 256 in a column that began with up to 32). The kinds of the columns, numbers or
        categories, are those of the first call.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            As in :meth:`fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
        sample_weight : array-like of shape (n_samples,), default=None
            As in :meth:`fit`; they weigh the rows of this call against each other, not against
            those of other calls.
        classes : array-like of shape (n_classes,), default=None
            All labels there are. Required in the first call; ``y`` need not contain them all.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As :meth:`fit`, without ``classes`` in the first call, and for labels that are not
            among them.
        """
        with learned_aside(self) as draft:
            check_partial_fit_first_call(draft, as_labels(classes, "classes"))
            draft._partial_fit(X, y, sample_weight, resume=draft._is_trained())
        return self

    @reads_one_model
    def decision_function(self, X) -> np.ndarray:
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
            label.
        """
        raw = self._predict_raw(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    @reads_one_model
    def predict(self, X) -> np.ndarray:
        """Predict the label of the most probable class, or the labels that are likely.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        y : array of shape (n_samples,), or (n_samples, n_classes) of 0 and 1 for multilabel
        """
        raw = self._predict_raw(X)
        if self._is_multilabel():
            return (raw > 0).astype(int)
        return self.classes_[self._class_index(raw)]

    @reads_one_model
    def predict_proba(self, X) -> np.ndarray:
        """Predict class probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            Between 0 and 1, in the order of ``classes_`` and the dtype of the network. For
            multilabel targets a row has the probability of each label and does not sum to 1.
        """
        raw = self._predict_raw(X)
        if self.classes_.size == 1:
            return np.ones_like(raw)
        if self.out_activation_ == "softmax":
            # The difference of two may be infinite: one of them is then certain.
            with np.errstate(over="ignore", invalid="ignore"):
                proba = softmax(raw, axis=1)
        else:
            proba = expit(raw if self._is_multilabel() else np.hstack([-raw, raw]))
        # Never 0 or 1: no event is impossible, and no log-loss infinite.
        precision = np.finfo(proba.dtype)
        return np.clip(proba, precision.tiny, 1 - precision.epsneg)

    @reads_one_model
    def predict_log_proba(self, X) -> np.ndarray:
        """Predict the logarithms of class probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`. Categories that it has not seen are unknown, not an error.

        Returns
        -------
        log_proba : array of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    def score(self, X, y, sample_weight=None) -> float:
        """Accuracy on the given rows and labels.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            As in :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
            Share of the rows with the right label, or with all labels right for multilabel.
        """
        return super().score(X, as_labels(y), sample_weight)

    def _validate_targets(
        self, X, y, *, resume: bool, partial: bool = False, name: str = "y"
    ) -> tuple[np.ndarray, np.ndarray]:
        X, y = self._validate_rows(X, as_labels(y, name), resume=resume)
        # Labels may be larger than any integer of NumPy.
        with np.errstate(invalid="ignore"):
            kind = type_of_target(y, input_name=name)
            if kind not in ("binary", "multilabel-indicator"):
                check_classification_targets(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{type(self).__name__} takes one label for each row or a multilabel indicator "
                "matrix of 0 and 1, got several columns with more than two values "
                "(multiclass-multioutput)."
            )
        if kind == "multilabel-indicator":
            y = y.toarray() if issparse(y) else y
            labels, y = np.arange(y.shape[1]), (y != 0).astype(np.intp)
        else:
            labels, y = np.unique(y, return_inverse=True)
        self._check_classes(labels, resume=resume, partial=partial, name=name)
        if kind != "multilabel-indicator":
            position = {label: i for i, label in enumerate(self.classes_)}
            y = np.array([position[label] for label in labels])[y]
        return X, y

    def _check_attributes(self) -> None:
        super()._check_attributes()
        # One unit tells two classes apart; a class alone has one, too.
        n_classes = self.n_outputs_ if self.n_outputs_ > 1 else 2
        is_alone = self.n_outputs_ == 1 and self._sole_class == 0
        if is_alone and np.size(getattr(self, "classes_", ())) == 1:
            n_classes = 1
        check_attribute(self, "classes_", (n_classes,))

    def _check_classes(self, labels: np.ndarray, *, resume: bool, partial: bool, name: str) -> None:
        """Set ``classes_`` in a new fit; otherwise compare the labels with them."""
        if not (resume or partial):
            self.classes_ = labels
            return
        unknown = set(labels) - set(self.classes_)
        hint = "."
        if unknown and set(map(str, unknown)) <= set(map(str, self.classes_)):
            types = (type(each[0]).__name__ for each in (labels, self.classes_))
            hint = ": the same labels, of type {} instead of {}. Convert them.".format(*types)
        if partial and unknown:
            raise ValueError(
                f"`{name}` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. '{name}' has {labels}{hint}"
            )
        if not partial and set(labels) != set(self.classes_):
            raise ValueError(
                f"warm_start can only be used where `{name}` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `{name}` has {labels}{hint}"
            )

    def _class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, *, partial: bool
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        name = type(self).__name__
        if y.ndim == 2:
            raise ValueError(
                f"The class_weight parameter of {name} must be None for multilabel targets, "
                f"whose rows have no single class. Got {self.class_weight!r} instead."
            )
        if self.class_weight == "balanced":
            if partial:
                raise ValueError(
                    "class_weight='balanced' needs all data at once and is not supported by "
                    "partial_fit: give the weights as a dict."
                )
            # Relative weights: the sum of large ones might be infinite.
            relative = None if weights is None else weights / weights.max()
            mass = np.bincount(y, relative, minlength=self.classes_.size)
            # A class without weight has no row that counts.
            with np.errstate(divide="ignore"):
                per_class = mass.sum() / (np.count_nonzero(mass) * mass)
            per_class[mass == 0] = 0
        else:
            per_class = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_
            )
        counts = partial or per_class[y].any()
        if not (np.isfinite(per_class).all() and (per_class >= 0).all() and counts):
            raise ValueError(
                f"The weights in the class_weight parameter of {name} must be finite, not negative "
                f"and not all zero. Got {self.class_weight!r} instead."
            )
        return per_class

    def _loss_and_outputs(self, y: np.ndarray) -> tuple[str, tuple[float, ...], int, int]:
        if y.ndim == 1 and self.classes_.size > 2:
            return class_loss(self.loss, "softmax"), (), self.classes_.size, 1
        # With a single class the one unit learns to say no to another one.
        return class_loss(self.loss, "logistic"), (), 1 if y.ndim == 1 else y.shape[1], 1

    def _set_network_attributes(self, spec: NetworkSpec, y: np.ndarray, *, partial: bool) -> None:
        super()._set_network_attributes(spec, y, partial=partial)
        present = np.arange(self.classes_.size) if partial else np.unique(y)
        self._sole_class = int(present[0]) if y.ndim == 1 and present.size == 1 else None

    def _predict_raw(self, X) -> np.ndarray:
        raw = super()._predict_raw(X)
        if self._sole_class is not None:
            # Nothing has been told apart: the class that is known is the answer.
            raw[...] = -CERTAIN
            if raw.shape[1] > 1:
                raw[:, self._sole_class] = CERTAIN
            elif self._sole_class == 1:
                raw[...] = CERTAIN
        return raw

    def _network_targets(self, y: np.ndarray, *, training: bool) -> np.ndarray:
        return y

    def _calibrates(self) -> bool:
        return self.calibration is not None

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        if y.ndim == 2:
            return y
        if self.classes_.size == 1:
            return None
        # Named as scikit-learn's MLP names them in its error.
        return y.astype(bool).astype(str) if self.classes_.size == 2 else y

    def _labels(self, y: np.ndarray) -> np.ndarray:
        return y if y.ndim == 2 else self.classes_[y]

    def _is_multilabel(self) -> bool:
        return self.out_activation_ == "logistic" and self.n_outputs_ > 1

    def _class_index(self, raw: np.ndarray) -> np.ndarray:
        """Index of the most probable class from raw predictions."""
        if raw.shape[1] > 1:
            return raw.argmax(axis=1)
        return (raw[:, 0] > 0).astype(np.intp)

    def _can_score(self, rows: Rows) -> bool:
        weights = rows.weights.astype(np.float64)
        # Rows of one weight that would say as much (Kish 1965, Survey sampling).
        effective = weights.sum() ** 2 / (weights**2).sum()
        # Of rows that weigh the same the user has chosen the number; a single one tells nothing.
        are_equal = weights.size > 1 and (weights == weights[0]).all()
        return bool(effective >= FEW_ROWS or are_equal)

    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        if rows.y.shape[1] > 1:
            right = ((raw > 0) == rows.y).all(axis=1)
        else:
            right = self._class_index(raw) == rows.y[:, 0]
        return float(np.average(right, weights=rows.weights))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
