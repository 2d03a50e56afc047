"""What classifier and regressor share: from a table to a trained network and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from skdnn.estimators._params import dropout_rates, hidden_sizes
from skdnn.estimators._sklearn import BaseEstimator, check_weights, fit_context, validate_data
from skdnn.kernels.losses import LOSSES
from skdnn.network.layout import ArrayViews
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.training.data import Rows, make_rows
from skdnn.training.engine import predict_raw
from skdnn.training.history import History
from skdnn.training.loop import train
from skdnn.training.sampling import Seeds, draw_seeds
from skdnn.training.settings import Settings

#: dtype="auto": up to so many multiplications in the forward pass of an epoch, float64 costs
#: milliseconds and buys exact equivalences (weights against repeated rows, say).
FLOAT64_WORK = 10**7


class BaseDNN(BaseEstimator):
    """Base of the estimators; the subclasses say what targets and predictions are."""

    _network: Network

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate_init=0.001,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        dropout=0.0,
        weight_decay=0.01,
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.dtype = dtype

    # ---------------------------------------------------------------- subclass interface

    @abstractmethod
    def _validate_targets(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        """Validated X and the targets as numbers; sets what the targets decide."""

    @abstractmethod
    def _loss_and_n_outputs(self, y: np.ndarray) -> tuple[str, int]:
        """Name of the loss and width of the output for encoded targets."""

    @abstractmethod
    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        """The estimator's score on the held-out rows, from raw predictions."""

    def _target_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Sample weights after what the targets have to say about them."""
        return weights

    def _stratification(self, y: np.ndarray) -> np.ndarray | None:
        """What to stratify the hold-out by."""
        return None

    # ---------------------------------------------------------------- fit

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers. Networks learn best from features of mean 0 and deviation 1.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights: 0 is as if the row were not there, an integer as if it were
            there so many times.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For input that scikit-learn refuses, and if training diverges. The estimator is then
            what it was before.

        Notes
        -----
        Ctrl-C ends training with a warning and keeps the best model so far.
        """
        with _unchanged_on_failure(self):
            X, y = self._validate_targets(X, y)
            weights = check_weights(sample_weight, X)
            if weights is not None and not weights.all():
                kept = weights > 0
                X, y, weights = X[kept], y[kept], weights[kept]
            self._fit_network(X, y, self._target_weights(y, weights))
        return self

    def _fit_network(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> None:
        seeds = draw_seeds(self.random_state)
        spec = self._network_spec(X, y)
        dtype = self._network_dtype(X, spec)
        held_out = None
        if self.early_stopping:
            (X, y, weights), held_out_part = self._split(X, y, weights, seeds)
            held_out = make_rows(*held_out_part, dtype=dtype)
        rows = make_rows(X, y, weights, dtype=dtype)
        network = Network.random(spec, np.random.default_rng(seeds.weights), dtype)
        settings = Settings.from_params(self.get_params(deep=False))
        validation = None
        if held_out is not None:
            validation = (held_out, lambda raw: self._score_raw(raw, held_out))
        history = train(network, rows, settings, seeds, validation)
        self._network = network
        self._set_fitted_attributes(network, history)

    def _network_spec(self, X: np.ndarray, y: np.ndarray) -> NetworkSpec:
        hidden = hidden_sizes(self.hidden_layer_sizes)
        loss, n_outputs = self._loss_and_n_outputs(y)
        return NetworkSpec(
            layer_sizes=(X.shape[1], *hidden, n_outputs),
            activation=self.activation,
            dropout=dropout_rates(self.dropout, len(hidden)),
            loss=loss,
        )

    def _network_dtype(self, X: np.ndarray, spec: NetworkSpec) -> np.dtype:
        if self.dtype in ("float32", "float64"):
            return np.dtype(self.dtype)
        small = X.shape[0] * spec.n_weights <= FLOAT64_WORK
        if X.dtype == np.float32 or (self.dtype == "auto" and not small):
            return np.dtype(np.float32)
        return np.dtype(np.float64)

    def _split(self, X, y, weights, seeds: Seeds):
        """Hold out rows: ``(X, y, weights)`` to train on and the same to validate with."""
        train_index, held_out_index = train_test_split(
            np.arange(X.shape[0]),
            test_size=self.validation_fraction,
            random_state=seeds.split % 2**32,
            stratify=self._stratification(y),
        )
        if held_out_index.size < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                f"your dataset: {self.validation_fraction!r} of {X.shape[0]} rows is "
                f"{held_out_index.size}."
            )

        def take(index):
            return X[index], y[index], None if weights is None else weights[index]

        return take(train_index), take(held_out_index)

    def _set_fitted_attributes(self, network: Network, history: History) -> None:
        spec = network.spec
        self.n_layers_ = len(spec.layer_sizes)
        self.n_outputs_ = spec.n_out
        self.out_activation_ = LOSSES[spec.loss].link
        self.n_iter_ = history.n_epochs
        self.t_ = history.n_samples_seen
        self.loss_ = history.loss[-1] if history.loss else np.nan
        self.best_loss_ = history.best_loss
        self.loss_curve_ = history.loss
        self.validation_loss_curve_ = history.validation_loss if self.early_stopping else None
        self.validation_scores_ = history.validation_score if self.early_stopping else None
        self.best_validation_score_ = history.best_score

    # ---------------------------------------------------------------- predict

    def _predict_raw(self, X) -> np.ndarray:
        """Raw predictions of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32), order="C")
        return predict_raw(self._network, X)

    # ---------------------------------------------------------------- parameters as arrays

    @property
    def coefs_(self) -> ArrayViews:
        """Weights of every layer, (n_in, n_out) views."""
        return self._fitted_network().coefs

    @coefs_.setter
    def coefs_(self, arrays: Any) -> None:
        _assign(self.coefs_, arrays)

    @property
    def intercepts_(self) -> ArrayViews:
        """Biases of every layer, (n_out,) views."""
        return self._fitted_network().intercepts

    @intercepts_.setter
    def intercepts_(self, arrays: Any) -> None:
        _assign(self.intercepts_, arrays)

    def _fitted_network(self) -> Network:
        network = self.__dict__.get("_network")
        if network is None:
            name = type(self).__name__
            raise AttributeError(f"This {name} instance is not fitted yet and has no weights.")
        return network


def _assign(views: ArrayViews, arrays: Any) -> None:
    arrays = [np.asarray(array) for array in arrays]
    shapes = [array.shape for array in arrays]
    if shapes != [view.shape for view in views]:
        raise ValueError(
            f"Expected arrays of shapes {[view.shape for view in views]}, got {shapes}."
        )
    for view, array in zip(views, arrays, strict=True):
        view[...] = array


@contextmanager
def _unchanged_on_failure(estimator: BaseDNN) -> Iterator[None]:
    """Restore the attributes of an estimator if the block raises anything."""
    before = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise
