"""Display of the dependence of predictions on a column, or on two."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skdnn._typing import MatrixLike
from skdnn.estimators._targets import check_weights
from skdnn.inspection._displays import (
    axes_for,
    check_choice,
    check_count,
    checked_array,
    show_literally,
)
from skdnn.inspection._mixed import Response, as_table, names_of, positions_of
from skdnn.inspection.dependence import Axis, Curves, axis_of

KINDS = ("average", "individual", "both", "ale")
#: Height of the distribution, as a fraction of the axes.
STRIP = 0.12
#: Distance of the missing value from the largest number, as a fraction of the range.
GAP = 0.12


class DependenceDisplay:
    """Dependence of predictions on a column: partial dependence, ICE or ALE; or on two columns.

    Numbers are curves, categories are points, and the missing value is a point of its own. Below
    them is the distribution of the column in the data. The band, or the length of the error bars,
    is the standard deviation over the members of the network. Two columns are a heat map, with
    the rows of the data as points.

    It is recommended to use :meth:`from_estimator` to create a ``DependenceDisplay``. All
    parameters are stored as attributes.

    Parameters
    ----------
    axes : list of Axis
        One or two columns: an ``Axis`` has the attributes ``name``, ``values`` (numbers in
        increasing order, or categories), ``missing`` (None if no value is missing) and
        ``categorical``.
    average : array of shape (n_values,) or (n_values_0, n_values_1), default=None
        Partial dependence or ALE at the values; the last one of a single column is that of the
        missing value, if there is any.
    individual : array of shape (n_samples, n_values), default=None
        ICE curves.
    spread : array of shape (n_values,), default=None
        Standard deviation of ``average`` over the members.
    weights : array of shape (n_samples,), default=None
        Weights of the rows in the distribution.
    ylabel : str, default="Prediction"
        Label of the predictions.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the dependence.
    figure_ : matplotlib Figure
        Figure containing the axes.
    distribution_ax_ : matplotlib Axes or None
        Axes with the distribution, inside of the others.
    line_ : matplotlib Line2D or None
        Curve of a number.
    lines_ : list of matplotlib Line2D
        ICE curves.
    band_ : matplotlib FillBetweenPolyCollection or None
        Spread of the members.
    points_ : matplotlib ErrorbarContainer or None
        Points of categories.
    missing_ : matplotlib ErrorbarContainer or None
        Point of the missing value.
    bars_ : list of matplotlib BarContainer
        The distribution: of numbers or categories, and of missing values.
    mesh_ : matplotlib QuadMesh or None
        Heat map of two columns.
    colorbar_ : matplotlib Colorbar or None
        Its color bar.

    See Also
    --------
    sklearn.inspection.PartialDependenceDisplay : For several columns of complete data.

    Notes
    -----
    Partial dependence [1]_ is the mean prediction of all rows if their value is replaced; an ICE
    curve [2]_ is that of a single row. Both need predictions for combinations of values that
    may not occur. Accumulated local effects (ALE) [3]_ do not: they replace the value only
    by its neighbors. Their mean over the data is 0. Categories that are not ordered are neighbors
    if the mean predictions of their rows are; the effect of a missing value is the mean difference
    to the other values, in the rows where it is missing.

    References
    ----------
    .. [1] Friedman 2001, "Greedy function approximation", Annals of Statistics 29.
    .. [2] Goldstein et al. 2015, "Peeking inside the black box", Journal of Computational and
           Graphical Statistics 24.
    .. [3] Apley & Zhu 2020, "Visualizing the effects of predictor variables in black box
           supervised learning models", Journal of the Royal Statistical Society B 82.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn import DependenceDisplay, DNNRegressor
    >>> X = pd.DataFrame({"size": range(90), "color": ["red", "green", None] * 30})
    >>> y = X["size"] + 9 * (X["color"] == "red")
    >>> model = DNNRegressor((16, 16), max_iter=5, random_state=0).fit(X, y)
    >>> display = DependenceDisplay.from_estimator(model, X, "color")
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['green', 'red', 'missing']
    >>> display = DependenceDisplay.from_estimator(model, X, "size", kind="ale")
    >>> display.ax_.get_ylabel()
    'Prediction (ALE)'
    """

    def __init__(
        self,
        *,
        axes: list[Axis],
        average: np.ndarray | None = None,
        individual: np.ndarray | None = None,
        spread: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        ylabel: str = "Prediction",
    ) -> None:
        self.axes = axes
        self.average = average
        self.individual = individual
        self.spread = spread
        self.weights = weights
        self.ylabel = ylabel

    def plot(
        self,
        ax: Any = None,
        *,
        n_individual: int = 50,
        show_distribution: bool = True,
        line_kw: dict[str, Any] | None = None,
        ice_lines_kw: dict[str, Any] | None = None,
        mesh_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the dependence.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        n_individual : int, default=50
            Maximum number of ICE curves: those of evenly spaced rows.
        show_distribution : bool, default=True
            Whether to plot the distribution of the column, or the rows as points on a heat map.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot`` for the curve, or ``errorbar`` for
            categories.
        ice_lines_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot`` for ICE curves.
        mesh_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``pcolormesh``.

        Returns
        -------
        display : DependenceDisplay
            This object.

        Raises
        ------
        ValueError
            If ``n_individual`` is invalid, or if a parameter of the display has the wrong shape.
        """
        n_individual = check_count("n_individual", n_individual, 0)
        self._check_arguments()
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.lines_: list[Any] = []
        self.bars_: list[Any] = []
        self.distribution_ax_ = self.line_ = self.band_ = self.points_ = self.missing_ = None
        self.mesh_ = self.colorbar_ = None
        if len(self.axes) == 2:
            self._draw_mesh(show_distribution, mesh_kw)
        else:
            self._draw_individual(n_individual, ice_lines_kw)
            self._draw_average(line_kw)
            self._label_values()
            if show_distribution:
                self._draw_distribution()
            self.ax_.set(xlabel=self.axes[0].name, ylabel=self.ylabel)
        show_literally(self.ax_, *([self.colorbar_.ax] if self.colorbar_ else []))
        return self

    def _check_arguments(self) -> None:
        if len(self.axes) not in (1, 2):
            raise ValueError(f"axes must be a list of one or two Axis. Got {len(self.axes)}.")
        if self.average is None and (self.individual is None or len(self.axes) == 2):
            raise ValueError("average must be given; of a single column, average or individual.")
        n_samples = len(self.axes[0].index)
        shape: tuple[int, ...] = tuple(len(axis.values) for axis in self.axes)
        if len(shape) == 1:
            shape = (len(self.axes[0].all_rows),)  # with the missing value
        shapes = {
            "average": shape,
            "individual": (n_samples, *shape),
            "spread": shape,
            "weights": (n_samples,),
        }
        for name, expected in shapes.items():
            if getattr(self, name) is not None:
                checked_array(name, getattr(self, name), expected)

    # ---------------------------------------------------------------- one column

    @property
    def _places(self) -> np.ndarray:
        """Place of each value along the axis, (n_values,), the missing one last."""
        axis = self.axes[0]
        places = np.arange(len(axis.values)) if axis.categorical else axis.values
        if axis.missing is None:
            return places
        gap = 1 if axis.categorical else GAP * (np.ptp(places) or 1)
        return np.append(places, places[-1] + gap)

    def _draw_individual(self, n_individual: int, kwargs: dict[str, Any] | None) -> None:
        if self.individual is None:
            return
        n_samples = len(self.individual)
        chosen = np.unique(np.linspace(0, n_samples - 1, min(n_individual, n_samples)).astype(int))
        axis = self.axes[0]
        style = {"color": "0.5", "alpha": 0.35, "linewidth": 0.7, **(kwargs or {})}
        n_values = len(axis.values)
        for curve in self.individual[chosen]:
            self.lines_ += self.ax_.plot(self._places[:n_values], curve[:n_values], **style)
            if axis.missing is not None:
                self.ax_.plot(self._places[n_values:], curve[n_values:], marker="_", **style)

    def _draw_average(self, kwargs: dict[str, Any] | None) -> None:
        if self.average is None:
            return
        axis, places, average = self.axes[0], self._places, self.average
        n_values = len(axis.values)
        spread = self.spread
        error = np.zeros(len(average)) if spread is None else spread
        style = {"color": "C0", **(kwargs or {})}
        point = {"fmt": "o", "capsize": 3, **style}
        if axis.categorical:
            known = slice(n_values)
            self.points_ = self.ax_.errorbar(places[known], average[known], error[known], **point)
        else:
            (self.line_,) = self.ax_.plot(places[:n_values], average[:n_values], **style)
            if spread is not None:
                low, high = average - spread, average + spread
                self.band_ = self.ax_.fill_between(
                    places[:n_values], low[:n_values], high[:n_values],
                    color=style["color"], alpha=0.2, linewidth=0,
                )  # fmt: skip
        if axis.missing is not None:
            point["markerfacecolor"] = "white"
            self.missing_ = self.ax_.errorbar(places[-1:], average[-1:], error[-1:], **point)

    def _label_values(self) -> None:
        axis, places = self.axes[0], self._places
        missing = [] if axis.missing is None else ["missing"]
        if axis.categorical:
            self.ax_.set_xlim(-0.6, len(places) - 0.4)
            self.ax_.set_xticks(range(len(places)), [*axis.labels, *missing], parse_math=False)
            return
        width = np.ptp(places) or 1.0
        self.ax_.set_xlim(places[0] - 0.03 * width, places[-1] + 0.05 * width)
        if missing:
            # The labels become fixed ones, for which a common factor is not shown.
            self.ax_.ticklabel_format(axis="x", style="plain", useOffset=False)
            ticks = self.ax_.get_xticks()
            inside = (ticks >= axis.values[0] - 0.03 * width) & (
                ticks < axis.values[-1] - 0.02 * width
            )
            formatter = self.ax_.xaxis.get_major_formatter()
            labels = formatter.format_ticks(ticks[inside])
            self.ax_.set_xticks([*ticks[inside], places[-1]], [*labels, *missing])

    def _draw_distribution(self) -> None:
        axis, places = self.axes[0], self._places
        weights = np.ones(len(axis.index)) if self.weights is None else self.weights
        known = axis.index >= 0
        # Of the data, not of the current limits, which may have room for another distribution.
        limits = [ax.dataLim for ax in self.ax_.get_shared_y_axes().get_siblings(self.ax_)]
        low, high = min(each.y0 for each in limits), max(each.y1 for each in limits)
        height = (high - low or 1.0) / (1 - 1.8 * STRIP)
        self.ax_.set_ylim(high - (1 - STRIP / 4) * height, high + STRIP / 4 * height)
        strip = self.distribution_ax_ = self.ax_.inset_axes((0, 0, 1, STRIP), zorder=0)
        if axis.categorical:
            heights = np.bincount(axis.index[known], weights[known], len(axis.values))
            centers, width = places[: len(axis.values)], 0.6
        else:
            heights, edges = np.histogram(axis.data[known], bins=30, weights=weights[known])
            centers, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
        style = {"width": width, "color": "0.8", "linewidth": 0}
        self.bars_ = [strip.bar(centers, heights, **style)]
        if axis.missing is not None:
            self.bars_.append(strip.bar(places[-1:], weights[~known].sum(), **style))
        strip.set_xlim(self.ax_.get_xlim())
        strip.set_axis_off()

    # ---------------------------------------------------------------- two columns

    def _draw_mesh(self, show_rows: bool, kwargs: dict[str, Any] | None) -> None:
        x, y = self.axes
        places = [np.arange(len(a.values)) if a.categorical else a.values for a in self.axes]
        assert self.average is not None
        style = {"shading": "nearest", "cmap": "viridis", **(kwargs or {})}
        self.mesh_ = self.ax_.pcolormesh(*places, self.average.T, **style)
        self.colorbar_ = self.figure_.colorbar(self.mesh_, ax=self.ax_, label=self.ylabel)
        for axis, side in ((x, self.ax_.xaxis), (y, self.ax_.yaxis)):
            if axis.categorical:
                side.set_ticks(range(len(axis.values)), axis.labels, parse_math=False)
        if show_rows:
            limits = self.ax_.axis()
            generator = np.random.RandomState(0)  # spreads the rows of a category
            points = [
                axis.index + generator.uniform(-0.35, 0.35, len(axis.index))
                if axis.categorical
                else axis.data
                for axis in self.axes
            ]
            known = (x.index >= 0) & (y.index >= 0)
            self.points_ = self.ax_.scatter(
                points[0][known], points[1][known], s=6, color="white", edgecolors="0.3",
                linewidths=0.4, alpha=0.6,
            )  # fmt: skip
            self.ax_.axis(limits)
        self.ax_.set(xlabel=x.name, ylabel=y.name)

    # ---------------------------------------------------------------- from an estimator

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        column: str | int | tuple[str | int, str | int],
        *,
        kind: str = "average",
        response_method: str = "auto",
        output: Any = None,
        grid_resolution: int = 50,
        sample_weight: ArrayLike | None = None,
        ax: Any = None,
    ) -> Self:
        """Compute and plot the dependence of the predictions of an estimator on a column.

        Parameters
        ----------
        estimator : fitted estimator
            A DNN estimator, or any other one; only members of a DNN estimator, also at the end of a
            Pipeline, have a spread.
        X : {data frame, array-like} of shape (n_samples, n_features)
            Rows that are averaged over.
        column : str, int or tuple of two of them
            Name or position of a column; of two columns for a heat map of the partial dependence,
            without missing values.
        kind : {"average", "individual", "both", "ale"}, default="average"
            Partial dependence, ICE curves, both, or accumulated local effects.
        response_method : str, default="auto"
            As for :func:`skdnn.shapley_values`.
        output : object, default=None
            Label of a class, or position of an output; needed if there are several.
        grid_resolution : int, default=50
            Maximum number of different numbers, which are quantiles of the data.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.

        Returns
        -------
        display : DependenceDisplay
            The display, with the dependence plotted.

        Raises
        ------
        TypeError, ValueError
            For invalid parameters, or if all values of the column are missing.
        """
        check_choice("kind", kind, KINDS)
        grid_resolution = check_count("grid_resolution", grid_resolution, 2)
        X = as_table(X)
        weights = check_weights(sample_weight, X)
        weights = np.ones(len(X)) if weights is None else weights
        names = names_of(X)
        positions = positions_of(column, names)
        if len(positions) > 2 or (len(positions) == 2 and kind != "average"):
            raise ValueError(f"column must be one, or two with kind='average'. Got {column!r}.")
        response = Response(estimator, response_method)
        curves = Curves(estimator, X, response, output, weights / weights.sum())
        axes = [axis_of(estimator, X, names[j], j, grid_resolution, weights) for j in positions]
        return cls(axes=axes, weights=weights, **computed(curves, axes, kind)).plot(ax)


def computed(curves: Curves, axes: list[Axis], kind: str) -> dict[str, Any]:
    """Arguments of the display."""
    found: dict[str, Any] = {}
    if kind == "ale":
        averages = curves.local_effects(axes[0])
    else:
        individual = curves.individual(axes)
        averages = np.tensordot(individual, curves.weights, axes=(1, 0))
        if kind != "average":
            found["individual"] = individual[0]
    if kind != "individual":
        found["average"] = averages[0]
        if len(averages) > 1:
            shares = curves.rows.member_weights
            deviation = averages[1:] - np.tensordot(shares, averages[1:], axes=1)
            found["spread"] = np.sqrt(np.tensordot(shares, deviation**2, axes=1))
    name = curves.response.label(curves.output_label)
    found["ylabel"] = f"{name} (ALE)" if kind == "ale" else name
    return found
