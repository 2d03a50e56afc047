"""Losses with settings; the others are given by name.

The settings can be set with scikit-learn's double underscore (``loss__delta``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from skdnn._settings import Number, RisingNumbers, SettingsObject, settings_of
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.records import Loss

#: Range of parameters in units of the target, divided by its standard deviation. With delta below
#: it, the Huber loss is the absolute error with vanishing gradients; above, the squared error.
UNIT_RANGE = 1e-6, 1e6


class LossSettings(SettingsObject):
    """Base class of losses with settings.

    The settings are the parameters of the constructor; the record in ``LOSSES`` names those that
    are passed to the kernel.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the record in ``LOSSES``; an attribute of the subclass."""

    def check(self) -> None:
        super().check()
        names = loss_names("regression")
        if self.name not in names:
            raise ValueError(
                f"The name of {type(self).__name__} must be one of {names}, the losses of the "
                f"kernels. Got {self.name!r} instead."
            )


class Huber(LossSettings):
    """Huber loss: squared error for small errors, absolute error for large ones.

    ``error ** 2 / 2`` for errors up to ``delta``, and ``delta * (abs(error) - delta / 2)`` above,
    which limits the influence of outliers.

    Parameters
    ----------
    delta : float, default=1.0
        Absolute error at which the loss changes from quadratic to linear, in units of the target;
        above 0. With ``target_scaling`` it is clipped to 1e-6 to 1e6 standard deviations of the
        target, which changes only the scale of the loss.

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

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta


class Quantile(LossSettings):
    """Pinball loss: the prediction is one or several quantiles of the target distribution.

    With several levels, one network learns all of them; their predictions are sorted, so that
    quantiles do not cross, which can only reduce their error (Chernozhukov et al.). ``predict``
    returns the level closest to one half, ``predict_quantiles`` all of them.

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        Level in (0, 1), or several in increasing order.

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

    def __init__(self, quantile: float | Sequence[float] = 0.5) -> None:
        self.quantile = quantile


class Tweedie(LossSettings):
    """Half the Tweedie deviance, with a log link: targets that are often 0 and otherwise positive.

    The variance is proportional to ``mean ** power``. Between 1 (the loss "poisson") and 2
    ("gamma") the distribution is a sum of a Poisson number of gamma terms, such as the
    claims of a year or the rain of a day.

    Parameters
    ----------
    power : float, default=1.5
        Between 1 and 2, which are excluded: these are the losses "poisson" and "gamma".

    References
    ----------
    Jørgensen 1987, "Exponential dispersion models"; as scikit-learn's ``TweedieRegressor``.

    Examples
    --------
    >>> import numpy as np
    >>> from skdnn import DNNRegressor, Tweedie
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = [rng.gamma(2, np.exp(x), size=rng.poisson(1)).sum() for x in X[:, 0]]
    >>> model = DNNRegressor(loss=Tweedie(power=1.3), random_state=0).fit(X, y)
    >>> bool((model.predict(X) > 0).all())
    True
    """

    name = "tweedie"
    _parameter_constraints = {"power": [Number(Real, 1, 2, closed="neither")]}

    def __init__(self, power: float = 1.5) -> None:
        self.power = power


def settings_classes() -> Mapping[str, type[LossSettings]]:
    """Name of a loss -> class of its settings, for the classes of this module."""
    classes = LossSettings.__subclasses__()
    return {str(cls.name): cls for cls in classes if cls.__module__ == __name__}


@dataclass(frozen=True)
class ChosenLoss:
    """A loss with the values of its settings.

    Attributes
    ----------
    record : Loss
    parameters : (outputs_per_target, n_parameters) array
        Parameters for the outputs of one target.
    """

    record: Loss
    parameters: np.ndarray

    @property
    def outputs_per_target(self) -> int:
        return len(self.parameters)

    @property
    def variance_power(self) -> float | None:
        """Power of the mean that the variance is proportional to; None for other losses."""
        if "power" in self.record.parameters:
            return float(self.parameters[0, self.record.parameters.index("power")])
        return {"poisson": 1.0, "gamma": 2.0}.get(self.record.name)

    def of_targets(self, n_targets: int, units: np.ndarray | None) -> tuple[float, ...]:
        """Parameters of all outputs, one after the other.

        Parameters
        ----------
        n_targets : int
        units : (n_targets,) array or None
            Scales that the targets are divided by.
        """
        values = np.tile(self.parameters, (n_targets, 1, 1))
        for k, name in enumerate(self.record.parameters):
            if units is not None and name in self.record.target_units:
                with np.errstate(over="ignore"):
                    scaled = values[:, :, k] / np.ravel(units)[:, None]
                values[:, :, k] = np.clip(scaled, *UNIT_RANGE)
        return tuple(values.ravel().tolist())


def resolve_loss(loss: Any) -> ChosenLoss:
    """Resolve the parameter ``loss`` of the regressor, a name or a settings object."""
    settings = settings_of(loss, settings_classes())
    if isinstance(settings, str):
        if settings not in loss_names("regression"):
            raise _unknown(settings, "regression")
        return _chosen(LOSSES[settings], [])
    record = LOSSES[settings.name]
    return _chosen(record, [getattr(settings, name) for name in record.parameters])


def _chosen(record: Loss, values: list[Any]) -> ChosenLoss:
    """A loss with the values of its parameters."""
    n_outputs = record.outputs_per_target
    rows = np.size(values[0]) if n_outputs == "levels" else n_outputs
    parameters = np.empty((rows, len(values)))
    for k, value in enumerate(values):
        parameters[:, k] = np.ravel(value)
    return ChosenLoss(record, parameters)


def loss_names(task: str, **fields: Any) -> list[str]:
    """Public names of the losses of a task whose records have certain fields."""
    found = [
        each.public_name
        for each in LOSSES.values()
        if each.task == task and all(getattr(each, key) == value for key, value in fields.items())
    ]
    return list(dict.fromkeys(found))


def class_loss(public_name: str, link: str) -> str:
    """Name of the record of a classification loss with a link.

    Raises
    ------
    ValueError
        If there is none: the validation of parameters can be switched off in scikit-learn.
    """
    for each in LOSSES.values():
        if each.task == "classification" and (each.public_name, each.link) == (public_name, link):
            return each.name
    if public_name in loss_names("classification"):
        raise ValueError(
            f"loss={public_name!r} is not for several columns of labels: use 'log_loss'."
        )
    raise _unknown(public_name, "classification")


def _unknown(loss: Any, task: str) -> ValueError:
    names = loss_names(task)
    return ValueError(f"The 'loss' parameter must be one of {names}. Got {loss!r} instead.")
