"""Rows to train on and rows to hold out."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

# scikit-learn's model selection is imported where it is used: it takes a tenth of the time to
# import the package, and few fits need it.

#: Of a class of fewer rows not every hold-out has one.
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
    """Rows to train on and rows to hold out, by ``validation_fraction``, several times.

    Parameters
    ----------
    estimator : BaseDNN
    X : (n_samples, n_features) array, dense or sparse
        For a splitter, as the labels.
    labels : (n_samples,) or (n_samples, n_outputs) array
        Targets.
    strata : (n_samples,) or (n_samples, n_labels) array or None
        What to stratify a fraction by; by several labels only as far as they are rare.
    groups : (n_samples,) array or None
    seed : int
    n_splits : int
        The last ones of a splitter, begun with the last, and over again if it has fewer.

    Raises
    ------
    ValueError
        If one part would be too small, or a splitter's indices are not those of rows.
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
    """So many splits at most, from the last one on, as indices that are safe to use."""
    name = f"validation_fraction={splitter!r}"
    try:
        with np.errstate(invalid="ignore"):  # scikit-learn asks whether targets are integers
            splits = list(splitter.split(X, labels, groups))
    except (IndexError, TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot split the rows: {error}") from error
    if not splits:
        raise ValueError(f"{name} makes no split.")
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
    """From integers, also those that count from the end, or a mask: the kernels trust them."""
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
    """A fraction of the rows; of few rows at least two, and one of each class."""
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
    """A draw for each seed, stratified; of rare classes each hold-out is dealt its rows."""
    from sklearn.model_selection import train_test_split

    codes, classes = np.full(n_rows, -1), None
    if strata is not None:
        codes = _rare_codes(strata, n_held_out)
        classes = strata if strata.ndim == 1 else None
    common = np.flatnonzero(codes < 0)
    in_all = common.size < 2 or (classes is not None and np.unique(classes).size == 2)
    dealt = _deal(codes, seeds, in_all=in_all)
    if common.size < 2 and not dealt[0].size:
        # Hardly a label is there twice: what one member holds out, the others are trained on.
        common, dealt, classes = np.arange(n_rows), [rows[:0] for rows in dealt], None
    stratify, least = None if classes is None else classes[common], 1
    if stratify is not None and stratify.size:
        counts = np.unique(stratify, return_counts=True)[1]
        # So many that no class becomes a rare one.
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
    """A code for each row of a class that a draw might leave without a row on one side; else -1.

    Of several labels a row counts for the rarest one of which it has the rarer value.
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
    """Rows of rare classes, one of a class at most, for each hold-out: others for each of them.

    A row that is the only one of its class is always trained on: a member that has never seen the
    class cannot be judged by it. Of two or three rows each is worth more to the training than to
    the judge (25 classes of 2 rows: balanced accuracy .30, and .21 with all classes in every
    hold-out), so that some hold-outs go without. With ``in_all`` they do not: of two classes a
    judge needs both (3 positive rows of 200: AUC .87, and .84 without).
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
