"""Parameters with declared constraints: those of estimators, and of the objects among their values.

The only module that imports scikit-learn's private ``_param_validation``.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np
import sklearn.base
from sklearn.utils._param_validation import HasMethods as _HasMethods
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

__all__ = [
    "BaseEstimator",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Number",
    "Options",
    "RisingNumbers",
    "SettingsObject",
    "StrOptions",
    "settings_of",
    "validate_parameter_constraints",
]

#: The largest int that is a float, too.
MOST = int(np.finfo(np.float64).max)


class HasMethods(_HasMethods):
    """An object with some methods: its class has them, too, and is refused."""

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, type) and super().is_satisfied_by(val)


class Number(Interval):
    """A number in an interval, of any type but bool."""

    def is_satisfied_by(self, val: Any) -> bool:
        if isinstance(val, bool) or not isinstance(val, self.type):
            return False
        # A fraction is a number, too, but NumPy cannot tell whether it is NaN.
        return (val if isinstance(val, Integral) else float(val)) in self


class RisingNumbers(Number):
    """A sequence of numbers in an interval, each larger than the one before."""

    def is_satisfied_by(self, val: Any) -> bool:
        if not (isinstance(val, list | tuple) or (isinstance(val, np.ndarray) and val.ndim == 1)):
            return False
        return (
            len(val) > 0
            and all(super(RisingNumbers, self).is_satisfied_by(each) for each in val)
            and all(low < high for low, high in pairwise(val))
        )

    def __str__(self) -> str:
        return "a sequence of such numbers that rise"


class BaseEstimator(sklearn.base.BaseEstimator):
    """scikit-learn's, which reads the signature of the constructor once.

    Its parameters are checked against ``_parameter_constraints``, as in scikit-learn, and so are
    those of the settings objects among their values.
    """

    _parameter_constraints: dict[str, list] = {}

    @classmethod
    def _get_param_names(cls) -> list[str]:
        # Of this very class, not of one that it comes from.
        if "_parameter_names" not in cls.__dict__:
            cls._parameter_names = tuple(super()._get_param_names())
        return list(cls._parameter_names)

    def _validate_params(self) -> None:
        name, params = type(self).__name__, self.get_params(deep=False)
        for parameter, value in params.items():
            if isinstance(value, type) and issubclass(value, SettingsObject):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {name} must be an object, not a class: "
                    f"{value.__name__}(). Got {value!r} instead."
                )
        validate_parameter_constraints(self._parameter_constraints, params, name)
        for parameter, value in params.items():
            # scikit-learn compares, and any int can be compared.
            if type(value) is int and abs(value) > MOST and self._is_real(parameter):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {name} must be a number that a float can "
                    f"hold. Got an int of {value.bit_length()} bits instead."
                )
            if isinstance(value, SettingsObject):
                value.check()

    def _is_real(self, name: str) -> bool:
        constraints = self._parameter_constraints.get(name, ())
        return any(isinstance(each, Interval) and each.type is Real for each in constraints)


class SettingsObject(BaseEstimator, ABC):
    """Base of the objects that are values of parameters: losses, embeddings, schedules.

    scikit-learn's double underscore reaches into them (``loss__delta``).
    """

    def check(self) -> None:
        """Check the settings.

        Raises
        ------
        ValueError
            If one is not what ``_parameter_constraints`` say.
        """
        self._validate_params()


def settings_of(value: Any, named: Mapping[str, type]) -> Any:
    """What the value of a parameter stands for, checked.

    Parameters
    ----------
    value : object
        A name stands for the object of its class with the defaults, anything else for itself.
    named : mapping of str to type
    """
    if isinstance(value, str) and value in named:
        return named[value]()
    if isinstance(value, SettingsObject):
        value.check()
    return value
