"""Saved models: read what ``save`` of an estimator has written.

A file holds what predictions need and the parameters, as text and arrays (``skdnn_light.files``);
nothing in it is executed. Later versions of skdnn read the files of earlier ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skdnn.estimators._document import SHARED
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._labels import ClassLabels, LabelIndicators, Labels
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.estimators._tasks import Task
from skdnn.estimators.classifier import DNNClassifier
from skdnn.estimators.regressor import DNNRegressor
from skdnn.network.embeddings import NumericEmbedding, Periodic, PiecewiseLinear
from skdnn.network.layout import Layout
from skdnn.network.losses import Huber, Quantile, Tweedie
from skdnn.network.network import Network
from skdnn.network.spec import InputColumn, NetworkSpec
from skdnn.tabular.bins import BinEdges
from skdnn.tabular.categories import Categories
from skdnn.tabular.encoder import TableEncoder
from skdnn.tabular.numeric import NumericScaler
from skdnn.tabular.targets import TargetScaler
from skdnn.training.schedules import Cosine, CosLog, OneCycle
from skdnn_light.files import read

Arrays = dict[str, np.ndarray]

ESTIMATORS = {each.__name__: each for each in (DNNClassifier, DNNRegressor)}
SETTINGS = {
    each.__name__: each
    for each in (Huber, Quantile, Tweedie, Periodic, PiecewiseLinear, Cosine, CosLog, OneCycle)
}
#: Rounding error of the sum of the weights of members.
WEIGHT_TOLERANCE = 1e-9
#: Kinds of NumPy's dtypes that classes can have, beside text.
_CLASS_KINDS = "biufO"


class StoredEmbedding(NumericEmbedding):
    """The input columns of a member as they were stored.

    Parameters
    ----------
    stored : tuple of InputColumn
    n_bins : int
    scaled_inputs : bool
    """

    def __init__(
        self, stored: tuple[InputColumn, ...] = (), n_bins: int = 0, scaled_inputs: bool = False
    ) -> None:
        self.stored, self.n_bins, self.scaled_inputs = stored, n_bins, scaled_inputs

    def columns(self, source: int, n_bins: int) -> list[InputColumn]:
        """Those of the numeric column ``source``, without its indicator."""
        return [c for c in self.stored if c.source == source and not c.is_categorical]


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
    except RecursionError as error:
        raise ValueError("A damaged skdnn model: it is nested too deeply.") from error
    except Exception as error:
        # Whatever is wrong in a document shows in one of the constructors.
        raise ValueError(f"A damaged skdnn model: {error!r}.") from error


def _estimator(document: dict[str, Any], arrays: Arrays) -> Any:
    parameters = {name: _value(each) for name, each in document["parameters"].items()}
    estimator = ESTIMATORS[document["estimator"]](**parameters)
    estimator.check_params()
    network = _network(document, arrays)
    inputs = _inputs(document, arrays, network)
    task = _task(document, arrays)
    model = FittedModel(inputs, network, task, _weights(document))
    model.check()
    estimator.n_features_in_ = _count(document["n_features"])
    if document["feature_names"] is not None:
        names = np.array([_text(name) for name in document["feature_names"]], dtype=object)
        _expect("feature_names", names.size, estimator.n_features_in_)
        estimator.feature_names_in_ = names
    n_columns = estimator.n_features_in_ if inputs is None else len(inputs.encoder.names)
    _expect("columns", n_columns, estimator.n_features_in_)
    if inputs is None:
        _expect("inputs", network.spec.n_in, n_columns)
    if isinstance(task, Labels):
        estimator.classes_ = task.classes
    estimator.do_early_stopping_ = False
    estimator._set_network_attributes(model)
    estimator._model, estimator._progress = model, None
    return estimator


# ------------------------------------------------------------------------------------------------
# Values
# ------------------------------------------------------------------------------------------------


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


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {value!r}")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"expected a number of things, got {value!r}")
    return value


def _expect(name: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise ValueError(f"{name}: {found} instead of {expected}")


def _array(arrays: Arrays, name: str, *shape: int) -> np.ndarray:
    """A float64 array of a shape."""
    array = arrays[name]
    _expect(f"shape of {name}", array.shape, shape)
    _expect(f"dtype of {name}", array.dtype, np.dtype(np.float64))
    return array.copy()


# ------------------------------------------------------------------------------------------------
# Parts
# ------------------------------------------------------------------------------------------------


def _network(document: dict[str, Any], arrays: Arrays) -> Network:
    shared, dtype = document["network"], document["dtype"]
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype {dtype!r}")
    fields = {name: shared[name] for name in SHARED}
    fields["dropout"] = tuple(_value(fields["dropout"]))
    fields["loss_parameters"] = tuple(_value(fields["loss_parameters"]))
    hidden = [_count(size) for size in shared["hidden"]]
    specs, parts = [], []
    for i, member in enumerate(document["members"]):
        columns = tuple(InputColumn(*each) for each in member["columns"])
        n_in = sum(c.width for c in columns) or _count(document["n_features"])
        weights = arrays[f"members.{i}.weights.0"]
        _expect("inputs", weights.shape[0], n_in)
        spec = NetworkSpec(
            (n_in, *hidden, _count(shared["n_outputs"])),
            columns=columns, scaled_inputs=member["scaled_inputs"] is True, **fields,
        )  # fmt: skip
        specs.append(spec)
        parts.append(_values(spec, i, arrays, np.dtype(dtype)))
    return Network(specs, np.concatenate(parts))


def _values(spec: NetworkSpec, member: int, arrays: Arrays, dtype: np.dtype) -> np.ndarray:
    """Parameters and buffers of a member."""
    layout, prefix = Layout(spec), f"members.{member}."
    found = {name: each for name, each in arrays.items() if name.startswith(prefix)}
    # Before anything of this size is allocated.
    _expect("values", sum(each.size for each in found.values()), layout.n_values)
    values = np.empty(layout.n_values, dtype)
    for name, view in layout.named(values).items():
        array = found[prefix + name]
        _expect(f"shape of {name}", array.shape, view.shape)
        _expect(f"dtype of {name}", array.dtype, dtype)
        view[...] = array
    if not np.isfinite(values).all():
        raise ValueError("weights are not finite")
    return values


def _weights(document: dict[str, Any]) -> np.ndarray | None:
    """Weights of the members; None if they are equal."""
    weights = np.array([member["weight"] for member in document["members"]], dtype=float)
    if not ((weights > 0).all() and abs(weights.sum() - 1) < WEIGHT_TOLERANCE):
        raise ValueError(f"weights of members {weights}")
    return None if (weights == weights[0]).all() else weights


def _inputs(document: dict[str, Any], arrays: Arrays, network: Network) -> TableInputs | None:
    encoding = document["encoding"]
    if encoding is None:
        if any(spec.columns for spec in network.specs):
            raise ValueError("columns without an encoding")
        return None
    encoder = _encoder(encoding, arrays)
    inputs = TableInputs(encoder.categorical_features, encoder.scaling, None, network.n_members)
    inputs.encoder, inputs.n_rows = encoder, _count(encoding["n_rows"])
    inputs.is_embedded = tuple(each is True for each in encoding["is_embedded"])
    _expect("is_embedded", len(inputs.is_embedded), len(encoder.categories))
    inputs.edges = {n: _edges(n, encoder.n_numeric, arrays) for n in encoding["n_bins"]}
    embeddings = []
    for spec, member in zip(network.specs, document["members"], strict=True):
        n_bins = _count(member["n_bins"])
        if n_bins and n_bins not in inputs.edges:
            raise ValueError(f"there are no edges of {n_bins} bins")
        embeddings.append(StoredEmbedding(spec.columns, n_bins, spec.scaled_inputs))
    inputs.embeddings = embeddings
    return inputs


def _encoder(encoding: dict[str, Any], arrays: Arrays) -> TableEncoder:
    names = tuple(_text(column["name"]) for column in encoding["columns"])
    kinds = [{"number": False, "category": True}[c["kind"]] for c in encoding["columns"]]
    n_numbers = kinds.count(False)
    encoder = TableEncoder(kinds, encoding["scaling"])
    encoder.names, encoder.is_categorical = names, np.array(kinds, dtype=bool)
    scaler = NumericScaler(encoding["scaling"])
    for name in ("center", "scale", "imputation"):
        setattr(scaler, name, _array(arrays, name, n_numbers))
    scaler.percentiles = _array(arrays, "percentiles", n_numbers, 101)
    scaler.indicated = np.array([_count(j) for j in encoding["indicated"]], dtype=np.int64)
    if scaler.indicated.size and scaler.indicated.max() >= n_numbers:
        raise ValueError("indicated columns that do not exist")
    scaler.labels, scaler.late, scaler.n_late = tuple(map(_text, encoding["labels"])), {}, {}
    _expect("labels", len(scaler.labels), n_numbers)
    encoder.scaler = scaler
    encoder.categories = tuple(
        Categories(tuple(_value(value) for value in each["values"]), each["has_missing"] is True)
        for each in encoding["categories"]
    )
    _expect("categories", len(encoder.categories), kinds.count(True))
    return encoder


def _edges(n_bins: Any, n_numbers: int, arrays: Arrays) -> BinEdges:
    edges = BinEdges(_count(n_bins))
    counts = arrays[f"edges.{n_bins}.counts"]
    _expect("counts", counts.shape, (n_numbers,))
    if counts.size and not 2 <= counts.min() <= counts.max() <= n_bins + 1:
        raise ValueError(f"a column with fewer than 1 or more than {n_bins} bins")
    values = _array(arrays, f"edges.{n_bins}.values", int(counts.sum()))
    edges.edges = np.split(values, np.cumsum(counts)[:-1]) if counts.size else []
    if any(not (each[:-1] < each[1:]).all() for each in edges.edges):
        raise ValueError("edges that do not increase")
    return edges


def _task(document: dict[str, Any], arrays: Arrays) -> Task:
    found = document["task"]
    if found["kind"] == "number":
        return _number_task(document, arrays)
    kind = {"class": ClassLabels, "labels": LabelIndicators}[found["kind"]]
    values, dtype = [_value(each) for each in found["classes"]], found["class_dtype"]
    if dtype == "str":
        classes = np.array([_text(value) for value in values])
    else:
        if np.dtype(dtype).kind not in _CLASS_KINDS:
            raise ValueError(f"classes of dtype {dtype!r}")
        classes = np.array(values, dtype=dtype)
    _expect("dimensions of classes", classes.ndim, 1)
    # The public name of the loss, and no further training.
    task: Any = kind(classes, document["network"]["loss"].removeprefix("binary_"), None, None)
    sole = found["sole_class"]
    if found["kind"] == "class":
        if sole is not None and not 0 <= _count(sole) < classes.size:
            raise ValueError(f"sole class {sole}")
        task.sole_class = sole
    return task


def _number_task(document: dict[str, Any], arrays: Arrays) -> NumericTargets:
    found, task = document["task"], object.__new__(NumericTargets)
    task.loss, task.target_scaling = document["network"]["loss"], found["target_scaling"]
    task.parameters = np.array(_value(found["parameters"]), dtype=float)
    if task.parameters.ndim != 2:
        # A loss without parameters has rows without columns.
        task.parameters = np.empty((len(found["parameters"]), 0))
    task.scaler = None
    if found["target_scaling"] is not None:
        scaler = TargetScaler(centered=found["centered"] is True)
        shape = arrays["target.mean"].shape
        for name in ("mean", "scale", "low", "high"):
            setattr(scaler, name, _array(arrays, f"target.{name}", *shape))
        if not (np.isfinite(scaler.mean).all() and (scaler.scale > 0).all()):
            raise ValueError("the scale of the target is not positive")
        scaler._set_unit()
        scaler.is_late, scaler.late, scaler.n_late = np.zeros(shape, dtype=bool), None, 0
        task.scaler = scaler
    return task
