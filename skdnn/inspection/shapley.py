"""Shapley values: how much each column contributes to a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from skdnn._sklearn import safe_indexing
from skdnn._typing import MatrixLike
from skdnn.estimators._targets import check_weights
from skdnn.inspection._mixed import (
    BLOCK_VALUES,
    MixedRows,
    Response,
    as_table,
    grouped,
    names_of,
    output_position,
    stacked,
)
from skdnn.tabular.schema import Columns

#: Number of background rows that are drawn from X.
N_BACKGROUND = 100
#: Up to this number of features, the values are exact by default.
MAX_EXACT = 6
#: Number of orders otherwise: with one, the error could not be estimated.
N_PERMUTATIONS = 2


@dataclass(frozen=True, eq=False)
class ShapleyValues:
    """Shapley values of some rows, as :func:`skdnn.shapley_values` returns them.

    A value is the mean over background rows and orders of the columns. Every background row has
    orders of its own, which makes the error smaller than orders that are common to all of them, for
    the same number of predictions. So does the use of each order in both directions [3]_, which
    leaves no error for interactions of two columns. The standard errors are those of the mean over
    orders, for these background rows.

    Parameters
    ----------
    values : array of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        Contribution of each feature to the prediction, in the unit of the prediction.
    base_values : float or array of shape (n_outputs,)
        Mean prediction of the background rows. The sum of ``base_values`` and the values of a row
        is its prediction.
    standard_errors : array of the shape of ``values``
        Standard errors of the values, from the sampling of orders; 0 if the values are exact, NaN
        with a single order.
    data : DataFrame of shape (n_samples, n_features)
        The explained rows. A group of columns has the values of all of them as a tuple.
    output_names : list
        Labels of the outputs: classes, or positions.
    response_name : str, default="Prediction"
        What is explained.

    Attributes
    ----------
    feature_names : list of str
        Names of the features: columns, or groups of them.
    predictions : float array of shape (n_samples,) or (n_samples, n_outputs)
        Predictions of the rows.

    References
    ----------
    .. [1] Lundberg & Lee 2017, "A unified approach to interpreting model predictions", arXiv
           1705.07874.
    .. [2] Štrumbelj & Kononenko 2014, "Explaining prediction models and individual predictions with
           feature contributions", Knowledge and Information Systems 41.
    .. [3] Mitchell et al. 2022, "Sampling permutations for Shapley value estimation", Journal of
           Machine Learning Research 23.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, shapley_values
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DNNClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> shapley = shapley_values(model, X[:10], background=X[::3])
    >>> shapley.values.shape
    (10, 4, 3)
    >>> shapley.of(2).values.shape
    (10, 4)
    """

    values: np.ndarray
    base_values: Any
    standard_errors: np.ndarray
    data: pd.DataFrame
    output_names: list
    response_name: str = "Prediction"

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return self.data.columns.tolist()

    @property
    def predictions(self) -> np.ndarray:
        """Predictions of the rows."""
        return self.base_values + self.values.sum(axis=1)

    def of(self, output: Any = None) -> ShapleyValues:
        """The values of one output.

        Parameters
        ----------
        output : object, default=None
            Label of a class, or position of an output. None is allowed if there is only one.

        Returns
        -------
        shapley : ShapleyValues
            With arrays of shape (n_samples, n_features).

        Raises
        ------
        ValueError
            If there is no such output.
        """
        i = output_position(output, self.output_names)
        if self.values.ndim == 2:
            return self
        name = self.output_names[i]
        return ShapleyValues(
            self.values[..., i], float(self.base_values[i]), self.standard_errors[..., i],
            self.data, [name], f"{self.response_name} of {name}",
        )  # fmt: skip

    def to_shap(self) -> Any:
        """Convert to an object of the package shap, for its plots.

        Returns
        -------
        explanation : shap.Explanation
            Its ``data`` are numbers: columns that are not numeric are coded in the order of their
            values; ``display_data`` are the values themselves.

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        try:
            from shap import Explanation
        except ImportError as error:
            raise ImportError("to_shap needs the package shap: pip install shap") from error
        numbers = self.data.apply(
            lambda column: (
                column
                if pd.api.types.is_numeric_dtype(column)
                else pd.Series(pd.factorize(column.astype(str), sort=True)[0], column.index)
            )
        )
        n_samples = len(self.values)
        return Explanation(
            self.values,
            base_values=np.repeat(np.asarray(self.base_values)[None], n_samples, axis=0),
            data=numbers.to_numpy(dtype=np.float64, na_value=np.nan),
            display_data=self.data.to_numpy(dtype=object),
            feature_names=self.feature_names,
            output_names=self.output_names if self.values.ndim == 3 else None,
        )


