"""Attributes of a fitted estimator: training curves, weights, the HTML view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import NotFittedError

from skdnn.estimators._checks import assign, check_attribute
from skdnn.estimators._fitted import reads_one_model
from skdnn.estimators._html import chosen_html, network_html
from skdnn.network.layout import ArrayViews
from skdnn.training.history import best_epoch

if TYPE_CHECKING:
    from skdnn.estimators._inputs import TableInputs
    from skdnn.estimators._model import FittedModel
    from skdnn.network.network import Network
    from skdnn.training.loop import Training
    from skdnn.training.progress import TrainingState

#: Attributes with the values that "auto" parameters were resolved to.
CHOSEN = ("batch_size_", "max_iter_", "learning_rate_init_", "dropout_", "is_categorical_")


class FittedAttributesMixin:
    """Fitted attributes of the estimators, except those of the targets."""

    _model: FittedModel
    #: None after ``skdnn.load``.
    _progress: TrainingState | None
    do_early_stopping_: bool

    @property
    def _network(self) -> Network:
        return self._model.network

    @property
    def _inputs(self) -> TableInputs | None:
        return self._model.inputs

    def _set_network_attributes(self, model: FittedModel) -> None:
        """Set the attributes that are known before training."""
        self.n_layers_ = len(model.network.spec.layer_sizes)
        self.n_outputs_ = model.n_outputs
        self.out_activation_ = model.link
        self.dropout_ = model.network.spec.dropout[1:]
        self.dtype_ = model.network.dtype
        self.n_parameters_ = sum(layout.n_params for layout in model.network.layouts)
        self.is_categorical_ = None if model.inputs is None else model.inputs.is_categorical

    def _set_fitted_attributes(self, training: Training) -> None:
        """Set the attributes that describe the training."""
        assert self._progress is not None
        history, stopping = self._progress.history, self._progress.stopping
        validated = training.validation is not None
        self.n_iter_ = training.n_epochs_run
        self.batch_size_ = training.batch_size
        self.max_iter_ = training.settings.max_iter
        self.learning_rate_init_ = training.settings.learning_rate_init
        self.t_ = history.n_samples_seen
        self.loss_ = history.loss[-1] if history.loss else np.nan
        self.loss_curve_ = history.loss
        self.best_loss_ = None if self.do_early_stopping_ else stopping[0].best
        self.validation_loss_curve_ = history.validation_loss if validated else None
        self.validation_scores_ = history.validation_score if validated else None
        self.best_validation_score_ = None
        if validated:
            best = best_epoch(history.validation_score, history.can_be_best)
            self.best_validation_score_ = np.nan if best is None else history.validation_score[best]

    def _check_attributes(self) -> None:
        """Raise if an attribute that predictions depend on does not match the network."""
        check_attribute(self, "out_activation_", self._model.link)
        check_attribute(self, "n_outputs_", self._model.n_outputs)
        self._model.check()

    @property
    def history_(self) -> dict[str, list]:
        """Curves of the training by name, one value an epoch; fits a ``pandas.DataFrame``."""
        self._fitted_network()
        if self._progress is None:
            raise AttributeError("A model that was loaded from a file has no history.")
        history = self._progress.history
        curves: dict[str, list] = {
            "epoch": list(range(1, len(history.loss) + 1)),
            "loss": history.loss,
            "validation_loss": history.validation_loss,
            "validation_score": history.validation_score,
            "can_be_best": history.can_be_best,
            "learning_rate": history.learning_rate,
            "seconds": history.seconds,
        }
        return {name: list(curve) for name, curve in curves.items() if curve}

    @property
    def member_weights_(self) -> np.ndarray:
        """Weight of each member in the mean of their predictions: (n_members,), of sum 1."""
        self._fitted_network()
        return self._model.member_weights

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
        if "_model" not in self.__dict__:
            name = type(self).__name__
            raise NotFittedError(f"This {name} instance is not fitted yet and has no weights.")
        return self._model.network

    @reads_one_model
    def _fitted_html(self) -> str:
        """HTML of the layers of a fitted network and of the resolved parameters."""
        model = self.__dict__.get("_model")
        if model is None:
            return ""
        chosen = {name: getattr(self, name, None) for name in CHOSEN}
        return network_html(model.network, model.inputs) + chosen_html(chosen)
