"""Saved models: read what ``save`` of an estimator has written; types that skops may load.

A file holds what predictions need and the parameters, as text and arrays (``skdnn_light.files``,
which also checks them); nothing in it is executed. Later versions of skdnn read the files of
earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skdnn._warnings import warn
from skdnn.estimators._data import Data
from skdnn.estimators._document import SETTINGS, SHARED
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._label_columns import LabelColumns
from skdnn.estimators._labels import ClassLabels, LabelIndicators, Labels
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._stream import Beginning
from skdnn.estimators._tasks import Task
from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor
from skdnn.kernels.losses import LOSSES
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.tabular.bins import BinEdges
from skdnn.tabular.categories import Categories
from skdnn.tabular.encoder import TableEncoder
from skdnn.tabular.numeric import NumericScaler
from skdnn.tabular.targets import TargetScaler
from skdnn.training.history import History
from skdnn.training.progress import TrainingState
from skdnn.training.sampling import Seeds
from skdnn.training.stopping import NoImprovement
from skdnn_light.checks import classes_of, scalar
from skdnn_light.conformal import Scores, stored_scores
from skdnn_light.files import read

Arrays = dict[str, np.ndarray]

ESTIMATORS = {each.__name__: each for each in (DNNClassifier, DNNRegressor)}


@dataclass(frozen=True)
class StoredColumns:
    """The input columns of a member, and the number of bins of those that are bins."""

    columns: tuple[InputColumn, ...]
    n_bins: int


class StoredInputs(TableInputs):
    """Encodes a table as stored input columns: another version would choose others in training."""

    embeddings: Sequence[StoredColumns]  # type: ignore[assignment]

    def columns(self, member: int) -> tuple[InputColumn, ...]:
        """Input columns of a member."""
        return self.embeddings[member].columns


def load(file: Any) -> DNNClassifier | DNNRegressor:
    """Load a saved model.

    Parameters
    ----------
    file : str, path, or binary file
        What ``save`` of a :class:`DNNClassifier` or :class:`DNNRegressor` has written, with this
        version or an earlier one. Nothing in it is executed.

    Returns
    -------
    estimator : DNNClassifier or DNNRegressor
        Fitted: its predictions have the same bits as those of the estimator that was saved, on the
        same kind of processor. Its training cannot be continued. Parameters that a file cannot
        hold, such as functions, have their default values.

    Raises
    ------
    ValueError
        If it is not such a file, if it is damaged, or if a later version has made it.

    Warns
    -----
    UserWarning
        If the file holds parameters that this version does not accept: they have their defaults.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import skdnn
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 3))
    >>> model = skdnn.DNNRegressor(max_iter=5, random_state=0).fit(X, X[:, 0] ** 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.skdnn")
    ...     model.save(path)
    ...     loaded = skdnn.load(path)
    >>> bool((loaded.predict(X) == model.predict(X)).all())
    True
    """
    document, arrays = read(file)
    try:
        return _estimator(document, arrays)
    except MemoryError:
        raise
    except Exception as error:
        # Whatever else is wrong shows in one of the constructors.
        raise ValueError(f"A damaged skdnn model: {error!r}.") from error


def _estimator(document: dict[str, Any], arrays: Arrays) -> Any:
    cls = ESTIMATORS[document["estimator"]]
    estimator = cls(**_parameters(cls, document["parameters"]))
    network = _network(document, arrays)
    inputs = _inputs(document, arrays, network)
    task = _task(document, arrays)
    scores = stored_scores(document, arrays)
    model = FittedModel(inputs, network, task, _weights(document), scores)
    model.check()
    if model.link != document["task"]["link"]:
        raise ValueError(f"the link of {network.spec.loss!r} is {model.link!r}")
    if list(network.spec.levels) != document["task"].get("levels", []):
        raise ValueError(f"the levels of the network are {network.spec.levels}")
    estimator.n_features_in_ = document["n_features"]
    if document["feature_names"] is not None:
        estimator.feature_names_in_ = np.array(document["feature_names"], dtype=object)
    if isinstance(task, Labels):
        estimator.classes_ = task.classes
    estimator.do_early_stopping_ = False
    estimator._set_network_attributes(model)
    estimator._model, estimator._progress = model, None
    return estimator


def _parameters(cls: Any, stored: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are valid in this version.

    Predictions do not depend on them: what another version calls otherwise, or does not accept, has
    its default value.
    """
    found, refused = {}, []
    for name in [name for name in cls().get_params(deep=False) if name in stored]:
        try:
            value = _value(stored[name])
            cls(**{name: value}).check_params()
        except Exception:
            refused.append(name)
        else:
            found[name] = value
    if refused:
        warn(
            f"The file has values of {refused} that are not valid in this version of skdnn: these "
            "parameters have their defaults, which matters for another fit and not for predictions."
        )
    return found


def _value(value: Any) -> Any:
    """The inverse of ``_document.plain``."""
    if isinstance(value, list):
        return [_value(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "number" in value:
        return float(value["number"])
    if "tuple" in value:
        return tuple(_value(each) for each in value["tuple"])
    if "dict" in value:
        return {_value(k): _value(v) for k, v in value["dict"]}
    settings = {name: _value(each) for name, each in value["parameters"].items()}
    return SETTINGS[value["class"]](**settings)


# ------------------------------------------------------------------------------------------------
# Parts
# ------------------------------------------------------------------------------------------------


def _network(document: dict[str, Any], arrays: Arrays) -> Network:
    shared, members = document["network"], document["members"]
    # "monotonic" is not in the first files.
    fields = {name: shared[name] for name in SHARED if name in shared}
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    loss, n_outputs = LOSSES[shared["loss"]], shared["n_outputs"]
    if len(fields["loss_parameters"]) not in (0, n_outputs * len(loss.parameters)):
        raise ValueError(f"{len(fields['loss_parameters'])} parameters of the loss")
    specs = []
    for i, member in enumerate(members):
        n_in = len(arrays[f"members.{i}.weights.0"])
        columns = tuple(InputColumn(*each) for each in member["columns"])
        specs.append(
            NetworkSpec(
                (n_in, *shared["hidden"], n_outputs),
                columns=columns, scaled_inputs=member["scaled_inputs"], **fields,
            )
        )  # fmt: skip
    network = Network(specs, np.empty(0, document["dtype"]))
    n_values = sum(layout.n_values for layout in network.layouts)
    network.values = np.empty(n_values, document["dtype"])
    for i, layout in enumerate(network.layouts):
        for name, view in layout.named(network.of_member(i)).items():
            view[...] = arrays[f"members.{i}.{name}"]
    return network


def _weights(document: dict[str, Any]) -> np.ndarray | None:
    """Weights of the members; None if they are equal."""
    weights = np.array([member["weight"] for member in document["members"]], dtype=float)
    return None if (weights == weights[0]).all() else weights


def _inputs(document: dict[str, Any], arrays: Arrays, network: Network) -> TableInputs | None:
    encoding = document["encoding"]
    if encoding is None:
        return None
    encoder = _encoder(encoding, arrays)
    inputs = StoredInputs(encoder.categorical_features, encoder.scaling, None, network.n_members)
    inputs.encoder, inputs.n_rows = encoder, encoding["n_rows"]
    inputs.is_embedded = tuple(encoding["is_embedded"])
    inputs.edges = {n: _edges(n, arrays) for n in encoding["n_bins"]}
    inputs.embeddings = [
        StoredColumns(spec.columns, member["n_bins"])
        for spec, member in zip(network.specs, document["members"], strict=True)
    ]
    return inputs


def _encoder(encoding: dict[str, Any], arrays: Arrays) -> TableEncoder:
    is_categorical = [column["kind"] == "category" for column in encoding["columns"]]
    encoder = TableEncoder(is_categorical, encoding["scaling"])
    encoder.names = tuple(column["name"] for column in encoding["columns"])
    encoder.is_categorical = np.array(is_categorical, dtype=bool)
    encoder.scaler = scaler = NumericScaler(encoding["scaling"])
    for name in ("center", "scale", "imputation", "percentiles"):
        setattr(scaler, name, arrays[name].copy())
    scaler.indicated = np.array(encoding["indicated"], dtype=np.int64)
    scaler.labels, scaler.late, scaler.n_late = tuple(encoding["labels"]), {}, {}
    encoder.categories = tuple(
        Categories(tuple(map(scalar, each["values"])), each["has_missing"])
        for each in encoding["categories"]
    )
    return encoder


def _edges(n_bins: int, arrays: Arrays) -> BinEdges:
    edges, counts = BinEdges(n_bins), arrays[f"edges.{n_bins}.counts"]
    values = arrays[f"edges.{n_bins}.values"].copy()
    edges.edges = np.split(values, np.cumsum(counts)[:-1]) if counts.size else []
    return edges


def _task(document: dict[str, Any], arrays: Arrays) -> Task:
    found, loss = document["task"], document["network"]["loss"]
    if found["kind"] == "number":
        return _numeric_targets(found, loss, arrays)
    if found["kind"] == "columns":
        classes = [classes_of(each) for each in found["columns"]]
        return LabelColumns(classes, LOSSES[loss].public_name, None, None)  # type: ignore[arg-type]
    kind = {"class": ClassLabels, "labels": LabelIndicators}[found["kind"]]
    # The public name of the loss, and no further training.
    task: Any = kind(classes_of(found), LOSSES[loss].public_name, None, None)
    if found["kind"] == "class":
        task.sole_class = found["sole_class"]
    return task


def _numeric_targets(found: dict[str, Any], loss: str, arrays: Arrays) -> NumericTargets:
    task = object.__new__(NumericTargets)
    task.loss, task.target_scaling = loss, found["target_scaling"]
    # A loss without parameters has rows without columns.
    n_rows = len(found["parameters"])
    task.parameters = np.array(found["parameters"], dtype=float).reshape(n_rows, -1)
    task.scaler = None
    if task.target_scaling is not None:
        task.scaler = scaler = TargetScaler(centered=found["centered"])
        for name in ("mean", "scale", "low", "high"):
            setattr(scaler, name, arrays[f"target.{name}"].copy())
        scaler._set_unit()
        scaler.is_late = np.zeros(scaler.mean.shape, dtype=bool)
        scaler.late, scaler.n_late = None, 0
    return task


#: Names of the types of fitted estimators, for ``skops.io.load(file, trusted=SKOPS_TRUSTED)``.
#: None of them executes what is in a file.
SKOPS_TRUSTED = [
    f"{each.__module__}.{each.__qualname__}"
    for each in (
        *ESTIMATORS.values(), *SETTINGS.values(), FittedModel, TableInputs, StoredInputs,
        StoredColumns, TableEncoder, NumericScaler, Categories, BinEdges, Network, NetworkSpec,
        InputColumn, ClassLabels, LabelIndicators, LabelColumns, NumericTargets, TargetScaler,
        TrainingState, History, Seeds, NoImprovement, Beginning, Data, Scores, np.dtype,
    )
]  # fmt: skip
