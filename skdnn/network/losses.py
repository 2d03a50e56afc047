"""Losses with settings of their own: a name is enough for the others.

scikit-learn's double underscore reaches into the objects (``loss__delta``).
"""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real
from typing import Any

import numpy as np

from skdnn._settings import Number, RisingNumbers, SettingsObject, settings_of


class LossSettings(SettingsObject):
    """Base of the losses that have settings."""

    @property
    @abstractmethod
    def name(self) -> str:
        """That of the record in ``LOSSES``; a subclass has it as an attribute."""

    @abstractmethod
    def parameters(self) -> tuple[float, ...]:
        """What the kernels need to know, one number for each output that a target has."""


class Huber(LossSettings):
    """Squared error for small errors, absolute error for those beyond ``delta``.

    Half the square of an error of at most ``delta``, ``delta * (abs(error) - delta / 2)`` above:
    outliers pull with a limited force.

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss turns from quadratic to linear, in units of the target; above 0. With
        ``target_scaling`` between 1e-6 and 1e6 standard deviations of the target: further off
        nothing changes but the scale of the loss.

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
    _parameter_constraints = {"delta": [Number(Real, 0, None, closed="neither")]}

    def __init__(self, delta=1.0):
        self.delta = delta

    def parameters(self) -> tuple[float, ...]:
        """What the compiled loss needs to know.

        Returns
        -------
        parameters : tuple of float
            ``delta``.
        """
        return (float(self.delta),)


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
    _parameter_constraints = {
        "quantile": [
            Number(Real, 0, 1, closed="neither"),
            RisingNumbers(Real, 0, 1, closed="neither"),
        ]
    }

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def parameters(self) -> tuple[float, ...]:
        """What the compiled loss needs to know.

        Returns
        -------
        parameters : tuple of float
            The levels.
        """
        return tuple(float(level) for level in np.ravel(self.quantile))


#: Name -> the settings with their defaults.
SETTINGS = {"huber": Huber, "quantile": Quantile}


def resolve_loss(loss: Any) -> tuple[str, tuple[float, ...]]:
    """Name and parameters of the value of an estimator's parameter ``loss``."""
    settings = settings_of(loss, SETTINGS)
    if isinstance(settings, str):
        return settings, ()
    return settings.name, settings.parameters()
