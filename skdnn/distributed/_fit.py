"""A fit of several workers, each with rows of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from skdnn._sklearn import InvalidParameterError, check_y, is_metric
from skdnn.distributed._group import Group, broadcast
from skdnn.distributed._partitions import Partitions
from skdnn.distributed._pool import GroupPool
from skdnn.distributed._summary import Summary
from skdnn.distributed._training import GroupTraining, part_of_batch
from skdnn.estimators._callbacks import EpochTasks
from skdnn.estimators._data import Data, Split
from skdnn.estimators._fit import Fit
from skdnn.estimators._fitted import learned_aside
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._scoring import check_scoring_name
from skdnn.estimators._tables import rows_to_predict
from skdnn.estimators._targets import check_weights
from skdnn.tabular.targets import TargetScaler
from skdnn.training.data import Features, Rows
from skdnn.training.loop import Validation, resolve_batch_size
from skdnn.training.progress import TrainingState
from skdnn.training.sampling import Seeds
from skdnn.training.settings import TrainingSettings


class GroupFit(Fit):
    """The part of one worker in a fit.

    Parameters
    ----------
    estimator : BaseDNN
        A draft.
    pool : GroupPool
    **options
        Of ``GroupTraining``.
    """

    pool: GroupPool

    def __init__(self, estimator: Any, pool: GroupPool, **options: Any) -> None:
        super().__init__(estimator, resumes=False)
        self.pool = pool
        self.training_class = partial(GroupTraining, pool=pool, **options)

    def shard_data(self, X: Any, y: Any, sample_weight: Any, summary: Summary) -> tuple[Data, Data]:
        """Validated rows of this worker, and those that the encoding is learned from."""
        known = self.training_data(summary.X, summary.y, summary.sample_weight)
        targets = self.estimator._as_targets(y, "y")
        if isinstance(X, Partitions) and not self._encodes_parts():
            from skdnn.distributed._collections import concatenated  # where Dask is needed

            X = concatenated(list(X))
        if isinstance(X, Partitions):
            X.dtype = getattr(known.X, "dtype", None)
            targets = check_y(targets, multi_output=True)
            if targets.ndim == 2 and targets.shape[1] == 1:
                targets = column_or_1d(targets)
        else:
            X, targets = self._rows(X, targets, reset=False)
        self.task.check_kind(targets, "y")
        data = Data(X, self.task.encode(targets), check_weights(sample_weight, targets))
        largest = 1.0 if data.weights is None else float(data.weights.max())
        largest = float(self.pool.greatest(np.array([largest]))[0])
        self.pool.unit = float(np.ldexp(1.0, -np.frexp(largest)[1]))
        return data, known

    def _encodes_parts(self) -> bool:
        """Whether X is needed for nothing but its encoding."""
        return self.is_encoded and not hasattr(self.estimator.validation_fraction, "split")

    def _settings(self, n_rows: int, splits: list[Split]) -> TrainingSettings:
        settings = super()._settings(n_rows, splits)
        if self.pool.group.rank > 0:
            settings = replace(settings, verbose=False)
        # A worker may have fewer rows than its part of a batch.
        n_own = splits[0].training.y.shape[0]
        size = part_of_batch(resolve_batch_size(settings.batch_size, n_rows), self.pool.group.size)
        return replace(settings, batch_size=min(size, n_own))

    def _split_seed(self) -> int:
        return _seed_of_rank(super()._split_seed(), self.pool.group.rank) % 2**32

    def _splits(self, *arguments: Any) -> list[Split]:
        splits = super()._splits(*arguments)
        # Rows in files are read in their order, or where they are near each other.
        ordered = {id(each): each.in_order() for each in splits}
        return [ordered[id(each)] for each in splits]

    def _learn(self, whole: Data, splits: list[Split], *, again: bool) -> TableInputs | None:
        # These are the rows of the summary; nothing was learned before.
        return super()._learn(whole, splits, again=False)

    def _new_model(self, data: Data, *arguments: Any) -> tuple[FittedModel, TrainingState]:
        if isinstance(self.task, NumericTargets) and self.task.scaler is not None:
            self.task.scaler = self._exact(self.task.scaler, data.drop_zero_weights())
        model, progress = super()._new_model(data, *arguments)
        rank = self.pool.group.rank
        progress.seeds = [
            # The initial values are the same for all.
            Seeds(_seed_of_rank(each.order, rank), _seed_of_rank(each.dropout, rank), each.start)
            for each in progress.seeds
        ]
        return model, progress

    def _features(self, X: Any, model: FittedModel) -> list[Features]:
        if not isinstance(X, Partitions):
            return super()._features(X, model)
        assert model.inputs is not None
        self._encoded = None  # the rows of the summary
        arrays = X.storage.stacked(self._encoded_parts(X, model), X.n_rows)
        self.training_class = partial(self.training_class, window=X.storage.window)
        return model.inputs.features_from(arrays, model.network.dtype)

    def _encoded_parts(self, X: Partitions, model: FittedModel) -> Iterator[list[np.ndarray]]:
        """All arrays of the partitions, block by block."""
        assert model.inputs is not None
        for rows in X:
            table = model.inputs.encoder.transform(
                rows_to_predict(self.estimator, rows), model.network.dtype
            )
            del rows
            for block in model.blocks(table):
                yield model.inputs.arrays_of(table.rows(block))
            del table

    def _validation(self, splits: list[Split], *arguments: Any) -> Validation | None:
        scored = {id(each): self._scored(each) for each in splits}
        validation = super()._validation([scored[id(each)] for each in splits], *arguments)
        is_default = self.estimator.scoring in (None, self.estimator._default_scoring)
        if validation is not None and isinstance(self.task, NumericTargets) and is_default:
            for validator in validation.validators:
                validator.score = self._r2(self.task, validator.rows[0])
        return validation

    def _scored(self, split: Split) -> Split:
        """A split whose held-out rows a scorer can read, if there is one."""
        data, scoring = split.held_out, self.estimator.scoring
        own = None, "loss", self.estimator._default_scoring
        if data is None or scoring in own or not isinstance(data.X, Partitions):
            return split
        assert data.rows is not None
        if is_metric(scoring):
            X = np.empty((len(data.rows), 0))  # the rows are predicted already
        else:
            from skdnn.distributed._collections import concatenated  # where Dask is needed

            X = concatenated(list(data.X.take(data.rows)))
        return Split(split.training, data._replace(X=X, rows=None))

    def _r2(self, task: NumericTargets, rows: Rows) -> Callable[[np.ndarray, np.ndarray], float]:
        """A score whose mean over the workers, by their weights, is R² of all their rows.

        The mean of R² itself is another number if the means of the targets differ.
        """
        own, n_targets = rows.weights.astype(np.float64), rows.y.shape[1] // len(task.parameters)
        weights = np.full(n_targets, self.pool.weight(rows))

        def mean(values: np.ndarray) -> np.ndarray:
            return np.average(values, axis=0, weights=own)

        y = task.compared(np.zeros_like(rows.y), rows)[0].astype(np.float64)
        center = self.pool.means(mean(y), weights)
        variance = self.pool.means(mean((y - center) ** 2), weights)

        def score(members: np.ndarray, raw: np.ndarray) -> float:
            residuals = y - task.compared(raw, rows)[1]
            with np.errstate(all="ignore"):
                scores = 1 - mean(residuals**2) / variance
            # As scikit-learn, for a constant target with residuals.
            return float(np.where(variance == 0, 0.0, scores).mean())

        return score

    def _exact(self, sampled: TargetScaler, data: Data) -> TargetScaler:
        """A scaler of targets by the rows of all workers, from one by the summary."""
        unit, shape = sampled.unit, data.y.shape[1:]
        y = (data.y.astype(np.float64) * unit).reshape(len(data.y), -1)
        weights = np.ones(len(y)) if data.weights is None else data.weights * self.pool.unit

        def mean(values: np.ndarray) -> np.ndarray:
            # Products of BLAS depend on where arrays begin.
            weighted = (weights[:, None] * values).sum(axis=0)
            sums = self.pool.total(np.append(weighted, weights.sum()))
            return sums[:-1] / sums[-1]

        center = mean(y)
        deviation = np.sqrt(mean((y - center) ** 2))
        ends = data.y.reshape(len(y), -1).astype(np.float64)
        low, high = (
            sign * self.pool.greatest((sign * ends).max(axis=0)).reshape(shape) for sign in (-1, 1)
        )
        center, deviation = (each.reshape(shape) / unit for each in (center, deviation))
        # A constant target has no rounding errors for a deviation.
        deviation = np.where(low == high, 0, deviation)
        return TargetScaler(centered=sampled.centered).fit_moments(center, deviation, low, high)


class _StopRequests(EpochTasks):
    """In place of callbacks: asks after each epoch whether to stop."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop

    def begin(self, max_epochs: int) -> None:
        pass

    def begin_epoch(self) -> None:
        pass

    def end_epoch(self) -> bool:
        return self.should_stop()

    def end(self) -> None:
        pass


