"""Checks of what a file says, before anything is made of it.

Both readers rely on them: that of ``skdnn`` runs compiled code, which does not check bounds. The
fields are described in ``skdnn/estimators/_document.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from reprlib import repr as short
from typing import Any, NamedTuple

import numpy as np

from skdnn_light.activations import ACTIVATIONS
from skdnn_light.conformal import n_bands

Arrays = Mapping[str, np.ndarray]
#: Names of arrays and their shapes.
Shapes = dict[str, tuple[int, ...]]

#: Classes or categories beyond 64 bits.
_MOST_HUGE = 1000
#: Kinds of NumPy's dtypes that classes can have, beside text.
_CLASS_KINDS = "biufO"
#: Limit of sizes: a byte holds the number of a bin, and an int32 the code of a category.
_MOST_BINS, _MOST = 2**8, 2**31 - 1
_N_PERCENTILES = 101


class Sizes(NamedTuple):
    """What there is in an encoded row."""

    n_numbers: int
    n_indicators: int
    #: Number of codes above 0 of each categorical column.
    n_codes: list[int]
    #: n_bins -> number of bins of each numeric column.
    bin_counts: dict[int, list[int]]

    def sources(self, n_bins: int) -> dict[str, list[int]]:
        """Kind of input columns -> the number of bins or codes of each source, 0 for numbers."""
        codes = dict.fromkeys(("one_hot", "binary", "embedding"), self.n_codes)
        numbers = [0] * self.n_numbers
        return {
            "number": numbers + [0] * self.n_indicators,
            "periodic": numbers,
            "bins": self.bin_counts[n_bins] if n_bins else [],
            **codes,
        }


def check(document: dict[str, Any], arrays: Arrays) -> None:
    """Raise unless a document and its arrays describe a model.

    Parameters
    ----------
    document : dict
    arrays : mapping of str to array

    Raises
    ------
    ValueError, KeyError, TypeError, OverflowError
    """
    one_of("estimator", document["estimator"], ("DNNClassifier", "DNNRegressor"))
    text("skdnn_version", document["skdnn_version"])
    if not isinstance(document["parameters"], dict):
        raise _wrong("parameters", document["parameters"], "a dictionary")
    n_features, names = count("n_features", document["n_features"], 1), document["feature_names"]
    if names is not None:
        _different("feature_names", [text("feature_names", name) for name in names], n_features)
    network, members = document["network"], items("members", document["members"])
    hidden = [count("hidden", size, 1) for size in items("hidden", network["hidden"])]
    # So that the names of the arrays are not many more than the arrays.
    if not 1 <= len(members) * (len(hidden) + 1) <= len(arrays):
        raise ValueError(f"there are not the arrays of {len(members)} members")
    _check_network(network, len(hidden))
    shapes: Shapes = {}
    sizes = _check_encoding(document["encoding"], n_features, arrays, shapes)
    for i, member in enumerate(members):
        n_in = _check_member(f"members.{i}", member, sizes, n_features, shapes)
        shapes |= _layers(f"members.{i}", [n_in, *hidden, network["n_outputs"]], network)
    total = sum(number("weight", member["weight"], np.nextafter(0, 1)) for member in members)
    if not abs(total - 1) < 1e-6:
        raise ValueError(f"the weights of the members sum to {total}")
    _check_task(document, shapes)
    _check_conformal(document, shapes)
    dtype = one_of("dtype", document["dtype"], ("float32", "float64"))
    _check_arrays(arrays, shapes, np.dtype(dtype))


# ------------------------------------------------------------------------------------------------
# Values
# ------------------------------------------------------------------------------------------------


def _wrong(name: str, value: Any, expected: str) -> ValueError:
    return ValueError(f"{name} is {short(value)} instead of {expected}")


def items(name: str, value: Any, length: int | None = None) -> list:
    """A list, of a length."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise _wrong(name, value, "a list" if length is None else f"a list of {length}")
    return value


def count(name: str, value: Any, least: int = 0, most: int = _MOST) -> int:
    """A whole number in a range."""
    if type(value) is not int or not least <= value <= most:
        raise _wrong(name, value, f"an integer from {least} to {most}")
    return value


def number(name: str, value: Any, least: float = -np.inf) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not least <= value < np.inf:
        raise _wrong(name, value, f"a finite number of at least {least}")
    return float(value)


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    return value


