"""The learning-rate range test."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import column_or_1d

from skdnn._sklearn import safe_indexing
from skdnn._typing import MatrixLike
from skdnn._warnings import warn
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._labels import balanced_class_weights
from skdnn.estimators._pipelines import final_estimator
from skdnn.estimators._tables import in_memory
from skdnn.estimators._targets import check_weights
from skdnn.inspection._displays import axes_for, checked_array
from skdnn.training.loop import DivergenceError, resolve_batch_size
from skdnn.training.settings import AUTO, dropout_for

#: Standard deviation of the Gaussian filter of the losses, as a fraction of all steps. The
#: exponential moving average of other implementations lags behind the loss.
SMOOTHING = 0.03

#: The test ends when the smoothed loss is this many times its minimum, as in fastai.
STOP_FACTOR = 4.0


class LearningRateDisplay:
    """Loss of each step of a learning-rate range test.

    It is recommended to use :func:`find_learning_rate` to create a ``LearningRateDisplay``. All
    parameters are stored as attributes.

    Parameters
    ----------
    learning_rates : array of shape (n_steps,)
        Learning rate of each step.
    losses : array of shape (n_steps,)
        Loss of the batch before each step, penalty included.
    smoothed_losses : array of shape (n_steps,)
        Losses after smoothing by a Gaussian filter.
    suggestion : float
        Suggested learning rate.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the losses.
    figure_ : matplotlib Figure
        Figure containing the axes.
    lines_ : list of matplotlib Line2D
        Losses and smoothed losses.
    suggestion_line_ : matplotlib Line2D
        Vertical line at the suggested learning rate.

    References
    ----------
    Smith 2017, "Cyclical learning rates for training neural networks", arXiv 1506.01186.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, find_learning_rate
    >>> X, y = load_iris(return_X_y=True)
    >>> display = find_learning_rate(DNNClassifier(random_state=0), X, y)
    >>> display.plot().ax_.get_xscale()
    'log'
    """

    def __init__(
        self,
        *,
        learning_rates: np.ndarray,
        losses: np.ndarray,
        smoothed_losses: np.ndarray,
        suggestion: float,
    ) -> None:
        self.learning_rates = learning_rates
        self.losses = losses
        self.smoothed_losses = smoothed_losses
        self.suggestion = suggestion

    def plot(self, ax: Any = None, *, line_kw: dict[str, Any] | None = None) -> Self:
        """Plot the losses and the suggested learning rate.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot``.

        Returns
        -------
        display : LearningRateDisplay
            This object.

        Raises
        ------
        ValueError
            If a parameter of the display has the wrong shape.
        """
        rates = checked_array("learning_rates", self.learning_rates, ("n_steps",))
        losses, smoothed = (
            checked_array(name, getattr(self, name), rates.shape)
            for name in ("losses", "smoothed_losses")
        )
        self.ax_ = ax = axes_for(self, ax)
        self.figure_ = ax.figure
        faint = {"label": "Loss", "color": "C0", "alpha": 0.3, **(line_kw or {})}
        clear = {"label": "Smoothed loss", "color": "C0", **(line_kw or {})}
        self.lines_ = [
            *ax.plot(rates, losses, **faint),
            *ax.plot(rates, smoothed, **clear),
        ]
        label = f"Suggestion: {self.suggestion:.2g}"
        self.suggestion_line_ = ax.axvline(self.suggestion, color="0.5", linestyle=":", label=label)
        ax.set(xscale="log", yscale="log", xlabel="Learning rate", ylabel="Loss")
        # Losses after the minimum may be larger by orders of magnitude, and would set the scale.
        low = losses.min()
        high = losses[: int(np.argmin(smoothed)) + 1].max()
        if 0 < low < high:
            margin = (high / low) ** 0.1
            ax.set_ylim(low / margin, high * margin)
        ax.legend(handles=[*self.lines_, self.suggestion_line_])
        return self


def find_learning_rate(
    estimator: Any,
    X: MatrixLike,
    y: MatrixLike,
    *,
    sample_weight: ArrayLike | None = None,
    start: float = 1e-6,
    stop: float = 10.0,
    n_steps: int = 200,
    random_state: int | RandomState | None = None,
) -> LearningRateDisplay:
    """Learning-rate range test: a short training with increasing learning rates.

    The suggestion is the first learning rate whose smoothed loss is at most the geometric mean of
    the first loss and the minimum: a good ``learning_rate_init``, or the center of a grid.

    Parameters
    ----------
    estimator : DNNClassifier, DNNRegressor or Pipeline
        Estimator to find a learning rate for; it is not changed. The last step of a Pipeline must
        be one of the others; clones of the steps before it are fitted on ``X``.
    X : array-like of shape (n_samples, n_features)
        Training data.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights, normalized in each batch as in ``partial_fit``.
    start : float, default=1e-6
        First learning rate.
    stop : float, default=10.0
        Last learning rate. The test ends earlier if training diverges, or if the smoothed loss is
        four times its minimum.
    n_steps : int, default=200
        Number of learning rates, spaced evenly on a logarithmic scale. Each step trains on one
        batch of the estimator's ``batch_size``; with batches of less than ten rows, losses are
        noisy and more steps are needed, 1000 for single rows.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights and batches; None takes the estimator's.

    Returns
    -------
    display : LearningRateDisplay
        With the attribute ``suggestion`` and the method ``plot``.

    Raises
    ------
    ValueError
        For invalid parameters or data, for ``solver="lbfgs"``, and if the first step diverges.

    References
    ----------
    Smith 2017, "Cyclical learning rates", arXiv 1506.01186, section 3.3; geometric spacing and the
    end of the test: Howard & Gugger 2020, "fastai", arXiv 2002.04688.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdnn import DNNClassifier, find_learning_rate
    >>> X, y = load_digits(return_X_y=True)
    >>> model = DNNClassifier((64,), random_state=0)
    >>> rate = find_learning_rate(model, X, y).suggestion
    >>> 0.001 < rate < 0.01
    True
    >>> model = model.set_params(learning_rate_init=rate).fit(X, y)
    """
    rates = geometric_rates(start, stop, n_steps)
    check_consistent_length(X, y, sample_weight)
    model, X, y = last_step(estimator, X, y)
    if random_state is not None:
        model.set_params(random_state=random_state)
    losses = np.array(range_test(model, X, y, check_weights(sample_weight, X), rates))
    smoothed = smooth(losses, n_steps)
    suggestion = float(rates[half_way(smoothed)])
    warn_of_the_ends(rates, smoothed, suggestion)
    return LearningRateDisplay(
        learning_rates=rates[: len(losses)],
        losses=losses,
        smoothed_losses=smoothed,
        suggestion=suggestion,
    )


def geometric_rates(start: Any, stop: Any, n_steps: Any) -> np.ndarray:
    """Learning rates of the test, (n_steps,)."""
    numbers = all(isinstance(rate, Real) and np.isfinite(float(rate)) for rate in (start, stop))
    if not (numbers and 0 < start < stop):
        raise ValueError(
            f"start and stop must be finite numbers, 0 < start < stop. Got {start!r} and {stop!r}."
        )
    if isinstance(n_steps, bool) or not isinstance(n_steps, Integral) or n_steps < 2:
        raise ValueError(f"n_steps must be an int in the range [2, inf). Got {n_steps!r} instead.")
    return np.geomspace(start, stop, int(n_steps))


def last_step(estimator: Any, X: Any, y: Any) -> tuple[BaseDNN, Any, Any]:
    """A clone of the DNN estimator, and the data after the previous steps of a Pipeline."""
    final_estimator(estimator)  # raises before anything is cloned
    estimator = clone(estimator)
    model, _ = final_estimator(estimator)
    model.check_params()
    if model.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' has no learning rate: a line search determines the length of each "
            "step. Choose another solver."
        )
    X, y = in_memory(X), in_memory(y, "y")
    X, y = (data if hasattr(data, "shape") else np.asarray(data) for data in (X, y))
    if y.shape[1:] == (1,):
        y = column_or_1d(y, warn=True)
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            X = estimator[:-1].fit_transform(X, y)
        estimator = estimator.steps[-1][1]
    return model, X, y


def range_test(
    model: BaseDNN, X: Any, y: Any, weights: np.ndarray | None, rates: np.ndarray
) -> list[float]:
    """Loss of each batch before its step, until training diverges."""
    # Rows of weight 0 are left out: a batch with nothing else would be an error.
    rows = np.arange(X.shape[0]) if weights is None else np.flatnonzero(weights)
    size = resolve_batch_size(model.batch_size, len(rows))
    if model.dropout == AUTO:
        model.set_params(dropout=dropout_for(len(rows)))
    # partial_fit trains one epoch: with these parameters, one step on the batch.
    model.set_params(
        batch_size=size, learning_rate="constant", regularization_schedule="constant",
        early_stopping=False, verbose=False,
    )  # fmt: skip
    first_call: dict[str, Any] = {}
    if is_classifier(model):
        first_call = {"classes": unique_labels(y)}
        if model.class_weight == "balanced" and y.ndim == 1:
            model.set_params(class_weight=balanced_weights(y, weights))
    losses: list[float] = []
    for rate, batch in zip(rates, batches(model, rows, size), strict=False):
        model.set_params(learning_rate_init=float(rate))
        X_batch, y_batch = safe_indexing(X, batch), safe_indexing(y, batch)
        weights_batch = None if weights is None else weights[batch]
        try:
            model.partial_fit(X_batch, y_batch, sample_weight=weights_batch, **first_call)
        except DivergenceError:
            if not losses:
                raise
            break
        if model.n_iter_ == 0:  # Ctrl-C, for which partial_fit only warns
            raise KeyboardInterrupt
        losses.append(model.loss_)
        smoothed = smooth(losses, len(rates))
        if smoothed[-1] > STOP_FACTOR * smoothed.min():
            break
    return losses


def batches(model: BaseDNN, rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Infinite batches of ``size`` rows in random order; incomplete batches are left out."""
    random_state = check_random_state(model.random_state)
    while True:
        order = random_state.permutation(rows)
        for first in range(0, len(rows) - size + 1, size):
            yield order[first : first + size]