def _seed_of_rank(seed: int, rank: int) -> int:
    """A seed for each worker; that of the first is the given one."""
    if rank == 0:
        return seed
    return int(np.random.SeedSequence([seed, rank]).generate_state(1, np.uint64)[0])


def fit_shard(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    sample_weight: np.ndarray | None = None,
    *,
    summary: Summary,
    group: Group,
    X_val: Any = None,
    y_val: np.ndarray | None = None,
    sample_weight_val: np.ndarray | None = None,
    **options: Any,
) -> Any:
    """Fit an estimator with the rows of all workers of a group; each calls this with its own.

    Parameters
    ----------
    estimator : DNNClassifier or DNNRegressor
        The same for each worker. It is not changed.
    X : data frame, array or Partitions, of shape (n_rows, n_columns)
        The rows of this worker: at least 10 of positive weight.
    y : (n_rows,) or (n_rows, n_targets) array
    sample_weight : (n_rows,) array, optional
        All workers have weights, or none.
    summary : Summary
        The same for each worker.
    group : Group
        It is closed if there is an error, so that the others do not wait. Otherwise the caller
        closes it.
    X_val, y_val, sample_weight_val : optional
        Validation rows of this worker. All workers have some, or none.
    **options
        ``should_stop``, a function that is asked after each epoch: all workers stop if it is True
        for one of them. ``steps_between_averages`` of ``GroupTraining``.

    Returns
    -------
    estimator : DNNClassifier or DNNRegressor
        A fitted copy, which predicts the same for each worker. With a single worker and no
        ``Partitions`` it is that of ``fit(X, y, sample_weight)`` to the bit.

    Raises
    ------
    InvalidParameterError
        If the solver is "lbfgs", whose line search cannot be averaged.
    WorkerLostError
        If a worker is lost, or has raised another error.
    ValueError, TypeError
        As ``fit``, if the rows of this worker or the parameters are not valid; in the latter case
        for each worker.

    Notes
    -----
    Log-loss, accuracy and R² of held-out rows are those of the rows of all workers. Another
    ``scoring`` is computed by each worker, and averaged by the weights of their rows.
    """
    estimator = clone(estimator)
    validation = X_val, y_val, sample_weight_val
    should_stop = options.pop("should_stop", None)
    tasks = None if should_stop is None else _StopRequests(should_stop)
    if group.size == 1 and not isinstance(X, Partitions):
        estimator.check_params()
        return estimator._fit(X, y, sample_weight, validation, tasks=tasks)
    try:
        with learned_aside(estimator) as draft:
            pool = GroupPool(group)
            _check(draft)
            draft.random_state = _common_random_state(draft.random_state, group)
            call = GroupFit(draft, pool, **options)
            data, known = call.shard_data(X, y, sample_weight, summary)
            held_out = call.validation_data(data.y, *validation)
            _check_held_out(held_out, pool)
            call.train(data, held_out=held_out, callbacks=tasks, known=known)
        return estimator
    except BaseException:
        group.close()
        raise


def _check(estimator: Any) -> None:
    estimator.check_params()
    check_scoring_name(estimator)
    if estimator.solver == "lbfgs":
        raise InvalidParameterError(
            "The 'solver' parameter must be a stochastic one, such as 'adamw', with several "
            "workers, or with rows in files. Got 'lbfgs' instead."
        )


def _check_held_out(held_out: Data | None, pool: GroupPool) -> None:
    n_validated, size = pool.count(held_out is not None), pool.group.size
    if n_validated not in (0, size):
        raise ValueError(
            f"{n_validated} of {size} workers have rows of X_val: all must have some, or none."
        )


def _common_random_state(random_state: Any, group: Group) -> Any:
    """The random state of all workers: drawn by the first one if there is none."""
    if random_state is not None:
        return random_state
    drawn = float(check_random_state(None).randint(2**31 - 1))
    return int(broadcast(group, np.array([drawn]))[0])