def one_of(name: str, value: Any, accepted: Sequence) -> Any:
    if not any(type(value) is type(each) and value == each for each in accepted):
        raise _wrong(name, value, f"one of {accepted}")
    return value


def scalar(value: Any) -> Any:
    """A class or a category: text, bool or a number; ``{"number": "inf"}`` is infinite."""
    if isinstance(value, dict):
        value = float(one_of("number", value["number"], ("inf", "-inf")))
    if not isinstance(value, str | bool | int | float):
        raise _wrong("a value", value, "text, bool or a number")
    return value


def classes_of(task: dict[str, Any]) -> np.ndarray:
    """The classes of a task, (n_classes,), in their dtype."""
    values = [scalar(each) for each in items("classes", task["classes"])]
    name = text("class_dtype", task["class_dtype"])
    if name == "str":
        return np.array([text("classes", value) for value in values], dtype=str)
    if np.dtype(name).kind not in _CLASS_KINDS:
        raise _wrong("class_dtype", name, "the name of a dtype of classes")
    classes = np.array(values, dtype=name)
    if classes.tolist() != values:
        raise ValueError(f"the classes are not of dtype {name}")
    return classes


def _different(name: str, values: list, length: int) -> None:
    # Many of these could have the same hash: comparing them would take quadratic time.
    if sum(isinstance(each, int) and abs(each) >= 2**64 for each in values) > _MOST_HUGE:
        raise ValueError(f"{name} are more than {_MOST_HUGE} integers beyond 64 bits")
    if len(values) != length or len(set(values)) != length:
        raise _wrong(name, values, f"{length} different values")


# ------------------------------------------------------------------------------------------------
# Parts
# ------------------------------------------------------------------------------------------------


def _check_network(network: dict[str, Any], n_hidden: int) -> None:
    one_of("activation", network["activation"], list(ACTIVATIONS))
    one_of("normalization", network["normalization"], (None, "batch", "layer"))
    text("loss", network["loss"])
    for rate in items("dropout", network["dropout"], n_hidden + 1):
        if not number("dropout", rate, 0) < 1:
            raise _wrong("dropout", rate, "a rate below 1")
    for value in items("loss_parameters", network["loss_parameters"]):
        number("loss_parameters", value)
    n_outputs = count("n_outputs", network["n_outputs"], 1)
    if n_outputs % count("outputs_per_target", network["outputs_per_target"], 1):
        raise _wrong("outputs_per_target", network["outputs_per_target"], "a divisor of n_outputs")


def _check_encoding(
    encoding: dict[str, Any] | None, n_features: int, arrays: Arrays, shapes: Shapes
) -> Sizes | None:
    if encoding is None:
        return None
    kinds = []
    for column in items("columns", encoding["columns"], n_features):
        text("name", column["name"])
        kinds.append(one_of("kind", column["kind"], ("number", "category")))
    one_of("scaling", encoding["scaling"], ("robust", "standard", None))
    n_numbers, n_categorical = kinds.count("number"), kinds.count("category")
    for label in items("labels", encoding["labels"], n_numbers):
        text("labels", label)
    indicated = [
        count("indicated", j, 0, n_numbers - 1) for j in items("indicated", encoding["indicated"])
    ]
    _different("indicated", indicated, len(indicated))
    count("n_rows", encoding["n_rows"])
    for each in items("is_embedded", encoding["is_embedded"], n_categorical):
        one_of("is_embedded", each, (True, False))
    n_codes = []
    for each in items("categories", encoding["categories"], n_categorical):
        values = [scalar(value) for value in items("values", each["values"])]
        _different("categories", values, len(values))
        n_codes.append(len(values) + one_of("has_missing", each["has_missing"], (True, False)))
    shapes |= dict.fromkeys(("center", "scale", "imputation"), (n_numbers,))
    shapes["percentiles"] = n_numbers, _N_PERCENTILES
    n_bins = [count("n_bins", n, 1, _MOST_BINS) for n in items("n_bins", encoding["n_bins"])]
    _different("n_bins", n_bins, len(n_bins))
    bin_counts = {n: _bin_counts(n, n_numbers, arrays, shapes) for n in n_bins}
    return Sizes(n_numbers, len(indicated), n_codes, bin_counts)


