"""Display of Shapley values: points of all rows, means, or the sum of one row."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from skdnn._typing import MatrixLike
from skdnn.estimators._checks import check_index
from skdnn.inspection._displays import axes_for, check_choice, check_count, show_literally
from skdnn.inspection.shapley import ShapleyValues, shapley_values

KINDS = ("beeswarm", "bar", "waterfall")
#: Colors of increases and decreases, that color-blind people can tell apart.
UP, DOWN, NEUTRAL = "tab:orange", "tab:blue", "0.6"
#: Number of places along the axis where points are stacked, and their largest distance from the
#: middle of the row.
N_STACKS, SPREAD = 80, 0.38


class ShapleyDisplay:
    """Shapley values: how much the columns contribute to predictions.

    It is recommended to use :meth:`from_estimator` or :meth:`from_values` to create a
    ``ShapleyDisplay``. All parameters are stored as attributes.

    Parameters
    ----------
    shapley : ShapleyValues
        As returned by :func:`skdnn.shapley_values`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the values.
    figure_ : matplotlib Figure
        Figure containing the axes.
    feature_names_ : list of str
        Names of the rows of the figure, from top to bottom: features in decreasing order of their
        mean absolute value (of the absolute value, in a waterfall), then the sum of the others.
    points_ : list of matplotlib PathCollection
        Points of a beeswarm, for each row those of numbers, of missing numbers, and of categories
        and groups, as far as there are any.
    bars_ : list of matplotlib BarContainer
        Bars of a bar plot, one container for each output, or of a waterfall.
    colorbar_ : matplotlib Colorbar or None
        Color bar of a beeswarm.
    texts_ : list of matplotlib Annotation
        The values of the bars.

    See Also
    --------
    ImportanceDisplay : Permutation importance: how much the columns contribute to a score.

    References
    ----------
    Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for
    trees", Nature Machine Intelligence 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, ShapleyDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DNNClassifier(max_iter=5, random_state=0).fit(X, y == 2)
    >>> display = ShapleyDisplay.from_estimator(model, X, kind="bar")
    >>> display.ax_.get_xlabel()
    'Mean absolute change of probability of True'
    """

    def __init__(self, *, shapley: ShapleyValues) -> None:
        self.shapley = shapley

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "beeswarm",
        row: int = 0,
        output: Any = None,
        max_features: int = 10,
    ) -> Self:
        """Plot the values.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        kind : {"beeswarm", "bar", "waterfall"}, default="beeswarm"
            "beeswarm" has a point for each row of the data, with the color of its value: values
            with the same contribution are stacked. "bar" is the mean absolute contribution.
            "waterfall" goes from the base value to the prediction of one row.
        row : int, default=0
            Row of a waterfall.
        output : object, default=None
            Label of a class, or position of an output. With None, bars of all outputs are stacked;
            the other kinds need it if there are several.
        max_features : int, default=10
            Maximum number of features that have a row of their own.

        Returns
        -------
        display : ShapleyDisplay
            This object.

        Raises
        ------
        ValueError
            If there is no such kind, row or output, or if ``max_features`` is invalid.
        TypeError
            If ``shapley`` is something else.
        """
        check_choice("kind", kind, KINDS)
        max_features = check_count("max_features", max_features)
        shapley = self.shapley
        if not isinstance(shapley, ShapleyValues):
            raise TypeError(
                "shapley must be the ShapleyValues that skdnn.shapley_values returns. Got "
                f"{type(shapley).__name__}."
            )
        if output is not None or kind != "bar":
            shapley = shapley.of(output)
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.points_: list[Any] = []
        self.bars_: list[Any] = []
        self.texts_: list[Any] = []
        self.colorbar_: Any = None
        if kind == "waterfall":
            row = check_index("row", row, len(shapley.values))
            self._draw_waterfall(shapley, row, max_features)
        elif kind == "bar":
            self._draw_bars(shapley, max_features)
        else:
            self._draw_points(shapley, max_features)
        self.ax_.spines[["top", "right", "left"]].set_visible(False)
        self.ax_.tick_params(axis="y", length=0)
        show_literally(self.ax_)
        return self

    # ---------------------------------------------------------------- rows of the figure

    def _rows(
        self, shapley: ShapleyValues, sizes: np.ndarray, max_features: int
    ) -> list[tuple[str, int | None, np.ndarray]]:
        """Name, index and values (n_samples, ...) of what has a row; no index for the others."""
        order = np.argsort(-sizes, kind="stable")
        rest = order[max_features:]
        if len(rest) == 1:  # it needs no more room by itself
            rest = rest[:0]
        names = shapley.feature_names
        rows: list[tuple[str, int | None, np.ndarray]] = [
            (names[j], int(j), shapley.values[:, j]) for j in order[: len(order) - len(rest)]
        ]
        if len(rest):
            rows.append((f"{len(rest)} others", None, shapley.values[:, rest].sum(axis=1)))
        self.feature_names_ = [name for name, *_ in rows]
        return rows

    def _label_rows(self, labels: list[str]) -> None:
        self.ax_.set_yticks(range(len(labels)), labels, parse_math=False)
        self.ax_.set_ylim(len(labels) - 0.4, -0.6)  # the first row at the top

    # ---------------------------------------------------------------- kinds

    def _draw_points(self, shapley: ShapleyValues, max_features: int) -> None:
        rows = self._rows(shapley, abs(shapley.values).mean(axis=0), max_features)
        self.ax_.axvline(0, color="0.8", linewidth=1, zorder=0)
        width = np.ptp([values for *_, values in rows]) or 1.0
        size = float(np.clip(400 / np.sqrt(len(shapley.values)), 4, 30))
        drawn: dict[str, Any] = {}
        several = pd.Series([None] * len(shapley.values), dtype=object)
        for y, (_, j, values) in enumerate(rows):
            heights = y + stacked_heights(values / width)
            for kind, mask, style in styles(shapley.data.iloc[:, j] if j is not None else several):
                if mask.any():
                    points = self.ax_.scatter(values[mask], heights[mask], s=size, **style)
                    self.points_.append(points)
                    drawn.setdefault(kind, points)
        self._label_rows(self.feature_names_)
        self.ax_.set_xlabel(f"Change of {lowered(shapley.response_name)}")
        if "number" in drawn:
            label = "Value of the column"
            self.colorbar_ = self.figure_.colorbar(drawn["number"], ax=self.ax_, label=label)
            self.colorbar_.set_ticks([0, 1], labels=["low", "high"])
            self.colorbar_.outline.set_visible(False)
        others = [points for kind, points in drawn.items() if kind != "number"]
        if others:
            self.ax_.legend(handles=others, loc="lower right", fontsize="small")

    def _draw_bars(self, shapley: ShapleyValues, max_features: int) -> None:
        values = shapley.values.reshape(*shapley.values.shape[:2], -1)
        rows = self._rows(shapley, abs(values).mean(axis=0).sum(axis=-1), max_features)
        means = np.array([np.reshape(abs(each).mean(axis=0), -1) for *_, each in rows])
        left = np.zeros(len(rows))
        for name, widths in zip(shapley.output_names, means.T, strict=True):
            label = str(name) if len(means.T) > 1 else None
            bars = self.ax_.barh(range(len(rows)), widths, left=left, label=label)
            self.bars_.append(bars)
            left += widths
        self.texts_ = self.ax_.bar_label(self.bars_[-1], [as_number(x) for x in left], padding=3)
        self.ax_.margins(x=0.12)
        self._label_rows(self.feature_names_)
        self.ax_.set_xlabel(f"Mean absolute change of {lowered(shapley.response_name)}")
        if len(means.T) > 1:
            self.ax_.legend(title="Output", loc="lower right")

    def _draw_waterfall(self, shapley: ShapleyValues, row: int, max_features: int) -> None:
        rows = self._rows(shapley, abs(shapley.values[row]), max_features)
        changes = np.array([values[row] for *_, values in rows])
        base, prediction = shapley.base_values, shapley.predictions[row]
        # The largest changes come last, at the top.
        starts = prediction - np.cumsum(changes)
        colors = np.where(changes >= 0, UP, DOWN)
        self.bars_ = [self.ax_.barh(range(len(rows)), changes, left=starts, color=colors)]
        self.texts_ = self.ax_.bar_label(
            self.bars_[0], [as_number(x, "+") for x in changes], padding=3, fontsize="small"
        )
        for place, end in enumerate(starts[:-1]):  # where the next bar ends
            self.ax_.plot(
                [end, end], [place - 0.4, place + 1.4], color="0.6", linewidth=0.8, zorder=0
            )
        labels = [
            name if j is None else f"{name} = {as_text(shapley.data.iloc[row, j])}"
            for name, j, _ in rows
        ]
        self._label_rows(labels)
        self.ax_.set_ylim(len(rows) - 0.2, -1.1)
        name = lowered(shapley.response_name)
        for x, text, y in [
            (base, f"mean: {as_number(base)}", len(rows) - 0.3),
            (prediction, f"this row: {as_number(prediction)}", -0.7),
        ]:
            self.ax_.axvline(x, color="0.4", linestyle=":", linewidth=1, zorder=0)
            self.texts_.append(
                self.ax_.annotate(
                    text, (x, y), (4, 0), textcoords="offset points", va="center", fontsize="small"
                )
            )
        ends = [base, prediction, *starts]
        low, high = min(ends), max(ends)
        margin = 0.15 * (high - low or 1.0)
        self.ax_.set_xlim(low - margin, high + margin)
        self.ax_.set_xlabel(name[:1].upper() + name[1:])

    # ---------------------------------------------------------------- ways to make one

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        *,
        kind: str = "beeswarm",
        row: int = 0,
        output: Any = None,
        max_features: int = 10,
        ax: Any = None,
        shapley_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Compute and plot Shapley values of rows.

        Parameters
        ----------
        estimator : fitted estimator
            As for :func:`skdnn.shapley_values`.
        X : {data frame, array-like} of shape (n_samples, n_features)
            Rows to explain.
        kind : {"beeswarm", "bar", "waterfall"}, default="beeswarm"
            As for :meth:`plot`.
        row : int, default=0
            Row of a waterfall.
        output : object, default=None
            Label of a class, or position of an output.
        max_features : int, default=10
            Maximum number of features that have a row of their own.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        shapley_kw : dict, default=None
            Keyword arguments passed to :func:`skdnn.shapley_values`, such as ``background``.

        Returns
        -------
        display : ShapleyDisplay
            The display, with the values plotted.

        Raises
        ------
        TypeError, ValueError
            As :func:`skdnn.shapley_values` and :meth:`plot`.
        """
        check_choice("kind", kind, KINDS)
        display = cls(shapley=shapley_values(estimator, X, **(shapley_kw or {})))
        return display.plot(ax, kind=kind, row=row, output=output, max_features=max_features)

    @classmethod
    def from_values(
        cls,
        shapley: ShapleyValues,
        *,
        kind: str = "beeswarm",
        row: int = 0,
        output: Any = None,
        max_features: int = 10,
        ax: Any = None,
    ) -> Self:
        """Plot Shapley values.

        Parameters
        ----------
        shapley : ShapleyValues
            As returned by :func:`skdnn.shapley_values`.
        kind : {"beeswarm", "bar", "waterfall"}, default="beeswarm"
            As for :meth:`plot`.
        row : int, default=0
            Row of a waterfall.
        output : object, default=None
            Label of a class, or position of an output.
        max_features : int, default=10
            Maximum number of features that have a row of their own.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.

        Returns
        -------
        display : ShapleyDisplay
            The display, with the values plotted.

        Raises
        ------
        ValueError
            As :meth:`plot`.
        """
        display = cls(shapley=shapley)
        return display.plot(ax, kind=kind, row=row, output=output, max_features=max_features)


