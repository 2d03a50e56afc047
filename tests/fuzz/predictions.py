"""Checks of intervals, sets, deviations, offsets and constraints of a trained model."""

from __future__ import annotations

import pickle
import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from fuzz.data import dense_targets, n_rows, numbers_of, take
from fuzz.invariants import check_refused, raw, refused_or, same
from scipy import sparse

COVERAGES = (0.1, 0.5, 0.8, 0.9, 0.99)


# -------------------------------------------------------------------------------------------------
# Monotonic constraints
# -------------------------------------------------------------------------------------------------


def monotone(run: Any) -> None:
    """Along a constrained column predictions go in its direction, whatever the others are."""
    given = run.case.parameters.get("monotonic_cst")
    if given is None:
        return
    by_name = given.items() if isinstance(given, dict) else enumerate(given)
    directions = [(int(str(name).lstrip("c")), sign) for name, sign in by_name if sign]
    for j, sign in directions[:3]:
        values = _values_of(run, j)
        for i in run.random().randint(0, n_rows(run.new), 2):
            X = _with_column(take(run.new, np.full(values.size, i)), j, values)
            found = refused_or(lambda X=X: _means(run.model, X))
            if found is not None and np.isfinite(found).all():
                _check_order(found * sign, f"column {j} with the direction {sign}")


def _values_of(run: Any, j: int) -> np.ndarray:
    """Increasing numbers that a column has, and some between and beyond them."""
    numbers = np.concatenate([_column(X, j) for X in (run.rows.X, run.new)])
    numbers = np.unique(numbers[~np.isnan(numbers)])
    if not numbers.size:
        numbers = np.zeros(1)
    step = max(1.0, float(np.abs(numbers / 8).max()))
    between = numbers[:-1] / 2 + numbers[1:] / 2
    beyond = np.array([numbers[0] / 2 - step / 2, numbers[-1] / 2 + step / 2])
    return np.unique(np.concatenate([numbers, between, beyond]))


def _column(X: Any, j: int) -> np.ndarray:
    if isinstance(X, list):
        return np.array([row[j] for row in X], dtype=float)
    if hasattr(X, "iloc"):
        return X.iloc[:, j].to_numpy(dtype=float)
    return (X.tocsc()[:, [j]].toarray() if sparse.issparse(X) else X[:, [j]])[:, 0].astype(float)


def _with_column(X: Any, j: int, values: np.ndarray) -> Any:
    if isinstance(X, list):
        return [[*row[:j], value, *row[j + 1 :]] for row, value in zip(X, values, strict=True)]
    if hasattr(X, "iloc"):
        X = X.copy()
        X.isetitem(j, values)
        return X
    if sparse.issparse(X):
        dense = X.toarray()
        dense[:, j] = values
        return sparse.csr_array(dense)
    X = np.array(X, dtype=object if X.dtype.kind == "O" else np.float64)
    X[:, j] = values
    return X


def _means(model: Any, X: Any) -> np.ndarray:
    """What constraints hold for; not for a standard deviation."""
    if hasattr(model, "decision_function") or hasattr(model, "predict_quantiles"):
        return raw(model, X)
    return model.predict(X)


def _check_order(found: np.ndarray, what: str) -> None:
    # Halves, which do not overflow.
    found = found.astype(float) / 2
    slack = 1e-6 * np.abs(found).max(axis=0)
    assert (found[1:] >= found[:-1] - slack).all(), f"predictions are not monotonic in {what}"


# -------------------------------------------------------------------------------------------------
# Offsets and deviations
# -------------------------------------------------------------------------------------------------


def offsets(run: Any) -> None:
    """An offset multiplies predictions, or is refused by a loss without a log link."""
    if run.case.task != "regression":
        return
    model, n = run.model, n_rows(run.new)
    offset = run.random().randn(n)
    found = refused_or(lambda: model.predict(run.new, return_std=True, offset=offset))
    if found is None:
        assert run.rows.offset is None, "an offset is refused by a model that was trained with one"
        return
    for plain, scaled in zip(model.predict(run.new, return_std=True), found, strict=True):
        with np.errstate(over="ignore"):
            expected = np.minimum((plain.T * np.exp(offset)).T, np.finfo(float).max)
        assert same(scaled, expected), "an offset is not a factor"
    assert same(model.predict(run.new, offset=np.zeros(n)), model.predict(run.new)), "offset of 0"
    for wrong in (offset[1:], offset * np.nan, offset + 1e6, np.c_[offset, offset], "offset"):
        check_refused(
            model, run.new, lambda m, wrong=wrong: m.predict(run.new, offset=wrong), always=True
        )


def deviations(run: Any) -> None:
    """Deviations and quantiles agree with the predictions."""
    if run.case.task != "regression":
        return
    model, loss = run.model, run.case.parameters.get("loss")
    predicted, std = model.predict(run.new, return_std=True)
    assert predicted.dtype == std.dtype, "predictions and their deviations differ in dtype"
    if loss == "normal":
        assert (std > 0).all(), "a standard deviation is 0"
    elif run.case.parameters.get("n_members") == 1:
        assert (std == 0).all(), "a single member disagrees"
    if hasattr(model, "predict_quantiles"):
        quantiles = model.predict_quantiles(run.new)
        levels = np.atleast_1d(getattr(loss, "quantile", 0.5))
        assert quantiles.shape == (*predicted.shape, levels.size), "shape of the quantiles"
        middle = quantiles[..., np.abs(levels - 0.5).argmin()]
        assert same(middle, predicted), "predictions are not the quantile closest to 0.5"


