"""Losses with settings of their own: a name is enough for the others.

scikit-learn's double underscore reaches into the objects (``loss__delta``).
"""

from __future__ import annotations

from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


class LossSettings(BaseEstimator):
    """Base of the losses that have settings; ``name`` is that of the record in ``LOSSES``."""

    name: str

    def parameters(self) -> tuple[float, ...]:
        """What the kernels need to know, one number for each output that a target has."""
        raise NotImplementedError


class Huber(LossSettings):
    """Squared error for small errors, absolute error for those beyond ``delta``.

    Half the square of an error of at most ``delta``, ``delta * (abs(error) - delta / 2)`` above:
    outliers pull with a limited force.

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss turns from quadratic to linear, in units of the target; above 0. With
        ``target_scaling`` between 1e-6 and 1e6 deviations of the target: further off nothing
        changes but the scale of the loss.

    References
    ----------
    Huber 1964, "Robust estimation of a location parameter".

    Examples
    --------
    >>> from skdnn import DNNRegressor, Huber
    >>> model = DNNRegressor(loss=Huber(delta=2.0))
    >>> model.set_params(loss__delta=3.0).loss
    Huber(delta=3.0)
    """

    name = "huber"

    def __init__(self, delta=1.0):
        self.delta = delta

    def parameters(self) -> tuple[float, ...]:
        """What the compiled loss needs to know.

        Returns
        -------
        parameters : tuple of float
            ``delta``.

        Raises
        ------
        ValueError
            If ``delta`` is not a finite number above 0.
        """
        delta = self.delta
        if not _is_number(delta) or not 0 < float(delta) < np.inf:
            raise ValueError(
                "The 'delta' parameter of Huber must be a float in the range (0, inf). "
                f"Got {delta!r} instead."
            )
        return (float(delta),)


class Quantile(LossSettings):
    """Pinball loss: the prediction is a quantile of the target's distribution, or several.

    With several levels one network learns them all; their predictions are sorted, so that they do
    not cross, which can only bring them nearer to the true ones (Chernozhukov et al.). ``predict``
    gives the level next to one half, ``predict_quantiles`` all of them.

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        Level, or rising levels, in (0, 1).

    References
    ----------
    Koenker & Bassett 1978, "Regression quantiles"; Chernozhukov, Fernández-Val & Galichon 2010,
    "Quantile and probability curves without crossing", arXiv 0704.3649.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skdnn import DNNRegressor, Quantile
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = DNNRegressor((20,), loss=Quantile([0.1, 0.5, 0.9]), learning_rate_init=0.1,
    ...                      random_state=0)
    >>> low, middle, high = model.fit(X * 20, y).predict_quantiles(X * 20).T
    >>> bool((low <= middle).all() and (middle <= high).all())
    True
    """

    name = "quantile"

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def parameters(self) -> tuple[float, ...]:
        """What the compiled loss needs to know.

        Returns
        -------
        parameters : tuple of float
            The levels.

        Raises
        ------
        ValueError
            If they are not numbers in (0, 1) that rise.
        """
        given = self.quantile
        several = isinstance(given, list | tuple | np.ndarray) and np.ndim(given) > 0
        levels = tuple(given) if several else (given,)
        right = len(levels) > 0 and all(_is_number(q) and 0 < float(q) < 1 for q in levels)
        if not right or any(a >= b for a, b in pairwise(levels)):
            raise ValueError(
                "The 'quantile' parameter of Quantile must be a float in the range (0, 1) or a "
                f"sequence of such floats that rise. Got {given!r} instead."
            )
        return tuple(float(q) for q in levels)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


#: Name -> the settings with their defaults.
SETTINGS = {"huber": Huber, "quantile": Quantile}


def resolve_loss(loss: Any) -> tuple[str, tuple[float, ...]]:
    """Name and parameters of the value of an estimator's parameter ``loss``."""
    if isinstance(loss, type):
        raise ValueError(f"loss is the class {loss.__name__}, not an object of it.")
    if isinstance(loss, str):
        loss = SETTINGS[loss]() if loss in SETTINGS else loss
    return (loss, ()) if isinstance(loss, str) else (loss.name, loss.parameters())
