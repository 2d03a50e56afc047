"""Tables of the user: CSV files that are drawn in two of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

from skdnn.playground.options import MAX_COLUMNS, OptionError

#: Most rows, and characters of the file.
MAX_ROWS, MAX_CHARACTERS = 5000, 2_000_000
MIN_ROWS = 20
#: Most classes, and most distinct integers that are taken for classes.
MAX_CLASSES = 6


@dataclass(frozen=True)
class Table:
    """A table that has been read.

    Attributes
    ----------
    name : str
        Of the file.
    frame : data frame
        At most ``MAX_ROWS`` rows, those of the file in their order.
    separator : {",", ";", "tab"}
    is_sample : bool
        Whether rows were left out.
    """

    name: str
    frame: pd.DataFrame
    separator: str
    is_sample: bool = False

    @property
    def numbers(self) -> list[str]:
        """Columns that can be an axis: numbers, of which some are known."""
        known = self.frame.dropna(axis="columns", how="all")
        return [name for name in known.columns if is_number(known[name])]

    def labels(self, target: str) -> np.ndarray | None:
        """Classes of a target in sorted order; None if it is a number.

        Raises
        ------
        OptionError
            If it has too many or too few values.
        """
        column = self.frame[target].dropna()
        found = column.unique()
        if len(column) < MIN_ROWS or len(found) < 2:
            raise OptionError(
                f"The target {target!r} needs at least {MIN_ROWS} values, two of them different. "
                f"It has {len(column)} values, {len(found)} of them different."
            )
        whole = is_number(column) and (column == column.round()).all()
        if is_number(column) and not (whole and len(found) <= MAX_CLASSES):
            return None
        if len(found) > MAX_CLASSES:
            raise OptionError(
                f"The target {target!r} has {len(found)} classes. At most {MAX_CLASSES} can be "
                "drawn: choose another target."
            )
        rarest = column.value_counts().min()
        if rarest < 2:
            raise OptionError(
                f"A class of the target {target!r} has a single row. Each class needs two."
            )
        return np.sort(found.astype(str) if found.dtype == object else found)

    def rows(self, target: str) -> pd.DataFrame:
        """The rows whose target is known."""
        return self.frame[self.frame[target].notna()]

    def describe(self) -> dict[str, Any]:
        """What the page needs to offer targets and axes."""
        numbers = self.numbers
        if len(numbers) < 2:
            raise OptionError(
                f"{self.name}: two numeric columns beside the target are needed as axes. Found "
                f"the numeric columns {numbers}.{self._decimal_commas()}"
            )
        kinds = {name: self._kind(name) for name in self.frame.columns}
        targets = [name for name, kind in kinds.items() if kind]
        if not targets:
            raise OptionError(
                f"{self.name}: no column can be the target: numbers, or up to {MAX_CLASSES} "
                "classes, with two numeric columns beside it."
            )
        target = targets[-1]
        others = [name for name in numbers if name != target]
        # Columns that differ first.
        axes = sorted(others, key=lambda name: self.frame[name].nunique() < 2)[:2]
        return {
            "name": self.name, "rows": len(self.frame), "is_sample": self.is_sample,
            "columns": list(self.frame.columns), "numbers": numbers, "targets": targets,
            "chosen": [target, *axes],
            "classified": [name for name in targets if kinds[name] == "classes"],
        }  # fmt: skip

    def _kind(self, name: str) -> str | None:
        """What a target that leaves two axes has, "classes" or "numbers"; None for others."""
        try:
            labels = self.labels(name)
        except OptionError:
            return None
        if len([each for each in self.numbers if each != name]) < 2:
            return None
        return "numbers" if labels is None else "classes"

    def _decimal_commas(self) -> str:
        """What is said of columns of numbers with a decimal comma."""
        names = [name for name in self.frame if _has_decimal_commas(self.frame[name])]
        return f" Write the numbers of {names} with a decimal point." if names else ""

    def code(self) -> str:
        """Python that reads the rows."""
        sep = {",": "", ";": ', sep=";"', "tab": r', sep="\t"'}[self.separator]
        limit = f", nrows={MAX_ROWS}" if self.is_sample else ""
        return f"pd.read_csv({self.name!r}{sep}{limit})"


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers that are drawn along an axis."""
    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _has_decimal_commas(column: pd.Series) -> bool:
    known = column.dropna().astype(str).str.strip()
    return len(known) > 0 and bool(known.str.fullmatch(r"[-+]?\d*,\d+").all())


def read_table(name: str, text: str) -> Table:
    """Read a CSV file with a header.

    Parameters
    ----------
    name : str
    text : str
        The content, with commas, semicolons or tabs.

    Returns
    -------
    table : Table

    Raises
    ------
    OptionError
        That says what is wrong with the file.
    """
    if len(text) > MAX_CHARACTERS:
        raise OptionError(
            f"{name}: the file has {len(text):,} characters. At most {MAX_CHARACTERS:,} are read."
        )
    if "\ufffd" in text:
        raise OptionError(f"{name}: the file is not text in UTF-8. Save it with that encoding.")
    first = text.lstrip("\ufeff \n\r").partition("\n")[0]
    separator = max(",", ";", "\t", key=first.count)
    if first.count(separator) < 2:
        raise OptionError(
            f"{name}: the first line must name at least three columns, separated by commas, "
            f"semicolons or tabs. Got {first[:60]!r}."
        )
    try:
        frame = pd.read_csv(StringIO(text.lstrip("\ufeff")), sep=separator, nrows=MAX_ROWS + 1)
    except (ValueError, pd.errors.ParserError) as error:
        raise OptionError(f"{name}: {str(error).strip()}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise OptionError(
            f"{name}: the rows have more values than the {frame.shape[1]} names of the first line."
        )
    if frame.shape[1] > MAX_COLUMNS or len(frame) < MIN_ROWS:
        raise OptionError(
            f"{name}: a table of at least {MIN_ROWS} rows and at most {MAX_COLUMNS} columns is "
            f"needed. Got {len(frame)} rows and {frame.shape[1]} columns."
        )
    for column in frame.columns:
        if is_float_dtype(frame[column]) and np.isinf(frame[column]).any():
            raise OptionError(f"{name}: column {column!r} holds an infinite number.")
    kind = "tab" if separator == "\t" else separator
    return Table(name, frame.iloc[:MAX_ROWS], kind, len(frame) > MAX_ROWS)
