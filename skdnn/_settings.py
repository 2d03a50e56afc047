"""Parameter constraints of estimators and settings objects."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, Self

import numpy as np

from skdnn import _sklearn
from skdnn._sklearn import Interval, InvalidParameterError

#: The largest int that can be converted to a float.
MOST = int(np.finfo(np.float64).max)


class HasMethods(_sklearn.HasMethods):
    """Constraint of an object with some methods; a class that has them is refused."""

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, type) and super().is_satisfied_by(val)


class Number(Interval):
    """Constraint of a number in an interval, of any type except bool."""

    def is_satisfied_by(self, val: Any) -> bool:
        if isinstance(val, bool) or not isinstance(val, self.type):
            return False
        # As a float, since np.isnan does not accept a Fraction.
        return (val if isinstance(val, Integral) else float(val)) in self


class RisingNumbers(Number):
    """Constraint of a strictly increasing sequence of numbers in an interval."""

    def is_satisfied_by(self, val: Any) -> bool:
        if not (isinstance(val, list | tuple) or (isinstance(val, np.ndarray) and val.ndim == 1)):
            return False
        return (
            len(val) > 0
            and all(super(RisingNumbers, self).is_satisfied_by(each) for each in val)
            and all(low < high for low, high in pairwise(val))
        )

    def __str__(self) -> str:
        return "a strictly increasing sequence of such numbers"


class BaseEstimator(_sklearn.BaseEstimator):
    """Base class with ``check_params``, which also checks settings objects among the parameters."""

    def check_params(self) -> None:
        """Raise if a parameter violates ``_parameter_constraints``."""
        name, params = type(self).__name__, self.get_params(deep=False)
        for parameter, value in params.items():
            if isinstance(value, type) and issubclass(value, SettingsObject):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {name} must be an object, not a class: "
                    f"{value.__name__}(). Got {value!r} instead."
                )
        super().check_params()
        for parameter, value in params.items():
            # An Interval compares, which also works for an int that does not fit into a float.
            if type(value) is int and abs(value) > MOST and self._is_real(parameter):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {name} must be a number that fits into a "
                    f"float. Got an int of {value.bit_length()} bits instead."
                )
            if isinstance(value, SettingsObject):
                value.check()

    def set_params(self, **params: Any) -> Self:
        """Set the parameters of this estimator, and settings of those that are objects.

        Parameters
        ----------
        **params : dict
            Names and values; ``loss__delta`` is the setting ``delta`` of the parameter ``loss``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If there is no such parameter, or if it is not an object with settings.
        """
        own = self.get_params(deep=False)
        for key in params:
            name, nested, setting = key.partition("__")
            value = params.get(name, own.get(name))
            if nested and name in own and not _has_settings(value):
                raise ValueError(
                    f"Invalid parameter {key!r} for {type(self).__name__}: the {name!r} parameter "
                    f"is {value!r}, which has no settings. Set it to an object that has "
                    f"{setting!r}."
                )
        return super().set_params(**params)

    def _is_real(self, name: str) -> bool:
        constraints = self._parameter_constraints.get(name, ())
        return any(isinstance(each, Interval) and each.type is Real for each in constraints)


def _has_settings(value: Any) -> bool:
    return hasattr(value, "set_params") and not isinstance(value, type)


class SettingsObject(BaseEstimator, ABC):
    """Base class of losses, embeddings and schedules with settings.

    The settings can be set with scikit-learn's double underscore (``loss__delta``).
    """

    def check(self) -> None:
        """Check the settings.

        Raises
        ------
        ValueError
            If a setting violates ``_parameter_constraints``.
        """
        self.check_params()


def settings_of(value: Any, named: Mapping[str, type]) -> Any:
    """Resolve the value of a parameter: a name, or a settings object, which is checked.

    Parameters
    ----------
    value : object
        A name is replaced by an object of its class with default settings; anything else is
        returned.
    named : mapping of str to type
    """
    if isinstance(value, str) and value in named:
        return named[value]()
    if isinstance(value, SettingsObject):
        value.check()
    return value
