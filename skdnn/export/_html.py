"""A fitted estimator as a web page that predicts.

The page is one file: ``page.html`` with the document and arrays of a saved model, styles and
scripts in it. ``scorer.js`` computes predictions, ``page.js`` shows them; the rows come from a form
(``form.js``) or from a canvas that is drawn on (``drawing.js``).
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from math import prod
from numbers import Integral
from string import Template
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skdnn._warnings import warn
from skdnn.estimators._base import BaseDNN
from skdnn.estimators._document import document_of
from skdnn.estimators._saving import replace_file
from skdnn.estimators._tables import as_plain, rows_to_predict
from skdnn.export._outputs import check_task
from skdnn.tabular.categories import encode
from skdnn.tabular.schema import Columns
from skdnn_light.checks import scalar
from skdnn_light.files import DTYPES

#: Range of the sliders of a network that knows nothing of its columns.
UNKNOWN_RANGE = (-3.0, 3.0)
#: Columns that are wider keep all digits: rounding might overflow.
HUGE = 1e300
#: Rows of X that a page of images has as examples.
N_EXAMPLES = 20
#: Rows of X that the place and the size of what is drawn are learned from.
MOST_IMAGES = 10_000
#: Share of the range of the pixels that counts as ink.
LEAST_INK = 0.05
#: Bytes of a page above which there is a warning: mail and phones become slow.
LARGE = 7_000_000

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def to_html(
    model: Any,
    path: str | os.PathLike[str],
    *,
    X: Any = None,
    title: str | None = None,
    target_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
) -> None:
    """Write a web page that predicts.

    The page is a single file that works from disk without a network: a form made of the columns,
    the prediction, and the effect of each column on it. It holds the model, but no training rows
    besides those named at ``X``.

    Parameters
    ----------
    model : DNNClassifier or DNNRegressor
        Fitted.
    path : str or path
        The file; one with this name is replaced when the new one is complete.
    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Rows with the columns of the training. The form starts with the first one, otherwise with
        the medians of the numbers and the first category of the others. For a model that was
        trained on plain numbers (``feature_scaling=None`` and ``numeric_embedding=None``), the
        ranges of the sliders are learned from X; they are -3 to 3 without it. With
        ``image_shape``, size and place of what is drawn are learned from X, and the first 20 rows
        are examples in the page.
    title : str, default=None
        Heading of the page; None is the name of the class.
    target_names : sequence of str, default=None
        Names of the classes, labels or targets in the page, in the order of the model's outputs.
        None is ``classes_``, or "target 0", "target 1", ... For a single target, ``["price"]``.
    image_shape : tuple of (height, width), default=None
        The columns are the pixels of an image, row by row: the page has a canvas instead of a
        form. Ink is what has large numbers. A drawing is centered by its mass and scaled to the
        usual size of the images in X.

    Raises
    ------
    NotFittedError
    TypeError
        If the model is not one of these estimators, such as a pipeline.
    ValueError
        If X has other columns, if ``target_names`` or ``image_shape`` do not match the model, or
        if classes or categories are neither text nor numbers nor bool.

    Warns
    -----
    UserWarning
        If the file is larger than 7 MB.

    See Also
    --------
    skdnn.DNNClassifier.save : Save a model in a file for Python.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skdnn import DNNRegressor
    >>> from skdnn.export import to_html
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 3))
    >>> model = DNNRegressor(max_iter=5, random_state=0).fit(X, X[:, 0] ** 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "page.html")
    ...     to_html(model, path, X=X, title="A parabola")
    ...     size = os.path.getsize(path)
    >>> size < 1_000_000
    True
    """
    data = page_data(model, X, title, target_names, image_shape)
    _write(path, _assembled(data))


def page_data(
    model: Any,
    X: Any = None,
    title: str | None = None,
    target_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """What the scripts of a page read, as JSON can hold it; the parameters of ``to_html``.

    Returns
    -------
    data : dict
        ``title``; ``document`` and ``arrays`` of the model, with texts as categories and classes;
        ``targets``, names; ``columns``, a list of ``{"name", "kind", "start"}``, with ``values`` of
        the slider of a number, what their ``range`` is ("training", "usual" or null, if it is
        unknown), whether it ``may_be_missing`` and whether it was ``indicated``; ``image``, see
        ``_image``, or null.
    """
    if not isinstance(model, BaseDNN):
        raise TypeError(
            f"model must be a fitted DNNClassifier or DNNRegressor, got {type(model).__name__}. Of "
            "a pipeline, export the last step, whose columns are what the other steps return."
        )
    if not isinstance(title, str | None):
        raise TypeError(f"title must be text or None, got {title!r}.")
    document, arrays = document_of(model)
    check_task(document)
    # A page has no intervals.
    for name in ("parameters", "omitted", "conformal"):
        del document[name]
    arrays = {k: v for k, v in arrays.items() if not k.startswith("conformal.")}
    encoding, task = document["encoding"], document["task"]
    for known in [] if encoding is None else encoding["categories"]:
        known["values"] = _texts(known["values"])
    if "classes" in task:
        task["classes"] = _texts(task["classes"])
    # In the columns instead.
    percentiles = arrays.pop("percentiles", None)
    rows = None if X is None else rows_to_predict(model, X)
    if image_shape is not None:
        image = _image(model, document, rows, image_shape)
        columns = []
    else:
        image = None
        columns = _columns(model, document, percentiles, rows)
    return {
        "title": title or document["estimator"],
        "document": document,
        "arrays": {name: _array(array) for name, array in arrays.items()},
        "targets": _target_names(document, target_names),
        "columns": columns,
        "image": image,
    }


# ------------------------------------------------------------------------------------------------
# Parts of the data
# ------------------------------------------------------------------------------------------------


def _texts(values: list) -> list[str]:
    """Different texts of different values; JavaScript would round large integers."""
    known = [scalar(value) for value in values]
    texts = [str(value) for value in known]
    return texts if len(set(texts)) == len(texts) else [repr(value) for value in known]


def _array(array: np.ndarray) -> dict[str, Any]:
    dtype = array.dtype.newbyteorder("<")
    data = np.ascontiguousarray(array, dtype).tobytes()
    return {"dtype": _NAMES[dtype.str], "data": b64encode(data).decode()}


def _target_names(document: dict[str, Any], names: Sequence[str] | None) -> list[str]:
    network, task = document["network"], document["task"]
    if "classes" in task:
        known = task["classes"]
    else:
        n_targets = network["n_outputs"] // network["outputs_per_target"]
        known = ["prediction"] if n_targets == 1 else [f"target {j}" for j in range(n_targets)]
    if names is None:
        return list(known)
    if isinstance(names, str) or len(names) != len(known):
        n_names = f"{len(known)} name{'s' if len(known) > 1 else ''}"
        advice = f"the model predicts {', '.join(map(repr, known[:10]))}."
        if isinstance(names, str) and len(known) == 1:
            advice = f"use [{json.dumps(names, ensure_ascii=False)}]."
        raise ValueError(f"target_names must be a sequence of {n_names}, got {names!r}: {advice}")
    return [str(name) for name in names]


def _columns(
    model: Any, document: dict[str, Any], percentiles: np.ndarray | None, rows: Any
) -> list[dict[str, Any]]:
    encoding = document["encoding"]
    if encoding is None:
        names = document["feature_names"] or [f"x{j}" for j in range(document["n_features"])]
        kinds = ["number"] * len(names)
        numbers = None if rows is None else np.asarray(_dense(as_plain(model, rows)), float)
        percentiles = _percentiles(numbers, len(names))
    else:
        assert percentiles is not None
        names = [column["name"] for column in encoding["columns"]]
        kinds = [column["kind"] for column in encoding["columns"]]
    percentiles = np.array([_rounded(each) for each in percentiles]).reshape(-1, 101)
    start = _start(model, kinds, percentiles[:, 50], rows)
    indicated = [] if encoding is None else encoding["indicated"]
    known_range = "training" if encoding is not None else "usual" if rows is not None else None
    columns, place = [], 0
    for name, kind, value in zip(names, kinds, start, strict=True):
        column = {"name": name, "kind": kind, "start": value}
        if kind == "number":
            values = np.unique(percentiles[place])
            column["values"] = values[~np.isnan(values)].tolist()
            column["range"] = known_range if column["values"] else None
            column["may_be_missing"] = encoding is not None
            column["indicated"] = place in indicated or not column["values"]
            place += 1
        columns.append(column)
    return columns


def _dense(X: Any) -> Any:
    return X.toarray() if issparse(X) else X


def _percentiles(numbers: np.ndarray | None, n_columns: int) -> np.ndarray:
    if numbers is None:
        return np.tile(np.linspace(*UNKNOWN_RANGE, 101), (n_columns, 1))
    return np.percentile(numbers, np.arange(101), axis=0, method="closest_observation").T


def _rounded(percentiles: np.ndarray) -> np.ndarray:
    """Numbers of few digits: the quartiles still differ by some thousand units of the last one.

    The minimum is rounded down and the maximum up: all rows are between them.
    """
    low, q25, q75, high = percentiles[[0, 25, 75, 100]].tolist()
    width = q75 - q25 or high - low
    if not 0 < width < HUGE:
        return percentiles
    n_decimals = int(4 - np.floor(np.log10(width)))
    rounded = [round(value, n_decimals) for value in percentiles.tolist()]
    unit = 10.0**-n_decimals
    if rounded[0] > low:
        rounded[0] = round(rounded[0] - unit, n_decimals)
    if rounded[-1] < high:
        rounded[-1] = round(rounded[-1] + unit, n_decimals)
    return np.array(rounded)


def _start(model: Any, kinds: list[str], medians: np.ndarray, rows: Any) -> list[float | None]:
    """Values of the form: numbers, null if missing, and codes of categories."""
    if rows is None:
        numbers = iter(medians.tolist())
        return [_or_null(next(numbers)) if kind == "number" else 1 for kind in kinds]
    columns = _first_row(rows)
    inputs = model._fitted_model().inputs
    known = iter(() if inputs is None else inputs.encoder.categories)
    values: list[float | None] = []
    for j, kind in enumerate(kinds):
        if kind == "category":
            values.append(int(encode(next(known), columns[j], columns.label(j))[0]))
            continue
        number = float(columns.numbers([j])[0, 0])
        if np.isinf(number):
            raise ValueError(f"Input X contains infinity in column {columns.label(j)}.")
        values.append(_or_null(number))
    return values


def _first_row(rows: Any) -> Columns:
    if issparse(rows):
        return Columns(rows[:1].toarray())
    return Columns(rows, np.arange(rows.shape[0]) == 0)


def _or_null(number: float) -> float | None:
    return None if np.isnan(number) else number


def _image(
    model: Any, document: dict[str, Any], rows: Any, image_shape: tuple[int, int]
) -> dict[str, Any]:
    """Where and how large the ink of the images is: see ``drawing.js``."""
    n_features, encoding = document["n_features"], document["encoding"]
    sizes = list(image_shape) if isinstance(image_shape, Sequence) else []
    is_shape = len(sizes) == 2 and all(isinstance(n, Integral) and n > 0 for n in sizes)
    if not is_shape or prod(sizes) != n_features:
        raise ValueError(
            f"image_shape must be the height and width of images of {n_features} pixels, one for "
            f"each column, got {image_shape!r}."
        )
    if encoding is not None and encoding["categories"]:
        name = next(c["name"] for c in encoding["columns"] if c["kind"] == "category")
        raise ValueError(f"image_shape needs columns of numbers, but {name!r} holds categories.")
    if rows is None:
        raise ValueError("image_shape needs X: size and place of drawings are learned from it.")
    height, width = map(int, sizes)
    if encoding is None:
        numbers = _dense(as_plain(model, rows)[:MOST_IMAGES])
    else:
        numbers = Columns(_dense(rows)).numbers(list(range(n_features)))[:MOST_IMAGES]
    images = np.asarray(numbers, float).reshape(-1, height, width)
    pixels = images[np.isfinite(images)]
    if not pixels.size or pixels.min() == pixels.max():
        raise ValueError(f"image_shape needs images, but all pixels of X are {images.flat[0]:g}.")
    low, high = float(pixels.min()), float(pixels.max())
    # Missing pixels are background.
    images = np.where(np.isnan(images), low, np.clip(images, low, high))
    ink = (images - low) / (high - low)
    ink = ink[(ink > LEAST_INK).any(axis=(1, 2))]
    is_ink = ink > LEAST_INK
    extents = [_extent(np.any(is_ink, axis=axis)) for axis in (1, 2)]
    mass = ink.sum(axis=(1, 2))
    center = [
        float(np.mean(ink.sum(axis=axis) @ np.arange(size) / mass))
        for axis, size in ((2, height), (1, width))
    ]
    examples = np.rint(255 * ink[:N_EXAMPLES]).astype(np.uint8)
    return {
        "height": height, "width": width, "low": low, "high": high, "least": LEAST_INK,
        "extent": float(np.median(np.maximum(*extents))), "center": center,
        "examples": [b64encode(each.tobytes()).decode() for each in examples],
    }  # fmt: skip


def _extent(inked: Any) -> np.ndarray:
    """From the first to the last True of each row."""
    n = inked.shape[1]
    return n - inked.argmax(axis=1) - inked[:, ::-1].argmax(axis=1)


# ------------------------------------------------------------------------------------------------
# The file
# ------------------------------------------------------------------------------------------------


def _assembled(data: dict[str, Any]) -> str:
    def part(name: str) -> str:
        return files("skdnn.export").joinpath(name).read_text(encoding="utf-8")

    scripts = ["scorer.js", "page.js", "form.js" if data["image"] is None else "drawing.js"]
    script, style = "\n".join(map(part, scripts)), part("page.css")
    # Only these two may run and style, whatever else a page might contain.
    policy = {
        "default-src": "'none'", "script-src": _digest(script), "style-src": _digest(style),
        "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    return Template(part("page.html")).substitute(
        title=escape(data["title"]),
        policy="; ".join(f"{name} {value}" for name, value in policy.items()),
        style=style,
        script=script,
        data=_embedded(data),
    )


def _write(path: str | os.PathLike[str], text: str) -> None:
    # Lone halves of surrogate pairs, which no encoding has, become references.
    page = text.encode("utf-8", "xmlcharrefreplace")
    replace_file(path, page)
    if len(page) > LARGE:
        warn(
            f"The page has {len(page) / 1e6:.1f} MB, which is slow to send and to open. It becomes "
            'smaller with dtype="float32", smaller hidden_layer_sizes or n_members, and fewer '
            "columns or categories."
        )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _embedded(data: dict[str, Any]) -> str:
    """JSON that is safe inside of a script element: no text of the data can end it."""
    text = json.dumps(data, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
