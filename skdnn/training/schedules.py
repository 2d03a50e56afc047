"""Learning-rate schedules: factors that depend only on the position of a step in training.

A schedule is a name or a settings object, whose parameters can be set with scikit-learn's double
underscore (``learning_rate__warmup``). To add one: a class with a method ``factors``, and its name
in ``SCHEDULES``.
"""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from skdnn._dtypes import SCALAR
from skdnn._settings import Number, SettingsObject, settings_of

#: Larger numbers of epochs are clipped, so that products of them fit into a float.
MOST_EPOCHS = 2**512

#: Smaller fractions of the steps are clipped, to avoid a division by zero.
LEAST_FRACTION = 1e-300

#: A power of 2 or more with a larger exponent overflows.
MOST_POWER_T = 2000

#: Fraction of the steps, or of the learning rate.
SHARE = Number(Real, 0, 1, closed="left")


class Position(NamedTuple):
    """Position of an epoch in training.

    Attributes
    ----------
    epoch : int
        Index of the epoch, from 0.
    n_epochs : int
        Total number of epochs.
    n_steps : int
        Number of steps of the epoch.
    n_samples_seen : int
        Number of rows trained on in all previous epochs.
    """

    epoch: int
    n_epochs: int
    n_steps: int
    n_samples_seen: int

    @property
    def fractions(self) -> np.ndarray:
        """Fraction of the training done before each step, (n_steps,); cyclic after the end."""
        epoch = self.epoch % int(self.n_epochs)
        return (epoch + np.arange(self.n_steps) / self.n_steps) / self.length

    @property
    def length(self) -> float:
        """``n_epochs`` as a float; ``max_iter`` may be any int."""
        return float(min(int(self.n_epochs), MOST_EPOCHS))


#: Share of the maximum learning rate of a cycle, up to which an epoch can be the best one.
LOW_RATE = 0.25


class Constant:
    """Constant factors of 1; the reductions of "adaptive" are made in the training loop."""

    def factors(self, position: Position) -> np.ndarray:
        return np.ones(position.n_steps)


class InverseScaling:
    """``1 / (t + 1) ** power_t`` after t training samples, as in scikit-learn's MLP."""

    def __init__(self, power_t: float) -> None:
        self.power_t = power_t

    def factors(self, position: Position) -> np.ndarray:
        # With a negative exponent it underflows to 0, where ** would raise an OverflowError.
        factor = float(position.n_samples_seen + 1) ** -float(min(self.power_t, MOST_POWER_T))
        return np.full(position.n_steps, factor)


class Annealing(SettingsObject):
    """Base class of schedules over ``max_iter`` epochs, whose end is no failure to converge."""

    @abstractmethod
    def factors(self, position: Position) -> np.ndarray:
        """Factors of the learning rate in one epoch.

        Parameters
        ----------
        position : Position
            Position of the epoch in training.

        Returns
        -------
        factors : array of shape (n_steps,)
            Factor of ``learning_rate_init`` in each step.
        """

    def _can_be_best(self, position: Position) -> bool:
        """Whether the weights after an epoch can be those of the best epoch."""
        return True


class FlatCosine(Annealing):
    """Constant in the first half of the training, then cosine annealing to zero.

    For dropout and weight decay. Holzmüller et al. 2024, arXiv 2407.04491 ("flat_cos").
    """

    def factors(self, position: Position) -> np.ndarray:
        t = position.fractions
        return np.where(t < 0.5, 1.0, 0.5 * (1 + np.cos(np.pi * (2 * t - 1))))


class Cosine(Annealing):
    """Cosine annealing to zero at the last step, after a linear warmup.

    Parameters
    ----------
    warmup : float, default=0.05
        Fraction of the steps that the warmup takes, in [0, 1).

    References
    ----------
    Loshchilov & Hutter 2017, "SGDR", arXiv 1608.03983; the warmup: Goyal et al. 2017,
    arXiv 1706.02677.

    Examples
    --------
    >>> from skdnn import Cosine, DNNClassifier
    >>> model = DNNClassifier(learning_rate=Cosine(warmup=0.1))
    >>> model.get_params()["learning_rate__warmup"]
    0.1
    """

    _parameter_constraints = {"warmup": [SHARE]}

    def __init__(self, warmup: float = 0.05) -> None:
        self.warmup = warmup

    def factors(self, position: Position) -> np.ndarray:
        warmup = float(self.warmup)
        t = position.fractions
        # Shifted by half a step, so that the first factor is above zero.
        rise = (t + 0.5 / (position.n_steps * position.length)) / max(warmup, LEAST_FRACTION)
        fall = 0.5 * (1 + np.cos(np.pi * (t - warmup) / (1 - warmup)))
        return np.where(t < warmup, np.minimum(rise, 1), fall)


