"""scikit-learn's callbacks (1.9 and later): a task for each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from skdnn._sklearn import CallbackSupportMixin, callback_context, has_callbacks

__all__ = ["CallbackSupportMixin", "EpochTasks", "epoch_tasks", "told"]


class EpochTasks:
    """Tells the callbacks of an estimator about a fit and its epochs.

    Parameters
    ----------
    estimator : BaseDNN
    X, y : array-like
        As the user gave them: a callback may score with them.
    sample_weight : array-like or None
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        #: Returns the attributes that a copy of the estimator needs to predict during training.
        self.fitted_attributes: Callable[[], dict[str, Any]] = dict

    def begin(self, max_epochs: int) -> None:
        """Create the callback context, which scikit-learn's ``fit`` wrapper tears down."""
        self._context = callback_context(self._data["estimator"], max_epochs)
        self._context.call_on_fit_task_begin(**self._data)

    def begin_epoch(self) -> None:
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self) -> bool:
        """Whether a callback asks to stop."""
        return self._epoch.call_on_fit_task_end(
            reconstruction_attributes=self.fitted_attributes, **self._data
        )

    def end(self) -> None:
        """The fit is done, and the estimator can predict."""
        self._context.call_on_fit_task_end(reconstruction_attributes=dict, **self._data)


@contextmanager
def told(tasks: EpochTasks | None, attributes: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """While the epochs are trained, callbacks can have an estimator with these attributes."""
    if tasks is not None:
        tasks.fitted_attributes = attributes
    try:
        yield
    finally:
        if tasks is not None:
            # Otherwise the data would be in a cycle of references after the fit.
            tasks.fitted_attributes = dict


def epoch_tasks(estimator: Any, X: Any, y: Any, sample_weight: Any) -> EpochTasks | None:
    """Tasks for the callbacks of an estimator; None if it has none."""
    return EpochTasks(estimator, X, y, sample_weight) if has_callbacks(estimator) else None
