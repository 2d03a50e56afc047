"""What classifier and regressor share: from a table to a trained network and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skdnn.estimators._params import dropout_rates, hidden_sizes
from skdnn.estimators._sklearn import (
    BaseEstimator,
    InvalidParameterError,
    check_weights,
    fit_context,
    validate_data,
)
from skdnn.kernels.losses import LOSSES
from skdnn.kernels.optimizers import OPTIMIZERS
from skdnn.network.layout import ArrayViews
from skdnn.network.network import Network
from skdnn.network.spec import NetworkSpec
from skdnn.training.data import Rows, make_rows
from skdnn.training.engine import empty_slots, predict_raw
from skdnn.training.loop import Training, Validation
from skdnn.training.progress import Progress
from skdnn.training.sampling import Seeds, draw_seeds
from skdnn.training.settings import Settings
from skdnn.training.stopping import NoImprovement

#: dtype="auto": up to so many multiplications in the forward pass of an epoch, float64 costs
#: milliseconds and buys exact equivalences (weights against repeated rows, say).
FLOAT64_WORK = 10**7


class BaseDNN(BaseEstimator):
    """Base of the estimators; the subclasses say what targets and predictions are."""

    _network: Network
    _progress: Progress

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        dropout=0.0,
        weight_decay=0.01,
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.dtype = dtype

    # ---------------------------------------------------------------- subclass interface

    @abstractmethod
    def _validate_targets(
        self, X, y, *, resume: bool, partial: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Validated X and the targets as numbers; sets what the targets decide.

        To ``resume``, both must be as before; a ``partial`` one need not have all classes.
        """

    @abstractmethod
    def _loss_and_n_outputs(self, y: np.ndarray) -> tuple[str, int]:
        """Name of the loss and width of the output for encoded targets."""

    @abstractmethod
    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        """The estimator's score on the held-out rows, from raw predictions."""

    def _target_weights(
        self, y: np.ndarray, weights: np.ndarray | None, *, partial: bool
    ) -> np.ndarray | None:
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
            there so many times (exactly so where a batch holds all rows; otherwise other rows
            share a batch).

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For input that scikit-learn refuses, and if training ends in numbers that are not
            finite. The estimator is then what it was before.

        Notes
        -----
        Ctrl-C ends training with a warning and keeps the best model so far.
        """
        with unchanged_on_failure(self):
            resume = self.warm_start and self._is_trained()
            X, y = self._validate_targets(X, y, resume=resume)
            self._train(X, y, check_weights(sample_weight, X), resume=resume)
        return self

    def _partial_fit(self, X, y, sample_weight, resume: bool):
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        X, y = self._validate_targets(X, y, resume=resume, partial=True)
        self._train(X, y, check_weights(sample_weight, X), resume=resume, partial=True)
        return self

    def _is_trained(self) -> bool:
        return "_network" in self.__dict__

    def _train(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None,
        *,
        resume: bool,
        partial: bool = False,
    ) -> None:
        """Train a new network or go on with the present one; one epoch if ``partial``."""
        weights = self._target_weights(y, weights, partial=partial)
        if weights is not None and not weights.all():
            kept = weights > 0
            X, y, weights = X[kept], y[kept], weights[kept]
        settings = Settings.from_params(self.get_params(deep=False))
        spec = self._network_spec(X, y)
        if resume:
            # On copies: a failure must not leave a half-trained network behind.
            network = self._resumed_network(spec)
            progress = self._resumed_progress(network, settings)
        else:
            # Weights first: the same random_state then gives those of scikit-learn's MLP.
            random_state = check_random_state(self.random_state)
            network = Network.random(spec, random_state, self._network_dtype(X, spec))
            seeds = draw_seeds(random_state)
            slots = empty_slots(network, settings.solver)
            progress = Progress(seeds, self._new_stopping(settings), settings.solver, slots)
        dtype = network.params.dtype
        check_range(self, X, dtype)
        if np.issubdtype(y.dtype, np.floating):
            check_range(self, y, dtype, "y")
        validation = None
        if self.early_stopping:
            (X, y, weights), held_out = self._split(X, y, weights, progress.seeds)
            held_out_rows = make_rows(*held_out, dtype=dtype)
            validation = Validation(held_out_rows, lambda raw: self._score_raw(raw, held_out_rows))
        rows = make_rows(X, y, weights, dtype=dtype)
        training = Training(network, rows, settings, progress, validation)
        training.run(single_epoch=partial)
        self._network, self._progress = network, progress
        self._set_fitted_attributes(training.n_epochs_run)

    def _new_stopping(self, settings: Settings) -> NoImprovement:
        return NoImprovement(
            settings.n_iter_no_change, settings.tol, greater_is_better=self.early_stopping
        )

    def _resumed_network(self, spec: NetworkSpec) -> Network:
        before = self._network.spec
        if (spec.layer_sizes, spec.loss) != (before.layer_sizes, before.loss):
            raise ValueError(
                f"Training goes on with layers of {before.layer_sizes} units and the loss "
                f"{before.loss!r}, but parameters and data now ask for {spec.layer_sizes} and "
                f"{spec.loss!r}. Set warm_start=False to begin anew."
            )
        forced = self.dtype in ("float32", "float64")
        dtype = np.dtype(self.dtype) if forced else self._network.params.dtype
        return Network(spec, self._network.params.astype(dtype))

    def _resumed_progress(self, network: Network, settings: Settings) -> Progress:
        """What training stood at, with what the parameters now ask for."""
        progress = deepcopy(self._progress)
        dtype = network.params.dtype
        if progress.solver == settings.solver:
            progress = replace(progress, slots=progress.slots.astype(dtype, copy=False))
        else:
            slots, fresh = empty_slots(network, settings.solver), np.zeros_like(progress.step)
            progress = replace(progress, slots=slots, solver=settings.solver, step=fresh)
        stopping = self._new_stopping(settings)
        if stopping.sign == progress.stopping.sign:
            stopping.best, stopping.count = progress.stopping.best, progress.stopping.count
        else:
            # Another measure of the best epoch: what was best by the old one does not count.
            progress = replace(progress, best_params=None, last_params=None)
        return replace(progress, stopping=stopping)

    def _network_spec(self, X: np.ndarray, y: np.ndarray) -> NetworkSpec:
        hidden = hidden_sizes(self.hidden_layer_sizes)
        rates = dropout_rates(self.dropout, len(hidden))
        if self.solver == "lbfgs" and any(rates):
            raise InvalidParameterError(
                "The 'dropout' parameter must be 0 with solver='lbfgs', which needs the same loss "
                f"in each evaluation. Got {self.dropout!r} instead."
            )
        loss, n_outputs = self._loss_and_n_outputs(y)
        return NetworkSpec(
            layer_sizes=(X.shape[1], *hidden, n_outputs),
            activation=self.activation,
            dropout=rates,
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
        # Here, because it is a tenth of the time to import the package and few fits need it.
        from sklearn.model_selection import train_test_split

        n_held_out = ceil(self.validation_fraction * X.shape[0])
        if n_held_out < 2 or n_held_out >= X.shape[0]:
            size = "small" if n_held_out < 2 else "large"
            change = "Increase" if n_held_out < 2 else "Decrease"
            raise ValueError(
                f"The validation set is too {size}. {change} 'validation_fraction' or the size of "
                f"your dataset: {self.validation_fraction!r} of {X.shape[0]} rows is {n_held_out}."
            )
        train_index, held_out_index = train_test_split(
            np.arange(X.shape[0]),
            test_size=n_held_out,
            random_state=seeds.split % 2**32,
            stratify=self._stratification(y),
        )

        def take(index):
            return X[index], y[index], None if weights is None else weights[index]

        return take(train_index), take(held_out_index)

    def _set_fitted_attributes(self, n_epochs_run: int) -> None:
        spec, progress = self._network.spec, self._progress
        history, stopping = progress.history, progress.stopping
        self.n_layers_ = len(spec.layer_sizes)
        self.n_outputs_ = spec.n_out
        self.out_activation_ = LOSSES[spec.loss].link
        self.n_iter_ = n_epochs_run
        self.t_ = history.n_samples_seen
        self.loss_ = history.loss[-1] if history.loss else np.nan
        self.loss_curve_ = history.loss
        validated = self.early_stopping
        self.best_loss_ = None if validated else stopping.best
        self.validation_loss_curve_ = history.validation_loss if validated else None
        self.validation_scores_ = history.validation_score if validated else None
        self.best_validation_score_ = stopping.best if validated else None

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

    # ---------------------------------------------------------------- predict

    def _predict_raw(self, X) -> np.ndarray:
        """Raw predictions of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32), order="C")
        raw = predict_raw(self._network, X)
        if not np.isfinite(raw).all():
            check_range(self, X, self._network.params.dtype)
        return raw

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


