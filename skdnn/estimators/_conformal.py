"""Scores of held-out rows, from which intervals and sets are made."""

from __future__ import annotations

from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skdnn._typing import MatrixLike
from skdnn._warnings import warn
from skdnn.estimators._data import Split, members_of
from skdnn.estimators._fitted import learned_aside
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._tables import rows_to_fit
from skdnn.estimators._targets import check_weights
from skdnn.training.data import Rows
from skdnn.training.engine import predict_raw
from skdnn.training.pooling import Pool
from skdnn.training.threads import Threads
from skdnn_light.conformal import Scores, checked_scores, sorted_scores

#: Rows that members hold out also choose their epoch, weights and temperature: with ``n`` of them
#: the coverage is lower by about ``1 / n``, which is one rank (measured at 0.8, 0.9 and 0.95: lower
#: by 0.02 with 54 rows, 0.005 with 150 to 190, and 0.003 with 285).
N_LOST = 1
REMEDY = (
    "Call conformalize(X_cal, y_cal) with rows that are not trained on, or fit with "
    "early_stopping=True."
)


def held_out_scores(
    model: FittedModel,
    splits: list[Split],
    held_out: list[list[Rows]],
    threads: Threads,
    pool: Pool,
) -> Scores | None:
    """Scores of the rows that members have held out, by the mean of these members alone.

    Parameters
    ----------
    model : FittedModel
        With the weights of the members.
    splits : list of Split
        Of each member, or a single one for all of them.
    held_out : list of lists of Rows
        Of each split, as inputs of each of its members.
    threads : Threads
    pool : Pool

    Returns
    -------
    scores : Scores or None
        None if the task has none.
    """
    network, rows = model.network, _Distinct(splits)
    raw = np.empty((network.n_members, len(rows.y), network.spec.n_out), network.dtype)
    knows = np.zeros((network.n_members, len(rows.y)), dtype=bool)
    for i, inputs in enumerate(held_out):
        members = range(network.n_members)[members_of(splits, i)]
        for member, own in zip(members, inputs, strict=True):
            part = network.part(slice(member, member + 1))
            raw[member, rows.places[i]] = predict_raw(part, [own.features], threads)[0]
            knows[member, rows.places[i]] = True
    scores = None
    # Rows that the same members have held out are one group.
    patterns, group = np.unique(knows, axis=1, return_inverse=True)
    for g, judges in enumerate(patterns.T):
        some = np.flatnonzero(group.ravel() == g)
        shares = model.member_weights[judges]
        mean = model.task.mean(raw[judges][:, some], model.link, shares / shares.sum())
        found = model.task.conformal_scores(rows.y[some], mean)
        if found is None:
            return None
        if scores is None:
            scores = np.empty((len(rows.y), found.shape[1]))
        scores[some] = found
    assert scores is not None
    weights = None if rows.weights is None else pool.gather(rows.weights)
    return sorted_scores(pool.gather(scores), weights, N_LOST)


class _Distinct:
    """The rows that any member has held out, each once.

    Attributes
    ----------
    y : (n_rows,) or (n_rows, n_targets) array
    weights : (n_rows,) array or None
    places : list of int arrays
        Where the held-out rows of each split are among them.
    """

    def __init__(self, splits: list[Split]) -> None:
        pieces = [split.held_out for split in splits if split.held_out is not None]
        numbers = [np.arange(len(each.y)) if each.rows is None else each.rows for each in pieces]
        distinct, first = np.unique(np.concatenate(numbers), return_index=True)
        self.y = np.concatenate([each.y for each in pieces])[first]
        weights = [each.weights for each in pieces if each.weights is not None]
        self.weights = np.concatenate(weights)[first] if weights else None
        self.places = [np.searchsorted(distinct, each) for each in numbers]


class ConformalMixin:
    """Estimators whose predictions come with intervals or sets of a coverage."""

    _as_targets: Any
    _fitted_model: Any
    _new_task: Any
    _predict_raw: Any

    def conformalize(
        self, X_cal: MatrixLike, y_cal: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn how wide intervals, or how large sets, must be from rows that are not trained on.

        These rows replace those that :meth:`fit` has held out. They must be like the rows to
        predict, and of any number of them a coverage is guaranteed: with ``n`` rows it is between
        ``coverage`` and ``coverage + 1 / (n + 1)`` on average (scores without ties). The
        predictions remain the same. A later call of :meth:`fit` or ``partial_fit`` forgets them.

        Parameters
        ----------
        X_cal : {data frame, array-like, sparse matrix} of shape (n_cal, n_features)
            Columns as in :meth:`fit`.
        y_cal : array-like of shape (n_cal,) or (n_cal, n_outputs)
            Targets or labels, as in :meth:`fit`.
        sample_weight : array-like of shape (n_cal,), default=None
            Non-negative weights: 0 removes a row, and an integer repeats it. A row to predict has
            weight 1, or that of the heaviest row if all are below 1.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        ValueError, TypeError
            If the rows are not valid, and for targets of several labels.

        References
        ----------
        Romano, Patterson & Candès 2019, "Conformalized quantile regression", arXiv 1905.03222;
        Romano, Sesia & Candès 2020, "Classification with valid and adaptive coverage", arXiv
        2006.02544.
        """
        with learned_aside(self) as draft:
            model = draft._fitted_model()
            try:
                scores = draft._scores_of(X_cal, y_cal, sample_weight)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"X_cal, y_cal: {error}") from error
            draft._model = model.with_scores(scores)
        return self

    def _scores_of(self, X: Any, y: Any, sample_weight: Any) -> Scores:
        """Scores of the user's rows."""
        model = self._fitted_model()
        X, y = rows_to_fit(self, X, self._as_targets(y, "y_cal"), reset=False)
        y = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
        weights = check_weights(sample_weight, X)
        # Classes may have got other names.
        encoded = self._new_task(y, model.task, is_partial=True).encode(y, "y_cal")
        n_targets = 1 if encoded.ndim == 1 else encoded.shape[1]
        if isinstance(model.task, NumericTargets) and n_targets != model.n_outputs:
            raise ValueError(f"y_cal has {n_targets} targets, but the model has {model.n_outputs}.")
        found = model.task.conformal_scores(encoded, self._predict_raw(X))
        if found is None:
            raise ValueError("there are no sets for targets of several labels.")
        return sorted_scores(found, weights)

    def _checked_scores(self, coverage: float, what: str, everything: str) -> Scores:
        """The scores for a coverage.

        Parameters
        ----------
        coverage : float
        what : str
            Name of the method.
        everything : str
            What it returns if there are too few scores.

        Raises
        ------
        ValueError
            If there are none, or if the coverage is not valid.
        """
        scores = checked_scores(self._fitted_model().scores, coverage, REMEDY)
        needed = scores.n_needed(coverage)
        if scores.n_rows < needed:
            warn(
                f"coverage={coverage!r} needs at least {ceil(needed)} rows that were not trained "
                f"on, and there are {scores.n_rows:g}: {what} returns {everything}. Call "
                "conformalize(X_cal, y_cal) with more rows, or lower the coverage."
            )
        return scores
