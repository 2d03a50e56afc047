"""The activations of hidden layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skdnn._typing import MatrixLike
from skdnn.estimators._checks import check_index, check_range
from skdnn.estimators._fitted import reads_one_model

if TYPE_CHECKING:
    from skdnn.estimators._model import FittedModel


class HiddenActivationsMixin:
    """Adds ``hidden_activations`` to the estimators."""

    _model: FittedModel

    def _rows_to_predict(self, X: Any) -> Any:
        raise NotImplementedError

    @reads_one_model
    def hidden_activations(
        self, X: MatrixLike, layer: int = -1, *, member: int | None = None
    ) -> np.ndarray:
        """Compute the activations of a hidden layer.

        They are what the next layer receives in a prediction: after normalization and activation
        function, without dropout.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Columns as in :meth:`fit`.
        layer : int, default=-1
            Index of the hidden layer: 0 is the first one, -1 the last one.
        member : int or None, default=None
            Index of the member; None is all members.

        Returns
        -------
        activations : array of shape (n_samples, n_units) or (n_samples, n_members * n_units)
            In the dtype of the network. With ``member=None`` the units of the first member come
            first, then those of the second one, and so on.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such layer or member, if the network has no hidden layer, or if X is not
            valid, as in ``predict``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skdnn import DNNClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = DNNClassifier((16, 8), n_members=2, max_iter=5, random_state=0).fit(X, y)
        >>> model.hidden_activations(X).shape
        (150, 16)
        >>> model.hidden_activations(X, layer=0, member=1).shape
        (150, 16)
        """
        X, model = self._rows_to_predict(X), self._model
        n_hidden = len(model.network.spec.layer_sizes) - 2
        if n_hidden == 0:
            raise ValueError("The network has no hidden layer: hidden_layer_sizes is empty.")
        layer = check_index("layer", layer, n_hidden)
        if member is not None:
            member = check_index("member", member, model.network.n_members)
            model = model.part(slice(member, member + 1))
        activations = model.hidden_activations(X, layer)
        if model.inputs is None and not np.isfinite(activations).all():
            check_range(self, X, model.network.dtype)
        return activations
