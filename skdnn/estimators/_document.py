"""A fitted estimator as plain data: a document that JSON can hold, and arrays.

It has all that a prediction needs, and the parameters; not the state of the training. Saved files,
ONNX graphs and pages are made of it.

Document
--------
estimator : "DNNClassifier" or "DNNRegressor"
skdnn_version : str
parameters : dict
    Parameters of the constructor. An object with settings is ``{"class": name, "parameters":
    dict}``, an infinite number ``{"number": "inf"}``, a tuple ``{"tuple": list}``.
omitted : list of str
    Parameters with other values, such as functions, and those of a subclass.
n_features, feature_names : int; list of str or null
dtype : "float32" or "float64"
    Dtype of the networks.
encoding : dict or null
    Null if the inputs are the numbers of X. ``columns``, a list of ``{"name", "kind"}`` with kind
    "number" or "category"; ``scaling`` of the numbers and the columns that have a missing
    ``indicated``; ``labels`` of the numbers in messages; ``categories``, a list of ``{"values",
    "has_missing"}``; ``n_bins``, a list; ``is_embedded`` of the categories; ``n_rows``.
network : dict
    Fields of ``NetworkSpec`` that members share; ``hidden`` are the sizes of the hidden layers.
members : list of dict
    ``columns``, a list of ``[kind, source, width, size, sigma]`` (see ``InputColumn``), or empty;
    ``scaled_inputs``; ``n_bins`` of the bins that ``columns`` refer to; ``weight`` in the mean of
    the members' predictions; all weights together are 1.
task : dict
    ``kind`` "class", "labels", "columns" or "number"; the fields of the task.
    ``least_deviation`` only with the link "normal".
conformal : dict or null
    Of the scores for intervals or sets: ``n_columns``, ``n_rows``, ``n_lost``. Missing in the files
    of early versions.

Arrays
------
members.I.NAME
    See ``Layout.named``.
center, scale, imputation : (n_numbers,)
percentiles : (n_numbers, 101)
edges.N.values, edges.N.counts
    Edges of at most N bins of all numbers, one after the other, and how many each has.
target.mean, target.scale, target.low, target.high : () or (n_targets,)
conformal.values, conformal.cumulative : (n_columns, n_rows)
    See ``skdnn_light.conformal.Scores``.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from skdnn._settings import SettingsObject
from skdnn.estimators._inputs import TableInputs
from skdnn.estimators._label_columns import LabelColumns
from skdnn.estimators._labels import ClassLabels, Labels
from skdnn.estimators._model import FittedModel
from skdnn.estimators._numbers import NumericTargets
from skdnn.network.embeddings import Periodic, PiecewiseLinear
from skdnn.network.losses import Huber, Quantile, Tweedie
from skdnn.tabular.encoder import TableEncoder
from skdnn.training.averages import LEAST_DEVIATION
from skdnn.training.schedules import Cosine, CosLog, OneCycle

Arrays = dict[str, np.ndarray]

#: Fields of ``NetworkSpec`` that all members share.
SHARED = (
    "activation", "dropout", "loss", "loss_parameters", "normalization", "outputs_per_target",
    "monotonic",
)  # fmt: skip


#: Objects with settings that a document can hold.
SETTINGS = {
    each.__name__: each
    for each in (Huber, Quantile, Tweedie, Periodic, PiecewiseLinear, Cosine, CosLog, OneCycle)
}


def document_of(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """The document and the arrays of a fitted estimator.

    Raises
    ------
    NotFittedError
    ValueError
        If classes or categories are not text, numbers or bool.
    """
    from skdnn import __version__

    model: FittedModel = estimator._fitted_model()
    estimator._check_attributes()
    cls = next(c for c in type(estimator).__mro__ if c.__module__.startswith("skdnn."))
    parameters, omitted = _parameters(estimator, cls)
    names = getattr(estimator, "feature_names_in_", None)
    encoding, arrays = _encoding(model.inputs) if model.inputs is not None else (None, {})
    network, members, values = _network(model)
    task, limits = _task(estimator, model)
    document = {
        "estimator": cls.__name__,
        "skdnn_version": __version__,
        "parameters": parameters,
        "omitted": omitted,
        "n_features": int(estimator.n_features_in_),
        "feature_names": None if names is None else names.tolist(),
        "dtype": str(model.network.dtype),
        "encoding": encoding,
        "network": network,
        "members": members,
        "task": task,
        "conformal": None,
    }
    if model.scores is not None:
        held, cumulative, n_lost = model.scores
        n_columns, n_rows = held.shape
        document["conformal"] = {"n_columns": n_columns, "n_rows": n_rows, "n_lost": n_lost}
        limits |= {"conformal.values": held, "conformal.cumulative": cumulative}
    return document, {**arrays, **limits, **values}


# ------------------------------------------------------------------------------------------------
# Values
# ------------------------------------------------------------------------------------------------


class _CannotHoldError(Exception):
    """JSON cannot hold a value."""


def plain(value: Any) -> Any:
    """A value as JSON can hold it: see ``parameters`` above."""
    if isinstance(value, SettingsObject):
        if SETTINGS.get(type(value).__name__) is not type(value):
            raise _CannotHoldError(type(value).__name__)
        settings = {k: plain(v) for k, v in value.get_params(deep=False).items()}
        return {"class": type(value).__name__, "parameters": settings}
    if isinstance(value, np.ndarray | pd.Index | pd.Series):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        items = [plain(each) for each in value]
        return {"tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    return scalar(value)


def scalar(value: Any) -> Any:
    """None, bool, text or a number as JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # ``str`` of an enumeration is the name of its member
    if isinstance(value, Integral):
        return int(value)
    # Not a fraction or a long double that a float only comes close to.
    if isinstance(value, Real) and (float(value) == value or value != value):
        number = float(value)
        return number if np.isfinite(number) else {"number": str(number)}
    raise _CannotHoldError(type(value).__name__)


def _parameters(estimator: Any, cls: type) -> tuple[dict[str, Any], list[str]]:
    """Parameters of a class of skdnn, and the names of those that cannot be held."""
    found, omitted = {}, []
    for name, value in estimator.get_params(deep=False).items():
        try:
            if name not in signature(cls).parameters:  # of a subclass
                raise _CannotHoldError
            found[name] = plain(value)
        except _CannotHoldError:
            omitted.append(name)
    return found, omitted


def _texts_and_numbers(values: Any, refuse: Callable[[str], ValueError]) -> list:
    try:
        return [scalar(value) for value in values]
    except _CannotHoldError as error:
        raise refuse(str(error)) from error


# ------------------------------------------------------------------------------------------------
# Parts
# ------------------------------------------------------------------------------------------------


def _encoding(inputs: TableInputs) -> tuple[dict[str, Any], Arrays]:
    encoder, scaler = inputs.encoder, inputs.encoder.scaler
    kinds = np.where(encoder.is_categorical, "category", "number").tolist()
    arrays = {
        name: getattr(scaler, name) for name in ("center", "scale", "imputation", "percentiles")
    }
    for n_bins, edges in inputs.edges.items():
        counts = np.array([each.size for each in edges.edges], dtype=np.int64)
        arrays[f"edges.{n_bins}.values"] = np.concatenate([np.empty(0), *edges.edges])
        arrays[f"edges.{n_bins}.counts"] = counts
    encoding = {
        "columns": [
            {"name": name, "kind": kind} for name, kind in zip(encoder.names, kinds, strict=True)
        ],
        "scaling": encoder.scaling,
        "indicated": scaler.indicated.tolist(),
        "labels": list(scaler.labels),
        "categories": _categories(encoder),
        "n_bins": list(inputs.edges),
        "is_embedded": list(inputs.is_embedded),
        "n_rows": inputs.n_rows,
    }
    return encoding, arrays


def _categories(encoder: TableEncoder) -> list[dict[str, Any]]:
    found = []
    for name, known in zip(encoder.categorical_names, encoder.categories, strict=True):

        def refuse(kind: str, name: str = name) -> ValueError:
            return ValueError(
                f"Column {name!r} holds categories of type {kind}, which a file cannot hold. Text, "
                "numbers and bool are accepted: convert the column before training."
            )

        values = _texts_and_numbers(known.values, refuse)
        found.append({"values": values, "has_missing": bool(known.has_missing)})
    return found


def _network(model: FittedModel) -> tuple[dict[str, Any], list[dict[str, Any]], Arrays]:
    network, inputs = model.network, model.inputs
    spec, weights = network.spec, model.member_weights
    shared = {name: _listed(getattr(spec, name)) for name in SHARED}
    shared |= {"hidden": list(spec.layer_sizes[1:-1]), "n_outputs": spec.n_out}
    members, arrays = [], {}
    for i, (own, layout) in enumerate(zip(network.specs, network.layouts, strict=True)):
        embedding = None if inputs is None else inputs.embeddings[i]
        members.append({
            "columns": [[c.kind, c.source, c.width, c.size, c.sigma] for c in own.columns],
            "scaled_inputs": bool(own.scaled_inputs),
            "n_bins": 0 if embedding is None else int(embedding.n_bins),
            "weight": float(weights[i]),
        })  # fmt: skip
        for name, array in layout.named(network.of_member(i)).items():
            arrays[f"members.{i}.{name}"] = array
    return shared, members, arrays


def _listed(value: Any) -> Any:
    return [scalar(each) for each in value] if isinstance(value, tuple) else value


def _stored_classes(classes: np.ndarray, refuse: Callable[[str], ValueError]) -> dict[str, Any]:
    """Classes and their dtype."""
    return {
        "classes": _texts_and_numbers(classes, refuse),
        "class_dtype": "str" if classes.dtype.kind in "UT" else str(classes.dtype),
    }


def _task(estimator: Any, model: FittedModel) -> tuple[dict[str, Any], Arrays]:
    task = model.task
    if isinstance(task, Labels):

        def refuse(kind: str) -> ValueError:
            return ValueError(
                f"Classes of type {kind} cannot be held by a file. Text, numbers and bool are "
                "accepted: convert y before training."
            )

        # Classes may have got other names.
        classes = estimator.classes_
        if isinstance(task, LabelColumns):
            columns = [_stored_classes(own, refuse) for own in classes]
            return {"kind": "columns", "link": model.link, "columns": columns}, {}
        found = {
            "kind": "class" if isinstance(task, ClassLabels) else "labels",
            "link": model.link,
            **_stored_classes(classes, refuse),
            "sole_class": getattr(task, "sole_class", None),
        }
        return found, {}
    assert isinstance(task, NumericTargets)
    scaler = task.scaler
    found = {"kind": "number", "link": model.link, "levels": list(task.levels)}
    found |= {"parameters": plain(task.parameters), "target_scaling": None}
    if task.has_deviation:
        found["least_deviation"] = LEAST_DEVIATION
    if scaler is None:
        return found, {}
    found |= {"target_scaling": task.target_scaling, "centered": bool(scaler.centered)}
    names = ("mean", "scale", "low", "high")
    return found, {f"target.{name}": np.asarray(getattr(scaler, name), float) for name in names}