def balanced_weights(y: Any, weights: np.ndarray | None) -> dict[Any, float]:
    """Balanced class weights of all rows; ``partial_fit`` would use those of each batch."""
    labels, index = np.unique(y, return_inverse=True)
    return dict(
        zip(labels, balanced_class_weights(index, weights, labels.size).tolist(), strict=True)
    )


def smooth(losses: Any, n_steps: int) -> np.ndarray:
    """Smooth the losses; ``n_steps`` is the length of the whole test."""
    return gaussian_filter1d(np.asarray(losses, dtype=float), SMOOTHING * n_steps, mode="reflect")


def half_way(losses: np.ndarray) -> int:
    """First index with a loss of at most the geometric mean of the first and the smallest loss.

    The best of the rules that ``benchmarks/learning_rate.py`` compares.
    """
    return int(np.argmax(losses <= np.sqrt(losses[0]) * np.sqrt(losses.min())))


def warn_of_the_ends(rates: np.ndarray, losses: np.ndarray, suggestion: float) -> None:
    """Warn if the loss does not decrease, or is still decreasing at the last learning rate."""
    least = int(losses.argmin())
    advice = None
    if least == 0:
        advice = "lower 'start' or scale the features"
    elif least == len(rates) - 1 and suggestion > rates[-1] / 10:
        advice = "raise 'stop'"
    if advice:
        warn(
            f"The loss is smallest at the {'last' if least else 'first'} learning rate of the "
            f"test, {rates[least]:g}: {advice}."
        )