class OneCycle(Annealing):
    """One-cycle policy: cosine increase to the learning rate, then cosine annealing to zero.

    Parameters
    ----------
    rise : float, default=0.25
        Fraction of the steps in which the learning rate increases, in [0, 1).
    start : float, default=0.04
        Initial learning rate as a fraction of ``learning_rate_init``, in [0, 1).

    References
    ----------
    Smith & Topin 2018, "Super-convergence", arXiv 1708.07120; the cosine form and the defaults
    are those of fastai.

    Examples
    --------
    >>> from skdnn import DNNRegressor, OneCycle
    >>> DNNRegressor(learning_rate=OneCycle(rise=0.3)).learning_rate
    OneCycle(rise=0.3)
    """

    _parameter_constraints = {"rise": [SHARE], "start": [SHARE]}

    def __init__(self, rise: float = 0.25, start: float = 0.04) -> None:
        self.rise = rise
        self.start = start

    def factors(self, position: Position) -> np.ndarray:
        rise, start = float(self.rise), float(self.start)
        t = position.fractions
        up = 0.5 * (1 - np.cos(np.pi * t / max(rise, LEAST_FRACTION)))
        down = 0.5 * (1 + np.cos(np.pi * (t - rise) / (1 - rise)))
        return np.where(t < rise, start + (1 - start) * up, down)


class CosLog(Annealing):
    """Cosine cycles from zero to the learning rate and back, each about twice as long as before.

    Parameters
    ----------
    n_cycles : int, default=4
        Number of cycles, from 1 to 30.

    References
    ----------
    Holzmüller et al. 2024, "Better by default", arXiv 2407.04491, section 3 ("coslog4").

    Examples
    --------
    >>> from skdnn import CosLog, DNNClassifier
    >>> DNNClassifier(learning_rate=CosLog(n_cycles=3)).learning_rate
    CosLog(n_cycles=3)
    """

    _parameter_constraints = {"n_cycles": [Number(Integral, 1, 30, closed="both")]}

    def __init__(self, n_cycles: int = 4) -> None:
        self.n_cycles = n_cycles

    def factors(self, position: Position) -> np.ndarray:
        return self._at(position.fractions)[1]

    def _at(self, fractions: Any) -> tuple[Any, Any]:
        """Cycles so far, and factors, after fractions of the training."""
        cycles = np.log2(1 + (2 ** int(self.n_cycles) - 1) * fractions)
        return cycles, 0.5 * (1 - np.cos(2 * np.pi * cycles))

    def _can_be_best(self, position: Position) -> bool:
        """Whether the learning rate is low after an epoch, at the end of a cycle.

        With a high rate the weights change so much from epoch to epoch that the lowest held-out
        loss is that of weights which suit the noise of the held-out rows. As in snapshot ensembles
        (Huang et al. 2017, arXiv 1704.00109), models are taken where the rate has been annealed.
        """
        epoch = position.epoch % int(position.n_epochs) + 1
        cycles, factor = self._at(min(1.0, epoch / position.length))
        return bool(cycles > 0.5 and factor <= LOW_RATE)


#: Name -> class of the schedule; "invscaling" needs ``power_t``, the others have defaults.
SCHEDULES = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Constant,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "coslog4": CosLog,
}

#: Schedules of dropout and weight decay.
REGULARIZATION_SCHEDULES = {"constant": Constant, "flat_cos": FlatCosine}


def make_schedule(schedule: Any, power_t: float = 0.5) -> Any:
    """The schedule with a name (with ``power_t`` for "invscaling"), or the given object."""
    if isinstance(schedule, str) and schedule == "invscaling":
        return InverseScaling(power_t)
    return settings_of(schedule, {**SCHEDULES, **REGULARIZATION_SCHEDULES})


class StepFactors:
    """Validated factors of a schedule: the kernels do not check them.

    Parameters
    ----------
    schedule : object with a method ``factors``
    parameter : str
        Name of the parameter of the estimator, for messages.
    """

    def __init__(self, schedule: Any, parameter: str) -> None:
        self.schedule = schedule
        self.parameter = parameter
        #: Number of steps, in which members may differ -> factors of a constant schedule.
        self._constant: dict[int, np.ndarray] = {}

    def __call__(self, position: Position) -> np.ndarray:
        """Factors of the steps of an epoch, (n_steps,).

        Raises
        ------
        ValueError
            Unless the factors are finite, >= 0, and one for each step.
        """
        if position.n_steps in self._constant:
            return self._constant[position.n_steps]
        # A copy: the machine code relies on the type of the array.
        factors = np.array(self.schedule.factors(position), dtype=SCALAR, order="C")
        right = np.isfinite(factors) & (factors >= 0)
        if factors.shape != (position.n_steps,) or not right.all():
            raise ValueError(
                f"The factors of {self.parameter}={self.schedule!r} must be finite numbers >= 0, "
                f"one for each of the {position.n_steps} steps of an epoch. Got an array of shape "
                f"{factors.shape}: {factors!r}."
            )
        if type(self.schedule) is Constant:
            self._constant[position.n_steps] = factors
        return factors
