"""Atomic fits: readers see the model before a fit or the model after it, never a mixture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from skdnn._sklearn import is_callback_attribute
from skdnn._typing import Function


def _with_attributes(estimator: Any, attributes: dict[str, Any]) -> Any:
    """An object of the estimator's class with these attributes, made without its constructor."""
    other = object.__new__(type(estimator))
    other.__dict__ = attributes
    return other


@contextmanager
def learned_aside(estimator: Any) -> Iterator[Any]:
    """Context manager with a private copy of an estimator to train.

    At the end of the block, the fitted attributes of the copy become those of the estimator, with
    one assignment: other threads, scorers and callbacks see the model before or the model after.
    All fitted attributes are replaced, changed or not, because another fit may have ended in the
    meantime. If the block raises, nothing is changed.

    Yields
    ------
    draft : object
        Of the estimator's class, with its attributes.
    """
    draft = _with_attributes(estimator, estimator.__dict__.copy())
    yield draft
    learned = {k: v for k, v in draft.__dict__.items() if _is_learned(k)}
    # Attributes that were set in the meantime, such as parameters, are kept.
    kept = {k: v for k, v in estimator.__dict__.items() if not _is_learned(k)}
    estimator.__dict__ = {**kept, **learned}


def _is_learned(name: str) -> bool:
    """Whether an attribute is fitted, by scikit-learn's convention, or private.

    Callbacks and their context belong to the estimator and its call of ``fit``, not to the model.
    """
    return not is_callback_attribute(name) and (name.startswith("_") or name.endswith("_"))


def learned_attributes(draft: Any) -> dict[str, Any]:
    """Attributes of a draft during a fit: all except the parameters."""
    names = set(draft.get_params(deep=False))
    return {name: value for name, value in vars(draft).items() if name not in names}


def reads_one_model(method: Function) -> Function:
    """Decorator of a method that reads fitted attributes: all from the same fit.

    A fit replaces the ``__dict__`` of an estimator (:func:`learned_aside`); the method works on an
    object that keeps the old one.
    """

    @wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_with_attributes(self, self.__dict__), *args, **kwargs)

    return wrapper  # type: ignore[return-value]
