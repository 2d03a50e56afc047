"""Saved models, and what their outputs mean."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from skdnn_light.activations import logistic, softmax
from skdnn_light.checks import classes_of
from skdnn_light.encoding import Encoder
from skdnn_light.files import read
from skdnn_light.network import Network
from skdnn_light.tables import Columns

#: Rows that are predicted at a time have so many numbers in the widest layer, but are not fewer.
_BLOCK, _LEAST_ROWS = 2**18, 16
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


class Model:
    """A saved model; :func:`load` makes it.

    Parameters
    ----------
    document : dict
        See ``skdnn_light.files.read``.
    arrays : dict of str to array
        Weights and tables of the networks, by name.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : array of shape (``n_features_in_``,)
        Names of the columns, if the estimator was trained on a table with names.
    n_outputs : int
        Number of targets, or of classes; 1 for two classes.
    n_members : int
        Number of networks.
    dtype : dtype
        Of the networks.
    """

    def __init__(self, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        network = document["network"]
        self.n_features_in_, self._names = document["n_features"], document["feature_names"]
        if self._names is not None:
            self.feature_names_in_ = np.array(self._names, dtype=object)
        self.n_outputs = network["n_outputs"] // network["outputs_per_target"]
        self.n_members = len(document["members"])
        self.dtype = np.dtype(document["dtype"])
        self._estimator, self._task = document["estimator"], document["task"]
        self._link = self._task["link"]
        self._encoder = None
        if document["encoding"] is not None:
            self._encoder = Encoder(document["encoding"], arrays, self.dtype)
        self._networks = [Network(document, arrays, i) for i in range(self.n_members)]
        self._weights = np.array([member["weight"] for member in document["members"]])
        widest = max(network.width for network in self._networks)
        self._n_rows = max(_LEAST_ROWS, _BLOCK // widest)

    def __repr__(self) -> str:
        return (
            f"<saved {self._estimator}: {self.n_features_in_} columns, {self.n_members} networks, "
            f"{self.n_outputs} outputs>"
        )

    def _raw(self, X: Any) -> np.ndarray:
        """Raw predictions of the members, (n_members, n_rows, n_outputs)."""
        if hasattr(X, "tocsr"):  # sparse: dense some rows at a time
            X, step = X.tocsr(), self._n_rows
            starts = range(0, X.shape[0], step) or [0]
            dense = (X[start : start + step].toarray() for start in starts)
            return np.concatenate([self._raw(rows) for rows in dense], axis=1)
        columns = Columns(X, self._names, self.n_features_in_)
        if self._encoder is None:
            numbers = columns.numbers(list(range(self.n_features_in_)))
            codes = np.empty((columns.n_rows, 0), np.int32)
            _check_all_finite(numbers, columns)
        else:
            numbers, codes = self._encoder.columns_of(columns)
        parts: list[Any] = []
        with np.errstate(all="ignore"):
            for start in range(0, columns.n_rows, self._n_rows):
                block = slice(start, start + self._n_rows)
                rows = self._encoded(numbers[block], codes[block])
                parts.append([network.raw(rows) for network in self._networks])
            raw = np.concatenate(parts, axis=1)
        self._check_overflow(raw, numbers, columns)
        return raw

    def _encoded(self, numbers: np.ndarray, codes: np.ndarray) -> Any:
        """What the networks take for some rows."""
        if self._encoder is None:
            return numbers.astype(np.float64).astype(self.dtype)
        return self._encoder.rows(numbers, codes)

    def _check_overflow(self, raw: np.ndarray, numbers: np.ndarray, columns: Columns) -> None:
        bad = ~np.isfinite(raw).all(axis=(0, 2))
        if not bad.any():
            return
        if self._encoder is None:
            largest = np.abs(numbers.astype(np.float64)).max(axis=0)
            j = int(largest.argmax())
            if largest[j] > np.finfo(self.dtype).max:
                raise ValueError(
                    f"Input X contains a value too large for {self.dtype}, the dtype of the "
                    f"network: {largest[j]:g} in column {columns.label(j)}."
                )
        warnings.warn(
            f"The predictions for {np.count_nonzero(bad)} row(s) overflow {self.dtype}, the dtype "
            "of the network: some of their numbers are far from all training rows.",
            stacklevel=4,
        )

    def _mean(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean over the members, the first axis."""
        if len(values) == 1:
            return values[0]
        weights = self._weights.astype(values.dtype)
        return (values * weights.reshape(-1, *[1] * (values.ndim - 1))).sum(axis=0)


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
    classes_ : (n_classes,) array
        The labels. See :class:`Model` for the other attributes.
    """

    def __init__(self, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        super().__init__(document, arrays)
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
        y : array of shape (n_samples,) or (n_samples, n_classes)
            Labels of ``classes_``; for several labels a column of 0 and 1 for each.
        """
        on, off = self._odds(X)
        if self._task["kind"] == "labels":
            return (on > off).astype(int)
        index = on.argmax(axis=1) if off is None else (on > off)[:, 0].astype(int)
        return self.classes_[index]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like, dictionary of columns, list of dictionaries, or data frame
            As for :meth:`predict`.

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            Between 0 and 1, in the order of ``classes_``. For several labels a row has the
            probability of each and does not sum to 1.
        """
        on, off = self._odds(X)
        if self.classes_.size == 1 and self._task["kind"] == "class":
            return np.ones_like(on)
        if off is not None and self._task["kind"] == "class":
            on = np.hstack([off, on])
        # Never certain, so that no logarithm is infinite.
        precision = np.finfo(self.dtype)
        return np.clip(on, precision.tiny, 1 - precision.epsneg)

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
            Whether to also return the standard deviation of the members' predictions.

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
            members = np.array([self._targets(each) for each in raw])
            errors = members - self._mean(members)
            # Divided by the largest, whose square might overflow.
            largest = np.abs(errors).max(axis=0)
            unit = np.where(largest > 0, largest, 1)
            return y, np.sqrt(self._mean((errors / unit) ** 2)) * unit

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


def _check_all_finite(numbers: np.ndarray, columns: Columns) -> None:
    for what, bad in ("NaN", np.isnan(numbers)), ("infinity", np.isinf(numbers)):
        if bad.any():
            label = columns.label(int(bad.any(axis=0).argmax()))
            hint = " The model was trained without missing values." if what == "NaN" else ""
            raise ValueError(f"Input X contains {what} in column {label}.{hint}")
