"""The first rows of a stream, which are stored until the encoding is learned from enough rows."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from joblib import hash as hash_of
from scipy.sparse import issparse

from skdnn.estimators._data import Data
from skdnn.tabular.numeric import ENOUGH_ROWS
from skdnn.tabular.schema import Columns

if TYPE_CHECKING:
    from skdnn.estimators._fit import Fit

#: Number of rows that the encoding of a stream is learned from.
BEGINNING_ROWS = ENOUGH_ROWS
#: Parameters that do not affect the result of training.
_NO_MATTER = ("n_jobs", "verbose")


class Beginning(NamedTuple):
    """The first calls of ``partial_fit``, until there are ``BEGINNING_ROWS`` rows.

    Whenever the number of rows has doubled, the encoding is learned again from all of them, and the
    calls so far are repeated with it: the network is the same as if the encoding had been known
    from the start. This ends early when a call repeats the rows of another one, which means that
    there are no other rows. Single rows do not count: equal ones are common with few categories.
    """

    #: The rows of each call.
    pieces: tuple[Data, ...] = ()
    #: A digest of each piece.
    digests: tuple[str, ...] = ()
    #: Number of rows that the current encoding was learned from.
    n_learned: int = 0
    #: Checksum of weights and parameters after the last call.
    checksum: int = 0

    @property
    def comes_again(self) -> bool:
        """Whether the last call repeats the rows of an earlier one."""
        return self.pieces[-1].y.shape[0] > 1 and self.digests[-1] in self.digests[:-1]

    @property
    def to_learn(self) -> tuple[Data, ...]:
        """The pieces to learn the encoding from."""
        return self.pieces[:-1] if self.comes_again else self.pieces

    @property
    def n_rows(self) -> int:
        """Number of rows of positive weight in these pieces."""
        return sum(piece.drop_zero_weights().y.shape[0] for piece in self.to_learn)

    @property
    def is_complete(self) -> bool:
        return self.n_rows >= BEGINNING_ROWS or self.comes_again

    @property
    def is_due(self) -> bool:
        """Whether the encoding is to be learned again."""
        enough = self.n_learned if self.is_complete else 2 * self.n_learned - 1
        return self.n_rows > enough

    def with_piece(self, piece: Data) -> Beginning:
        """The beginning with the rows of one more call."""
        first = self.pieces[0] if self.pieces else piece
        if piece.y.shape[1:] != first.y.shape[1:]:
            raise ValueError(
                "y must have as many columns in each call of partial_fit. Got shape "
                f"{piece.y.shape}, after {first.y.shape} in the first call."
            )
        digests = (*self.digests, hash_of((piece.X, piece.y, piece.weights)))
        return self._replace(pieces=(*self.pieces, piece), digests=digests)

    def kept(self, draft: Any, *, learned: bool) -> Beginning | None:
        """The state to keep after a call, with a copy of the last rows; None at the end."""
        if self.is_complete:
            return None
        *others, last = self.pieces
        n_learned = self.n_rows if learned else self.n_learned
        return Beginning((*others, deepcopy(last)), self.digests, n_learned, _checksum(draft))

    def joined(self, is_categorical: np.ndarray | None) -> Data:
        """The rows to learn from as one piece.

        Parameters
        ----------
        is_categorical : (n_columns,) bool array or None
            Mask of the columns; None if X is not encoded, and then not needed.
        """
        pieces = self.to_learn
        X = None if is_categorical is None else _joined([p.X for p in pieces], is_categorical)
        y = np.concatenate([piece.y for piece in pieces])
        if all(piece.weights is None for piece in pieces):
            return Data(X, y, None)
        # The weights of a call are relative to each other.
        weights = [
            np.ones(p.y.shape[0]) if p.weights is None else p.weights / p.weights.max()
            for p in pieces
        ]
        return Data(X, y, np.concatenate([each / each.mean() for each in weights]))


def train_piece(call: Fit, piece: Data) -> None:
    """Train one epoch on the rows of a call of ``partial_fit``.

    Parameters
    ----------
    call : Fit
        The call, which has validated the rows.
    piece : Data
    """
    beginning = _beginning_with(call, piece)
    is_due = beginning is not None and beginning.is_due
    if beginning is not None and is_due and len(beginning.pieces) > 1:
        _begin_again(call, beginning)
    else:
        call.train(piece)
    draft = call.estimator
    draft._beginning = beginning and beginning.kept(draft, learned=is_due)


def _beginning_with(call: Fit, piece: Data) -> Beginning | None:
    """The beginning of the stream and one more call; None when it is over."""
    draft = call.estimator
    if call.before is None:
        learns = call.is_encoded or getattr(draft, "target_scaling", None) is not None
        return Beginning().with_piece(piece) if learns else None
    beginning = draft._beginning
    # Calls cannot be repeated if the user has changed weights or parameters in between.
    if beginning is None or beginning.checksum != _checksum(draft):
        return None
    return beginning.with_piece(piece)


def _begin_again(call: Fit, beginning: Beginning) -> None:
    """Learn the encoding from all rows so far, and repeat the calls so far."""
    draft = call.estimator
    inputs = draft._model.inputs
    known = beginning.joined(None if inputs is None else inputs.encoder.is_categorical)
    for i, piece in enumerate(beginning.pieces):
        call.again(resumes=i > 0).train(piece, known=known if i == 0 else None)


def _checksum(draft: Any) -> int:
    """A number that changes when somebody changes the weights or what training depends on."""
    parameters = [item for item in sorted(draft.get_params().items()) if item[0] not in _NO_MATTER]
    # Addresses of objects are others after pickling.
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(parameters))
    return crc32(draft._model.network.values.tobytes(), crc32(text.encode()))


def _joined(tables: list[Any], is_categorical: np.ndarray) -> Any:
    """Rows of tables with the same columns as one table."""
    if len(tables) == 1:
        return tables[0]
    tables = [table.toarray() if issparse(table) else table for table in tables]
    if all(isinstance(table, np.ndarray) and table.dtype.kind in "biuf" for table in tables):
        return np.concatenate(tables)
    columns = [Columns(table) for table in tables]
    names = columns[0].names or range(columns[0].n_columns)
    joined = {}
    for j, name in enumerate(names):
        if is_categorical[j]:
            # As objects: categories of pandas that differ have no common dtype.
            parts = [np.asarray(each[j], dtype=object) for each in columns]
            joined[name] = pd.Series(np.concatenate(parts), dtype=object)
        else:
            joined[name] = pd.Series(np.concatenate([each.numbers([j])[:, 0] for each in columns]))
    table = pd.DataFrame(joined)
    # An array has no names, also when it is joined.
    return table if columns[0].names else table.to_numpy(object)
