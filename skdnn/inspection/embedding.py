"""What was learned of a column as a picture: curves of a number, a map of categories."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from skdnn.inspection._displays import axes_for, fitted_network, show_literally

#: As many categories can be read in a picture of the default size.
MAX_LABELS = 30
#: A component with a smaller share of the variance is no more than rounding, or cannot be seen.
LEAST_SHARE = 0.001


class EmbeddingDisplay:
    """Principal components of what the first layer receives from a column.

    Of a number they are curves over its training range: where they are steep, the network looks
    closely. Categories are points in the plane of the first two: those that are near each other
    are alike to the network. Signs are chosen so that the last value is positive.

    Made by :meth:`from_estimator`; the parameters are stored as attributes.

    Parameters
    ----------
    embedding : DataFrame of shape (n_values, n_units)
        As ``column_embedding`` of the estimators makes it; of a number the last row may be that of
        missing values, NaN.
    categorical : bool, default=False
        Whether the values are categories.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the picture.
    figure_ : matplotlib Figure
        The figure.
    components_ : array of shape (n_values, n_components)
        What is drawn: two components of categories, of a number those that are more than a
        thousandth of the variance.
    shares_ : array of shape (n_components,)
        Shares of the variance.
    lines_ : list of matplotlib Line2D
        Curves of a number.
    missing_lines_ : list of matplotlib Line2D
        Where missing numbers are, dotted and in the colors of the curves.
    points_ : matplotlib PathCollection or None
        The categories.
    texts_ : list of matplotlib Annotation
        Labels of the categories; of more than 30 those of the outermost.

    See Also
    --------
    DNNClassifier.column_embedding : The numbers behind it.
    sklearn.inspection.PartialDependenceDisplay : What a column does to predictions.

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
        """Draw the curves or the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        n_components : int, default=3
            Curves of a number at most.
        line_kw : dict, default=None
            Keyword arguments for each of matplotlib's calls of ``plot``.
        scatter_kw : dict, default=None
            Keyword arguments for matplotlib's ``scatter``.

        Returns
        -------
        display : EmbeddingDisplay
            This object.
        """
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
        """Draw what a fitted estimator has learned of a column.

        Parameters
        ----------
        estimator : DNNClassifier, DNNRegressor, Pipeline or search
            Fitted; of a Pipeline the last step, of a search the best estimator.
        column : str or int
            Name or position of a column of the table that the network was fitted on.
        values : array-like of shape (n_values,), default=None
            Values of the column; None is the percentiles of a number, and all categories that
            training has seen.
        member : int, default=0
            Which network, if the estimator has several.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        n_components : int, default=3
            Curves of a number at most.
        line_kw : dict, default=None
            Keyword arguments for each of matplotlib's calls of ``plot``.
        scatter_kw : dict, default=None
            Keyword arguments for matplotlib's ``scatter``.

        Returns
        -------
        display : EmbeddingDisplay
            What was drawn.

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
            embedding = embedding[:-1]  # what training has not seen
        display = cls(embedding=embedding, categorical=categorical)
        return display.plot(ax, n_components=n_components, line_kw=line_kw, scatter_kw=scatter_kw)


def principal_components(
    rows: np.ndarray, known: np.ndarray, n_components: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the directions in which those that are known differ most.

    Parameters
    ----------
    rows : (n_rows, n_units) array
    known : (n_rows,) bool array
        The rows that decide the directions; their mean is 0.
    n_components : int

    Returns
    -------
    components : (n_rows, n_components) array
    shares : (n_components,) array
        Of the variance, falling; components that there are not are 0.
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
        # Directions have no sign of their own; so curves that rise do so in all members.
        components *= np.where(components[known][-1] < 0, -1, 1)
    return components, shares


def component_name(index: int, shares: np.ndarray) -> str:
    """Number of a component, from 1 on, and its share of the variance."""
    return f"Component {index + 1} ({shares[index]:.0%})"
