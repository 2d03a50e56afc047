"""What a training needs to go on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from skdnn._dtypes import INDEX
from skdnn.training.history import History
from skdnn.training.sampling import Seeds
from skdnn.training.stopping import NoImprovement


@dataclass
class Progress:
    """The state of a training between epochs, apart from the parameters.

    Orders and masks depend on seeds and counters alone, so this is all there is: a training that
    is stopped, pickled and resumed goes on bit for bit.

    Attributes
    ----------
    seeds : Seeds
    stopping : NoImprovement
    solver : str
    slots : array
        State vectors of the solver.
    step : (1,) int64 array
        Steps done; the kernels count in it.
    epoch : int
        Epochs done.
    rate_factor : float
        What ``learning_rate="adaptive"`` has reduced the rate to.
    history : History
    best_params : array or None
        With validation data, the parameters of the best epoch.
    last_params : array or None
        With validation data, the parameters of the last epoch: what training goes on from.
    """

    seeds: Seeds
    stopping: NoImprovement
    solver: str
    slots: np.ndarray
    step: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=INDEX))
    epoch: int = 0
    rate_factor: float = 1.0
    history: History = field(default_factory=History)
    best_params: np.ndarray | None = None
    last_params: np.ndarray | None = None
