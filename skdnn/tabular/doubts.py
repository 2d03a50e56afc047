"""Warnings of suspicious columns: numbers and dates as text, identifiers, a changed type.

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
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
#: A decimal comma, with or without thousands separators.
_DECIMAL_COMMA = re.compile(r"[+-]?(\d*|\d{1,3}([.'\s]\d{3})+),\d+")
#: Decimal commas: minimum share of values with a comma whose comma does not separate thousands.
_COMMAS = 1 / 20
#: Dates as text, with or without a time.
_DATE = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))([T\s]\s*\d.*)?"
)
#: Maximum number of distinct values that are parsed.
_N_PARSED = 1000
#: Minimum number of rows without a known category for a warning.
_MANY_ROWS = 10


def doubts_of_training(
    columns: Sequence[tuple[str, Any]], categories: Sequence[Categories]
) -> str | None:
    """A message that names categorical columns that look like numbers, dates or identifiers.

    Parameters
    ----------
    columns : sequence of (label, one-dimensional NumPy or pandas array)
        Training rows of the categorical columns.
    categories : sequence of Categories
        The categories found in each column.

    Returns
    -------
    message : str or None
        None if no column is suspicious.
    """
    suspicious: dict[str, list[str]] = {}
    for (label, values), found in zip(columns, categories, strict=True):
        kind = _doubt(found, int(np.count_nonzero(~pd.isna(values))))
        if kind:
            suspicious.setdefault(kind, []).append(label)
    if not suspicious:
        return None
    parts = [
        f"{_columns(suspicious[kind])}: {advice}"
        for kind, advice in _ADVICE.items()
        if kind in suspicious
    ]
    return " ".join([*parts, "To keep them as they are, name them in categorical_features."])


#: What is said of columns, by what their text seems to be.
_ADVICE = {
    "numbers": (
        "almost all values are numbers, but as text each is a category of its own. Convert them "
        "with pd.to_numeric(X[c], errors='coerce'), which makes other values missing (remove "
        "thousands separators and signs such as $ or % before)."
    ),
    "decimal commas": (
        "almost all values are numbers with a decimal comma, but as text each is a category of its "
        "own. Convert them with pd.to_numeric(X[c].str.replace(',', '.'), errors='coerce') (remove "
        "thousands separators and signs such as € or % before), or read them with "
        "pd.read_csv(..., decimal=',')."
    ),
    "dates": (
        "almost all values are dates, but as text each is a category of its own. Convert them with "
        "pd.to_datetime(X[c]), and make numbers of what matters, such as days since the first date "
        "or the month."
    ),
    "text": (
        "nearly every value occurs only once, so that nothing is learned for other rows. Drop such "
        "columns, or convert them to numbers or groups."
    ),
}


def _doubt(found: Categories, n_known: int) -> str | None:
    """The kind of a suspicious column, a key of ``_ADVICE``, or None.

    Parameters
    ----------
    found : Categories
    n_known : int
        Number of rows that are not missing.
    """
    n_distinct = len(found.values)
    if n_distinct < _MIN_VALUES or "str" not in found.kinds:
        return None
    newness = n_distinct / n_known
    values = found.values[:: max(1, n_distinct // _N_PARSED)]
    texts = [_bare(value) for value in values if isinstance(value, str)]
    if sum(bool(_DATE.fullmatch(text)) for text in texts) >= _NUMBERS * len(values):
        return "dates"
    if _are_decimal_commas(texts, len(values)):
        return "decimal commas"
    if newness > _NEW_FRACTION and _are_numbers(values, newness):
        return "numbers"
    return "text" if newness > _NEW_TEXT else None


def _are_decimal_commas(texts: list[str], n_values: int) -> bool:
    """Whether texts are numbers with a decimal comma, which are hardly ever codes."""
    commas = [text for text in texts if "," in text]
    decimal = sum(
        bool(_DECIMAL_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text) for text in commas
    )
    if not commas or decimal < _COMMAS * len(commas):
        return False
    numbers = sum(text.isdecimal() or bool(_DECIMAL_COMMA.fullmatch(text)) for text in texts)
    return numbers >= _NUMBERS * n_values and 2 * len(commas) > numbers


def _are_numbers(values: tuple, newness: float) -> bool:
    parsed = [_parse(value) for value in values]
    numbers = [number for number in parsed if number is not None]
    if len(numbers) < _NUMBERS * len(parsed):
        return False
    fractions = sum(not number.is_integer() for number in numbers)
    return newness > (_NEW_FRACTION if 2 * fractions > len(numbers) else _NEW_WHOLE)


def _bare(text: str) -> str:
    """Text without blanks and signs of currencies and percent around it."""
    return text.strip().strip("$€£%").strip()


def _parse(value: Any) -> float | None:
    """A number in a common notation, or None; a code such as "01" is not a number."""
    if isinstance(value, str):
        value = _bare(value)
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