def shapley_values(
    estimator: Any,
    X: MatrixLike,
    *,
    background: MatrixLike | None = None,
    background_weight: ArrayLike | None = None,
    feature_groups: dict[str, list] | None = None,
    n_permutations: int | None = None,
    response_method: str = "auto",
    random_state: int | RandomState | None = None,
) -> ShapleyValues:
    """Shapley values of rows of a table: the contribution of each column to the prediction.

    The prediction for a set of known columns is the mean over the background rows, from which the
    other columns are taken. The Shapley value of a column is the change of this prediction when the
    column becomes known, averaged over all orders in which columns can become known.
    The values of a row sum to its prediction minus the mean prediction of the background rows.

    Parameters
    ----------
    estimator : fitted estimator
        A DNN estimator, whose columns are then encoded only once, or any other one, for example a
        Pipeline or a search.
    X : {data frame, array-like} of shape (n_samples, n_features)
        Rows to explain. Text, categories and missing values are used as they are.
    background : {data frame, array-like} of shape (n_background, n_features), default=None
        Rows that unknown columns are averaged over, usually about 100 training rows. If None, all
        rows of ``X``, or 100 random ones.
    background_weight : array-like of shape (n_background,), default=None
        Non-negative weights of the background rows.
    feature_groups : dict of str to list of (str or int), default=None
        Columns, by name or position, that are one feature together, by the name of the group. Each
        other column is a feature by itself.
    n_permutations : int, default=None
        Number of random orders of the features for each pair of a row and a background row; each
        is used forwards and backwards. If None: 2, or all orders for up to 6 features. If all
        ``2**n_features`` sets are no more work than the orders, the values are exact.
    response_method : str, default="auto"
        Method of the estimator that is explained, such as "predict", "predict_proba",
        "decision_function" or "predict_quantiles". "auto" is "predict_proba" (if there is none,
        "decision_function") for classifiers and "predict" for regressors. For two classes, the
        values are those of ``classes_[1]``.
    random_state : int, RandomState instance or None, default=None
        Determines the orders and, without ``background``, the background rows.

    Returns
    -------
    shapley : ShapleyValues
        Values, standard errors and base values.

    Raises
    ------
    TypeError, ValueError
        For sparse or empty tables, tables with different columns, and invalid parameters.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn import DNNRegressor, shapley_values
    >>> X = pd.DataFrame({"size": range(90), "color": ["red", "green", None] * 30})
    >>> y = X["size"] + 9 * (X["color"] == "red")
    >>> model = DNNRegressor((16, 16), max_iter=5, random_state=0).fit(X, y)
    >>> shapley = shapley_values(model, X[:5], background=X)
    >>> bool(abs(shapley.predictions - model.predict(X[:5])).max() < 1e-6)
    True
    """
    X, generator = as_table(X), check_random_state(random_state)
    background, weights = checked_background(X, background, background_weight, generator)
    groups = grouped(feature_groups, names_of(X))
    response = Response(estimator, response_method)
    rows = MixedRows(estimator, stacked(X, background))
    games = Games(rows, response, list(groups.values()), len(X))
    return games.solved(weights, n_permutations, generator, data_of(X, groups))