def styles(column: pd.Series) -> list[tuple[str, np.ndarray, dict[str, Any]]]:
    """Kind, mask and style of the points of a column."""
    if not pd.api.types.is_numeric_dtype(column) or column.dtype.kind == "b":
        style = {"color": NEUTRAL, "label": "text, category or several"}
        return [("other", np.ones(len(column), dtype=bool), style)]
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(numbers)
    ranks = pd.Series(numbers[known]).rank().to_numpy()
    shares = (ranks - 1) / max(1, known.sum() - 1)
    scale = {"cmap": "viridis", "vmin": 0, "vmax": 1}
    empty = {"facecolors": "none", "edgecolors": "0.4", "label": "missing"}
    return [("number", known, {"c": shares, **scale}), ("missing", ~known, empty)]


def stacked_heights(places: np.ndarray) -> np.ndarray:
    """Distances of points from the middle of their row, so that they do not cover each other.

    Parameters
    ----------
    places : (n_points,) array
        Along the axis, whose length is 1.

    Returns
    -------
    heights : (n_points,) array
        In [-SPREAD, SPREAD].
    """
    stack = np.round(places * N_STACKS).astype(int)
    index = pd.Series(stack).groupby(stack).cumcount().to_numpy()
    # 0, 1, -1, 2, -2, ...
    steps = (index + 1) // 2 * np.where(index % 2, 1, -1)
    return SPREAD * steps / max(8, abs(steps).max())


def lowered(name: str) -> str:
    """The name of a response inside a sentence."""
    return name[:1].lower() + name[1:]


def as_text(value: Any) -> str:
    """A value of the data, in a label."""
    if isinstance(value, tuple):
        return f"({', '.join(map(as_text, value))})"
    if pd.isna(value):
        return "missing"
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return f"{value:.4g}" if is_number else str(value)


def as_number(value: float, sign: str = "") -> str:
    """A contribution or prediction, in a label; ``sign`` as in format specifications."""
    return f"{value:{sign}.3g}" if abs(value) < 1000 else f"{value:{sign},.0f}"
