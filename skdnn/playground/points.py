"""Data sets of points in the plane, between about -6 and 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.random import Generator

#: Half of the width of the plane.
EXTENT = 6.0

#: Points and targets of a number of rows. ``share`` is that of the last class.
Maker = Callable[[Generator, int, float, float], tuple[np.ndarray, np.ndarray]]


def _labels(rng: Generator, n: int, share: float) -> np.ndarray:
    """Labels 0 and 1 in the proportion, both at least twice."""
    n_ones = int(np.clip(round(n * share), 2, n - 2))
    return rng.permutation(np.arange(n) < n_ones).astype(int)


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _circle(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    y = _labels(rng, n, share)
    radius = np.where(y == 1, rng.uniform(0, 2.5, n), rng.uniform(3.5, 5, n))
    points = _polar(radius, rng.uniform(0, 2 * np.pi, n))
    return points + rng.normal(0, 2 * noise, (n, 2)), y


def _xor(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    y = _labels(rng, n, share)
    points = rng.uniform(0.3, 5, (n, 2)) * rng.choice([-1, 1], (n, 1))
    points[y == 0, 0] *= -1
    return points + rng.normal(0, 2 * noise, (n, 2)), y


def _gauss(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    y = _labels(rng, n, share)
    center = np.where(y == 1, 2.0, -2.0)[:, None]
    return center + rng.normal(0, 1 + 3 * noise, (n, 2)), y


def _spiral(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    y = _labels(rng, n, share)
    along = rng.uniform(0, 1, n)
    points = _polar(5 * along, 3.5 * np.pi * along + np.pi * y)
    return points + rng.normal(0, 2 * noise, (n, 2)), y


def _moons(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    y = _labels(rng, n, share)
    points = _polar(np.full(n, 3.2), rng.uniform(0, np.pi, n)) * np.where(y == 1, -1, 1)[:, None]
    points += np.where(y == 1, 1, -1)[:, None] * [1.6, 0.8]
    return points + rng.normal(0, 0.2 + 2 * noise, (n, 2)), y


def _three(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    last = _labels(rng, n, share)
    y = np.where(last == 1, 2, rng.permutation(np.arange(n) % 2))
    angle = 2 * np.pi * y / 3 + rng.uniform(-0.75, 0.75, n)
    radius = rng.uniform(0.8, 5, n)
    points = _polar(radius, angle + 0.35 * radius)
    return points + rng.normal(0, 2 * noise, (n, 2)), y


def _plane(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    points = rng.uniform(-5.5, 5.5, (n, 2))
    return points, points.sum(axis=1) / 10 + rng.normal(0, noise, n)


def _hills(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    points = rng.uniform(-5.5, 5.5, (n, 2))
    centers = np.array([[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]])
    distance = np.linalg.norm(points[:, None] - centers, axis=2)
    height = np.clip(1 - distance / 2.5, 0, 1) * [1, -1, 1, -1, 1, -1]
    return points, height.sum(axis=1) + rng.normal(0, noise, n)


def _waves(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    points = rng.uniform(-5.5, 5.5, (n, 2))
    y = np.sin(2 * points[:, 0]) * np.cos(points[:, 1] / 2)
    return points, y + rng.normal(0, noise, n)


def _positive(rng: Generator, n: int, noise: float, share: float) -> tuple[np.ndarray, np.ndarray]:
    points = rng.uniform(-5.5, 5.5, (n, 2))
    mean = np.exp(-0.1 * (points**2).sum(axis=1) + 1)
    spread = max(noise, 0.02)
    return points, mean * rng.gamma(1 / spread, spread, n)


#: Targets are the labels 0, 1 (and 2).
CLASSES: dict[str, Maker] = {
    "circle": _circle,
    "xor": _xor,
    "gauss": _gauss,
    "spiral": _spiral,
    "moons": _moons,
    "three": _three,
}
#: Targets are numbers.
NUMBERS: dict[str, Maker] = {
    "plane": _plane,
    "hills": _hills,
    "waves": _waves,
    "positive": _positive,
}

#: Inputs that are computed from the points.
FEATURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1^2": lambda x1, x2: x1**2,
    "x2^2": lambda x1, x2: x2**2,
    "x1 x2": lambda x1, x2: x1 * x2,
    "sin x1": lambda x1, x2: np.sin(x1),
    "sin x2": lambda x1, x2: np.sin(x2),
}


def make_points(
    name: str,
    n_samples: int = 500,
    *,
    noise: float = 0.0,
    share: float = 0.5,
    random_state: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a data set.

    Parameters
    ----------
    name : str
        One of ``CLASSES`` or ``NUMBERS``.
    n_samples : int, default=500
    noise : float, default=0.0
        Of the points of classes; of the target for numbers.
    share : float, default=0.5
        Share of the last class; not used for numbers.
    random_state : int, default=0

    Returns
    -------
    points : array of shape (n_samples, 2)
    y : array of shape (n_samples,)
        Labels (int) or numbers.

    Examples
    --------
    >>> from skdnn.playground.points import make_points
    >>> points, y = make_points("spiral", 100, share=0.2)
    >>> points.shape, int(y.sum())
    ((100, 2), 20)
    """
    maker = {**CLASSES, **NUMBERS}[name]
    return maker(np.random.default_rng(random_state), n_samples, noise, share)


def add_features(points: np.ndarray, names: Sequence[str] = ("x1", "x2")) -> pd.DataFrame:
    """Compute columns from points.

    Parameters
    ----------
    points : array of shape (n_samples, 2)
    names : sequence of str, default=("x1", "x2")
        Keys of ``FEATURES``.

    Returns
    -------
    X : data frame of shape (n_samples, n_names)
    """
    x1, x2 = points.T
    return pd.DataFrame({name: FEATURES[name](x1, x2) for name in names})


def flip_labels(y: np.ndarray, share: float, *, random_state: int = 0) -> np.ndarray:
    """Replace the labels of a share of the rows by another label.

    Parameters
    ----------
    y : (n_samples,) array of int
        Labels 0, 1, ...
    share : float
    random_state : int, default=0

    Returns
    -------
    y : (n_samples,) array of int
    """
    rng, n_classes = np.random.default_rng(random_state), int(y.max()) + 1
    rows = rng.permutation(y.size)[: round(share * y.size)]
    flipped = y.copy()
    flipped[rows] = (y[rows] + rng.integers(1, n_classes, rows.size)) % n_classes
    return flipped