def checked_permutations(n_permutations: Any, n_features: int) -> int:
    """The number of orders; with None, enough for exact values of a few features."""
    if n_permutations is None:
        return 2**n_features if n_features <= MAX_EXACT else N_PERMUTATIONS
    is_number = isinstance(n_permutations, Integral) and not isinstance(n_permutations, bool)
    if not is_number or n_permutations < 1:
        raise ValueError(
            f"n_permutations must be None or an int in the range [1, inf). Got {n_permutations!r}."
        )
    return int(n_permutations)


def checked_background(
    X: Any, background: Any, background_weight: Any, random_state: RandomState
) -> tuple[Any, np.ndarray]:
    """Background rows of positive weight, and their weights (n_background,), of sum 1."""
    if background is None:
        if background_weight is not None:
            raise ValueError("background_weight needs a background.")
        chosen = random_state.permutation(len(X))[:N_BACKGROUND]
        return safe_indexing(X, np.sort(chosen)), np.full(len(chosen), 1 / len(chosen))
    background = as_table(background, "background")
    kinds = {type(X), type(background)}
    if len(kinds) > 1 or names_of(X) != names_of(background):
        raise ValueError(
            "background must be a table of the same type and with the same columns as X. X is a "
            f"{type(X).__name__} with columns {names_of(X)[:30]}, background a "
            f"{type(background).__name__} with columns {names_of(background)[:30]}."
        )
    weights = check_weights(background_weight, background, "background_weight")
    if weights is None:
        weights = np.ones(len(background))
    used = np.flatnonzero(weights)
    weights = weights[used].astype(np.float64)
    return safe_indexing(background, used), weights / weights.sum()


def data_of(X: Any, groups: dict[str, list[int]]) -> pd.DataFrame:
    """A column for each feature; of a group, tuples."""
    columns, found = Columns(X), {}
    for name, positions in groups.items():
        values: Any = columns[positions[0]]
        if len(positions) > 1:
            values = np.empty(columns.n_rows, dtype=object)
            parts = [np.asarray(columns[j], dtype=object).tolist() for j in positions]
            values[:] = list(zip(*parts, strict=True))
        series = pd.Series(values)
        found[name] = series.infer_objects() if isinstance(X, np.ndarray) else series
    return pd.DataFrame(found)


