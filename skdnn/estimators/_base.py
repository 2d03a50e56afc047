"""What classifier and regressor share: from a table to a trained network and back."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skdnn.estimators._attributes import FittedAttributesMixin
from skdnn.estimators._callbacks import CallbackSupportMixin, EpochTasks, epoch_tasks
from skdnn.estimators._checks import check_domain, check_groups, check_range, warn_of_overflow
from skdnn.estimators._data import (
    Data,
    Part,
    digests_of,
    members_of,
    relative,
    split_parts,
    weighted,
)
from skdnn.estimators._embeddings import EmbeddingMixin
from skdnn.estimators._fitted import learned_aside, learned_attributes
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._params import check_solver, dropout_rates, hidden_sizes
from skdnn.estimators._presets import PresetMixin
from skdnn.estimators._resume import (
    extend_inputs,
    measure_of,
    new_stopping,
    resumed_network,
    resumed_progress,
    warn_of_few_rows,
)
from skdnn.estimators._scoring import Scoring, check_scoring_name
from skdnn.estimators._sklearn import BaseEstimator, fit_context, is_validated
from skdnn.estimators._sklearn import num_samples as _num_samples
from skdnn.estimators._stream import Beginning, train_piece
from skdnn.estimators._tables import as_plain, needs_encoding, rows_to_fit, rows_to_predict
from skdnn.estimators._targets import check_weights
from skdnn.kernels.losses import LOSSES
from skdnn.network.embeddings import resolve_embeddings
from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.training.averages import mean_raw
from skdnn.training.calibration import calibrate
from skdnn.training.data import Features, Rows, chosen_rows, make_features, rows_of
from skdnn.training.data_driven import fit_initial_values
from skdnn.training.engine import empty_slots, predict_raw
from skdnn.training.loop import Judge, Training, Validation
from skdnn.training.progress import Progress
from skdnn.training.sampling import draw_seeds, draw_split_seed
from skdnn.training.settings import BY_ROWS, TINY_ROWS, Settings, dropout_for
from skdnn.training.threads import Threads

#: dtype="auto": up to so many multiplications in the forward pass of an epoch, of four members if
#: there are more, float64 costs milliseconds and buys exact equivalences (weights against repeated
#: rows, say).
FLOAT64_WORK = 10**7


class BaseDNN(
    FittedAttributesMixin, EmbeddingMixin, CallbackSupportMixin, PresetMixin, BaseEstimator
):
    """Base of the estimators; the subclasses say what targets and predictions are."""

    _network: Network
    _progress: Progress
    _beginning: Beginning | None = None
    #: The value of ``scoring`` that is the estimator's own score.
    _default_scoring: str

    # Parameters that are used here.
    activation: Any
    categorical_features: Any
    dropout: Any
    dtype: Any
    early_stopping: Any
    feature_scaling: Any
    hidden_layer_sizes: Any
    input_dropout: Any
    loss: Any
    max_iter: Any
    n_iter_no_change: Any
    n_jobs: Any
    n_members: Any
    normalization: Any
    numeric_embedding: Any
    random_state: Any
    scoring: Any
    tol: Any
    warm_start: Any

    def _store(self, parameters: dict[str, Any]) -> None:
        """Keep the arguments of a constructor."""
        del parameters["self"]
        self.__dict__.update(parameters)

    # ---------------------------------------------------------------- subclass interface

    @abstractmethod
    def _validate_targets(
        self, X, y, *, resume: bool, partial: bool = False, name: str = "y"
    ) -> tuple[Any, np.ndarray]:
        """Validated X and the targets as numbers; sets what the targets decide.

        To ``resume``, both must be as before; a ``partial`` one need not have all classes. The
        targets have this ``name`` in messages.
        """

    @abstractmethod
    def _loss_and_outputs(self, y: np.ndarray) -> tuple[str, tuple[float, ...], int, int]:
        """Name and parameters of the loss, number of outputs, and of outputs of each target."""

    @abstractmethod
    def _network_targets(self, y: np.ndarray, *, training: bool) -> np.ndarray:
        """What the loss compares the output with."""

    @abstractmethod
    def _score_raw(self, raw: np.ndarray, rows: Rows) -> float:
        """The estimator's score on validation rows, from raw predictions."""

    @abstractmethod
    def _can_score(self, rows: Rows) -> bool:
        """Whether the estimator's score tells one epoch from another on validation rows."""

    def _class_weights(
        self, y: np.ndarray, weights: np.ndarray | None, *, partial: bool
    ) -> np.ndarray | None:
        """A weight for each class."""
        return None

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What to stratify the hold-out by."""
        return None

    def _labels(self, y: np.ndarray) -> np.ndarray:
        """Encoded targets as the user knows them."""
        return y

    def _calibrates(self) -> bool:
        """Whether raw predictions are scaled by held-out rows."""
        return False

    # ---------------------------------------------------------------- fit

    @fit_context
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
    ):
        """Train the network.

        With ``n_members`` above 1, all of them. What is learned of the columns before (categories,
        scales, bins) is learned from all rows that one of them is trained on.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Numbers, which may be missing (NaN) but not infinite, and categories: see
            ``categorical_features``. Sparse rows hold numbers, are taken as they are, without
            ``feature_scaling`` and ``numeric_embedding``, and are never made dense. Lazy data
            (Dask, polars, Spark) are computed; masked values are missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers to predict, which may be text. None is missing, whatever
            the row weighs.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights: 0 is as if the row were not there, an integer as if it were
            there so many times. Exactly so where a batch holds all rows and none is held out, by
            default up to 100 rows; otherwise other rows share a batch.
        X_val : {data frame, array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows to validate with after every epoch, instead of a part of ``X``, for all members
            together. They decide with ``early_stopping`` which epoch is kept and when training
            ends, otherwise their loss and score are only recorded. In
            a ``Pipeline`` they are transformed as ``X`` is with ``transform_input=["X_val"]``.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group stay together when rows are held out. Not used otherwise.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError, TypeError
            For input that scikit-learn refuses, for targets that are missing or not what the loss
            is made for, for columns and targets of dates, and if training ends in numbers that
            are not finite. The estimator is then what it was before.

        Warns
        -----
        UserWarning
            If a column of text holds numbers, or nearly every value of it occurs only once.

        Notes
        -----
        Ctrl-C ends training with a warning and keeps the best model so far.
        """
        tasks = epoch_tasks(self, X, y, sample_weight)
        with learned_aside(self) as draft:
            resume = draft.warm_start and draft._is_trained()
            if resume:
                draft._check_attributes()
            X, y = draft._validate_targets(X, y, resume=resume)
            data = Data(X, y, check_weights(sample_weight, X))
            given = draft._given_validation(y, X_val, y_val, sample_weight_val)
            groups = check_groups(groups, X.shape[0])
            check_scoring_name(draft)
            draft._train(data, resume=resume, given=given, groups=groups, tasks=tasks)
            draft._beginning = None
        if tasks is not None:
            tasks.end()
        return self

    def _partial_fit(self, X, y, sample_weight, resume: bool) -> None:
        """Train one epoch; on a draft."""
        if resume:
            self._check_attributes()
        X, y = self._validate_targets(X, y, resume=resume, partial=True)
        train_piece(self, Data(X, y, check_weights(sample_weight, X)), resume)

    def _validate_rows(self, X, y, *, resume: bool) -> tuple[Any, np.ndarray]:
        """X and y in a format that is known; a single column of y becomes a vector."""
        X, y = rows_to_fit(self, X, y, reset=not resume)
        if not resume:
            self._is_encoded = self._encodes(X)
        if not self._is_encoded:
            X = as_plain(self, X)
        elif issparse(X):  # more rows of what began as a dense table
            X = X.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _encodes(self, X: Any) -> bool:
        """Whether numbers of X are not the inputs as they are."""
        if issparse(X):
            return False
        chosen = self.feature_scaling is not None or self.numeric_embedding is not None
        return chosen or needs_encoding(X, self.categorical_features)

    def _given_validation(self, y, X_val, y_val, sample_weight_val) -> Data | None:
        """Validation rows from the user."""
        if X_val is None and y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val is given without X_val and y_val.")
            return None
        if X_val is None or y_val is None:
            given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise ValueError(f"{given} is given without {missing}.")
        try:
            X_val, encoded = self._validate_targets(
                X_val, y_val, resume=True, partial=True, name="y_val"
            )
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"X_val, y_val: {error}") from error
        if encoded.shape[1:] != y.shape[1:]:
            shapes = encoded.shape, y.shape
            raise ValueError("y_val has shape {}, but y has shape {}.".format(*shapes))
        return Data(X_val, encoded, check_weights(sample_weight_val, X_val, "sample_weight_val"))

    def _is_trained(self) -> bool:
        return "_network" in self.__dict__

    def _train(
        self,
        data: Data,
        *,
        resume: bool,
        partial: bool = False,
        given: Data | None = None,
        groups: np.ndarray | None = None,
        tasks: EpochTasks | None = None,
        known: Data | None = None,
    ) -> None:
        """Train a new network or go on with the present one; one epoch if ``partial``.

        The columns are learned from the rows ``known``, if there are more than those to train on.
        """
        per_class = self._class_weights(data.y, data.weights, partial=partial)
        class_weight = getattr(self, "class_weight", None)
        whole = weighted(data, per_class, class_weight)
        data = whole.with_weight()
        self.do_early_stopping_ = not partial and self._stops_early(data, given)
        split_seed = self._progress.split_seed if resume else draw_split_seed(
            check_random_state(self.random_state)
        )  # fmt: skip
        if given is not None:
            given = weighted(given, per_class, class_weight).with_weight()
            parts = [Part(data, given)]
        elif self.do_early_stopping_:
            parts = split_parts(self, whole, groups, split_seed)
        else:
            parts = [Part(data, None)]
        n_rows = parts[0].training.y.shape[0]
        settings = Settings.of(self, n_rows)
        to_learn = parts
        if known is not None:
            known = weighted(known, per_class, class_weight)
            to_learn = [Part(known.with_weight(), None)]
        if resume:
            self._extend_targets(data)
            if self._inputs is not None:
                if not partial:
                    warn_of_few_rows(self._inputs.n_rows, n_rows)
                extend_inputs(self, whole.X, whole.weights)
        else:
            self._fit_statistics(
                whole if known is None else known, to_learn, again=known is not None
            )
        specs, judged = self._network_specs(whole, n_rows), digests_of(parts)
        if resume:
            # On copies: a failure must not leave a half-trained network behind.
            network = resumed_network(self, specs)
            progress = resumed_progress(self, network, settings, judged)
        else:
            network, progress = self._new_network(data, specs, settings, split_seed, judged)
        self._set_network_attributes(specs[0], data.y, partial=partial)
        self._check_values(data, network, ("X", "y"), all_zero=partial)
        if given is not None:
            self._check_values(given, network, ("X_val", "y_val"), all_zero=True)
        rows, held_out = self._member_rows(parts, network)
        with Threads(self.n_jobs, max(network.n_members, n_rows)) as threads:
            if not resume and self._inputs is not None and self.normalization is None:
                to_adapt = rows if known is None else self._member_rows(to_learn, network)[0]
                self._adapt(network, to_adapt, progress, threads)
            validation = self._validation(parts, held_out, network)
            if tasks is not None:
                tasks.fitted_attributes = lambda: self._state_of(network, progress)
            training = Training(network, rows, settings, progress, threads, validation, tasks)
            training.run(single_epoch=partial)
            if self._calibrates() and validation is not None and validation.keep_best:
                calibrate(network, validation.judges, threads)
                progress.calibrated_values = network.values.copy()
        self._network, self._progress = network, progress
        self._set_fitted_attributes(training.n_epochs_run, validation is not None)

    def _adapt(
        self, network: Network, rows: list[Rows], progress: Progress, threads: Threads
    ) -> None:
        """Let the initial values know the training rows."""

        def adapt(member: int) -> None:
            start = np.random.RandomState(progress.seeds[member].start % 2**32)
            fit_initial_values(network, member, rows[member], start)

        threads.map(adapt, range(network.n_members))

    def _fit_statistics(self, whole: Data, parts: list[Part], *, again: bool) -> None:
        """What is learned of X and y before any network, from the rows that one is trained on.

        Learned ``again``, columns stay numbers or categories as they were.
        """
        training = [part.training for part in parts]
        weights = np.zeros(whole.y.shape[0])
        for part in training:
            rows = slice(None) if part.rows is None else part.rows
            weights[rows] = 1 if part.weights is None else part.weights
        categorical = self.categorical_features
        if again and self._inputs is not None:
            categorical = self._inputs.encoder.is_categorical
        self._inputs: TableInputs | None = None
        embedding, n_members = self.numeric_embedding, self.n_members
        resolve_embeddings(embedding, n_members)  # raises where it is none, whatever X is
        if self._is_encoded:
            inputs = TableInputs(categorical, self.feature_scaling, embedding, n_members)
            self._inputs = inputs.fit(whole.X, None if (weights == 1).all() else relative(weights))
        used = training[0]
        if len(parts) > 1:
            used = whole.take(np.flatnonzero(weights))
        self._fit_targets(used)

    def _extend_targets(self, data: Data) -> None:
        """Let predictions reach the targets of more rows."""

    def _fit_targets(self, data: Data) -> None:
        """Learn what the targets are scaled by."""

    def _stops_early(self, data: Data, given: Data | None) -> bool:
        if self.early_stopping != "auto":
            return bool(self.early_stopping)
        return given is not None or data.y.shape[0] > TINY_ROWS

    def _check_values(
        self, data: Data, network: Network, names: tuple[str, str], *, all_zero: bool
    ) -> None:
        if self._inputs is None:
            check_range(self, data.X, network.dtype, names[0], data.rows)
        scaled = self._network_targets(data.y, training=False)
        if np.issubdtype(data.y.dtype, np.floating):
            check_range(self, scaled, network.dtype, names[1])
        check_domain(network, data.y, scaled, names[1], all_zero=all_zero)

    def _features(self, X: Any, network: Network) -> list[Features]:
        """All rows of X as the network takes them, for each member."""
        if self._inputs is not None:
            return self._inputs.features(X.toarray() if issparse(X) else X, network.dtype)
        return [make_features(X, network.dtype)] * network.n_members

    def _rows(self, data: Data, features: Features, network: Network, *, training: bool) -> Rows:
        y = self._network_targets(data.y, training=training)
        return rows_of(chosen_rows(features, data.rows), y, data.weights, network.dtype)

    def _member_rows(
        self, parts: list[Part], network: Network
    ) -> tuple[list[Rows], list[list[Rows]]]:
        """Rows to train each member on; those held out of each part, for each of its members."""
        features = self._features(parts[0].training.X, network)
        known = {id(parts[0].training.X): features}
        rows, held_out = [], []
        for member in range(network.n_members):
            part = parts[member % len(parts)]
            rows.append(self._rows(part.training, features[member], network, training=True))
        for i, part in enumerate(parts):
            if part.held_out is None:
                continue
            X, members = part.held_out.X, range(network.n_members)[members_of(parts, i)]
            if id(X) not in known:
                try:
                    known[id(X)] = self._features(X, network)
                except (TypeError, ValueError) as error:
                    raise type(error)(f"X_val: {error}") from error
            held_out.append(
                [self._rows(part.held_out, known[id(X)][m], network, training=False)
                 for m in members]
            )  # fmt: skip
        return rows, held_out

    def _validation(
        self, parts: list[Part], held_out: list[list[Rows]], network: Network
    ) -> Validation | None:
        judges, scoring = [], Scoring(self)
        for i, rows in enumerate(held_out):
            data, members = parts[i].held_out, members_of(parts, i)
            assert data is not None
            labelled = data._replace(y=self._labels(data.y))
            score = scoring.score_of(network, members, rows[0], labelled)
            judges.append(Judge(members, rows, score))
        return Validation(judges, self.do_early_stopping_) if judges else None

    def _new_network(
        self,
        data: Data,
        specs: list[NetworkSpec],
        settings: Settings,
        split_seed: int,
        judged: tuple[int, ...],
    ) -> tuple[Network, Progress]:
        random_state = check_random_state(self.random_state)
        dtype = self._network_dtype(data, specs[0])
        values, seeds = [], []
        for spec in specs:
            # Weights first: the same random_state then gives those of scikit-learn's MLP.
            values.append(initial_values(spec, random_state, dtype))
            seeds.append(draw_seeds(random_state))
        network = Network(specs, np.concatenate(values))
        slots = empty_slots(network, settings.solver)
        steps = np.zeros((len(specs), 1), dtype=np.int64)
        stopping, measure = new_stopping(self, judged), measure_of(self, specs[0], judged)
        progress = Progress(seeds, split_seed, stopping, measure, settings.solver, slots, steps)
        return network, progress

    def _network_specs(self, data: Data, n_rows: int) -> list[NetworkSpec]:
        """Of each member, for so many training rows."""
        hidden = hidden_sizes(self.hidden_layer_sizes)
        dropout = self.dropout
        if isinstance(dropout, str) and dropout == BY_ROWS:
            dropout = 0.0 if self.solver == "lbfgs" else dropout_for(n_rows)
        rates = dropout_rates(dropout, len(hidden))
        check_solver(self, rates)
        loss, parameters, n_outputs, n_levels = self._loss_and_outputs(data.y)

        def spec(columns: tuple[InputColumn, ...], *, scaled: bool) -> NetworkSpec:
            n_in = sum(column.width for column in columns) or data.X.shape[1]
            return NetworkSpec(
                layer_sizes=(n_in, *hidden, n_outputs),
                activation=self.activation,
                dropout=(float(self.input_dropout), *rates),
                loss=loss,
                loss_parameters=parameters,
                n_levels=n_levels,
                normalization=self.normalization,
                columns=columns,
                scaled_inputs=scaled,
            )

        if self._inputs is None:
            return [spec((), scaled=False)] * self.n_members
        return [
            spec(self._inputs.columns(member), scaled=getattr(embedding, "scaled_inputs", False))
            for member, embedding in enumerate(self._inputs.embeddings)
        ]

    def _network_dtype(self, data: Data, spec: NetworkSpec) -> np.dtype:
        if self.dtype in ("float32", "float64"):
            return np.dtype(self.dtype)
        small = data.y.shape[0] * spec.n_weights * max(4, self.n_members) <= 4 * FLOAT64_WORK
        if getattr(data.X, "dtype", None) == np.float32 or (self.dtype == "auto" and not small):
            return np.dtype(np.float32)
        return np.dtype(np.float64)

    # ---------------------------------------------------------------- fitted attributes

    def _set_network_attributes(self, spec: NetworkSpec, y: np.ndarray, *, partial: bool) -> None:
        """What describes the network, known before it is trained."""
        self.n_layers_ = len(spec.layer_sizes)
        self.n_outputs_ = spec.n_out
        self.out_activation_ = LOSSES[spec.loss].link

    def _state_of(self, network: Network, progress: Progress) -> dict[str, Any]:
        """Attributes of a copy that predicts with the network as it is now."""
        now = Network(network.specs, network.values.copy())
        return {**learned_attributes(self), "_network": now, "_progress": progress}

    # ---------------------------------------------------------------- predict

    def _member_raw(self, X) -> np.ndarray:
        """Raw predictions of shape (n_members, n_samples, n_outputs)."""
        if not self._is_trained():
            check_is_fitted(self)
        self._check_attributes()
        if not is_validated(self, X):
            X = rows_to_predict(self, X)
            X = as_plain(self, X) if self._inputs is None else X
        network = self._network
        features = self._features(X, network)
        # As many tasks as there may be: the engine makes no more blocks than are worth it.
        with Threads(self.n_jobs, max(network.n_members, _num_samples(X))) as threads:
            raw = predict_raw(network, features, threads)
        if not np.isfinite(raw).all():
            if self._inputs is None:
                check_range(self, X, network.dtype)
            warn_of_overflow(self, raw, X, features[0])
        return raw

    def _predict_raw(self, X) -> np.ndarray:
        """Raw predictions of shape (n_samples, n_outputs), of all members together."""
        return mean_raw(self._member_raw(X), self.out_activation_)

    # ---------------------------------------------------------------- scikit-learn

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags
