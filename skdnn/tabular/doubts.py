"""Columns that are hardly what they are meant to be: numbers as text, ids, a changed type.

What is said is a guess, so it is only ever a warning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from skdnn.tabular.categories import Categories, factorize, kind_of

#: With fewer values a column has too little to judge it by.
_MIN_VALUES = 20
#: Of numbers as text, the share of values that are numbers; the others are "?", blanks, ...
_NUMBERS = 0.9
#: Numbers are no codes if such a share of the values is new; fractions are hardly ever codes.
_NEW_WHOLE, _NEW_FRACTION = 1 / 5, 1 / 20
#: Of ids and free text, the share of values that are new.
_NEW_TEXT = 0.9
#: A comma that does not begin the decimals.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
#: So many distinct values are parsed.
_N_PARSED = 1000
#: So many rows without one known value are no accident.
_MANY_ROWS = 10


def doubts_of_training(
    columns: Sequence[tuple[str, Any]], categories: Sequence[Categories]
) -> str | None:
    """Columns of categories that are rather numbers, or ids, as a message; None without any.

    Parameters
    ----------
    columns : sequence of (label, one-dimensional NumPy or pandas array)
        Training rows of the categorical columns.
    categories : sequence of Categories
        What was found in each.
    """
    numbers, texts = [], []
    for (label, values), found in zip(columns, categories, strict=True):
        n_distinct = len(found.values)
        if n_distinct < _MIN_VALUES or "str" not in found.kinds:
            continue
        newness = n_distinct / np.count_nonzero(~pd.isna(values))
        if newness > _NEW_FRACTION and _are_numbers(found.values, newness):
            numbers.append(label)
        elif newness > _NEW_TEXT:
            texts.append(label)
    parts = []
    if numbers:
        parts.append(
            f"{_columns(numbers)}: almost all values are numbers, but as text each is a category "
            "of its own. Make numbers of them, pd.to_numeric(X[c], errors='coerce'), which makes "
            "what is no number missing (take out separators of thousands before)."
        )
    if texts:
        parts.append(
            f"{_columns(texts)}: nearly every value occurs only once, so that nothing is learned "
            "for other rows. Drop such columns, or make numbers or groups of them."
        )
    if not parts:
        return None
    return " ".join([*parts, "To keep them as they are, name them in categorical_features."])


def _are_numbers(values: tuple, newness: float) -> bool:
    parsed = [_parse(value) for value in values[:: max(1, len(values) // _N_PARSED)]]
    numbers = [number for number in parsed if number is not None]
    if len(numbers) < _NUMBERS * len(parsed):
        return False
    fractions = sum(not number.is_integer() for number in numbers)
    return newness > (_NEW_FRACTION if 2 * fractions > len(numbers) else _NEW_WHOLE)


def _parse(value: Any) -> float | None:
    """A number as people write it; a code such as "01" is none."""
    if isinstance(value, str):
        value = value.strip().strip("$€£%")
        value = value.replace(",", "" if _THOUSANDS.fullmatch(value) else ".")
        digits = value.lstrip("+-")
        if digits[:1] == "0" and digits[1:2].isdigit():
            return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def doubts_of_prediction(categories: Categories, values: Any, label: str) -> str | None:
    """What to say of a column of which no value is known; None if that can be.

    Parameters
    ----------
    categories : Categories
        Seen in training.
    values : one-dimensional NumPy or pandas array
        Rows to predict, missing or unknown.
    label : str
        The column in a message.
    """
    codes, uniques = factorize(values, label)
    kinds = set(map(kind_of, uniques))
    of_another_type = not kinds & categories.kinds
    many = len(uniques) > 1 and np.count_nonzero(codes >= 0) >= _MANY_ROWS
    if not (uniques and categories.values and (of_another_type or many)):
        return None
    before, now = (
        f"{', '.join(map(repr, each[:2]))} ({type(each[0]).__name__})"
        for each in (categories.values, uniques)
    )
    return f"{label} has {now}, had {before}"


def _columns(labels: list[str]) -> str:
    return f"Column{'s' * (len(labels) > 1)} {', '.join(labels)}"