class Games:
    """Predictions for coalitions of features, of pairs of a row and a background row.

    Parameters
    ----------
    rows : MixedRows
        Of a table with the explained rows, then the background rows.
    response : Response
    features : list of list of int
        Columns of each feature.
    n_rows : int
        Number of explained rows.
    """

    def __init__(
        self, rows: MixedRows, response: Response, features: list[list[int]], n_rows: int
    ) -> None:
        self.rows, self.response = rows, response
        self.n_rows, self.n_features = n_rows, len(features)
        self._feature_of = np.empty(rows.n_columns, dtype=int)
        for i, columns in enumerate(features):
            self._feature_of[columns] = i
        everything = np.arange(n_rows + self._n_background)[:, None]
        #: Predictions (n_rows + n_background, n_outputs) for the rows as they are.
        self.ends = np.concatenate(
            [
                response(*rows.rows(np.repeat(everything[block], rows.n_columns, axis=1)))
                for block in rows.blocks(len(everything))
            ]
        )

    @property
    def _n_background(self) -> int:
        return self.rows.n_samples - self.n_rows

    def solved(
        self, weights: np.ndarray, n_permutations: Any, generator: RandomState, data: pd.DataFrame
    ) -> ShapleyValues:
        """Shapley values for background rows with ``weights`` (n_background,), of sum 1."""
        n_permutations = checked_permutations(n_permutations, self.n_features)
        if 2**self.n_features <= 2 + 2 * n_permutations * (self.n_features - 1):
            values, variances = self.exact(weights)
        else:
            values, variances = self.sampled(weights, n_permutations, generator)
        outputs = self.response.outputs or []
        is_single = len(outputs) == 1
        shape = values.shape[:2] if is_single else values.shape
        base_values = weights @ self.ends[self.n_rows :]
        return ShapleyValues(
            values=values.reshape(shape),
            base_values=float(base_values[0]) if is_single else base_values,
            standard_errors=np.sqrt(variances).reshape(shape),
            data=data,
            output_names=outputs,
            response_name=self.response.label(outputs[0] if is_single else None),
        )

    def _pairs(self, n_coalitions: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Blocks of pairs: indices (n_pairs,) of the rows, and of the background rows."""
        values = n_coalitions * self.rows.n_columns
        size = max(1, BLOCK_VALUES // max(1, values))
        n_pairs = self.n_rows * self._n_background
        blocks = (np.arange(i, min(i + size, n_pairs)) for i in range(0, n_pairs, size))
        return [np.divmod(block, self._n_background) for block in blocks]

    def _predict(self, row: np.ndarray, other: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Predictions (n_pairs, ..., n_outputs) for coalitions (n_pairs, ..., n_features)."""
        known = known[..., self._feature_of]
        shape = (-1, *(1,) * (known.ndim - 1))
        sources = np.where(known, row.reshape(shape), self.n_rows + other.reshape(shape))
        found = self.response(*self.rows.rows(sources.reshape(-1, self.rows.n_columns)))
        return found.reshape(*known.shape[:-1], -1)

    def exact(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (n_rows, n_features, n_outputs) from all coalitions, and variances of 0."""
        n = self.n_features
        coalitions = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
        sizes = coalitions.sum(axis=1, keepdims=True)
        # Share of the orders in which the others of the coalition come before a feature.
        before = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
        factors = np.where(
            coalitions, before[np.maximum(sizes - 1, 0)], -before[np.minimum(sizes, n - 1)]
        )
        values = np.zeros((self.n_rows, n, self.ends.shape[1]))
        for row, other in self._pairs(2**n):
            known = np.broadcast_to(coalitions[1:-1], (len(row), 2**n - 2, n))
            inner = [self._predict(row, other, known)] if n > 1 else []
            first, last = self.ends[self.n_rows + other, None], self.ends[row, None]
            predictions = np.concatenate([first, *inner, last], axis=1)
            found = np.einsum("cf,pco->pfo", factors, predictions)
            np.add.at(values, row, weights[other, None, None] * found)
        return values, np.zeros_like(values)

    def sampled(
        self, weights: np.ndarray, n_permutations: int, random_state: RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values (n_rows, n_features, n_outputs) from random orders, and their variances."""
        n = self.n_features
        values = np.zeros((self.n_rows, n, self.ends.shape[1]))
        variances = np.zeros_like(values)
        for row, other in self._pairs(2 * n_permutations * (n - 1)):
            keys = random_state.random_sample((len(row), n_permutations, n))
            places = keys.argsort(axis=-1)
            places = np.stack([places, n - 1 - places], axis=2)
            found = self._along(row, other, places).mean(axis=2)
            weight = weights[other, None, None]
            np.add.at(values, row, weight * found.mean(axis=1))
            with np.errstate(invalid="ignore", divide="ignore"):
                deviation = found - found.mean(axis=1, keepdims=True)
                variance = (deviation**2).sum(axis=1) / np.float64(n_permutations - 1)
            np.add.at(variances, row, weight**2 * variance / n_permutations)
        return values, variances

    def _along(self, row: np.ndarray, other: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Change of the prediction by each feature, along orders.

        Parameters
        ----------
        row, other : (n_pairs,) int arrays
        places : (n_pairs, n_permutations, 2, n_features) int array
            Place of each feature in the order.

        Returns
        -------
        changes : (n_pairs, n_permutations, 2, n_features, n_outputs) array
        """
        known = places[..., None, :] < np.arange(1, self.n_features)[:, None]
        inner = self._predict(row, other, known)
        shape = (*places.shape[:-1], 1, inner.shape[-1])
        first = np.broadcast_to(self.ends[self.n_rows + other][:, None, None, None], shape)
        last = np.broadcast_to(self.ends[row][:, None, None, None], shape)
        changes = np.diff(np.concatenate([first, inner, last], axis=-2), axis=-2)
        return np.take_along_axis(changes, places[..., None], axis=-2)
