"""A call of ``fit`` or ``partial_fit``: from rows to a fitted model."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from skdnn.estimators._callbacks import EpochTasks, told
from skdnn.estimators._checks import check_domain, check_range, has_validation_set
from skdnn.estimators._conformal import held_out_scores
from skdnn.estimators._data import (
    Data,
    Split,
    apply_class_weight,
    digests_of,
    few_rows,
    judges_of,
    members_of,
    relative,
    split_data,
)
from skdnn.estimators._fitted import learned_attributes
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._resume import (
    extended_model,
    monitored_by,
    new_stopping,
    resumed_network,
    resumed_progress,
    warn_of_few_rows,
)
from skdnn.estimators._scoring import Scoring
from skdnn.estimators._specs import directions, network_dtype, network_specs
from skdnn.estimators._tables import as_plain, needs_encoding, rows_to_fit
from skdnn.estimators._targets import check_offset, check_weights
from skdnn.estimators._tasks import Task
from skdnn.network.embeddings import resolve_embeddings
from skdnn.network.initializers import initial_values
from skdnn.network.network import Network
from skdnn.tabular.encoder import Table
from skdnn.training.calibration import calibrate
from skdnn.training.data import Features, Rows, chosen_rows, rows_of
from skdnn.training.data_driven import fit_initial_values
from skdnn.training.engine import empty_slots
from skdnn.training.loop import Training, Validation, Validator
from skdnn.training.pooling import ALONE, Pool
from skdnn.training.progress import TrainingState
from skdnn.training.sampling import draw_seeds, draw_split_seed
from skdnn.training.settings import TINY_ROWS, TrainingSettings
from skdnn.training.stacking import member_weights
from skdnn.training.threads import Threads


class Fit:
    """Trains the draft of an estimator.

    Parameters
    ----------
    estimator : BaseDNN
        Its parameters control the training; its fitted attributes are set at the end.
    resumes : bool
        Whether to continue the training of the estimator's model, or start a new one.
    is_partial : bool, default=False
        Whether this is ``partial_fit``: one epoch on part of the data.
    """

    #: Makes the training; a subclass may have another one.
    training_class: Callable[..., Training] = Training
    #: Adds up what several workers know of their rows.
    pool: Pool = ALONE
    #: The kind of the targets, known after their validation.
    task: Task
    #: Whether columns are encoded; otherwise the inputs are the numbers of X as they are.
    is_encoded: bool
    #: State of the training that is continued.
    progress: TrainingState
    #: X and its encoding, cached until it is no longer needed.
    _encoded: tuple[Any, Table] | None = None

    def __init__(self, estimator: Any, *, resumes: bool, is_partial: bool = False) -> None:
        self.estimator, self.is_partial = estimator, is_partial
        self.before: FittedModel | None = None
        if resumes:
            if estimator._progress is None:
                raise ValueError(
                    "This model was loaded from a file, which holds what predictions need and not "
                    "the state of the training: it cannot be trained further. Fit it anew with "
                    "warm_start=False, or keep a pickle of the estimator."
                )
            estimator._check_attributes()
            self.before = estimator._model

    def again(self, *, resumes: bool) -> Fit:
        """The same call for other rows whose targets are encoded, of the same estimator."""
        other = copy(self)
        other.before = self.estimator._model if resumes else None
        other.task = copy(self.task if other.before is None else other.before.task)
        return other

    # ---------------------------------------------------------------- validation

    def training_data(self, X: Any, y: Any, sample_weight: Any, offset: Any = None) -> Data:
        """Validated training rows; they determine the kind of the targets."""
        estimator, before = self.estimator, self.before
        X, y = self._rows(X, estimator._as_targets(y, "y"), reset=before is None)
        known = None if before is None else before.task
        self.task = estimator._new_task(y, known, is_partial=self.is_partial)
        data = Data(X, self.task.encode(y), check_weights(sample_weight, X))
        return self._rates(data, offset, "offset")

    def _rates(self, data: Data, offset: Any, name: str) -> Data:
        """Data without the offset of the user."""
        known = check_offset(offset, data.y.shape[0], name)
        if known is None:
            return data
        assert isinstance(self.task, NumericTargets)
        return self.task.rates(data, known, name)

    def validation_data(
        self, y: np.ndarray, X_val: Any, y_val: Any, weights: Any, offset: Any = None
    ) -> Data | None:
        """Validated rows of the user's validation set; ``y`` are the encoded training targets."""
        if not has_validation_set(X_val, y_val, sample_weight_val=weights, offset_val=offset):
            return None
        try:
            targets = self.estimator._as_targets(y_val, "y_val")
            X_val, targets = self._rows(X_val, targets, reset=False)
            self.task.check_kind(targets, "y_val")
            encoded = self.task.encode(targets, "y_val")
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"X_val, y_val: {error}") from error
        if encoded.shape[1:] != y.shape[1:]:
            shapes = encoded.shape, y.shape
            raise ValueError("y_val has shape {}, but y has shape {}.".format(*shapes))
        data = Data(X_val, encoded, check_weights(weights, X_val, "sample_weight_val"))
        return self._rates(data, offset, "offset_val")

    def _rows(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, np.ndarray]:
        """Validated X and y; a single column of y is raveled."""
        X, y = rows_to_fit(self.estimator, X, y, reset=reset)
        if reset:
            self.is_encoded = self._encodes(X)
        elif self.before is not None:
            self.is_encoded = self.before.inputs is not None
        if not self.is_encoded:
            X = as_plain(self.estimator, X)
        elif issparse(X):  # more rows of what began as a dense table
            X = X.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _encodes(self, X: Any) -> bool:
        """Whether the columns of X are encoded."""
        if issparse(X):
            return False
        estimator = self.estimator
        chosen = estimator.feature_scaling is not None or estimator.numeric_embedding is not None
        return chosen or needs_encoding(X, estimator.categorical_features)

    # ---------------------------------------------------------------- training

    def train(
        self,
        data: Data,
        *,
        held_out: Data | None = None,
        groups: np.ndarray | None = None,
        callbacks: EpochTasks | None = None,
        known: Data | None = None,
    ) -> None:
        """Train a new network or continue training the current one.

        Parameters
        ----------
        data : Data
            Rows to train on; a part of them may be held out.
        held_out : Data, optional
            The user's validation rows.
        groups : (n_samples,) array, optional
            Of the rows of ``data``.
        callbacks : EpochTasks, optional
        known : Data, optional
            Rows to learn the encoding from, if these are more than the training rows.
        """
        estimator = self.estimator
        whole, held_out, known = self._weighted(data, held_out, known)
        data = whole.drop_zero_weights()
        estimator.do_early_stopping_ = not self.is_partial and self._stops_early(data, held_out)
        split_seed = self._split_seed()
        if held_out is None and estimator.do_early_stopping_:
            splits = self._splits(whole, groups, split_seed)
        else:
            splits = [Split(data, held_out)]
        n_rows = self.pool.count(splits[0].training.y.shape[0])
        settings = self._settings(n_rows, splits)
        if callbacks is not None:
            # The number of epochs depends on the number of training rows.
            callbacks.begin(settings.max_iter)
        to_learn = splits if known is None else [Split(known.drop_zero_weights(), None)]
        if self.before is None:
            inputs = self._learn(whole if known is None else known, to_learn, again=bool(known))
            model, progress = self._new_model(whole, inputs, settings, splits, split_seed, n_rows)
        else:
            self._learn_more(whole, n_rows)
            model, progress = self._resumed_model(whole, settings, splits)
        if not self.is_partial:
            self.task.see_all(data.y if known is None else known.drop_zero_weights().y)
        estimator._set_network_attributes(model)
        self._check_values(data, model, ("X", "y"), all_zero=self.is_partial)
        if held_out is not None:
            self._check_values(held_out, model, ("X_val", "y_val"), all_zero=True)
        rows, validated = self._member_rows(splits, model)
        adapts = self.before is None and model.inputs and estimator.normalization is None
        to_adapt = rows
        if adapts and known is not None:
            few = few_rows(to_learn[0].training, split_seed)
            to_adapt = self._member_rows([Split(few, None)], model)[0]
        # The rows as numbers are no longer needed.
        self._encoded = None
        with Threads(estimator.n_jobs, max(model.network.n_members, n_rows)) as threads:
            if adapts:
                _adapt(model.network, to_adapt, progress, threads)
            del to_adapt
            validation = self._validation(splits, validated, model)
            training = self.training_class(
                model.network, rows, settings, progress, threads, validation, callbacks
            )
            with told(callbacks, lambda: self._attributes_of(model, training)):
                training.run(single_epoch=self.is_partial)
            if validation is not None and validation.keep_best:
                if self.task.is_calibrated:
                    calibrate(model.network, validation.validators, threads, self.pool)
                    progress.calibrated_values = model.network.values.copy()
                judges = judges_of(splits, validated)
                model.weights = member_weights(model.network, judges, threads, self.pool)
                model.scores = held_out_scores(model, splits, validated, threads, self.pool)
        estimator._model, estimator._progress = model, progress
        estimator._set_fitted_attributes(training)

    def _weighted(self, *pieces: Data | None) -> list[Any]:
        """All data with class weights, which are computed from the first."""
        data, class_weight = pieces[0], getattr(self.estimator, "class_weight", None)
        assert data is not None
        per_class = self.task.class_weights(
            data.y, data.weights, self.pool, is_part=self.is_partial
        )
        return [each and apply_class_weight(each, per_class, class_weight) for each in pieces]

    def _settings(self, n_rows: int, splits: list[Split]) -> TrainingSettings:
        """The settings for a number of rows to train on."""
        return TrainingSettings.of(self.estimator, n_rows, self.is_partial)

    def _stops_early(self, data: Data, held_out: Data | None) -> bool:
        early_stopping = self.estimator.early_stopping
        if early_stopping != "auto":
            return bool(early_stopping)
        return held_out is not None or self.pool.count(data.y.shape[0]) > TINY_ROWS

    def _split_seed(self) -> int:
        if self.before is not None:
            return self.estimator._progress.split_seed
        return draw_split_seed(check_random_state(self.estimator.random_state))

    def _splits(self, whole: Data, groups: np.ndarray | None, seed: int) -> list[Split]:
        return split_data(self.estimator, self.task, whole, groups, seed)

    def _learn(self, whole: Data, splits: list[Split], *, again: bool) -> TableInputs | None:
        """Learn the encoding of X and y from the rows that any member is trained on.

        If learned ``again``, columns remain numeric or categorical as before.
        """
        estimator = self.estimator
        training = [split.training for split in splits]
        weights = np.zeros(whole.y.shape[0])
        for data in training:
            rows = slice(None) if data.rows is None else data.rows
            weights[rows] = 1 if data.weights is None else data.weights
        self.task.fit(training[0] if len(splits) == 1 else whole.take(np.flatnonzero(weights)))
        embedding, n_members = estimator.numeric_embedding, estimator.n_members
        resolve_embeddings(embedding, n_members)  # raises if invalid, even if X is not encoded
        if not self.is_encoded:
            return None
        categorical = estimator.categorical_features
        if again:
            categorical = estimator._model.inputs.encoder.is_categorical
        inputs = TableInputs(
            categorical, estimator.feature_scaling, embedding, n_members, directions(estimator)
        )
        table = inputs.fit(whole.X, None if (weights == 1).all() else relative(weights))
        self._encoded = whole.X, table
        return inputs

    def _learn_more(self, whole: Data, n_rows: int) -> None:
        """Extend the encoding of X and y by what is new in more rows."""
        assert self.before is not None
        self.task.extend(whole.drop_zero_weights().y)
        self.progress = self.estimator._progress
        if self.before.inputs is not None:
            if not self.is_partial:
                warn_of_few_rows(self.before.inputs.n_rows, n_rows)
            self.before, self.progress = extended_model(
                self.before, self.progress, whole.X, whole.weights
            )

    def _new_model(
        self,
        data: Data,
        inputs: TableInputs | None,
        settings: TrainingSettings,
        splits: list[Split],
        split_seed: int,
        n_rows: int,
    ) -> tuple[FittedModel, TrainingState]:
        estimator = self.estimator
        random_state = check_random_state(estimator.random_state)
        specs = network_specs(estimator, self.task, data, inputs, n_rows)
        n_all = self.pool.count(data.y.shape[0])
        dtype = network_dtype(estimator, data.X, n_all, specs[0])
        values, seeds = [], []
        for spec in specs:
            # Weights first: the same random_state then gives those of scikit-learn's MLP.
            values.append(initial_values(spec, random_state, dtype))
            seeds.append(draw_seeds(random_state))
        network, digests = Network(specs, np.concatenate(values)), digests_of(splits)
        progress = TrainingState(
            seeds,
            split_seed,
            new_stopping(estimator, digests),
            monitored_by(estimator, specs[0], digests),
            settings.solver,
            empty_slots(network, settings.solver),
            np.zeros((len(specs), 1), dtype=np.int64),
        )
        return FittedModel(inputs, network, self.task), progress

    def _resumed_model(
        self, data: Data, settings: TrainingSettings, splits: list[Split]
    ) -> tuple[FittedModel, TrainingState]:
        """Copies: a failed fit must not leave a half-trained network."""
        assert self.before is not None
        estimator, inputs = self.estimator, self.before.inputs
        specs = network_specs(estimator, self.task, data, inputs, splits[0].training.y.shape[0])
        network = resumed_network(estimator, self.before.network, specs)
        digests = digests_of(splits)
        progress = resumed_progress(estimator, self.progress, network, settings, digests)
        # A whole fit finds new weights of the members, or has none.
        weights = self.before.weights if self.is_partial else None
        weights = weights if weights is None or weights.size == network.n_members else None
        return FittedModel(inputs, network, self.task, weights), progress

    def _check_values(
        self, data: Data, model: FittedModel, names: tuple[str, str], *, all_zero: bool
    ) -> None:
        network = model.network
        if model.inputs is None:
            check_range(self.estimator, data.X, network.dtype, names[0], data.rows)
        scaled = self.task.network_targets(data.y)
        if np.issubdtype(data.y.dtype, np.floating):
            check_range(self.estimator, scaled, network.dtype, names[1])
        check_domain(network, data.y, scaled, names[1], all_zero=all_zero)

    # ---------------------------------------------------------------- rows

    def _features(self, X: Any, model: FittedModel) -> list[Features]:
        """Inputs of each member for all rows of X."""
        if self._encoded is not None and self._encoded[0] is X and model.inputs is not None:
            dtype = model.network.dtype
            table = model.inputs.encoder.cast(self._encoded[1], dtype)
            # What was cast goes before there are bins: together they take the most memory of a fit.
            self._encoded = X, table
            return model.inputs.features_of(table, dtype)
        return model.features(X)

    def _rows_of(self, data: Data, features: Features, dtype: Any) -> Rows:
        y = self.task.network_targets(data.y)
        return rows_of(chosen_rows(features, data.rows), y, data.weights, dtype)

    def _member_rows(
        self, splits: list[Split], model: FittedModel
    ) -> tuple[list[Rows], list[list[Rows]]]:
        """Training rows of each member, and held-out rows of each split for each of its members."""
        members, dtype = range(model.network.n_members), model.network.dtype
        X = splits[0].training.X
        features = self._features(X, model)
        rows = [
            self._rows_of(splits[i % len(splits)].training, features[i], dtype) for i in members
        ]
        held_out = []
        for i, split in enumerate(splits):
            data = split.held_out
            if data is None:
                continue
            if data.X is not X:
                try:
                    features = self._features(data.X, model)
                except (TypeError, ValueError) as error:
                    raise type(error)(f"X_val: {error}") from error
            held_out.append(
                [self._rows_of(data, features[member], dtype)
                 for member in members[members_of(splits, i)]]
            )  # fmt: skip
        return rows, held_out

    def _validation(
        self, splits: list[Split], held_out: list[list[Rows]], model: FittedModel
    ) -> Validation | None:
        validators, scoring = [], Scoring(self.estimator)
        for i, rows in enumerate(held_out):
            data, members = splits[i].held_out, members_of(splits, i)
            assert data is not None
            labeled = data._replace(y=self.task.decode(data.y))
            score = scoring.score_of(model.part(members), rows[0], labeled)
            validators.append(Validator(members, rows, score))
        return Validation(validators, self.estimator.do_early_stopping_) if validators else None

    def _attributes_of(self, model: FittedModel, training: Training) -> dict[str, Any]:
        """Attributes of a copy of the estimator, as if the training ended now."""
        draft = copy(self.estimator)
        draft._model, draft._progress = model.snapshot(), deepcopy(training.progress)
        draft._set_fitted_attributes(training)
        return learned_attributes(draft)


def _adapt(network: Network, rows: list[Rows], progress: TrainingState, threads: Threads) -> None:
    """Adapt the initial weights to the training rows."""

    def adapt(member: int) -> None:
        start = np.random.RandomState(progress.seeds[member].start % 2**32)
        fit_initial_values(network, member, rows[member], start)

    threads.map(adapt, range(network.n_members))
