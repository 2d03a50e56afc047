"""Ways to train an estimator."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
from fuzz.cases import Case
from fuzz.data import (
    Rows,
    dense_targets,
    n_rows,
)

from skdnn import DNNClassifier, DNNRegressor, Tweedie

ESTIMATORS = {"classification": DNNClassifier, "regression": DNNRegressor}
LOG_LINK = ("poisson", "gamma", "tweedie", Tweedie(power=1.1))
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_jobs": 1, "random_state": 0}


def make(case: Case) -> Any:
    cls = ESTIMATORS[case.task]
    parameters = {**SMALL, **deepcopy(case.parameters)}
    if case.base == "mlp":
        return cls.preset("mlp", **parameters)
    return cls(**{"n_members": 2, **parameters})


def given(rows: Rows, suffix: str = "") -> dict[str, Any]:
    """Weights and offset as keyword arguments; the classifier has no offset."""
    named = {f"sample_weight{suffix}": rows.weights, f"offset{suffix}": rows.offset}
    return {name: value for name, value in named.items() if value is not None}


def fit(model: Any, rows: Rows) -> Any:
    return model.fit(rows.X, rows.y, **given(rows))


def fit_with_validation(model: Any, rows: Rows) -> Any:
    cut = max(1, n_rows(rows.X) * 2 // 3)
    rows, val = rows.take(np.arange(cut)), rows.take(np.arange(cut, n_rows(rows.X)))
    return model.fit(rows.X, rows.y, X_val=val.X, y_val=val.y, **given(rows), **given(val, "_val"))


def fit_with_groups(model: Any, rows: Rows) -> Any:
    return model.fit(rows.X, rows.y, **given(rows), groups=np.arange(n_rows(rows.X)) % 3)


def _classes(model: Any, rows: Rows) -> dict[str, Any]:
    if not hasattr(model, "predict_proba"):
        return {}
    y = dense_targets(rows.y)
    if y.ndim == 2 and y.dtype.kind in "biuf" and np.unique(y).size <= 2:
        return {"classes": np.arange(y.shape[1])}  # as scikit-learn takes it
    known = [sorted(set(own[~pd.isna(own)].tolist()), key=str) for own in np.atleast_2d(y.T)]
    return {"classes": known if y.ndim == 2 else known[0]}


def partial_fit(model: Any, rows: Rows) -> Any:
    return model.partial_fit(rows.X, rows.y, **given(rows), **_classes(model, rows))


def fit_pieces(model: Any, rows: Rows, cuts: tuple[int, ...] = (3, 4, 20)) -> Any:
    """Row 0 to 2, row 3, ...; or any cuts."""
    for piece in np.split(np.arange(n_rows(rows.X)), cuts):
        if piece.size:
            part = rows.take(piece)
            model.partial_fit(part.X, part.y, **given(part), **_classes(model, rows))
    return model


def fit_row_by_row(model: Any, rows: Rows) -> Any:
    return fit_pieces(model, rows.take(np.arange(min(5, n_rows(rows.X)))), (1, 2, 3, 4))


def fit_twice(model: Any, rows: Rows) -> Any:
    fit(model, rows)
    model.set_params(warm_start=True)
    return fit(model, rows)


#: Ways to train: name -> (model, rows) -> model.
TRAININGS: dict[str, Callable[[Any, Rows], Any]] = {
    "fit": fit,
    "fit_with_validation": fit_with_validation,
    "fit_with_groups": fit_with_groups,
    "partial_fit": partial_fit,
    "fit_pieces": fit_pieces,
    "fit_row_by_row": fit_row_by_row,
    "fit_twice": fit_twice,
}
