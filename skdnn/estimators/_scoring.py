"""The score of the held-out rows after every epoch, by the parameter ``scoring``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skdnn._sklearn import (
    InvalidParameterError,
    is_metric,
    safe_indexing,
    takes_weights,
    with_labels,
)
from skdnn._warnings import warn
from skdnn.estimators._tables import is_table
from skdnn.training.data import Rows

if TYPE_CHECKING:
    from skdnn.estimators._model import FittedModel

# scikit-learn's metrics are imported where they are used: they take a tenth of the time to import
# the package, and few fits need them.

#: Log-odds of a confident prediction.
SURE = 5.0
#: Squares of numbers whose exponents are below this share of a dtype's largest are safely in range.
SAFE_SHARE = 0.39


def check_scoring_name(estimator: Any) -> None:
    """Raise if ``scoring`` is not the name of a scorer, whether it is used or not."""
    if estimator.scoring in (None, "loss", estimator._default_scoring) or callable(
        estimator.scoring
    ):
        return
    from sklearn.metrics import get_scorer_names

    if estimator.scoring not in get_scorer_names():
        raise InvalidParameterError(
            "The 'scoring' parameter must be 'loss', the name of a scorer (those of "
            f"sklearn.metrics.get_scorer_names()), a callable or None. Got {estimator.scoring!r} "
            "instead."
        )


class Scoring:
    """Makes the scores of a fit, and warns once of rows for which ``scoring`` is not defined.

    Parameters
    ----------
    estimator : BaseDNN
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.has_warned = False

    def score_of(
        self, model: FittedModel, rows: Rows, held_out: Any
    ) -> Callable[[np.ndarray, np.ndarray], float] | None:
        """A function that scores the raw predictions of the members and their mean.

        Higher is better; NaN is an undefined score.

        None stands for the negative validation loss, which is always defined: it is used if
        ``scoring`` asks for it, or if the score is undefined for any prediction.

        Parameters
        ----------
        model : FittedModel
            Of the members that are scored. Its network is trained in place.
        rows : Rows
            The held-out rows as inputs of the network.
        held_out : Data
            The same rows for a scorer, with the user's labels as targets.
        """
        estimator = self.estimator
        if estimator.scoring == "loss":
            return None
        if estimator.scoring in (None, estimator._default_scoring):
            if model.task.can_score(rows):
                return lambda members, raw: model.task.score(raw, rows)
            if rows.n_rows < 2:
                self._warn("it is not well-defined with less than two samples")
            return None
        X, call, predictor = self._scorer(model, held_out)
        if is_metric(estimator.scoring) and not self._tells_apart(call, predictor, rows):
            return None

        def score(members: np.ndarray, raw: np.ndarray) -> float:
            # The rows are predicted already; the scorer's estimator returns these predictions.
            predictor._known_raw = X, members
            return self._value(call, predictor)

        return score

    def _scorer(self, model: FittedModel, held_out: Any) -> tuple[Any, Callable[[Any], Any], Any]:
        """The rows, a function that scores an estimator on them, and the estimator to score."""
        from sklearn.metrics import check_scoring

        estimator = self.estimator
        scorer = check_scoring(estimator, estimator.scoring)
        X, labels, weights, index = held_out
        X = X if index is None else safe_indexing(X, index)
        if labels.ndim == 1:
            scorer = with_labels(scorer, getattr(estimator, "classes_", None))
        keywords = {}
        if weights is not None and takes_weights(scorer):
            keywords["sample_weight"] = weights
        # A copy that predicts with the network in training, also from an array without names.
        predictor = copy(estimator)
        predictor._model = model.silent()
        if not is_table(X):
            predictor.__dict__.pop("feature_names_in_", None)
        return X, lambda predictor: scorer(predictor, X, labels, **keywords), predictor

    def _value(self, call: Callable[[Any], Any], predictor: Any) -> float:
        """The value of a scorer; NaN, with a warning, if it is undefined."""
        name = f"scoring={self.estimator.scoring!r}"
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                # These warnings would be repeated in every epoch; one of our own replaces them.
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                if is_metric(self.estimator.scoring):
                    warnings.simplefilter("ignore")
                found = call(predictor)
        except (ValueError, ArithmeticError) as error:
            self._warn(f"{type(error).__name__}: {error}")
            return np.nan
        except TypeError as error:
            raise TypeError(f"{name} failed: {error}") from error
        except AttributeError as error:
            if not is_metric(self.estimator.scoring):
                error.add_note(f"{name} failed.")
                raise
            # A metric of probabilities and an estimator that has none.
            raise ValueError(
                f"{name} is not for {type(self.estimator).__name__}: {error}"
            ) from error
        except Exception as error:
            error.add_note(f"{name} failed.")
            raise
        try:
            value = float(found)
        except (OverflowError, TypeError, ValueError):
            raise TypeError(f"{name} must return a number. Got {found!r} instead.") from None
        if np.isnan(value):
            self._warn("the score is not a number")
        return value

    def _tells_apart(self, call: Callable[[Any], Any], predictor: Any, rows: Rows) -> bool:
        """Whether a metric differs between right and wrong predictions.

        Without positive rows, recall and average precision are 0 for any prediction, and every
        epoch would be equally good.
        """
        if not hasattr(predictor, "classes_"):
            return True
        if not isinstance(predictor.classes_, list) and predictor.classes_.size == 1:
            return False
        n_out, y = predictor._model.network.spec.n_out, rows.y
        is_right = y if y.shape[1] == n_out else y == np.arange(n_out)
        sure, probe, values = SURE * (2.0 * is_right - 1), copy(predictor), []
        for raw in (sure, -sure):
            probe._predict_raw = lambda X, raw=raw: raw.astype(y.dtype)
            values.append(self._value(call, probe))
        if values[0] == values[1]:
            self._warn(f"it is {values[0]:g} for right and for wrong predictions alike")
        return values[0] != values[1] and not np.isnan(values).any()

    def _warn(self, reason: str) -> None:
        if self.has_warned:
            return
        self.has_warned = True
        warn(
            f"scoring={self.estimator.scoring!r} is not defined for some of the validation rows: "
            f"{reason}. The validation loss is used there instead. More rows of each class to "
            'validate with (X_val, validation_fraction) or scoring="loss" may help.'
        )