# -------------------------------------------------------------------------------------------------
# Intervals and sets
# -------------------------------------------------------------------------------------------------


def held_out_coverage(run: Any) -> None:
    """Intervals and sets of the rows that training has held out, if there are any."""
    regions = refused_or(lambda: _regions(run.model, run.new, 0.5))
    if regions is not None:
        _check_regions(run, run.model)


def conformal_coverage(run: Any) -> None:
    """Those of rows of one's own, which contain the share that they promise of these rows."""
    model, y = deepcopy(run.model), _targets(run)
    before = raw(model, run.new)
    if refused_or(lambda: model.conformalize(run.rows.X, y)) is None:
        return
    assert same(raw(model, run.new), before), "conformalize changes predictions"
    _check_regions(run, model)
    for coverage in COVERAGES:
        regions = _regions(model, run.rows.X, coverage)
        share = _contains(model, regions, y).mean(axis=0).min()
        assert share >= coverage * (1 - 1e-9), f"{share} of the rows, not {coverage}, are covered"


def conformal_weights(run: Any) -> None:
    """A row of weight 0 is as if it were absent, one of weight 2 is two rows."""
    weights, y = run.random().randint(0, 3, n_rows(run.rows.X)), _targets(run)
    kept = np.repeat(np.arange(weights.size), weights)
    models = deepcopy(run.model), deepcopy(run.model)
    weighted = refused_or(lambda: models[0].conformalize(run.rows.X, y, weights * 1.0))
    repeated = refused_or(lambda: models[1].conformalize(take(run.rows.X, kept), take(y, kept)))
    assert (weighted is None) == (repeated is None) or not kept.size, "weights decide on a refusal"
    if weighted is not None and repeated is not None:
        for coverage in COVERAGES:
            a, b = (_regions(model, run.new, coverage) for model in models)
            assert same(a, b), "a weight is not a number of rows"


def wrong_coverage(run: Any) -> None:
    several = "one label for each row"
    for coverage in (0, 1, -0.5, 2.0, np.nan, np.inf, None, "0.9", [0.5], 1j):
        with pytest.raises(ValueError, match=f"coverage|{several}"):
            _regions(run.model, run.new, coverage)


def _targets(run: Any) -> Any:
    return run.rows.y if run.rows.offset is None else numbers_of(run.rows)


def _regions(model: Any, X: Any, coverage: Any) -> np.ndarray:
    """Intervals or sets."""
    name = "predict_set" if hasattr(model, "predict_set") else "predict_interval"
    return getattr(model, name)(X, coverage)


def _check_regions(run: Any, model: Any) -> None:
    narrow, is_set = None, run.case.task == "classification"
    for coverage in COVERAGES:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            regions = _regions(model, run.new, coverage)
        told = any("coverage" in str(each.message) for each in caught)
        (_check_sets if is_set else _check_intervals)(run, model, regions, told=told)
        if narrow is not None and not hasattr(model, "predict_quantiles"):
            assert _includes(regions, narrow), "a larger coverage has a smaller region"
        narrow = regions
    alone = _regions(model, take(run.new, np.array([3])), COVERAGES[-1])
    assert same(alone, regions[3:4]), "the region of a row alone differs"
    pickled = pickle.loads(pickle.dumps(model))
    assert same(_regions(pickled, run.new, COVERAGES[-1]), regions), "a pickle has other regions"


def _check_sets(run: Any, model: Any, sets: np.ndarray, *, told: bool) -> None:
    n = n_rows(run.new)
    assert sets.shape == (n, len(model.classes_)), f"shape of the sets {sets.shape}"
    assert sets.dtype == bool, f"sets of dtype {sets.dtype}"
    assert not told or sets.all(), "all classes were announced"
    labels = [list(model.classes_).index(label) for label in model.predict(run.new)]
    assert sets[np.arange(n), labels].all(), "a set without the predicted class"


def _check_intervals(run: Any, model: Any, intervals: np.ndarray, *, told: bool) -> None:
    predicted, std = model.predict(run.new, return_std=True)
    y = numbers_of(run.rows)
    assert intervals.shape == (*predicted.shape, 2), f"shape of the intervals {intervals.shape}"
    assert not np.isnan(intervals).any(), "an end of an interval is NaN"
    lower, upper = intervals[..., 0], intervals[..., 1]
    assert (lower <= upper).all(), "a lower end above the upper one"
    moderate = all(np.abs(each.astype(float)).max() < 1e100 for each in (predicted, std, y))
    assert told or not moderate or np.isfinite(intervals).all(), "infinite without a warning"
    if not hasattr(model, "predict_quantiles"):
        assert ((lower <= predicted) & (predicted <= upper)).all(), "an interval without the mean"


def _includes(wide: np.ndarray, narrow: np.ndarray) -> bool:
    if wide.dtype == bool:
        return bool((wide | ~narrow).all())
    return bool(((wide[..., 0] <= narrow[..., 0]) & (wide[..., 1] >= narrow[..., 1])).all())


def _contains(model: Any, regions: np.ndarray, y: Any) -> np.ndarray:
    """Whether regions contain targets, up to rounding: (n_samples, n_targets)."""
    y = dense_targets(y)
    if regions.dtype == bool:
        known = list(model.classes_)
        return regions[np.arange(len(y)), [known.index(label) for label in y]][:, None]
    y = y.astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        slack = 1e-9 * (np.abs(y) + np.abs(regions[..., 0]) + np.abs(regions[..., 1]))
        slack[~np.isfinite(slack)] = 0
        inside = (y >= regions[..., 0] - slack) & (y <= regions[..., 1] + slack)
    return inside.reshape(len(y), -1)
