"""Permutation importance of columns, and its display."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.metrics import check_scoring
from sklearn.utils import check_consistent_length, check_random_state

from skdnn._sklearn import is_metric
from skdnn._typing import MatrixLike
from skdnn.estimators._targets import check_weights
from skdnn.inspection._displays import (
    axes_for,
    check_count,
    check_names,
    checked_array,
    show_literally,
)
from skdnn.inspection._mixed import MixedRows, as_table, grouped, mixed, names_of
from skdnn.inspection.loss_curve import scoring_name


class ImportanceDisplay:
    """Permutation importance: the decrease of a score if the values of a column are shuffled.

    Bars are means over repeated shuffles, small points are single ones. Columns that say the same
    share their importance: shuffle them together as a group.

    It is recommended to use :meth:`from_estimator` to create an ``ImportanceDisplay``. All
    parameters are stored as attributes.

    Parameters
    ----------
    importances : array of shape (n_features, n_repeats)
        Decrease of the score.
    feature_names : list of n_features str
        Names of the columns, or of the groups of columns.
    score : float, default=None
        Score of the rows as they are.
    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the importances.
    figure_ : matplotlib Figure
        Figure containing the axes.
    bars_ : matplotlib BarContainer
        Means, from the most important feature at the top to the least important.
    points_ : matplotlib PathCollection
        Single shuffles.
    feature_names_ : list of str
        Names of the bars, from top to bottom.

    See Also
    --------
    sklearn.inspection.permutation_importance : Without groups.
    ShapleyDisplay : Contributions to predictions, for which no targets are needed.

    References
    ----------
    Breiman 2001, "Random forests", Machine Learning 45, section 10. Groups: Au et al. 2022,
    "Grouped feature importance and combined features effect plot", Data Mining and Knowledge
    Discovery 36.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import DNNClassifier, ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DNNClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> groups = {"petal": X.columns[2:], "sepal": X.columns[:2]}
    >>> display = ImportanceDisplay.from_estimator(
    ...     model, X, y, feature_groups=groups, random_state=0
    ... )
    >>> display.feature_names_
    ['petal', 'sepal']
    """

    def __init__(
        self,
        *,
        importances: np.ndarray,
        feature_names: list[str],
        score: float | None = None,
        score_name: str = "score",
    ) -> None:
        self.importances = importances
        self.feature_names = feature_names
        self.score = score
        self.score_name = score_name

    def plot(
        self, ax: Any = None, *, max_features: int = 20, bar_kw: dict[str, Any] | None = None
    ) -> Self:
        """Plot the importances.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.
        max_features : int, default=20
            Maximum number of features: the most important ones.
        bar_kw : dict, default=None
            Keyword arguments passed to matplotlib's ``barh``.

        Returns
        -------
        display : ImportanceDisplay
            This object.

        Raises
        ------
        ValueError
            If ``max_features`` is invalid, or if a parameter of the display has the wrong shape.
        """
        max_features = check_count("max_features", max_features)
        importances = checked_array("importances", self.importances, ("n_features", "n_repeats"))
        check_names(self.feature_names, len(importances), "importances")
        self.ax_ = ax = axes_for(self, ax)
        self.figure_ = ax.figure
        means = importances.mean(axis=1)
        order = np.argsort(-means, kind="stable")[:max_features]
        self.feature_names_ = [str(self.feature_names[j]) for j in order]
        shown, places = importances[order], np.arange(len(order))
        style = {"color": "C0", "alpha": 0.6, **(bar_kw or {})}
        self.bars_ = ax.barh(places, means[order], **style)
        # Shuffles beside each other, so that equal ones are seen.
        offsets = np.linspace(-0.25, 0.25, shown.shape[1] + 2)[1:-1]
        heights = places[:, None] + offsets
        self.points_ = ax.scatter(shown.ravel(), heights.ravel(), s=8, color="0.2", zorder=3)
        ax.axvline(0, color="0.4", linewidth=1)
        ax.set_yticks(places, self.feature_names_, parse_math=False)
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.spines[["top", "right"]].set_visible(False)
        of = "" if self.score is None else f" (of {self.score:.3g})"
        ax.set_xlabel(f"Decrease of the {self.score_name}{of} by shuffling")
        show_literally(ax)
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        y: ArrayLike,
        *,
        scoring: Any = None,
        n_repeats: int = 10,
        feature_groups: dict[str, list] | None = None,
        sample_weight: ArrayLike | None = None,
        random_state: int | RandomState | None = None,
        ax: Any = None,
    ) -> Self:
        """Compute and plot the permutation importance of the columns for an estimator.

        Parameters
        ----------
        estimator : fitted estimator
            A DNN estimator, whose columns are then encoded only once, or any other one.
        X : {data frame, array-like} of shape (n_samples, n_features)
            Rows to score, preferably not those of the training.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        scoring : str or callable, default=None
            Score, as in scikit-learn: the name of a scorer or a function of estimator, ``X`` and
            ``y``. None is the method ``score`` of the estimator.
        n_repeats : int, default=10
            Number of shuffles of each feature.
        feature_groups : dict of str to list of (str or int), default=None
            Columns, by name or position, that are shuffled together, by the name of the group. Each
            other column is shuffled by itself.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the score.
        random_state : int, RandomState instance or None, default=None
            Determines the shuffles.
        ax : matplotlib Axes, default=None
            Axes object to plot on. If None, a new figure and axes are created.

        Returns
        -------
        display : ImportanceDisplay
            The display, with the importances plotted.

        Raises
        ------
        TypeError, ValueError
            For invalid parameters, weights that are negative or not finite, and for tables that are
            sparse or empty.
        """
        n_repeats = check_count("n_repeats", n_repeats)
        X = as_table(X)
        check_consistent_length(X, y)
        sample_weight = check_weights(sample_weight, X)
        groups = grouped(feature_groups, names_of(X))
        score = Score(estimator, X, y, scoring, sample_weight)
        best, found = score.importances(groups, n_repeats, check_random_state(random_state))
        default = "accuracy" if hasattr(estimator, "classes_") else "R²"
        display = cls(
            importances=found,
            feature_names=list(groups),
            score=best,
            score_name=scoring_name(scoring, default),
        )
        return display.plot(ax)


class Score:
    """Score of mixed rows.

    Parameters
    ----------
    estimator : fitted estimator
    X : table, as ``as_table`` returns it
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    scoring, sample_weight : object
        See ``ImportanceDisplay.from_estimator``.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, scoring: Any, sample_weight: Any) -> None:
        self._X, self._y = X, y
        self._rows = MixedRows(estimator, X)
        self._scorer = check_scoring(self._rows.estimator, scoring)
        # A function of the user's may look at the rows.
        self._needs_only_predictions = scoring is None or is_metric(scoring)
        self._weights = {} if sample_weight is None else {"sample_weight": sample_weight}

    def __call__(self, sources: np.ndarray) -> float:
        if self._needs_only_predictions:
            estimator, rows = self._rows.rows(sources)
        else:
            estimator, rows = self._rows.estimator, mixed(self._X, sources)
        return float(self._scorer(estimator, rows, self._y, **self._weights))

    def importances(
        self, groups: dict[str, list[int]], n_repeats: int, random_state: Any
    ) -> tuple[float, np.ndarray]:
        """Score of the rows as they are, and decreases (n_groups, n_repeats)."""
        n_samples, n_columns = self._X.shape
        kept = np.repeat(np.arange(n_samples)[:, None], n_columns, axis=1)
        best, found = self(kept), np.empty((len(groups), n_repeats))
        for i, columns in enumerate(groups.values()):
            for j in range(n_repeats):
                sources = kept.copy()
                sources[:, columns] = random_state.permutation(n_samples)[:, None]
                found[i, j] = best - self(sources)
        return best, found
