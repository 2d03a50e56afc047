"""What training leaves behind, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """Curves of a fit, one value an epoch.

    Attributes
    ----------
    loss : list of float
        Training loss, penalty included.
    validation_loss, validation_score : list of float
        Empty without validation data.
    n_samples_seen : int
    best_loss : float or None
        None where the validation score decides.
    best_score : float or None
        None without validation data.
    converged : bool
        Whether training ended by its own rule, and not by the number of epochs or an interrupt.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    n_samples_seen: int = 0
    best_loss: float | None = None
    best_score: float | None = None
    converged: bool = False

    @property
    def n_epochs(self) -> int:
        return len(self.loss)