def _bin_counts(n_bins: int, n_numbers: int, arrays: Arrays, shapes: Shapes) -> list[int]:
    """Number of bins of each numeric column."""
    name = f"edges.{n_bins}"
    counts = arrays[f"{name}.counts"]
    if counts.shape != (n_numbers,) or counts.dtype != np.int64:
        raise ValueError(f"{name}.counts is not an integer for each numeric column")
    found = counts.tolist()
    for n_edges in found:
        count(f"{name}.counts", n_edges, 2, n_bins + 1)
    shapes |= {f"{name}.counts": (n_numbers,), f"{name}.values": (sum(found),)}
    for edges in np.split(arrays[f"{name}.values"], np.cumsum(found)[:-1]) if found else []:
        # A constant column has a bin without end.
        finite = edges[:1] if edges.size == 2 and edges[1] == np.inf else edges
        if not (np.isfinite(finite).all() and (edges[:-1] < edges[1:]).all()):
            raise ValueError(f"{name}.values do not increase")
    return [n_edges - 1 for n_edges in found]


def _check_member(
    name: str, member: dict[str, Any], sizes: Sizes | None, n_features: int, shapes: Shapes
) -> int:
    """Check what the inputs of a member are made of; return their number."""
    columns = items(f"{name}.columns", member["columns"])
    n_bins, is_scaled = count("n_bins", member["n_bins"]), member["scaled_inputs"]
    one_of("scaled_inputs", is_scaled, (True, False))
    if sizes is None:
        if columns or n_bins or is_scaled:
            raise ValueError(f"{name} has columns, but there is no encoding")
        return n_features
    if n_bins and n_bins not in sizes.bin_counts:
        raise _wrong(f"{name}.n_bins", n_bins, "one of those of the encoding")
    if not columns:
        raise ValueError(f"{name} has no columns")
    sources, n_in = sizes.sources(n_bins), 0
    for k, column in enumerate(columns):
        n_params, width = _check_column(f"{name}.columns.{k}", column, sources)
        n_in += width
        if n_params:
            shapes[f"{name}.columns.{k}"] = (n_params,)
    if is_scaled:
        shapes[f"{name}.scales"] = (n_in,)
    return n_in


def _check_column(name: str, column: Any, sources: dict[str, list[int]]) -> tuple[int, int]:
    """Check the inputs of a column; return the numbers of its parameters and of its inputs."""
    kind, source, width, size, sigma = items(name, column, 5)
    of_kind = sources[one_of(f"{name}: the kind", kind, list(sources))]
    count(f"{name}: the source", source, 0, len(of_kind) - 1)
    count(f"{name}: the width", width, 1)
    count(f"{name}: the size", size)
    number(f"{name}: sigma", sigma, 0)
    n_known = of_kind[source]
    right = {
        "number": width == 1,
        "periodic": size >= 1,
        "bins": width == size == n_known,
        "one_hot": width == size >= n_known,
        "binary": width == 1 and size == 2 >= n_known,
        "embedding": size >= n_known,
    }[kind]
    if not right:
        raise ValueError(f"{name}: {kind} of width {width} and size {size} for {n_known} values")
    n_params = {"periodic": size * (2 + width) + width, "embedding": (size + 1) * width}
    return n_params.get(kind, 0), width


def _layers(name: str, sizes: list[int], network: dict[str, Any]) -> Shapes:
    """Shapes of the arrays of the dense layers."""
    shapes: Shapes = {}
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        shapes |= {f"{name}.weights.{k}": (n_in, n_out), f"{name}.biases.{k}": (n_out,)}
        if network["normalization"] is not None and k < len(sizes) - 2:
            shapes[f"{name}.gains.{k}"] = (n_out,)
            if network["normalization"] == "batch":
                shapes |= {f"{name}.{each}.{k}": (n_out,) for each in ("means", "variances")}
    return shapes


def _check_task(document: dict[str, Any], shapes: Shapes) -> None:
    task, network = document["task"], document["network"]
    kinds = {"DNNClassifier": ("class", "labels", "columns"), "DNNRegressor": ("number",)}
    kind = one_of("task", task["kind"], kinds[document["estimator"]])
    if kind == "number":
        _check_numbers(task, network, shapes)
        return
    if kind == "columns":
        _check_columns(task, network)
        return
    classes = _checked_classes(task)
    is_softmax = kind == "class" and classes.size > 2
    one_of("link", task["link"], ("softmax",) if is_softmax else ("logistic",))
    n_outputs = classes.size if is_softmax or kind == "labels" else 1
    if (network["n_outputs"], network["outputs_per_target"]) != (n_outputs, 1):
        raise _wrong("n_outputs", network["n_outputs"], str(n_outputs))
    if classes.size == 1 and kind == "class":
        one_of("sole_class", task["sole_class"], (0,))
    elif task["sole_class"] is not None:
        count("sole_class", task["sole_class"], 0, classes.size - 1)