def in_safe_unit(y: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions, with outputs divided by a power of two if squares might overflow.

    R² is the same in any unit. It is computed in the dtype of the predictions.
    """
    largest = np.maximum(*(np.abs(a.astype(np.float64)).max(axis=0) for a in (y, prediction)))
    exponents = np.frexp(largest)[1]
    most = SAFE_SHARE * np.finfo(prediction.dtype).maxexp
    unsafe = np.isfinite(largest) & (abs(exponents) > most)
    if not unsafe.any():
        return y, prediction
    exponents = np.where(unsafe, -exponents, 0)
    return np.ldexp(y.astype(np.float64), exponents), np.ldexp(prediction, exponents)


def mean_r2(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
    """R² with the same bits as ``sklearn.metrics.r2_score``, without its checks.

    These take ten times as long as an epoch of a hundred rows.

    Parameters
    ----------
    y, prediction : (n_rows, n_outputs) arrays of one dtype, finite, at least two rows
    weights : (n_rows,) array of that dtype
    """
    columns = weights[:, None]
    residual = (columns * (y - prediction) ** 2).sum(axis=0)
    mean = (columns * y).sum(axis=0) / columns.sum(axis=0)
    total = (columns * (y - mean) ** 2).sum(axis=0)
    # As scikit-learn: 1 without residuals, 0 for a constant target with residuals.
    scores = (residual == 0).astype(y.dtype)
    usual = (residual != 0) & (total != 0)
    scores[usual] = 1 - residual[usual] / total[usual]
    return float(scores.mean())
