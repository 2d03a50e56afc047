"""What is asked of a trained model."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from fuzz.cases import Case
from fuzz.columns import ARRAYS, SPARSE, TABLES
from fuzz.data import Rows, defects_of, make_new, n_rows, numbers_of, take
from fuzz.invariants import (
    check_attributes,
    check_labels,
    check_numbers,
    check_refused,
    raw,
    refused_or,
    same,
)
from fuzz.predictions import (
    conformal_coverage,
    conformal_weights,
    deviations,
    held_out_coverage,
    monotone,
    offsets,
    wrong_coverage,
)
from fuzz.trainings import (
    TRAININGS,
    fit,
    fit_pieces,
    fit_with_validation,
    make,
    partial_fit,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError


class Run(NamedTuple):
    """A trained model, for the checks; who changes it takes a copy."""

    case: Case
    rows: Rows
    model: Any
    #: Rows that training has not seen.
    new: Any

    def train_again(self, model: Any, rows: Rows | None = None) -> Any:
        return TRAININGS[self.case.training](model, self.rows if rows is None else rows)

    def random(self) -> np.random.RandomState:
        return np.random.RandomState(self.case.data.seed)


def check_predictions(model: Any, X: Any, rows: Rows, *, trained: bool = False) -> None:
    """What holds for the predictions of a model that was trained with the rows.

    Of rows that it was not ``trained`` with they may be no numbers, if a warning says so.
    """
    if not (trained or np.isfinite(raw(model, X)).all()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw(model, X)
        told = any("column" in str(each.message) for each in caught)
        assert told, "predictions for finite rows are not finite, without a warning"
        return
    if hasattr(model, "predict_proba"):
        check_labels(model, X, n_rows(X))
    else:
        check_numbers(model, X, n_rows(X), numbers_of(rows))


def is_grave(case: Case, defect: str) -> bool:
    """Whether a defect is one for this case: infinity may be a category, or a label."""
    if defect == "infinity":
        named = case.parameters.get("categorical_features")
        return case.data.container not in TABLES and named in (None, "from_dtype")
    return defect != "infinite_target" or case.task == "regression"


@dataclass(frozen=True)
class Check:
    """What is asked of a trained model, and how often compared with others."""

    function: Callable[[Run], None]
    often: int = 2


def one_row(run: Run) -> None:
    for X in (run.rows.X, run.new):
        together = raw(run.model, X)
        for i in run.random().randint(0, n_rows(X), 3):
            alone = raw(run.model, take(X, np.array([i])))
            assert same(alone, together[i : i + 1]), "a row alone differs from its row in a batch"


def sub_batches(run: Run) -> None:
    X, together = run.rows.X, raw(run.model, run.rows.X)
    for step in (2, -1, 5):
        index = np.arange(n_rows(X))[::step]
        part = raw(run.model, take(X, index))
        assert same(part, together[index]), "rows of a part differ from those of the whole"


def copies(run: Run) -> None:
    expected = raw(run.model, run.new)
    pickled = pickle.loads(pickle.dumps(run.model))
    assert set(vars(pickled)) == set(vars(run.model)), "a pickle has other attributes"
    assert same(raw(pickled, run.new), expected), "a pickle predicts something else"
    copied = deepcopy(run.model)
    assert same(raw(copied, run.new), expected), "a deep copy predicts something else"
    # They go on alike, and leave the original alone.
    for model in (pickled, copied):
        refused_or(lambda model=model: fit_pieces(model, run.rows, ()))
    assert same(raw(pickled, run.new), raw(copied, run.new)), "a pickle is trained differently"
    assert same(raw(run.model, run.new), expected), "training a copy changed the original"


def again(run: Run) -> None:
    expected = raw(run.model, run.new)
    model = run.train_again(clone(make(run.case)))
    assert same(raw(model, run.new), expected), "a clone is trained to something else"


def refit(run: Run) -> None:
    """A second fit forgets the first one."""
    model = deepcopy(run.model).set_params(warm_start=False)
    half = run.rows.take(np.arange(0, n_rows(run.rows.X), 2))
    fresh = refused_or(lambda: fit(clone(model), half))
    if fresh is None:
        check_refused(model, run.new, lambda model: fit(model, half), always=True)
    else:
        expected = refused_or(lambda: raw(fresh, run.new))  # half of the rows have no gaps, say
        found = refused_or(lambda: raw(fit(model, half), run.new))
        assert found is expected or same(found, expected), "a refit remembers"


def threads(run: Run) -> None:
    expected = raw(run.model, run.new)
    for n_jobs in (2, -1):
        model = run.train_again(make(run.case).set_params(n_jobs=n_jobs))
        assert same(raw(model, run.new), expected), f"n_jobs={n_jobs} trains something else"


def defects(run: Run) -> None:
    rng, known = run.random(), defects_of(run.case.task)
    for name in rng.permutation(sorted(known))[:2]:
        wrong, model = known[name](run.rows), deepcopy(run.model)
        train = fit if rng.rand() < 0.5 else partial_fit
        check_refused(
            model, run.new, lambda m, t=train, w=wrong: t(m, w), always=is_grave(run.case, name)
        )


def wrong_parameters(run: Run) -> None:
    for change in ({"alpha": -1}, {"solver": "none"}, {"hidden_layer_sizes": (0,)}):
        model = deepcopy(run.model).set_params(**change)
        check_refused(model, run.new, lambda model: fit(model, run.rows), always=True)


def wrong_columns(run: Run) -> None:
    for X in _other_widths(run.new):
        for call in (raw, lambda model, X: model.predict(X)):
            check_refused(
                run.model, run.new, lambda model, X=X, call=call: call(model, X), always=True
            )


def _other_widths(X: Any) -> list[Any]:
    if isinstance(X, list):
        return [[[*row, 0.0] for row in X]]
    if hasattr(X, "iloc"):
        renamed = X.rename(columns={X.columns[0]: "another"})
        return [X.iloc[:, 1:], X.assign(extra=0.0), *([renamed] if X.columns[0] == "c0" else [])]
    if sparse.issparse(X):
        return [sparse.hstack([X, X]).tocsr()]
    return [np.hstack([X, X]), X[:, :0], X[0], X[:0]]


def not_fitted(run: Run) -> None:
    model = make(run.case)
    for name in ("predict", "predict_proba", "decision_function", "predict_quantiles"):
        if hasattr(model, name):
            try:
                getattr(model, name)(run.new)
            except NotFittedError:
                continue
            raise AssertionError(f"{name} of a model that is not fitted")
    for name in ("coefs_", "history_", "classes_", "n_iter_"):
        assert not hasattr(model, name), f"{name} of a model that is not fitted"
    assert isinstance(model._repr_html_(), str), "no HTML of a model that is not fitted"


def display(run: Run) -> None:
    before = raw(run.model, run.new)
    for text in (repr(run.model), run.model._repr_html_()):
        assert type(run.model).__name__ in text, "a display without the name"
    assert same(raw(run.model, run.new), before), "a display changed the model"


def score(run: Run) -> None:
    if run.case.task == "regression":
        y = numbers_of(run.rows)
        if (
            len(y) < 2
            or max(float(np.abs(a).max()) for a in (y, run.model.predict(run.rows.X))) > 1e150
        ):
            return  # scikit-learn's R2 warns, or overflows
        target = run.rows.y if run.rows.offset is None else y
    else:
        target = run.rows.y
    found = run.model.score(run.rows.X, target)
    assert -np.inf < found <= 1, f"score {found}"


def column_embedding(run: Run) -> None:
    for column in range(len(run.case.data.columns)):
        for of in ("units", "inputs"):
            found = refused_or(
                lambda column=column, of=of: run.model.column_embedding(column, of=of)
            )
            if found is not None:
                assert np.isfinite(found.to_numpy()).all(), "column_embedding is not finite"
    check_refused(run.model, run.new, lambda m: m.column_embedding("nothing"), always=True)


def set_parameters(run: Run) -> None:
    """A fitted model stays what it is until it is fitted again."""
    model = deepcopy(run.model)
    expected = raw(model, run.new)
    model.set_params(**model.get_params(deep=False))
    changes: dict[str, Any] = dict(
        hidden_layer_sizes=(9,), n_members=7, activation="tanh", normalization="layer",
        dtype="float32", feature_scaling=None, numeric_embedding=None, categorical_features=None,
        solver="lbfgs", n_jobs=-1, random_state=5, warm_start=True, early_stopping=True,
    )  # fmt: skip
    changes["loss"] = "brier" if run.case.task == "classification" else "poisson"
    for name, value in changes.items():
        model.set_params(**{name: value})
        assert same(raw(model, run.new), expected), f"{name} changes predictions before a fit"


def same_numbers(run: Run) -> None:
    """Numbers are the same in any container."""
    X = run.new
    if not isinstance(X, np.ndarray) or X.dtype != np.float64:
        return
    expected = raw(run.model, X)
    others = {name: ARRAYS[name](X) for name in ("fortran", "strided", "read_only", "list")}
    if not np.isnan(X).any():
        others.update({name: SPARSE[name](X) for name in ("csr", "csc", "coo")})
    for name, other in others.items():
        assert same(raw(run.model, other), expected), f"{name} is predicted differently"


def dense_as_sparse(run: Run) -> None:
    """Networks that take numbers as they are have the same bits for sparse and dense rows."""
    X, case = run.rows.X, run.case
    columns = {"feature_scaling", "numeric_embedding", "categorical_features"}
    if case.base != "mlp" or columns & set(case.parameters):
        return
    if sparse.issparse(X):
        other = X.toarray()
    elif isinstance(X, np.ndarray) and X.dtype.kind == "f" and not np.isnan(X).any():
        other = sparse.csr_array(np.array(X, dtype=X.dtype.newbyteorder("=")))
    else:
        return
    model = run.train_again(make(case), run.rows._replace(X=other))
    assert same(raw(model, other), raw(run.model, X)), "sparse and dense rows differ"


def zero_weights(run: Run) -> None:
    """A row of weight 0 is as if it were not there, where all rows are one batch."""
    rows = run.rows.take(np.arange(min(100, n_rows(run.rows.X))))
    weights = np.ones(n_rows(rows.X)) if rows.weights is None else np.array(rows.weights)
    weights[run.random().rand(weights.size) < 0.3] = 0
    kept = np.flatnonzero(weights)
    exact = dict(early_stopping=False, batch_size="by_rows", dropout=0.0, input_dropout=0.0)
    model = make(run.case).set_params(**exact)
    if not kept.size:
        return
    full = refused_or(lambda: fit(clone(model), rows._replace(weights=weights)))
    less = refused_or(lambda: fit(clone(model), rows._replace(weights=weights).take(kept)))
    if full is None or less is None:
        return
    if run.case.task == "classification" and n_classes(full) != n_classes(less):
        return
    a, b = refused_or(lambda: raw(full, run.new)), refused_or(lambda: raw(less, run.new))
    if a is not None and b is not None:
        assert same(a, b), "a row of weight 0 is not as if it were absent"


def n_classes(model: Any) -> tuple[int, ...]:
    several = isinstance(model.classes_, list)
    return tuple(map(len, model.classes_ if several else [model.classes_]))


def warm_start(run: Run) -> None:
    """Training goes on, with other parameters or data, or is refused."""
    changes: tuple[dict[str, Any], ...] = (
        {}, {"learning_rate_init": 1e-4}, {"solver": "sgd"}, {"solver": "lbfgs", "dropout": 0},
        {"hidden_layer_sizes": (3,)}, {"dtype": "float32"}, {"n_members": 3}, {"loss": "brier"},
        {"early_stopping": True}, {"early_stopping": False}, {"normalization": "layer"},
        {"numeric_embedding": None}, {"loss": "absolute_error"}, {"activation": "relu"},
        {"scoring": "loss"}, {"max_iter": 1, "n_jobs": 2}, {"validation_fraction": 0.4},
    )  # fmt: skip
    rng = run.random()
    model = deepcopy(run.model)
    for _ in range(2):
        change = changes[rng.randint(len(changes))]
        rows = run.rows.take(rng.randint(0, n_rows(run.rows.X), 1 + rng.randint(30)))
        model.set_params(**{**change, "warm_start": True})
        train = fit if rng.rand() < 0.6 else fit_with_validation if rng.rand() < 0.5 else fit_pieces
        if train is fit_pieces:
            refused_or(lambda train=train, rows=rows: train(model, rows))
        else:
            check_refused(model, run.new, lambda m, t=train, r=rows: t(m, r), always=False)
        # In another dtype some rows may be out of range.
        if refused_or(lambda: model.predict(run.rows.X)) is not None:
            check_predictions(model, run.rows.X, run.rows)
        check_attributes(model, 4)  # those of the case, too


def other_container(run: Run) -> None:
    """Columns that come in another way at predict are read or refused."""
    kinds = ("array", "frame", "object_list", "csr", "frame_of_numbers", "float32", "boolean")
    for container in kinds:
        X = make_new(replace(run.case.data, container=container), 5)
        if refused_or(lambda X=X: run.model.predict(X)) is not None:
            check_predictions(run.model, X, run.rows)


#: Name -> check.
CHECKS: dict[str, Check] = {
    "one_row": Check(one_row, 4),
    "sub_batches": Check(sub_batches),
    "copies": Check(copies),
    "again": Check(again),
    "refit": Check(refit),
    "threads": Check(threads, 1),
    "defects": Check(defects, 3),
    "wrong_parameters": Check(wrong_parameters, 1),
    "wrong_columns": Check(wrong_columns),
    "not_fitted": Check(not_fitted, 1),
    "display": Check(display, 1),
    "score": Check(score),
    "column_embedding": Check(column_embedding),
    "set_parameters": Check(set_parameters),
    "same_numbers": Check(same_numbers, 3),
    "dense_as_sparse": Check(dense_as_sparse, 3),
    "zero_weights": Check(zero_weights),
    "warm_start": Check(warm_start, 3),
    "other_container": Check(other_container),
    "monotone": Check(monotone, 6),
    "offsets": Check(offsets, 3),
    "deviations": Check(deviations, 3),
    "held_out_coverage": Check(held_out_coverage, 4),
    "conformal_coverage": Check(conformal_coverage, 4),
    "conformal_weights": Check(conformal_weights),
    "wrong_coverage": Check(wrong_coverage, 1),
}
