"""The embedding of a column: the inputs that the first layer receives from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from skdnn.estimators._checks import check_index
from skdnn.estimators._fitted import reads_one_model
from skdnn.training.engine import first_inputs

if TYPE_CHECKING:
    from skdnn.estimators._model import FittedModel


class EmbeddingMixin:
    """Adds ``column_embedding`` to the estimators."""

    _model: FittedModel

    @reads_one_model
    def column_embedding(
        self,
        column: str | int,
        values: ArrayLike | None = None,
        *,
        member: int = 0,
        of: str = "units",
    ) -> pd.DataFrame:
        """Embed values of a column: what it contributes to the first layer.

        Parameters
        ----------
        column : str or int
            Name or position of a column of ``X``.
        values : array-like of shape (n_values,), default=None
            Values of the column. None takes those of the training rows: all categories in sorted
            order, None if there were missing values, and last "unknown", which stands for all
            others; of a numeric column the distinct percentiles, and NaN if there were missing
            values.
        member : int, default=0
            Index of the member.
        of : {"units", "inputs"}, default="units"
            "units" is the contribution of the column to the pre-activations of the first layer,
            without biases and normalization. It is comparable for any kind of column: the network
            treats values with similar rows alike. "inputs" are the inputs of the first layer: the
            learned embedding or the one-hot encoding of a category; the bins of a number or its
            periodic embedding, and its missing indicator. Multiplied with their rows of
            ``coefs_[0]`` they are "units"; learned scales (:class:`~skdnn.Periodic`) are included.

        Returns
        -------
        embedding : pandas DataFrame of shape (n_values, n_units or n_inputs)
            One row for each value, which are the index; the columns are units or inputs.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such column or member, or if X is not encoded: sparse X, or numbers
            without ``feature_scaling`` and ``numeric_embedding``.
        TypeError, ValueError
            If ``values`` are not valid for the column, as in ``predict``.

        See Also
        --------
        skdnn.EmbeddingDisplay : Plot of the embedding.

        Examples
        --------
        >>> import pandas as pd
        >>> from skdnn import DNNRegressor
        >>> X = pd.DataFrame({"size": range(90), "color": ["red", "green", "blue"] * 30})
        >>> y = X["size"] + 9 * (X["color"] == "red")
        >>> model = DNNRegressor((16, 16), max_iter=5, random_state=0).fit(X, y)
        >>> embedding = model.column_embedding("color")
        >>> embedding.index.tolist()
        ['blue', 'green', 'red', 'unknown']
        >>> embedding.shape
        (4, 16)
        >>> inputs = model.column_embedding("color", of="inputs")
        >>> inputs.columns.tolist()
        ['color_blue', 'color_green', 'color_red']
        >>> inputs.loc["red"].tolist()
        [0.0, 0.0, 1.0]
        """
        check_is_fitted(self)
        if of not in ("units", "inputs"):
            raise ValueError(f"of must be 'units' or 'inputs'. Got {of!r} instead.")
        member = check_index("member", member, self._model.network.n_members)
        # What overflows is infinite, which is seen.
        with np.errstate(over="ignore", invalid="ignore"):
            embedding, places = self._column_inputs(column, values, member)
            if of == "inputs":
                return embedding
            network = self._model.network.part(slice(member, member + 1))
            return (embedding @ network.coefs[0][places]).rename_axis(columns="unit")

    def _column_inputs(
        self, column: Any, values: Any, member: int
    ) -> tuple[pd.DataFrame, list[int]]:
        """Inputs made from a column, and their positions among all inputs of a member."""
        network, inputs = self._model.network, self._model.inputs
        if inputs is None:
            raise ValueError(
                f"This {type(self).__name__} takes the columns of X as they are: nothing is "
                "learned of a single one but its row of weights in coefs_[0]."
            )
        position = inputs.encoder.position(column)
        index, table = inputs.encoder.column_table(position, values, network.dtype)
        features = inputs.features_of(table, network.dtype)[member]
        found = first_inputs(network, member, features, np.arange(len(index)))
        found *= network.scales(member)
        places, names = inputs.places(member, position), inputs.names(member)
        columns = pd.Index([names[place] for place in places], name="input")
        return pd.DataFrame(found[:, places], index, columns), places

    def _input_names(self, member: int) -> Any:
        """Names of the inputs of a member, or None."""
        inputs = self._model.inputs
        return getattr(self, "feature_names_in_", None) if inputs is None else inputs.names(member)

    def _is_categorical(self, column: Any) -> bool:
        """Whether a column of an encoded table holds categories."""
        assert self._model.inputs is not None
        encoder = self._model.inputs.encoder
        return bool(encoder.is_categorical[encoder.position(column)])
