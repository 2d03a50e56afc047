"""What saved models of all kinds have: columns, networks, the mean of the members."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from skdnn_light.conformal import Scores, checked_scores, stored_scores
from skdnn_light.encoding import Encoder
from skdnn_light.network import Network
from skdnn_light.tables import Columns

#: Rows that are predicted at a time have so many numbers in the widest layer, but are not fewer.
_BLOCK, _LEAST_ROWS = 2**18, 16


class Model:
    """A saved model; :func:`skdnn_light.load` makes it.

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
        self._scores = stored_scores(document, arrays)
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

    def _checked_scores(self, coverage: float) -> Scores:
        return checked_scores(
            self._scores, coverage, "Call conformalize(X_cal, y_cal) before the model is saved."
        )

    def _mean(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean over the members, the first axis."""
        if len(values) == 1:
            return values[0]
        weights = self._weights.astype(values.dtype)
        return (values * weights.reshape(-1, *[1] * (values.ndim - 1))).sum(axis=0)


def _check_all_finite(numbers: np.ndarray, columns: Columns) -> None:
    for what, bad in ("NaN", np.isnan(numbers)), ("infinity", np.isinf(numbers)):
        if bad.any():
            label = columns.label(int(bad.any(axis=0).argmax()))
            hint = " The model was trained without missing values." if what == "NaN" else ""
            raise ValueError(f"Input X contains {what} in column {label}.{hint}")
