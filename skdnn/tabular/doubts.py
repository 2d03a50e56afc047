"""Warnings of suspicious columns: numbers as text, identifiers, a changed type.

These are heuristics, and therefore never errors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from skdnn.tabular.categories import Categories, factorize, kind_of

#: Minimum number of distinct values of a suspicious column.
_MIN_VALUES = 20
#: Numbers as text: minimum share of values that are numbers; others are "?", blanks, ...
_NUMBERS = 0.9
#: Minimum share of distinct values: integers with fewer may be codes; fractions hardly ever are.
_NEW_WHOLE, _NEW_FRACTION = 1 / 5, 1 / 20
#: Identifiers and free text: minimum share of distinct values.
_NEW_TEXT = 0.9
#: Commas as thousands separators, not as decimal points.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
#: Maximum number of distinct values that are parsed.
_N_PARSED = 1000
#: Minimum number of rows without a known category for a warning.
_MANY_ROWS = 10


def doubts_of_training(
    columns: Sequence[tuple[str, Any]], categories: Sequence[Categories]
) -> str | None:
    """A message that names categorical columns that look like numbers or identifiers, or None.

    Parameters
    ----------
    columns : sequence of (label, one-dimensional NumPy or pandas array)
        Training rows of the categorical columns.
    categories : sequence of Categories
        The categories found in each column.
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
            "of its own. Convert them with pd.to_numeric(X[c], errors='coerce'), which makes "
            "other values missing (remove thousands separators before)."
        )
    if texts:
        parts.append(
            f"{_columns(texts)}: nearly every value occurs only once, so that nothing is learned "
            "for other rows. Drop such columns, or convert them to numbers or groups."
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
    """A number in a common notation, or None; a code such as "01" is not a number."""
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
    """A message about a column without any known category, or None if it is plausible.

    Parameters
    ----------
    categories : Categories
        Categories seen in training.
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
