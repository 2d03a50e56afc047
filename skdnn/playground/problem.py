"""What is learned: rows, targets, and the part of the plane that is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skdnn.playground.options import CSV, OptionError, Settings
from skdnn.playground.points import CLASSES, EXTENT, add_features, flip_labels, make_points
from skdnn.playground.tables import Table, is_number

#: Pixels of a side of the large map, and of the maps of the units; the one is twice the other.
GRID, SMALL_GRID = 100, 50


@dataclass(frozen=True)
class Problem:
    """A data set that is split, and the rows of a grid.

    Attributes
    ----------
    X_train, X_test : data frame
    y_train, y_test : array
        Labels or numbers.
    classes : (n_classes,) array or None
        None for regression.
    points : dict of str to (n_rows, 3) array
        The rows "train" and "test" as they are drawn: both axes, and the index of the class or
        the number.
    axes : tuple of str
    bounds : tuple of float
        Least and largest value of the first axis, then of the second one.
    grid : data frame of GRID * GRID rows
        Row by row from the top left.
    """

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray
    classes: np.ndarray | None
    points: dict[str, np.ndarray]
    axes: tuple[str, str]
    bounds: tuple[float, float, float, float]
    grid: pd.DataFrame

    @property
    def small_grid(self) -> pd.DataFrame:
        """Every second row and column of the grid."""
        places = np.arange(GRID * GRID).reshape(GRID, GRID)[::2, ::2]
        return self.grid.iloc[places.ravel()]

    def describe(self) -> dict[str, Any]:
        """What the page needs to draw the data."""
        targets = self.points["train"][:, 2]
        classes = self.classes
        return {
            "axes": self.axes, "bounds": self.bounds,
            "classes": None if classes is None else [str(label) for label in classes],
            "range": [float(targets.min()), float(targets.max())],
            "columns": [str(name) for name in self.X_train.columns],
            "numbers": [str(name) for name in self.X_train if is_number(self.X_train[name])],
            "points": {name: _finite(rows) for name, rows in self.points.items()},
        }  # fmt: skip


def _finite(rows: np.ndarray) -> list[list[float]]:
    return rows[np.isfinite(rows).all(axis=1)].tolist()


def make_problem(settings: Settings, table: Table | None = None) -> Problem:
    """Make the data set of a session.

    Parameters
    ----------
    settings : Settings
    table : Table, optional
        The user's own.

    Raises
    ------
    OptionError
        If the settings do not suit the data.
    """
    if settings.data == CSV:
        if table is None:
            raise OptionError("Open the CSV file again: a link does not contain it.")
        return _of_table(settings, table)
    return _of_points(settings)


def _split(settings: Settings, *arrays: Any, stratify: np.ndarray | None) -> list[Any]:
    try:
        return train_test_split(
            *arrays, train_size=settings.train_share, random_state=settings.seed, stratify=stratify
        )
    except ValueError as error:
        raise OptionError(f"The rows cannot be split: {error}") from error


def _of_points(settings: Settings) -> Problem:
    points, y = make_points(
        settings.data, settings.n_samples, noise=settings.noise, share=settings.share,
        random_state=settings.seed,
    )  # fmt: skip
    is_classifier = settings.data in CLASSES
    X = add_features(points, settings.features)
    stratify = y if is_classifier else None
    X_train, X_test, y_train, y_test, p_train, p_test = _split(
        settings, X, y, points, stratify=stratify
    )
    if is_classifier and settings.label_noise:
        y_train = flip_labels(y_train, settings.label_noise, random_state=settings.seed)
    axis = _centers(-EXTENT, EXTENT)
    grid = np.stack(np.meshgrid(axis, axis[::-1]), axis=-1).reshape(-1, 2)
    drawn = {"train": np.c_[p_train, y_train], "test": np.c_[p_test, y_test]}
    return Problem(
        X_train, X_test, y_train, y_test, np.unique(y) if is_classifier else None, drawn,
        ("x1", "x2"), (-EXTENT, EXTENT, -EXTENT, EXTENT), add_features(grid, settings.features),
    )  # fmt: skip


def _of_table(settings: Settings, table: Table) -> Problem:
    target, *axes = settings.columns
    unknown = [name for name in settings.columns if name not in table.frame.columns]
    others = [name for name in axes if name not in table.numbers]
    if unknown or others or target in axes or axes[0] == axes[1]:
        raise OptionError(
            "columns must be a target and two different numeric columns of the table. "
            f"Got {list(settings.columns)}."
        )
    labels = table.labels(target)
    rows = table.rows(target)
    X, y = rows.drop(columns=target), rows[target].to_numpy()
    X_train, X_test, y_train, y_test = _split(
        settings, X, y, stratify=None if labels is None else y
    )
    classes = None if labels is None else np.unique(y)
    drawn = {
        name: np.c_[part[axes].to_numpy(float), _as_drawn(targets, classes)]
        for name, part, targets in (("train", X_train, y_train), ("test", X_test, y_test))
    }
    for name in axes:
        if rows[name].isna().all():
            raise OptionError(
                f"The column {name!r} cannot be an axis: it has no value where the target "
                f"{target!r} has one."
            )
    x, y_axis = (_bounds(rows[name]) for name in axes)
    grid = _slice(X_train, axes, x, y_axis)
    return Problem(
        X_train, X_test, y_train, y_test, classes, drawn, (axes[0], axes[1]), (*x, *y_axis), grid
    )


def _as_drawn(y: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    return y.astype(float) if classes is None else np.searchsorted(classes, y).astype(float)


def _bounds(column: pd.Series) -> tuple[float, float]:
    """The range of a column, a little wider; without the farthest hundredth on each side."""
    low, high = np.nanquantile(column.to_numpy(float), [0.01, 0.99])
    margin = 0.08 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _centers(low: float, high: float) -> np.ndarray:
    return low + (np.arange(GRID) + 0.5) / GRID * (high - low)


def _slice(
    X: pd.DataFrame, axes: list[str], x: tuple[float, float], y: tuple[float, float]
) -> pd.DataFrame:
    """Rows of a grid in two columns; the others have their median or most frequent value."""
    across, down = np.meshgrid(_centers(*x), _centers(*y)[::-1])
    columns: dict[str, Any] = {}
    for name in X.columns:
        column = X[name]
        if name in axes:
            columns[name] = (across if name == axes[0] else down).ravel()
        elif column.dtype.kind in "iuf":
            columns[name] = np.full(GRID * GRID, column.median())
        else:
            columns[name] = pd.Series(
                [column.mode().iloc[0] if column.notna().any() else None] * (GRID * GRID),
                dtype=column.dtype,
            )
    return pd.DataFrame(columns)
