"""State from which a training is resumed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skdnn.training.history import History
from skdnn.training.sampling import Seeds
from skdnn.training.stopping import NoImprovement


@dataclass
class TrainingState:
    """The state of a training between epochs, apart from the parameters.

    Orders and masks depend on seeds and counters alone, so this is all there is: a training that
    is stopped, pickled and resumed goes on bit for bit.

    Attributes
    ----------
    seeds : list of Seeds
        Of every member.
    split_seed : int
        Of the hold-outs.
    stopping : list of NoImprovement
        One for each validator (``Validation``); a single one without validation.
    monitored : tuple
        What the best epoch is chosen by.
    solver : str
    slots : list of (n_slots * n_params,) arrays
        State vectors of the solver, of every member.
    step : (n_members, 1) int64 array
        Steps done; the kernels count in it.
    epoch : int
        Epochs done.
    rate_factor : float
        What ``learning_rate="adaptive"`` has reduced the rate to.
    history : History
    best_values : (n_values,) array or None
        With early stopping, the values of each member in the best epoch.
    calibrated_values : (n_values,) array or None
        What calibration made of them, if it did.
    last_values : (n_values,) array or None
        With early stopping, those of the last epoch: what training goes on from.
    """

    seeds: list[Seeds]
    split_seed: int
    stopping: list[NoImprovement]
    monitored: tuple
    solver: str
    slots: list[np.ndarray]
    step: np.ndarray
    epoch: int = 0
    rate_factor: float = 1.0
    history: History = field(default_factory=History)
    best_values: np.ndarray | None = None
    calibrated_values: np.ndarray | None = None
    last_values: np.ndarray | None = None
