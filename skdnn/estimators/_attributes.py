"""What users read from a fitted estimator: curves, weights, the layers in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skdnn.estimators._checks import assign, check_attribute
from skdnn.estimators._fitted import reads_one_model
from skdnn.estimators._html import network_html
from skdnn.kernels.losses import LOSSES
from skdnn.network.layout import ArrayViews
from skdnn.network.network import Network
from skdnn.training.progress import Progress

if TYPE_CHECKING:
    from skdnn.estimators._inputs import TableInputs


class FittedAttributesMixin:
    """Attributes of the estimators that a fit leaves, apart from those of the targets."""

    _network: Network
    _progress: Progress
    _inputs: TableInputs | None
    do_early_stopping_: bool

    def _set_fitted_attributes(self, n_epochs_run: int, validated: bool) -> None:
        history, stopping = self._progress.history, self._progress.stopping
        self.n_iter_ = n_epochs_run
        self.t_ = history.n_samples_seen
        self.loss_ = history.loss[-1] if history.loss else np.nan
        self.loss_curve_ = history.loss
        self.best_loss_ = None if self.do_early_stopping_ else stopping[0].best
        self.validation_loss_curve_ = history.validation_loss if validated else None
        self.validation_scores_ = history.validation_score if validated else None
        known = [score for score in history.validation_score if np.isfinite(score)]
        self.best_validation_score_ = None
        if validated:
            self.best_validation_score_ = max(known) if known else np.nan

    def _check_attributes(self) -> None:
        """Raise if an attribute that predictions depend on is another one than the network's."""
        spec = self._network.spec
        check_attribute(self, "out_activation_", LOSSES[spec.loss].link)
        check_attribute(self, "n_outputs_", spec.n_out // spec.n_levels)
        if self._inputs is not None:
            self._inputs.check_members(self._network.n_members)

    @property
    def history_(self) -> dict[str, list[float]]:
        """Curves of the training by name, one value an epoch; fits a ``pandas.DataFrame``."""
        self._fitted_network()
        history = self._progress.history
        curves: dict[str, list] = {
            "epoch": list(range(1, len(history.loss) + 1)),
            "loss": history.loss,
            "validation_loss": history.validation_loss,
            "validation_score": history.validation_score,
            "learning_rate": history.learning_rate,
            "seconds": history.seconds,
        }
        return {name: list(curve) for name, curve in curves.items() if curve}

    @property
    def coefs_(self) -> ArrayViews:
        """Weights of every layer, (n_in, n_out) views."""
        return self._fitted_network().coefs

    @coefs_.setter
    def coefs_(self, arrays: Any) -> None:
        assign(self.coefs_, arrays)

    @property
    def intercepts_(self) -> ArrayViews:
        """Biases of every layer, (n_out,) views."""
        return self._fitted_network().intercepts

    @intercepts_.setter
    def intercepts_(self, arrays: Any) -> None:
        assign(self.intercepts_, arrays)

    def _fitted_network(self) -> Network:
        network = self.__dict__.get("_network")
        if network is None:
            name = type(self).__name__
            raise AttributeError(f"This {name} instance is not fitted yet and has no weights.")
        return network

    @reads_one_model
    def _fitted_html(self) -> str:
        """The layers of a fitted network."""
        network = self.__dict__.get("_network")
        return "" if network is None else network_html(network, self._inputs)
