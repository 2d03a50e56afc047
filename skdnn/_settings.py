"""Parameters with declared constraints, of estimators and of the objects among their values."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np

from skdnn import _sklearn
from skdnn._sklearn import Interval, InvalidParameterError

#: The largest int that is a float, too.
MOST = int(np.finfo(np.float64).max)


class HasMethods(_sklearn.HasMethods):
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


class BaseEstimator(_sklearn.BaseEstimator):
    """Base of what has parameters; it checks those of the settings objects among them, too."""

    def check_params(self) -> None:
        """Raise if a parameter is not one of ``_parameter_constraints``."""
        name, params = type(self).__name__, self.get_params(deep=False)
        for parameter, value in params.items():
            if isinstance(value, type) and issubclass(value, SettingsObject):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {name} must be an object, not a class: "
                    f"{value.__name__}(). Got {value!r} instead."
                )
        super().check_params()
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
        self.check_params()


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