def _checked_classes(task: dict[str, Any]) -> np.ndarray:
    classes = classes_of(task)
    _different("classes", classes.tolist(), max(1, classes.size))
    return classes


def _check_columns(task: dict[str, Any], network: dict[str, Any]) -> None:
    one_of("link", task["link"], ("softmax of columns",))
    sizes = [_checked_classes(each).size for each in items("columns", task["columns"])]
    if (network["n_outputs"], network["outputs_per_target"]) != (sum(sizes), 1):
        raise _wrong("n_outputs", network["n_outputs"], str(sum(sizes)))


def _check_numbers(task: dict[str, Any], network: dict[str, Any], shapes: Shapes) -> None:
    link, n_each = (
        one_of("link", task["link"], ("identity", "exp", "normal")),
        network["outputs_per_target"],
    )
    if link == "normal":
        one_of("outputs_per_target", n_each, (2,))
        number("least_deviation", task["least_deviation"], np.nextafter(0, 1))
    rows = items("parameters", task["parameters"], n_each)
    for row in rows:
        for value in items("parameters", row, len(rows[0])):
            number("parameters", value)
    levels = [number("levels", level, 0) for level in items("levels", task["levels"])]
    if levels and (levels != [row[0] for row in rows] or task["link"] != "identity"):
        raise _wrong("levels", levels, "the parameters of the loss")
    if any(not low < high for low, high in pairwise([0.0, *levels, 1.0])):
        raise _wrong("levels", levels, "increasing levels in (0, 1)")
    if one_of("target_scaling", task["target_scaling"], ("standard", None)) is not None:
        one_of("centered", task["centered"], (True, False))
        n_targets = network["n_outputs"] // n_each
        shape = () if n_targets == 1 else (n_targets,)
        shapes |= {f"target.{name}": shape for name in ("mean", "scale", "low", "high")}


def _check_conformal(document: dict[str, Any], shapes: Shapes) -> None:
    found, task, n_columns = document.get("conformal"), document["task"], 1
    if found is None:
        return
    if task["kind"] == "number":
        n_targets = document["network"]["n_outputs"] // document["network"]["outputs_per_target"]
        n_columns = n_targets * n_bands(max(1, len(task["levels"])))
    elif task["kind"] != "class":
        raise _wrong("conformal", found, "null")
    one_of("n_columns", found["n_columns"], (n_columns,))
    count("n_lost", found["n_lost"])
    shape = n_columns, count("n_rows", found["n_rows"], 1)
    shapes |= dict.fromkeys(("conformal.values", "conformal.cumulative"), shape)


def _check_arrays(arrays: Arrays, shapes: Shapes, dtype: np.dtype) -> None:
    for name in sorted(arrays.keys() ^ shapes.keys()):
        raise ValueError(f"the array {name!r} {'is missing' if name in shapes else 'has no use'}")
    for name, shape in shapes.items():
        array, last = arrays[name], name.rpartition(".")[2]
        expected = dtype if name.startswith("members.") else np.dtype(np.float64)
        expected = np.dtype(np.int64) if last == "counts" else expected
        if array.shape != shape or array.dtype != expected:
            raise ValueError(
                f"{name!r} is {array.dtype} of shape {array.shape}, not {expected} of {shape}"
            )
        # Bins may have no end, and a column without values has no percentiles.
        if not (name.startswith(("edges.", "percentiles")) or np.isfinite(array).all()):
            raise ValueError(f"{name!r} has numbers that are not finite")
        if name.startswith("conformal.") and (array[:, 1:] < array[:, :-1]).any():
            raise ValueError(f"{name!r} decreases")
        if ".variances." in name and (array < 0).any():
            raise ValueError(f"{name!r} has numbers below 0")
    if "target.scale" in arrays and (
        (arrays["target.scale"] <= 0).any() or (arrays["target.low"] > arrays["target.high"]).any()
    ):
        raise ValueError("the range or the scale of the targets is wrong")
