"""Display of the embedding of a column: curves for numbers, points for categories."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from skdnn.inspection._displays import (
    axes_for,
    check_count,
    checked_array,
    fitted_network,
    show_literally,
)

#: Maximum number of labels that are readable in a figure of the default size.
MAX_LABELS = 30
#: Components that explain a smaller fraction of the variance are not drawn.
LEAST_SHARE = 0.001


class EmbeddingDisplay:
    """Principal components of the embedding of a column.

    A numeric column gives curves over its training range: where they are steep, the network
    distinguishes close values. Categories are points in the plane of the first two components:
    the network treats nearby categories similarly. The sign of each component is chosen so that
    the last value is positive.

    It is recommended to use :meth:`from_estimator` to create an ``EmbeddingDisplay``. All
    parameters are stored as attributes.

    Parameters
    ----------
    embedding : DataFrame of shape (n_values, n_units)
        As returned by the method ``column_embedding`` of the estimators; for a numeric column, the
        last row may be that of missing values, with index NaN.
    categorical : bool, default=False
        Whether the values are categories.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the embedding.
    figure_ : matplotlib Figure
        Figure containing the axes.
    components_ : array of shape (n_values, n_components)
        The components that are drawn: two for categories, and for a numeric column those that
        explain at least a thousandth of the variance.
    shares_ : array of shape (n_components,)
        Fraction of the variance explained by each component.
    lines_ : list of matplotlib Line2D
        Curves of a numeric column.
    missing_lines_ : list of matplotlib Line2D
        Values for missing numbers, dotted and in the colors of the curves.
    points_ : matplotlib PathCollection or None
        Points of the categories.
    texts_ : list of matplotlib Annotation
        Labels of the categories; if there are more than 30, those of the outermost points.

    See Also
    --------
    DNNClassifier.column_embedding : Embedding of a column as a data frame.
    sklearn.inspection.PartialDependenceDisplay : Dependence of the predictions on a column.

    References
    ----------
    Guo & Berkhahn 2016, "Entity embeddings of categorical variables", arXiv 1604.06737.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn import DNNRegressor, EmbeddingDisplay
    >>> X = pd.DataFrame({"size": range(90), "color": ["red", "green", "blue"] * 30})
    >>> y = X["size"] + 9 * (X["color"] == "red")
    >>> model = DNNRegressor((16, 16), max_iter=5, random_state=0).fit(X, y)
    >>> display = EmbeddingDisplay.from_estimator(model, "color")
    >>> [text.get_text() for text in display.texts_]
    ['blue', 'green', 'red']
    >>> EmbeddingDisplay.from_estimator(model, "size").ax_.get_xlabel()
    'size'
    """

    def __init__(self, *, embedding: pd.DataFrame, categorical: bool = False) -> None:
        self.embedding = embedding
        self.categorical = categorical

    def plot(
        self,
        ax: Any = None,
        *,
        n_components: int = 3,
        line_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the curves or the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        n_components : int, default=3
            Maximum number of curves of a numeric column.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot``.
        scatter_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``scatter``.

        Returns
        -------
        display : EmbeddingDisplay
            This object.

        Raises
        ------
        ValueError
            If ``n_components`` is invalid, or if the embedding has no rows or no finite numbers.
        TypeError
            If it is not a data frame.
        """
        n_components = check_count("n_components", n_components)
        if not isinstance(self.embedding, pd.DataFrame):
            raise TypeError(
                "embedding must be a data frame, as column_embedding returns it. Got "
                f"{type(self.embedding).__name__}."
            )
        checked_array("embedding", self.embedding, ("n_values", "n_units"))
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.lines_: list[Any] = []
        self.missing_lines_: list[Any] = []
        self.points_: Any = None
        self.texts_: list[Any] = []
        if self.categorical:
            self._draw_categories(scatter_kw)
        else:
            self._draw_number(n_components, line_kw)
        show_literally(self.ax_)
        return self

    def _draw_categories(self, scatter_kw: dict[str, Any] | None) -> None:
        rows = self.embedding.to_numpy()
        self.components_, self.shares_ = principal_components(rows, np.ones(len(rows), bool), 2)
        x, y = self.components_.T
        self.points_ = self.ax_.scatter(x, y, **(scatter_kw or {}))
        outermost = np.argsort(-np.hypot(x, y), kind="stable")[:MAX_LABELS]
        for i in np.sort(outermost):
            label = self.embedding.index[i]
            self.texts_.append(
                self.ax_.annotate(
                    "missing" if pd.isna(label) else str(label), (x[i], y[i]), (3, 3),
                    textcoords="offset points", fontsize="small",
                )
            )  # fmt: skip
        self.ax_.margins(0.15)  # room for the labels
        self.ax_.set(
            title=self.embedding.index.name,
            xlabel=component_name(0, self.shares_),
            ylabel=component_name(1, self.shares_),
        )

    def _draw_number(self, n_components: int, line_kw: dict[str, Any] | None) -> None:
        values = self.embedding.index.to_numpy()
        known = ~np.isnan(values)
        rows = self.embedding.to_numpy()
        components, shares = principal_components(rows, known, n_components)
        shown = max(1, np.count_nonzero(shares >= LEAST_SHARE))
        self.components_, self.shares_ = components[:, :shown], shares[:shown]
        for i, component in enumerate(self.components_.T):
            style = {"label": component_name(i, shares), "color": f"C{i}", **(line_kw or {})}
            self.lines_ += self.ax_.plot(values[known], component[known], **style)
            for height in component[~known]:
                line = self.ax_.axhline(height, color=style["color"], linestyle=":")
                self.missing_lines_.append(line)
        for line in self.missing_lines_[:1]:
            line.set_label("Missing")
        self.ax_.set(xlabel=self.embedding.index.name, ylabel="Input of the first layer")
        self.ax_.legend(handles=self.lines_ + self.missing_lines_[:1])

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        column: str | int,
        *,
        values: ArrayLike | None = None,
        member: int = 0,
        ax: Any = None,
        n_components: int = 3,
        line_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the embedding of a column by a fitted estimator.

        Parameters
        ----------
        estimator : DNNClassifier, DNNRegressor, Pipeline or search
            Fitted estimator. The last step of a Pipeline and the best estimator of a search are
            used.
        column : str or int
            Name or position of a column of the training data of the network.
        values : array-like of shape (n_values,), default=None
            Values of the column. If None, the percentiles of a numeric column, or all categories
            of the training data.
        member : int, default=0
            Index of the member whose embedding is plotted.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        n_components : int, default=3
            Maximum number of curves of a numeric column.
        line_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``plot``.
        scatter_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``scatter``.

        Returns
        -------
        display : EmbeddingDisplay
            The display, with the embedding plotted.

        Raises
        ------
        TypeError
            If there is no DNN estimator in ``estimator``.
        NotFittedError
            If it is not fitted.
        ValueError
            As ``column_embedding`` of the estimators.
        """
        model = fitted_network(estimator)
        embedding = model.column_embedding(column, values, member=member)
        categorical = model._is_categorical(column)
        if not categorical:
            embedding = embedding.sort_index()
        elif values is None:
            embedding = embedding[:-1]  # without unknown categories
        display = cls(embedding=embedding, categorical=categorical)
        return display.plot(ax, n_components=n_components, line_kw=line_kw, scatter_kw=scatter_kw)


def principal_components(
    rows: np.ndarray, known: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray]:
    """Principal component analysis of the known rows, applied to all rows.

    Parameters
    ----------
    rows : (n_rows, n_units) array
    known : (n_rows,) bool array
        The rows that determine mean and components.
    n_components : int

    Returns
    -------
    components : (n_rows, n_components) array
    shares : (n_components,) array
        Explained variance ratios, in decreasing order; 0 beyond the rank of the rows.
    """
    rows = rows.astype(np.float64)
    if known.any():
        rows -= rows[known].mean(axis=0)
    _, widths, directions = np.linalg.svd(rows[known], full_matrices=False)
    n = min(n_components, widths.size)
    components, shares = np.zeros((len(rows), n_components)), np.zeros(n_components)
    components[:, :n] = rows @ directions[:n].T
    shares[:n] = widths[:n] ** 2 / ((widths**2).sum() or 1)
    if known.any():
        # The sign of a component is arbitrary; this makes curves of several members comparable.
        components *= np.where(components[known][-1] < 0, -1, 1)
    return components, shares


def component_name(index: int, shares: np.ndarray) -> str:
    """Number of a component, from 1, and its explained variance ratio."""
    return f"Component {index + 1} ({shares[index]:.0%})"
