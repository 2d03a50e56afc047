"""Saved models: what their outputs mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn_light.activations import logistic, softmax
from skdnn_light.base import Model
from skdnn_light.checks import classes_of
from skdnn_light.conformal import class_set, interval
from skdnn_light.files import read

#: Log-odds whose probability is 1.
_CERTAIN = 100.0


def load(file: Any) -> Model:
    """Load a saved model.

    Parameters
    ----------
    file : str, path, or binary file
        What ``save`` of a ``skdnn.DNNClassifier`` or ``skdnn.DNNRegressor`` has written, with this
        version of skdnn or an earlier one. Nothing in it is executed.

    Returns
    -------
    model : Model
        A :class:`Classifier`, :class:`Regressor` or :class:`QuantileRegressor`. Its predictions are
        those of the estimator, up to rounding.

    Raises
    ------
    ValueError
        If it is not such a file, if it is damaged, or if a later version has made it.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import skdnn, skdnn_light
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> estimator = skdnn.DNNClassifier(max_iter=5, random_state=0).fit(X, X[:, 0] > X[:, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.skdnn")
    ...     estimator.save(path)
    ...     model = skdnn_light.load(path)
    >>> bool(np.allclose(model.predict_proba(X), estimator.predict_proba(X), atol=1e-6))
    True
    >>> model.predict([[2.0, -1.0], [None, 3.0]])
    array([ True, False])
    """
    document, arrays = read(file)
    kind: type[Model] = Classifier
    if document["task"]["kind"] == "number":
        kind = QuantileRegressor if document["task"]["levels"] else Regressor
    return kind(document, arrays)


class Classifier(Model):
    """A saved classifier.

    Parameters
    ----------
    document : dict
        See ``skdnn_light.files.read``.
    arrays : dict of str to array
        Weights and tables of the networks, by name.

    Attributes
    ----------
    classes_ : (n_classes,) array, or list of such arrays
        The labels, of each column if there are several. See :class:`Model` for the other
        attributes.
    """

    def __init__(self, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super().__init__(document, arrays)
        self.classes_: Any
        if self._task["kind"] == "columns":
            self.classes_ = [classes_of(each) for each in self._task["columns"]]
        else:
            self.classes_ = classes_of(self._task)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of the most probable class, or the labels that are likely.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            Of shape (n_samples, n_features). Columns with names are found by these, in any order.
            Missing values are None or NaN; categories that training has not seen are unknown.

        Returns
        -------
        y : array of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
            Labels of ``classes_``; for several labels a column of 0 and 1 for each.
        """
        if self._task["kind"] == "columns":
            proba = self.predict_proba(X)
            parts = zip(self.classes_, proba, strict=True)
            return np.column_stack([own[p.argmax(axis=1)] for own, p in parts])
        on, off = self._odds(X)
        if self._task["kind"] == "labels":
            return (on > off).astype(int)
        index = on.argmax(axis=1) if off is None else (on > off)[:, 0].astype(int)
        return self.classes_[index]

    def predict_proba(self, X: Any) -> Any:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            As for :meth:`predict`.

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            Between 0 and 1, in the order of ``classes_``. For several labels a row has the
            probability of each and does not sum to 1. For several columns of labels it is a list
            with an array for each.
        """
        if self._task["kind"] == "columns":
            return self._column_probabilities(X)
        on, off = self._odds(X)
        if self.classes_.size == 1 and self._task["kind"] == "class":
            return np.ones_like(on)
        if off is not None and self._task["kind"] == "class":
            on = np.hstack([off, on])
        # Never certain, so that no logarithm is infinite.
        precision = np.finfo(self.dtype)
        return np.clip(on, precision.tiny, 1 - precision.epsneg)

    def predict_set(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict sets of classes that contain the right one with a given probability.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            As for :meth:`predict`.
        coverage : float, default=0.9
            Above 0 and below 1.

        Returns
        -------
        sets : bool array of shape (n_samples, n_classes)
            Whether each class is in the set of a row, in the order of ``classes_``.

        Raises
        ------
        ValueError
            If the estimator has no scores of rows that were not trained on.
        """
        scores = self._checked_scores(coverage)
        return class_set(self.predict_proba(X), scores, coverage)

    def _column_probabilities(self, X: Any) -> list[np.ndarray]:
        """Probabilities of the classes of each column."""
        raw, precision, found, start = self._raw(X), np.finfo(self.dtype), [], 0
        for classes in self.classes_:
            own = raw[..., start : start + classes.size]
            start += classes.size
            with np.errstate(all="ignore"):
                proba = self._mean(softmax(own))
            if classes.size > 1:
                proba = np.clip(proba, precision.tiny, 1 - precision.epsneg)
            found.append(proba)
        return found

    def _odds(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Probability of each output, and of its opposite if there is one."""
        raw, sole = self._raw(X), self._task["sole_class"]
        if sole is not None:
            # The only class of the training is certain.
            certain = np.full(max(2, raw.shape[2]), -_CERTAIN)
            certain[sole] = _CERTAIN
            raw[...] = certain if raw.shape[2] > 1 else certain[1]
        with np.errstate(all="ignore"):
            if self._link == "softmax":
                return self._mean(softmax(raw)), None
            return self._mean(logistic(raw)), self._mean(logistic(-raw))


class Regressor(Model):
    """A saved regressor.

    Parameters
    ----------
    document : dict
        See ``skdnn_light.files.read``.
    arrays : dict of str to array
        Weights and tables of the networks, by name.
    """

    def __init__(self, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super().__init__(document, arrays)
        self._levels, self._n_each = self._task["levels"], len(self._task["parameters"])
        self._range: tuple[np.ndarray, ...] | None = None
        if self._task["target_scaling"] is not None:
            names = ("mean", "scale", "low", "high")
            self._range = tuple(np.array(arrays[f"target.{name}"]) for name in names)

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            Of shape (n_samples, n_features). Columns with names are found by these, in any order.
            Missing values are None or NaN; categories that training has not seen are unknown.
        return_std : bool, default=False
            Whether to also return a standard deviation: with the loss "normal" that of the target,
            otherwise that of the members' predictions.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Weighted mean of the members' predictions.
        std : array of the shape of ``y``
            Only with ``return_std=True``.
        """
        raw = self._raw(X)
        with np.errstate(all="ignore"):
            y = self._targets(self._mean_raw(raw))
            if not return_std:
                return y
            if self._link == "normal":
                return y, self._deviations(raw)
            members = np.array([self._targets(each) for each in raw])
            errors = members - self._mean(members)
            # Divided by the largest, whose square might overflow.
            largest = np.abs(errors).max(axis=0)
            unit = np.where(largest > 0, largest, 1)
            return y, np.sqrt(self._mean((errors / unit) ** 2)) * unit

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict intervals that contain the target with a given probability.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            As for :meth:`predict`.
        coverage : float, default=0.9
            Above 0 and below 1.

        Returns
        -------
        interval : array of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends.

        Raises
        ------
        ValueError
            If the estimator has no scores of rows that were not trained on.
        """
        scores, (ends, unit) = self._checked_scores(coverage), self._band_ends(X)
        n_levels = max(1, len(self._levels))
        ends = ends.reshape(-1, self.n_outputs, n_levels)
        if unit is not None:
            unit = unit.astype(np.float64).reshape(-1, self.n_outputs)
        found = interval(ends, self._levels, scores, coverage, unit)
        if self._link == "exp":
            found = np.maximum(found, 0)
        return found[:, 0] if self.n_outputs == 1 else found

    def _band_ends(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Ends of the bands, and in units of what the intervals are wide."""
        if self._link == "normal":
            return self.predict(X, return_std=True)
        return self.predict(X), None

    def _deviations(self, raw: np.ndarray) -> np.ndarray:
        """Standard deviations of the mixture of the members' normal distributions."""
        most, least = np.log(np.finfo(raw.dtype).max) - 1, self._task["least_deviation"]
        own = np.exp(np.minimum(raw[..., 1::2], most)) + raw.dtype.type(least)
        means = raw[..., ::2]
        parts = np.hypot(own, means - self._mean(means))
        # Divided by the largest, whose square might overflow.
        largest = parts.max(axis=0)
        found = np.sqrt(self._mean((parts / largest) ** 2)) * largest
        found = found[:, 0] if found.shape[1] == 1 else found
        if self._range is None:
            return found
        limits = np.finfo(np.float64)
        return np.clip(found * self._range[1], limits.tiny, limits.max)

    def _mean_raw(self, raw: np.ndarray) -> np.ndarray:
        if self._link != "exp" or len(raw) == 1:
            return self._mean(raw)
        largest = raw.max(axis=0)
        return largest + np.log(self._mean(np.exp(raw - largest)))

    def _targets(self, raw: np.ndarray) -> np.ndarray:
        """Predictions in the units of the targets from raw ones, (n_rows, n_outputs)."""
        if self._link == "exp":
            # Finite, as all predictions are.
            y = np.exp(np.minimum(raw, np.log(np.finfo(raw.dtype).max) - 1))
        elif len(self._levels) > 1:
            y = self._sorted(raw)[..., np.abs(np.array(self._levels) - 0.5).argmin()]
        else:
            y = raw[:, :: self._n_each]
        return self._in_range(y[:, 0] if y.shape[1] == 1 else y)

    def _sorted(self, raw: np.ndarray) -> np.ndarray:
        return np.sort(raw.reshape(len(raw), -1, len(self._levels)), axis=-1)

    def _in_range(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled predictions, the axis of the targets last, in the range of the training rows."""
        if self._range is None:
            return scaled
        mean, scale, low, high = self._range
        # Multiplied by a power of two so that sums do not overflow.
        largest = np.maximum(np.maximum(np.abs(low), np.abs(high)), scale)
        unit = np.ldexp(1.0, np.clip(-np.frexp(largest)[1], -1022, 1022))
        return np.clip((scaled * (scale * unit) + mean * unit) / unit, low, high)


class QuantileRegressor(Regressor):
    """A saved regressor with the quantile loss.

    Parameters
    ----------
    document : dict
        See ``skdnn_light.files.read``.
    arrays : dict of str to array
        Weights and tables of the networks, by name.

    Attributes
    ----------
    levels : tuple of float
        Levels of the quantiles.
    """

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the quantiles."""
        return tuple(self._levels)

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict all quantiles.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            As for :meth:`predict`.

        Returns
        -------
        quantiles : array of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
            In the order of the levels, sorted so that they do not cross.
        """
        quantiles = self._sorted(self._mean_raw(self._raw(X)))
        # Scaled with the axis of the targets last.
        units = self._in_range(np.moveaxis(quantiles, -1, 0))
        quantiles = np.moveaxis(units, 0, -1)
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles

    def _band_ends(self, X: Any) -> tuple[np.ndarray, np.ndarray | None]:
        return self.predict_quantiles(X), None
