"""What is done with an estimator in a case."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from fuzz.cases import Case
from fuzz.checks import CHECKS, Run, check_predictions, is_grave
from fuzz.data import (
    Rows,
    make_new,
    make_rows,
)
from fuzz.invariants import (
    check_attributes,
    check_documented,
    no_foreign_warnings,
    place_of,
    refused_or,
    unchanged,
)
from fuzz.trainings import LOG_LINK, TRAININGS, make


def run(case: Case) -> str:
    """Do what a case says, and check what always holds.

    Returns
    -------
    outcome : str
        "predicted", or why nothing was trained.

    Raises
    ------
    Exception
        What should not have been.
    """
    rows = make_rows(case.data, case.task)
    given = deepcopy(rows)
    with no_foreign_warnings():
        outcome = _outcome(case, rows)
    for name, before, after in zip(Rows._fields, given, rows, strict=True):
        assert unchanged(before, after), f"{name} was changed"
    return outcome


def _outcome(case: Case, rows: Rows) -> str:
    model = make(case)
    before = set(vars(model))
    try:
        TRAININGS[case.training](model, rows)
    except Exception as error:
        check_documented(error)
        assert case.training != "fit" or set(vars(model)) == before, "a failed fit left attributes"
        return f"{type(error).__name__} at {place_of(error)}: {str(error)[:50]}"
    takes_offset = case.parameters.get("loss") in LOG_LINK
    assert rows.offset is None or takes_offset, "offset was accepted"
    defect = case.data.defect
    assert defect is None or not is_grave(case, defect), f"{defect} was accepted"
    check_attributes(model, 2 if case.training == "fit_twice" else 1)
    by_all = rows.weights is None or np.asarray(rows.weights, dtype=float).all()
    if by_all and case.training in ("fit", "fit_twice", "partial_fit"):
        check_predictions(model, rows.X, rows, trained=True)
    elif refused_or(lambda: model.predict(rows.X)) is not None:
        # By a part of them it was trained.
        check_predictions(model, rows.X, rows)
    else:
        return "trained, but other rows are refused"
    new = make_new(case.data, 9)
    if refused_or(lambda: model.predict(new)) is not None:
        check_predictions(model, new, rows)
        for name in case.checks:
            CHECKS[name].function(Run(case, rows, model, new))
    return "predicted"
