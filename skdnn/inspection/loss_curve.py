"""Display of loss and validation score by epoch."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import is_classifier

from skdnn.inspection._displays import axes_for, fitted_network, show_literally
from skdnn.training.history import best_epoch


class LossCurveDisplay:
    """Training loss of each epoch and, with validation data, validation loss and score.

    It is recommended to use :meth:`from_estimator` to create a ``LossCurveDisplay``. All
    parameters are stored as attributes.

    Parameters
    ----------
    history : dict of lists
        Like the attribute ``history_`` of the estimators: ``epoch`` and ``loss``, and with
        validation data ``validation_loss`` and ``validation_score``; ``can_be_best`` says which
        epochs can be the best one, all by default.
    score_name : str, default="score"
        Name of the validation score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the losses.
    score_ax_ : matplotlib Axes or None
        Axes with the validation score, which share the x-axis.
    figure_ : matplotlib Figure
        Figure containing the axes.
    lines_ : list of matplotlib Line2D
        Training loss and, if available, validation loss and validation score.
    best_line_ : matplotlib Line2D or None
        Vertical line at the epoch with the best score, whose weights were kept. Members with their
        own hold-outs have each kept the weights of their own best epoch.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by number of training samples.

    References
    ----------
    Prechelt 1998, "Early stopping - but when?", Neural Networks: Tricks of the Trade.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DNNClassifier((8,), early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> [line.get_label() for line in display.lines_]
    ['Training loss', 'Validation loss', 'Validation accuracy']
    """

    def __init__(self, *, history: dict[str, list[float]], score_name: str = "score") -> None:
        self.history = history
        self.score_name = score_name

    def plot(
        self, ax: Any = None, *, show_score: bool = True, line_kw: dict[str, Any] | None = None
    ) -> Self:
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        show_score : bool, default=True
            Whether to plot the validation score, if there is one.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            This object.

        Raises
        ------
        ValueError
            If ``history`` has no epochs or losses, or curves of different lengths.
        """
        self._check_history()
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.lines_: list[Any] = []
        self._add_line(self.ax_, "loss", "Training loss", "C0", line_kw)
        if "validation_loss" in self.history:
            self._add_line(self.ax_, "validation_loss", "Validation loss", "C1", line_kw)
        self.ax_.set(xlabel="Epoch", ylabel="Loss")
        self.score_ax_ = self.best_line_ = None
        scores = self.history.get("validation_score", [])
        if show_score and len(scores):
            self.score_ax_ = self.ax_.twinx()
            name = f"Validation {self.score_name}"
            self._add_line(self.score_ax_, "validation_score", name, "C2", line_kw)
            self.score_ax_.set_ylabel(name)
        can_be_best = list(map(bool, self.history.get("can_be_best", ()))) or [True] * len(scores)
        index = best_epoch(scores, can_be_best)
        if index is not None:
            best = self.history["epoch"][index]
            self.best_line_ = self.ax_.axvline(
                best, color="0.5", linestyle=":", label=f"Best epoch: {best}"
            )
        # One legend for both axes, in the upper ones, so that no line crosses it; centered, because
        # at the end losses are low and scores are high.
        handles = self.lines_ + ([self.best_line_] if self.best_line_ else [])
        (self.score_ax_ or self.ax_).legend(handles=handles, loc="center right")
        show_literally(self.ax_, *([self.score_ax_] if self.score_ax_ else []))
        return self

    def _check_history(self) -> None:
        missing = [key for key in ("epoch", "loss") if key not in self.history]
        if missing:
            raise ValueError(f"history must have 'epoch' and 'loss'. It has {list(self.history)}.")
        n_epochs = len(self.history["epoch"])
        for key in ("loss", "validation_loss", "validation_score", "can_be_best"):
            # There are no curves of validation data without these.
            n = len(self.history.get(key, []))
            if n not in ({n_epochs} if key == "loss" else {0, n_epochs}):
                raise ValueError(
                    f"history[{key!r}] must have {n_epochs} items, one for each epoch. Got {n}."
                )

    def _add_line(
        self, ax: Any, key: str, label: str, color: str, line_kw: dict[str, Any] | None
    ) -> None:
        style = {"label": label, "color": color, **(line_kw or {})}
        self.lines_ += ax.plot(self.history["epoch"], self.history[key], **style)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Any = None,
        show_score: bool = True,
        score_name: str | None = None,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the curves of a fitted estimator.

        Parameters
        ----------
        estimator : DNNClassifier, DNNRegressor, Pipeline or search
            Fitted estimator. The last step of a Pipeline and the best estimator of a search are
            used.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        show_score : bool, default=True
            Whether to plot the validation score, if there is one.
        score_name : str, default=None
            Name of the validation score. If None, it is derived from ``scoring``.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot``.

        Returns
        -------
        display : LossCurveDisplay
            The display, with the curves plotted.

        Raises
        ------
        TypeError
            If there is no DNN estimator in ``estimator``.
        NotFittedError
            If it is not fitted.
        """
        model = fitted_network(estimator)
        if score_name is None:
            score_name = scoring_name(model.scoring, "accuracy" if is_classifier(model) else "R²")
        display = cls(history=model.history_, score_name=score_name)
        return display.plot(ax, show_score=show_score, line_kw=line_kw)


def scoring_name(scoring: Any, default: str) -> str:
    """Name of the score for a value of the parameter ``scoring``."""
    if scoring in (None, "accuracy", "r2"):
        return default
    if isinstance(scoring, str):
        return "score (minus the loss)" if scoring == "loss" else scoring
    return getattr(scoring, "__name__", "score")
