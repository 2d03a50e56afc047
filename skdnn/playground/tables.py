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
        """Columns that can be an axis."""
        return [name for name in self.frame.columns if is_number(self.frame[name])]

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
        targets = [name for name in self.frame.columns if self._is_target(name)]
        numbers = self.numbers
        if not targets:
            raise OptionError(
                f"{self.name}: no column can be the target: numbers, or up to {MAX_CLASSES} "
                "classes."
            )
        target = targets[-1]
        axes = [name for name in numbers if name != target][:2]
        if len(axes) < 2:
            raise OptionError(
                f"{self.name}: two numeric columns beside the target are needed as axes. Found "
                f"the numeric columns {numbers}."
            )
        return {
            "name": self.name, "rows": len(self.frame), "is_sample": self.is_sample,
            "columns": list(self.frame.columns), "numbers": numbers, "targets": targets,
            "chosen": [target, *axes],
        }  # fmt: skip

    def _is_target(self, name: str) -> bool:
        try:
            self.labels(name)
        except OptionError:
            return False
        return True

    def code(self) -> str:
        """Python that reads the rows."""
        sep = {",": "", ";": ', sep=";"', "tab": r', sep="\t"'}[self.separator]
        limit = f", nrows={MAX_ROWS}" if self.is_sample else ""
        return f"pd.read_csv({self.name!r}{sep}{limit})"


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers that are drawn along an axis."""
    return is_numeric_dtype(column) and not is_bool_dtype(column)


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
