"""The loop over epochs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skdnn._warnings import warn
from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network
from skdnn.training.averages import mean_raw
from skdnn.training.data import Rows
from skdnn.training.engine import (
    BLOCK_ROWS,
    Engine,
    NonFiniteLossError,
    Objective,
    mean_loss,
    predict_parts,
)
from skdnn.training.finite import predicts_numbers
from skdnn.training.interrupts import finish_despite_interrupt
from skdnn.training.lbfgs import Minimization, one_blas_thread
from skdnn.training.progress import TrainingState
from skdnn.training.sampling import RowOrder
from skdnn.training.schedules import Annealing, Position, StepFactors, make_schedule
from skdnn.training.settings import BY_ROWS, TrainingSettings, batch_size_for
from skdnn.training.threads import Threads

#: learning_rate="adaptive": divisor and smallest learning rate, as in scikit-learn's MLP.
ADAPTIVE_DIVISOR = 5.0
ADAPTIVE_LEAST_RATE = 1e-6

#: Relative decrease of the loss below which solver="lbfgs" has converged; SciPy's default.
LBFGS_LEAST_FALL = 2.220446049250313e-09

#: Training has diverged if the last loss is this many times that of the first epoch.
DIVERGENCE_FACTOR = 10.0

#: The largest float.
MOST = sys.float_info.max

#: A smaller epsilon is a likely cause of divergence.
LEAST_EPSILON = 1e-12


class DivergenceError(ValueError):
    """Training diverged: loss, weights or predictions are not finite."""


@dataclass
class Validator:
    """Held-out rows of some members, and a function that scores raw predictions and their mean.

    ``rows`` has the same rows for each of these members, with the inputs of the member. Without a
    ``score``, and from the first epoch on in which it is NaN, the negative loss is used.
    """

    members: slice
    rows: Sequence[Rows]
    score: Callable[[np.ndarray, np.ndarray], float] | None


class Validation(NamedTuple):
    """One validator for all members, or one for each member.

    With ``keep_best`` the scores decide when to stop, and each member ends with its values of the
    epoch that is best by its validator; otherwise scores are only recorded.
    """

    validators: Sequence[Validator]
    keep_best: bool


class Monitor(Protocol):
    """Called at the begin and end of each epoch; ``end_epoch`` returns whether to stop."""

    def begin_epoch(self) -> None: ...

    def end_epoch(self) -> bool: ...


class Training:
    """Trains a network in place.

    Parameters
    ----------
    network : Network
    rows : sequence of Rows
        Training rows of each member.
    settings : TrainingSettings
    progress : TrainingState
        Updated in place.
    threads : Threads
    validation : Validation, optional
    monitor : Monitor, optional
    """

    def __init__(
        self,
        network: Network,
        rows: Sequence[Rows],
        settings: TrainingSettings,
        progress: TrainingState,
        threads: Threads,
        validation: Validation | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        self.network, self.rows, self.settings = network, rows, settings
        self.progress, self.validation, self.monitor = progress, validation, monitor
        self.threads = threads
        self.keeps_best = validation is not None and validation.keep_best
        self.history = progress.history
        if validation is not None and validation.keep_best:
            for validator, stopping in zip(validation.validators, progress.stopping, strict=True):
                validator.score = None if stopping.has_fallen_back else validator.score
        #: Whether the score curve contains negative losses.
        self.records_losses = False
        n_rows = [each.n_rows for each in rows]
        if settings.solver == "lbfgs":
            batch_sizes = [min(BLOCK_ROWS, n) for n in n_rows]
            #: Batch size of the first member.
            self.batch_size = n_rows[0]
        else:
            size = resolve_batch_size(settings.batch_size, n_rows[0])
            batch_sizes = [min(size, n) for n in n_rows]
            self.batch_size = batch_sizes[0]
        #: Rows that the first member sees in an epoch.
        self.n_rows = n_rows[0]
        #: Steps per epoch of each member.
        self.n_steps = [-(-n // size) for n, size in zip(n_rows, batch_sizes, strict=True)]
        self.engine = Engine(network, settings, rows, batch_sizes, progress, threads)
        self.row_orders = [
            RowOrder(seeds.order, n, shuffle=settings.shuffle)
            for seeds, n in zip(progress.seeds, n_rows, strict=True)
        ]
        self.schedule = make_schedule(settings.learning_rate, settings.power_t)
        self.rates = StepFactors(self.schedule, "learning_rate")
        self.regularization_factors = StepFactors(
            make_schedule(settings.regularization_schedule), "regularization_schedule"
        )
        self.n_epochs_run = 0
        self.stop_requested = False

    def run(self, *, single_epoch: bool = False) -> None:
        """Train until convergence, ``max_iter`` epochs, ``max_time`` seconds, or Ctrl-C.

        Parameters
        ----------
        single_epoch : bool
            Train one epoch, regardless of the stopping criteria.

        Raises
        ------
        KeyboardInterrupt
            By Ctrl-C in a single epoch.
        DivergenceError
            If the loss, the parameters or the predictions of the training rows are not finite,
            and there is no best epoch to restore.
        """
        progress = self.progress
        left, last = progress.calibrated_values, progress.last_values
        left = progress.best_values if left is None else left
        # Continue from the last epoch, unless the weights have been changed in the meantime.
        if left is not None and last is not None and np.array_equal(self.network.values, left):
            self.network.values[...] = last
        progress.calibrated_values = None
        self.end_time = time.perf_counter() + self.settings.max_time
        try:
            if self.settings.solver == "lbfgs":
                with one_blas_thread():
                    self._run_lbfgs()
            else:
                self.run_epoch()
                while not (single_epoch or self._is_over()):
                    self.run_epoch()
        except KeyboardInterrupt:
            if single_epoch:  # Ctrl-C is meant for the loop over the calls
                raise
            self._handle_interrupt()
        except NonFiniteLossError:
            self._handle_divergence()
        if self.keeps_best:
            progress.last_values = self.network.values.copy()
            if progress.best_values is not None:
                self.network.values[...] = progress.best_values
            elif self.n_epochs_run:
                warn(
                    "The validation score was NaN in all epochs: the weights of the last epoch "
                    "are kept. More validation rows or another scoring may help."
                )
        if not self._predicts_numbers():
            raise DivergenceError(self._divergence(self.progress.epoch))
        if not (single_epoch or self.keeps_best):
            self._warn_of_divergence()

    def run_epoch(self) -> None:
        """Train one epoch, validate, record."""
        start = time.perf_counter()
        progress = self.progress
        if self.monitor is not None:
            self.monitor.begin_epoch()
        # The factors depend on the member only by its number of steps.
        factors = {n_steps: self._factors(n_steps) for n_steps in set(self.n_steps)}
        rates, regularization_factors = ([factors[n][i] for n in self.n_steps] for i in (0, 1))
        orders = [order(progress.epoch) for order in self.row_orders]
        loss = self.train_epoch(orders, rates, regularization_factors)
        self.record(loss, float(rates[0][-1]), start)
        self.stop_requested = self.monitor is not None and self.monitor.end_epoch()

    @property
    def train_epoch(self) -> Callable[..., float]:
        """From orders, rates and regularization factors to the loss; a subclass has another."""
        return self.engine.train_epoch

    def can_be_best(self, epoch: int) -> bool:
        """Whether the weights after an epoch can be those of the best epoch, by the schedule."""
        if not (self.keeps_best and isinstance(self.schedule, Annealing)):
            return True
        return self.schedule._can_be_best(Position(epoch, self.settings.max_iter, 1, 0))

    def _factors(self, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Learning rates and regularization factors of the steps of an epoch."""
        settings, progress = self.settings, self.progress
        seen = progress.history.n_samples_seen
        position = Position(progress.epoch, settings.max_iter, n_steps, seen)
        rate = float(settings.learning_rate_init)
        if settings.learning_rate == "adaptive":
            rate *= progress.rate_factor
        # A huge rate is clipped to a finite one; the loss then shows the divergence.
        rates = rate * np.minimum(self.rates(position), MOST / rate)
        regularization_factors = self.regularization_factors(position)
        dropout = max(self.network.spec.dropout)
        largest = regularization_factors.max() * dropout
        if dropout > 0 and largest >= 1:
            raise ValueError(
                f"regularization_schedule={settings.regularization_schedule!r} raises a dropout "
                f"rate of {dropout:g} to {largest:g}; it must be below 1."
            )
        return rates, regularization_factors

    def _run_lbfgs(self) -> None:
        """Minimize the loss over all rows with L-BFGS-B; an iteration counts as an epoch.

        Each member has its own line search and convergence; their iterations are run together,
        until all members have ended.
        """
        network, settings, threads = self.network, self.settings, self.threads
        # A relative decrease of the loss below the precision of the dtype is rounding error.
        options = {
            "maxfun": settings.max_fun,
            "maxiter": settings.max_iter,
            "gtol": settings.tol,
            "ftol": max(LBFGS_LEAST_FALL, float(np.finfo(network.dtype).eps)),
        }
        bounds = [network.bounds(member) for member in range(network.n_members)]
        members = [
            Minimization(
                Objective(self.engine, member), network.params(member),
                own.T if own.size else None, options,
            )
            for member, own in enumerate(bounds)
        ]  # fmt: skip

        def accept() -> None:
            for member, own in enumerate(members):
                with np.errstate(over="ignore"):
                    network.params(member)[...] = own.x
                if bounds[member].size:
                    # The line search may be beyond them by a rounding error.
                    np.clip(network.params(member), *bounds[member], out=network.params(member))

        try:
            while not self.n_epochs_run or not (self._is_stopped() or self._is_time_over()):
                start = time.perf_counter()
                active = [own for own in members if own.result is None]
                has_gone_on = any(threads.map(Minimization.advance, active))
                if not np.isfinite([own.value for own in members]).all():
                    raise NonFiniteLossError
                if self.n_epochs_run and not has_gone_on:
                    break
                accept()
                if self.monitor is not None and has_gone_on:
                    self.monitor.begin_epoch()
                self.record(_mean([own.value for own in members]), np.nan, start)
                if self.monitor is not None and has_gone_on:
                    self.stop_requested = self.monitor.end_epoch()
        finally:
            threads.stopping.set()
            for own in members:
                own.close()
            threads.stopping.clear()
            # Evaluations of the line search have overwritten the parameters.
            finish_despite_interrupt(accept)
        results = [own.result for own in members]
        failed = [result for result in results if result is None or result.status != 0]
        if not failed or self._is_stopped() or self._is_time_over(announce=True):
            return
        if not self.keeps_best:
            result = failed[0]
            assert result is not None  # members without a result were stopped, handled above
            warn(
                f"lbfgs failed to converge after {result.nit} iteration(s) and {result.nfev} "
                f"evaluations: {result.message}. Increase max_iter={settings.max_iter} or "
                f"max_fun={settings.max_fun}, or scale the data.",
                ConvergenceWarning,
            )

    def record(self, loss: float, rate: float, start: float) -> None:
        """Validate and record an epoch that began at ``start`` (``time.perf_counter``)."""
        progress, history = self.progress, self.history
        loss, measured = self._measure(loss)
        values, validation_loss, score = self._validate(loss, measured)
        stopping = [copy(each) for each in progress.stopping]
        can_be_best = self.can_be_best(progress.epoch)
        improved = [
            each.update(*own, can_be_best=can_be_best)
            for each, own in zip(stopping, values, strict=True)
        ]
        best = self._best_values(improved) if self.keeps_best else progress.best_values
        points: list[tuple[list, list]] = [(history.loss, [loss]), (history.learning_rate, [rate])]
        if self.validation is not None or history.validation_loss:
            # Epochs without validation data are NaN in the curves.
            gap = [np.nan] * (progress.epoch - len(history.validation_loss))
            points.append((history.validation_loss, [*gap, validation_loss]))
            points.append((history.validation_score, [*gap, score]))
            points.append((history.can_be_best, [*(False for _ in gap), can_be_best]))
        points.append((history.seconds, [time.perf_counter() - start]))
        ends = [(curve, len(curve), added) for curve, added in points]
        by_loss = self.validation is not None and not any(
            j.score for j in self.validation.validators
        )
        if by_loss and not self.records_losses:
            # The score curve must not mix scores and losses.
            losses = [*history.validation_loss, *gap, validation_loss]
            ends.append((history.validation_score, 0, [-each for each in losses]))
        epoch, n_epochs_run = progress.epoch + 1, self.n_epochs_run + 1
        n_samples_seen = history.n_samples_seen + self.n_rows

        def write() -> None:
            progress.epoch, self.n_epochs_run = epoch, n_epochs_run
            self.records_losses = by_loss
            progress.stopping, progress.best_values = stopping, best
            history.n_samples_seen = n_samples_seen
            for curve, end, added in ends:
                curve[end:] = added

        finish_despite_interrupt(write)
        if self.settings.verbose:
            self._print_epoch()

    def _best_values(self, improved: list[bool]) -> np.ndarray | None:
        """Values of the best epoch: the current ones for members that have improved."""
        network, best = self.network, self.progress.best_values
        if not any(improved):
            return best
        now = network.values.copy()
        if best is not None and self.validation is not None:
            for validator, better in zip(self.validation.validators, improved, strict=True):
                for member in range(network.n_members)[validator.members]:
                    if not better:
                        network.of_member(member, now)[...] = network.of_member(member, best)
        return now

    def _measure(self, loss: float) -> tuple[float, list[tuple[float, float, float]]]:
        """The training loss, and loss, score and fallback of the held-out rows of each validator.

        The fallback, the negative loss, is NaN if predictions are not finite.
        """
        if self.validation is None:
            return loss, []
        link, measured = LOSSES[self.network.spec.loss].link, []
        validators = self.validation.validators
        parts = [self.network.part(validator.members) for validator in validators]
        features = [[rows.features for rows in validator.rows] for validator in validators]
        predictions = predict_parts(list(zip(parts, features, strict=True)), self.threads)
        for validator, members, each in zip(validators, parts, predictions, strict=True):
            raw = mean_raw(each, link, None, self.network.spec.column_sizes)
            value = mean_loss(members, raw, validator.rows[0])
            if not np.isfinite(raw).all():
                measured.append((value, np.nan, np.nan))
                continue
            score = np.nan if validator.score is None else validator.score(each, raw)
            measured.append((value, score, -value))
        return loss, measured

    def _validate(
        self, loss: float, measured: list[tuple[float, float, float]]
    ) -> tuple[list[tuple[float, ...]], float, float]:
        """Values that select the best epoch, the validation loss, and the validation score.

        The last two are means over the validators; those without a score are left out of its mean.
        """
        if self.validation is None:
            return [(loss,)], np.nan, np.nan
        scores = []
        for validator, (_, score, fallback) in zip(
            self.validation.validators, measured, strict=True
        ):
            if np.isnan(score) and not np.isnan(fallback):
                validator.score = None
            if validator.score is not None:
                scores.append(score)
        scores = scores or [fallback for _, _, fallback in measured]
        values: list[tuple[float, ...]] = [(score, fallback) for _, score, fallback in measured]
        mean = _mean([value for value, _, _ in measured]), _mean(scores)
        return values if self.keeps_best else [(loss,)], *mean

    # ---------------------------------------------------------------- ends

    def _is_stopped(self) -> bool:
        """Whether a callback has requested it, or the validation score no longer improves."""
        return self.stop_requested or (self.keeps_best and self._is_exhausted())

    def _is_exhausted(self) -> bool:
        """Whether the patience of all validators is exhausted."""
        return all(each.exhausted for each in self.progress.stopping)

    def _is_late(self) -> bool:
        return time.perf_counter() >= self.end_time

    def _is_time_over(self, *, announce: bool = False) -> bool:
        is_over = self._is_late()
        if is_over and announce:
            warn(
                f"max_time={self.settings.max_time!r} seconds are over after {self.n_epochs_run} "
                "epochs and the optimization hasn't converged yet.",
                ConvergenceWarning,
            )
        return is_over

    def _is_over(self) -> bool:
        """Whether to stop before the next epoch; an adaptive learning rate is reduced instead."""
        if self.stop_requested:
            return True
        if self._is_exhausted():
            reason = (
                f"{'Validation score' if self.keeps_best else 'Training loss'} did not "
                f"improve more than tol={self.settings.tol:f} for "
                f"{self.settings.n_iter_no_change} consecutive epochs."
            )
            return not self._reduce_rate(reason)
        if self.n_epochs_run < self.settings.max_iter:
            return self._is_time_over(announce=True)
        if isinstance(self.schedule, Annealing):
            return True
        warn(
            f"Stochastic Optimizer: Maximum iterations ({self.settings.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
        )
        return True

    def _reduce_rate(self, reason: str) -> bool:
        """Reduce an adaptive learning rate, and return whether training continues."""
        progress, settings = self.progress, self.settings
        rate = settings.learning_rate_init * progress.rate_factor
        end = " Stopping." if settings.learning_rate != "adaptive" else ""
        if not end and rate <= ADAPTIVE_LEAST_RATE:
            end = " Learning rate too small. Stopping."
        if not end:
            progress.rate_factor /= ADAPTIVE_DIVISOR
            for each in progress.stopping:
                each.count = 0
        if settings.verbose:
            print(reason + (end or f" Setting learning rate to {rate / ADAPTIVE_DIVISOR:f}"))
        return not end

    def _predicts_numbers(self) -> bool:
        return predicts_numbers(self.network, self.rows, self.threads)

    def _handle_interrupt(self) -> None:
        warn("Training interrupted by user.")

    def _handle_divergence(self) -> None:
        """Raise, unless there is a best epoch to restore."""
        if not self.keeps_best or self.progress.best_values is None:
            raise DivergenceError(self._divergence(self.progress.epoch + 1)) from None
        history = self.history
        for curve in (
            history.loss, history.learning_rate, history.seconds, history.validation_loss,
            history.validation_score,
        ):  # fmt: skip
            curve.append(np.nan)
        history.can_be_best.append(False)
        warn(
            self._divergence(self.progress.epoch + 1)
            + " The parameters of the best epoch were kept.",
            ConvergenceWarning,
        )

    def _warn_of_divergence(self) -> None:
        """Warn if the loss has risen a lot, although it is finite."""
        losses = self.history.loss[-self.n_epochs_run :] if self.n_epochs_run else []
        if losses and losses[-1] > DIVERGENCE_FACTOR * losses[0]:
            warn(
                f"Training diverged: the loss rose from {losses[0]:g} in the first epoch to "
                f"{losses[-1]:g} in the last. Lower learning_rate_init="
                f"{self.settings.learning_rate_init!r}, scale the data, or set clip_norm.",
                ConvergenceWarning,
            )

    def _divergence(self, epoch: int) -> str:
        finite = np.isfinite(self.network.values).all()
        large = "They are so large that predictions are not finite. " if finite else ""
        causes = self._likely_causes()
        given = " and ".join(f"{name}={getattr(self.settings, name)!r}" for name in causes)
        return (
            # The message of scikit-learn's MLP comes first.
            "Solver produced non-finite parameter weights. The input data may contain large values "
            f"and need to be preprocessed. {large}It happened in epoch {epoch} with {given}: scale "
            "the features (for example with StandardScaler) and a regression target, or "
            f"{', or '.join(f'{change} {name}' for name, change in causes.items())}."
        )

    def _likely_causes(self) -> dict[str, str]:
        """Names of likely causes, and whether to raise or lower them."""
        settings, causes = self.settings, {}
        if settings.solver != "lbfgs":
            causes["learning_rate_init"] = "lower"
        if settings.solver == "adamw" and settings.learning_rate_init * settings.weight_decay > 1:
            causes["weight_decay"] = "lower"
        if settings.solver == "lbfgs" or settings.alpha > 1:
            causes["alpha"] = "lower"
        if settings.solver not in ("lbfgs", "sgd") and settings.epsilon < LEAST_EPSILON:
            causes["epsilon"] = "raise"
        return causes

    def _print_epoch(self) -> None:
        print(f"Iteration {self.n_epochs_run}, loss = {self.history.loss[-1]:.8f}")
        if self.validation is not None:
            print(f"Validation score: {self.history.validation_score[-1]:f}")


def _mean(values: Sequence[float]) -> float:
    """Mean of losses or scores, infinite if their sum is too large for a float."""
    with np.errstate(over="ignore"):
        return float(np.mean(values))


def resolve_batch_size(batch_size: int | str, n_rows: int) -> int:
    """Number of rows of a batch; "auto" is ``min(200, n_rows)``, as in scikit-learn's MLP."""
    if batch_size == BY_ROWS:
        return batch_size_for(n_rows)
    if batch_size == "auto":
        return min(200, n_rows)
    size = int(batch_size)
    if size > n_rows:
        warn(
            f"Got batch_size={size}, more than the {n_rows} rows to train on. "
            f"It is going to be clipped to {n_rows}."
        )
    return min(size, n_rows)