def check_range(estimator: BaseDNN, array: np.ndarray, dtype: np.dtype, which: str = "X") -> None:
    """Raise if a finite value is beyond the range of the network's dtype."""
    limit = np.finfo(dtype).max
    if np.finfo(array.dtype).max <= limit or max(array.max(), -array.min()) <= limit:
        return
    largest = np.abs(array.reshape(array.shape[0], -1)).max(axis=0)
    column = int(largest.argmax())
    names = getattr(estimator, "feature_names_in_", None) if which == "X" else None
    name = column if names is None else f"{names[column]!r}"
    raise ValueError(
        f"Input {which} contains a value too large for {dtype.name}, the dtype of the network: "
        f"{largest[column]:g} in column {name}. Scale the column, or set dtype='float64'."
    )


def has_epochs(estimator: BaseDNN) -> bool:
    """Whether the solver works by epochs, so that ``partial_fit`` can be one."""
    if estimator.solver in OPTIMIZERS:
        return True
    raise AttributeError(
        "partial_fit is only available for stochastic optimizers. "
        f"{estimator.solver} is not stochastic."
    )


@contextmanager
def unchanged_on_failure(estimator: BaseDNN) -> Iterator[None]:
    """Restore the attributes of an estimator if the block raises anything."""
    before = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise
