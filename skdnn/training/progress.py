"""State from which training is resumed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skdnn.training.history import History
from skdnn.training.sampling import Seeds
from skdnn.training.stopping import NoImprovement


@dataclass
class TrainingState:
    """State of the training between epochs, without the parameters.

    The order of the rows and dropout masks depend only on seeds and counters, so there is no other
    state: training that is stopped, pickled and resumed gives the same bits.

    Attributes
    ----------
    seeds : list of Seeds
        Seeds of each member.
    split_seed : int
        Seed of the hold-outs.
    stopping : list of NoImprovement
        One for each validator (``Validation``); a single one without validation.
    monitored : tuple
        Identifies the score and the rows that select the best epoch.
    solver : str
    slots : list of (n_slots * n_params,) arrays
        State vectors of the solver, of each member.
    step : (n_members, 1) int64 array
        Number of steps done; incremented by the kernels.
    epoch : int
        Number of epochs done.
    rate_factor : float
        Factor by which ``learning_rate="adaptive"`` has reduced the rate.
    history : History
    best_values : (n_values,) array or None
        With early stopping, the values of each member in the best epoch.
    calibrated_values : (n_values,) array or None
        The best values after calibration, if there was any.
    last_values : (n_values,) array or None
        With early stopping, the values of the last epoch, from which training is resumed.
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
