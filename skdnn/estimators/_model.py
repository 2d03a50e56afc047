"""The fitted model: all that a prediction needs, without the estimator."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._tasks import Task
from skdnn.estimators._versions import VersionedMixin
from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network
from skdnn.tabular.encoder import Table
from skdnn.training.data import Features, make_features
from skdnn.training.engine import hidden_activations, predict_raw
from skdnn.training.threads import Threads
from skdnn_light.conformal import Scores

#: Numbers and categories of the rows whose bins are computed, and predicted with, at a time.
BLOCK_VALUES = 2**17
#: Such a block has so many rows at least.
LEAST_ROWS = 256


class FittedModel(VersionedMixin):
    """Encoder, networks of the members, and task.

    A model can be pickled without the estimator, and its predictions have the same bits. It does
    not validate rows: they must be a table with the columns of the training, or an array of finite
    numbers.

    Parameters
    ----------
    inputs : TableInputs or None
        The encoding of the columns; None if the inputs are the numbers of X as they are.
    network : Network
    task : Task
        The encoding of the targets and the meaning of the outputs.
    weights : (n_members,) array, optional
        Positive weights of the members, whose sum is 1; None is the same for all.
    scores : Scores, optional
        Of held-out rows, for intervals and sets.
    """

    def __init__(
        self,
        inputs: TableInputs | None,
        network: Network,
        task: Task,
        weights: np.ndarray | None = None,
        scores: Scores | None = None,
    ) -> None:
        self.inputs, self.network, self.task = inputs, network, task
        self.weights, self.scores = weights, scores

    @property
    def link(self) -> str:
        """Name of the function from raw prediction to mean of the target."""
        return LOSSES[self.network.spec.loss].link

    @property
    def member_weights(self) -> np.ndarray:
        """Weight of each member in the mean of their predictions: (n_members,), of sum 1."""
        n_members = self.network.n_members
        return np.full(n_members, 1 / n_members) if self.weights is None else self.weights.copy()

    @property
    def n_outputs(self) -> int:
        """Number of targets, or of classes."""
        spec = self.network.spec
        return spec.n_out // spec.outputs_per_target

    def check(self) -> None:
        """Raise if encoder, networks and task do not match.

        Raises
        ------
        ValueError
        """
        spec = self.network.spec
        self.task.check(spec)
        if self.inputs is not None:
            self.inputs.check_members(self.network.n_members)

    def part(self, members: slice) -> FittedModel:
        """The model of consecutive members, with equal weights; network values are views."""
        inputs = None if self.inputs is None else self.inputs.part(members)
        return FittedModel(inputs, self.network.part(members), self.task)

    def snapshot(self) -> FittedModel:
        """A copy with the current values of the networks."""
        network = Network(self.network.specs, self.network.values.copy())
        return FittedModel(self.inputs, network, self.task, self.weights, self.scores)

    def with_scores(self, scores: Scores) -> FittedModel:
        """The model with other scores of held-out rows; all else is shared."""
        return FittedModel(self.inputs, self.network, self.task, self.weights, scores)

    def silent(self) -> FittedModel:
        """The model without warnings of unknown categories; the networks are shared."""
        if self.inputs is None:
            return self
        inputs = copy(self.inputs)
        inputs.encoder = inputs.encoder.silent()
        return FittedModel(inputs, self.network, self.task, self.weights, self.scores)

    # ---------------------------------------------------------------- predictions

    def encoded(self, X: Any) -> Any:
        """The rows of X as a ``Table``; as they are if columns are not encoded, or not yet.

        Sparse numbers are encoded in ``table``. Categories are encoded at once: a warning of
        unknown ones is about all rows.
        """
        if self.inputs is None:
            return X
        if issparse(X):
            if self.inputs.is_categorical is None:
                return X.tocsr()
            X = X.toarray()
        return self.inputs.encoder.transform(X, self.network.dtype)

    def table(self, rows: Any, which: Any = slice(None)) -> Table:
        """Some of the rows that ``encoded`` returns, as a table."""
        if not issparse(rows):
            return rows.rows(which)
        assert self.inputs is not None
        return self.inputs.encoder.transform(rows[which].toarray(), self.network.dtype)

    def features(self, X: Any) -> list[Features]:
        """Inputs of each member for all rows of X."""
        return self._features(self.encoded(X))

    def _features(self, rows: Any, which: slice = slice(None)) -> list[Features]:
        if self.inputs is None:
            return [make_features(rows, self.network.dtype)] * self.network.n_members
        return self.inputs.features_of(self.table(rows, which), self.network.dtype)

    def predict_members(self, X: Any, n_jobs: int | None = 1) -> np.ndarray:
        """Raw predictions, before the link, of each member.

        Parameters
        ----------
        X : {data frame, array, sparse array} of shape (n_samples, n_features)
        n_jobs : int or None, default=1
            Threads, as for the estimators.

        Returns
        -------
        raw : (n_members, n_samples, n_outputs) array in the dtype of the network
        """
        return self.predict_encoded(self.encoded(X), n_jobs)

    def predict_encoded(self, rows: Any, n_jobs: int | None = 1) -> np.ndarray:
        """``predict_members`` for what ``encoded`` returns.

        Bins are several times as large as the table, and the table of sparse rows may be much
        larger than these: only those of some rows exist at a time.
        """
        network = self.network
        n_rows, blocks = rows.shape[0], self.blocks(rows)
        # An upper bound: the engine does not split rows into too small blocks.
        with Threads(n_jobs, max(network.n_members, n_rows)) as threads:
            if len(blocks) == 1:
                return predict_raw(network, self._features(rows), threads)
            raw = np.empty((network.n_members, n_rows, network.spec.n_out), network.dtype)
            alone = threads.alone()

            def predict(block: slice) -> None:
                raw[:, block] = predict_raw(network, self._features(rows, block), alone)

            threads.map(predict, blocks)
        return raw

    def hidden_activations(self, X: Any, layer: int) -> np.ndarray:
        """Activations of a hidden layer, those of the members side by side.

        Parameters
        ----------
        X : {data frame, array, sparse array} of shape (n_samples, n_features)
        layer : int
            Index of the hidden layer, from 0 on.

        Returns
        -------
        activations : (n_samples, n_members * n_units) array in the dtype of the network
        """
        rows, members = self.encoded(X), range(self.network.n_members)
        blocks = []
        for block in self.blocks(rows):
            features = self._features(rows, block)
            parts = [hidden_activations(self.network, i, features[i], layer) for i in members]
            blocks.append(np.hstack(parts))
        return np.concatenate(blocks)

    def blocks(self, rows: Any) -> list[slice]:
        """Slices of the rows that ``encoded`` returns: all of them if they are inputs already."""
        n_rows, n_columns = rows.shape
        size = n_rows if self.inputs is None else max(LEAST_ROWS, BLOCK_VALUES // n_columns)
        return [slice(first, first + size) for first in range(0, n_rows, size)]

    def mean(self, raw: np.ndarray) -> np.ndarray:
        """Raw predictions (n_samples, n_outputs) of the ensemble."""
        return self.task.mean(raw, self.link, self.weights)

    def predict_raw(self, X: Any) -> np.ndarray:
        """Raw predictions (n_samples, n_outputs) of the ensemble for the rows of X."""
        return self.mean(self.predict_members(X))

    def predict(self, X: Any) -> np.ndarray:
        """Predictions, equal to those of the estimator."""
        return self.task.predict(self.predict_raw(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of classes or labels; AttributeError in regression."""
        return self.task.probabilities(self.predict_raw(X))  # type: ignore[attr-defined]

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """All quantiles; AttributeError in classification."""
        return self.task.quantiles(self.predict_raw(X))  # type: ignore[attr-defined]
