"""Splits into training rows and held-out rows."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

# scikit-learn's model selection is imported where it is used: it takes a tenth of the time to
# import the package, and few fits need it.

#: A class with fewer rows is not represented in every hold-out.
FEW_ROWS = 4

Indices = tuple[np.ndarray, np.ndarray]


def split_indices(
    estimator: Any,
    X: Any,
    labels: np.ndarray,
    strata: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
    n_splits: int,
) -> list[Indices]:
    """Splits by ``validation_fraction``: pairs of training and held-out indices.

    Parameters
    ----------
    estimator : BaseDNN
    X : (n_samples, n_features) array, dense or sparse
        Passed to a splitter, like the labels.
    labels : (n_samples,) or (n_samples, n_outputs) array
        Targets.
    strata : (n_samples,) or (n_samples, n_labels) array or None
        Classes to stratify a fraction by; of multilabel targets only rare labels are stratified.
    groups : (n_samples,) array or None
    seed : int
    n_splits : int
        The last splits of a splitter in reverse order, repeated if it has fewer.

    Raises
    ------
    ValueError
        If one side would be too small, or a splitter's indices are invalid.
    """
    fraction = estimator.validation_fraction
    if hasattr(fraction, "split"):
        chosen = _splits_of(fraction, X, labels, groups, n_splits)
        return [chosen[i % len(chosen)] for i in range(n_splits)]
    seeds = [(seed + i) % 2**32 for i in range(n_splits)]
    if groups is not None:
        return [_draw_groups(fraction, labels, groups, each) for each in seeds]
    n_held_out = _number_to_hold_out(fraction, labels.shape[0], strata)
    return _draw_splits(n_held_out, labels.shape[0], strata, seeds)


def _splits_of(
    splitter: Any, X: Any, labels: np.ndarray, groups: np.ndarray | None, n_splits: int
) -> list[Indices]:
    """At most ``n_splits`` splits in reverse order, as validated indices."""
    name = f"validation_fraction={splitter!r}"
    try:
        with np.errstate(invalid="ignore"):  # scikit-learn asks whether targets are integers
            splits = list(splitter.split(X, labels, groups))
    except (IndexError, TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot split the rows: {error}") from error
    if not splits:
        raise ValueError(f"{name} yields no split.")
    chosen = []
    for number in range(len(splits), max(0, len(splits) - n_splits), -1):
        split, where = splits[number - 1], f"Split {number} of {name}"
        if not isinstance(split, (tuple, list)) or len(split) != 2:
            raise ValueError(
                f"{where} must be two arrays of indices, of rows to train on and of rows to "
                f"validate with. Got {split!r}."
            )
        train, held_out = (_plain_indices(index, labels.shape[0], where) for index in split)
        if not train.size or not held_out.size:
            raise ValueError(
                f"{where} leaves {train.size} rows to train on and {held_out.size} to validate "
                "with."
            )
        common = np.intersect1d(train, held_out)
        if common.size:
            raise ValueError(
                f"{where} has {common.size} rows on both sides, row {common[0]} for example. Rows "
                "to validate with must not be trained on."
            )
        chosen.append((train, held_out))
    return chosen


def _plain_indices(index: Any, n_rows: int, where: str) -> np.ndarray:
    """Non-negative indices from integers or a boolean mask: the kernels do not check bounds."""
    try:
        array = np.asarray(index)
    except ValueError:
        array = np.asarray(index, dtype=object)
    if array.size == 0:
        return np.zeros(0, dtype=np.intp)
    if array.ndim == 1 and array.dtype.kind == "b" and array.size == n_rows:
        return np.flatnonzero(array)
    if array.ndim == 1 and array.dtype.kind in "iu":
        outside = array[(array >= n_rows) | (array < -n_rows)]
        if not outside.size:
            return np.arange(n_rows)[array]
        received = f"the index {outside[0]}"
    else:
        received = f"an array of shape {array.shape} and dtype {array.dtype}"
    raise ValueError(
        f"{where} must have whole numbers below the number of rows ({n_rows}), or a mask of that "
        f"length. Got {received}."
    )


def _draw_groups(fraction: float, labels: np.ndarray, groups: np.ndarray, seed: int) -> Indices:
    from sklearn.model_selection import GroupShuffleSplit

    try:
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
        return next(splitter.split(labels, labels, groups))
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={fraction!r} of the {np.unique(groups).size} different "
            f"values in groups: {error}"
        ) from None


def _number_to_hold_out(fraction: float, n_rows: int, strata: np.ndarray | None) -> int:
    """Number of held-out rows: a fraction, but at least two rows and one of each class."""
    n_held_out = ceil(fraction * n_rows)
    n_least = 2 if strata is None or strata.ndim == 2 else max(2, np.unique(strata).size)
    for least in (n_least, 2):
        if 0 < n_held_out < least and n_rows >= 2 * least:
            n_held_out = least
    if n_held_out < 2 or n_held_out >= n_rows:
        size = "small" if n_held_out < 2 else "large"
        change = "Increase" if n_held_out < 2 else "Decrease"
        raise ValueError(
            f"The validation set is too {size}. {change} 'validation_fraction' or the size of "
            f"your dataset: {fraction!r} of n_samples = {n_rows} is {n_held_out}."
        )
    return n_held_out


def _draw_splits(
    n_held_out: int, n_rows: int, strata: np.ndarray | None, seeds: list[int]
) -> list[Indices]:
    """A stratified split for each seed; the rows of rare classes are dealt to the hold-outs."""
    from sklearn.model_selection import train_test_split

    codes, classes = np.full(n_rows, -1), None
    if strata is not None:
        codes = _rare_codes(strata, n_held_out)
        classes = strata if strata.ndim == 1 else None
    common = np.flatnonzero(codes < 0)
    in_all = common.size < 2 or (classes is not None and np.unique(classes).size == 2)
    dealt = _deal(codes, seeds, in_all=in_all)
    if common.size < 2 and not dealt[0].size:
        # Nearly all labels are unique: what one member holds out, the others are trained on.
        common, dealt, classes = np.arange(n_rows), [rows[:0] for rows in dealt], None
    stratify, least = None if classes is None else classes[common], 1
    if stratify is not None and stratify.size:
        counts = np.unique(stratify, return_counts=True)[1]
        # Large enough that no class is lost on either side.
        least = max(counts.size, common.size // counts.min())
    splits = []
    for seed, rare in zip(seeds, dealt, strict=True):
        train, held_out = common, common[:0]
        if common.size >= 2:
            n_drawn = min(max(n_held_out - rare.size, least), common.size - least)
            train, held_out = train_test_split(
                common, test_size=n_drawn, random_state=seed, stratify=stratify
            )
        if common.size < n_rows:
            held_out = np.concatenate([held_out, rare])
            train = np.concatenate([train, np.setdiff1d(np.flatnonzero(codes >= 0), rare)])
        splits.append((train, held_out))
    return splits


def _rare_codes(strata: np.ndarray, n_held_out: int) -> np.ndarray:
    """A code for each row of a rare class, which a draw might miss on one side; else -1.

    Of multilabel targets the code is that of the rarest label whose minority value the row has.
    """
    n_rows = strata.shape[0]
    smaller_side = min(n_held_out, n_rows - n_held_out)
    if strata.ndim == 1:
        _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
        return np.where(smaller_side * counts[codes] < n_rows, codes, -1)
    has_rarer = strata != (2 * strata.sum(axis=0) > n_rows)
    counts = np.where(has_rarer, has_rarer.sum(axis=0), n_rows)
    rarest = counts.argmin(axis=1)
    return np.where(smaller_side * counts.min(axis=1) < n_rows, rarest, -1)


def _deal(codes: np.ndarray, seeds: list[int], *, in_all: bool) -> list[np.ndarray]:
    """Rows of rare classes for each hold-out, at most one of each class, and different ones.

    The only row of a class is always trained on: a member that has never seen the class cannot be
    validated by it. Of two or three rows each is worth more in training than in validation
    (25 classes of 2 rows: balanced accuracy .30, and .21 with all classes in every hold-out), so
    that some hold-outs have none. With ``in_all`` every hold-out has one: a binary score needs
    both classes (3 positive rows of 200: AUC .87, and .84 without).
    """
    rows = np.random.RandomState(seeds[0]).permutation(np.flatnonzero(codes >= 0))
    rows = rows[codes[rows].argsort(kind="stable")]
    _, starts, counts = np.unique(codes[rows], return_index=True, return_counts=True)
    starts, counts = starts[counts > 1], counts[counts > 1]
    dealt = []
    for i in range(len(seeds)):
        turn = (i + np.arange(counts.size)) % FEW_ROWS
        takes = (counts >= FEW_ROWS) | (turn < counts) | in_all
        place = np.where((counts >= FEW_ROWS) | in_all, i % counts, turn)
        dealt.append(rows[(starts + place)[takes]])
    return dealt
