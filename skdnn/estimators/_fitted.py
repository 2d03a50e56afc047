"""A fit learns aside and attaches all at once; who reads sees one model, never half of two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from skdnn._typing import Function


def _with_attributes(estimator: Any, attributes: dict[str, Any]) -> Any:
    """An object of the estimator's class with these attributes, made without its constructor."""
    other = object.__new__(type(estimator))
    other.__dict__ = attributes
    return other


@contextmanager
def learned_aside(estimator: Any) -> Iterator[Any]:
    """A private copy of an estimator for the block to train.

    What is learned there becomes the estimator's when the block has ended, with one assignment:
    other threads, scorers and callbacks see the model before or the model after. All of it does,
    changed or not: another fit may have ended in the meantime, and half a model of each is none.
    If the block raises, nothing is changed.

    Yields
    ------
    draft : object
        Of the estimator's class, with its attributes.
    """
    draft = _with_attributes(estimator, estimator.__dict__.copy())
    yield draft
    learned = {k: v for k, v in draft.__dict__.items() if _is_learned(k)}
    # Attributes that others have set in the meantime, parameters among them, stay as they are.
    kept = {k: v for k, v in estimator.__dict__.items() if not _is_learned(k)}
    estimator.__dict__ = {**kept, **learned}


def _is_learned(name: str) -> bool:
    """Whether an attribute is a fit's, by scikit-learn's convention, or private."""
    return name.startswith("_") or name.endswith("_")


def learned_attributes(draft: Any) -> dict[str, Any]:
    """What is known of a fit in the middle of it: all but the parameters."""
    names = set(draft.get_params(deep=False))
    return {name: value for name, value in vars(draft).items() if name not in names}


def reads_one_model(method: Function) -> Function:
    """Decorator of a method that reads what is fitted: from one model, whoever fits meanwhile.

    A fit replaces the ``__dict__`` of an estimator (:func:`learned_aside`); the method works on an
    object that keeps the one that it has found.
    """

    @wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_with_attributes(self, self.__dict__), *args, **kwargs)

    return wrapper  # type: ignore[return-value]
