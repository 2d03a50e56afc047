"""Early stopping: when to stop, and which epoch is the best."""

from __future__ import annotations

from math import inf, isnan, nan


class NoImprovement:
    """Counts epochs without an improvement by at least ``tol``, as scikit-learn's MLP does.

    Parameters
    ----------
    patience : int or inf
        Stop after more than this number of consecutive epochs.
    tol : float
    greater_is_better : bool
        True for scores, False for losses.
    """

    def __init__(self, patience: float, tol: float, *, greater_is_better: bool) -> None:
        self.patience = patience
        self.tol = tol
        self.sign = 1.0 if greater_is_better else -1.0
        self.best = -self.sign * inf
        self.count = 0
        self.has_fallen_back = False
        #: Value of the fallback metric in the best epoch.
        self.fallback = self.best
        #: Whether no epoch that can be the best one has been recorded.
        self.is_provisional = True

    def update(self, value: float, fallback: float = nan, *, can_be_best: bool = True) -> bool:
        """Record the value of an epoch; return whether it is the best so far.

        An epoch that cannot be the best one is it only until the first one that can.

        From the first epoch on whose value is NaN and whose ``fallback`` is not, epochs are
        evaluated by the fallback metric, which is then compared with that of the best epoch so
        far: values of two metrics are never compared.

        Of epochs with equal values the last one is the best (Holzmüller et al. 2024,
        arXiv 2407.04491, table B.1).
        """
        if isnan(value) and not (self.has_fallen_back or isnan(fallback)):
            self.has_fallen_back, self.best = True, self.fallback
        if self.has_fallen_back:
            value = fallback
        if can_be_best and self.is_provisional and not isnan(value):
            self.best, self.is_provisional = -self.sign * inf, False
        gain = self.sign * (value - self.best)
        self.count = 0 if gain >= self.tol else self.count + 1
        if not (can_be_best or self.is_provisional):
            return False
        if gain > 0:
            self.best = value
        if gain >= 0:
            self.fallback = fallback
        return bool(gain >= 0)

    def __copy__(self) -> NoImprovement:
        # Called in every epoch; five times as fast as the inherited copy.
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    @property
    def exhausted(self) -> bool:
        return self.count > self.patience
