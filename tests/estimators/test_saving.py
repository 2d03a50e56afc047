"""Files that ``save`` writes."""

import datetime
import enum
import fractions
import os
import stat
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from saved import fitted, table, written
from sklearn.exceptions import NotFittedError

import skdnn
from skdnn import DNNClassifier, DNNRegressor
from skdnn.estimators import _saving

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MODEL = "plain-DNNRegressor", "float32"


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_paths_of_all_kinds(kind, tmp_path):
    model, X = fitted(*MODEL)
    path = tmp_path / "é.skdnn"
    model.save(kind(str(path)))
    assert path.read_bytes() == written(model)
    np.testing.assert_array_equal(skdnn.load(kind(str(path))).predict(X), model.predict(X))
    assert os.listdir(tmp_path) == ["é.skdnn"]


def test_open_files(tmp_path):
    model, X = fitted(*MODEL)
    with (tmp_path / "model").open("w+b") as file:
        model.save(file)
        file.seek(0)
        np.testing.assert_array_equal(skdnn.load(file).predict(X), model.predict(X))


def test_the_same_model_makes_the_same_bytes():
    params = {"max_iter": 2, "random_state": 0, "hidden_layer_sizes": (4,)}
    X = np.arange(60.0)[:, None]
    first, second = (DNNRegressor(**params).fit(X, X[:, 0]) for _ in range(2))
    assert written(first) == written(second)


def test_a_file_of_the_defaults_is_hardly_larger_than_the_weights():
    X = table()
    model = DNNClassifier(max_iter=1).fit(X, X["flag"])
    n_bytes = model._network.values.nbytes
    assert n_bytes > 400_000
    assert len(written(model)) < 1.1 * n_bytes


def test_an_estimator_that_is_not_fitted(tmp_path):
    for cls in (DNNClassifier, DNNRegressor):
        with pytest.raises(NotFittedError):
            cls().save(tmp_path / "model.skdnn")
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------- files are replaced as a whole


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file(where, tmp_path, monkeypatch):
    model, _ = fitted(*MODEL)
    path = tmp_path / "model.skdnn"
    path.write_bytes(b"old")

    def fail(*arguments):
        assert path.read_bytes() == b"old"
        raise OSError("no space left")

    monkeypatch.setattr(_saving.os, where, fail)
    with pytest.raises(OSError, match="no space left"):
        model.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.skdnn"]
    model.save(path)
    assert path.read_bytes() == written(model)


def test_a_model_that_cannot_be_saved_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.skdnn"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="cannot hold"):
        with_categories([datetime.date(2020, 1, day) for day in (1, 2)]).save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.skdnn"]


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nothing' to save .*model\.skdnn"):
        fitted(*MODEL)[0].save(tmp_path / "nothing" / "model.skdnn")


@pytest.mark.skipif(os.name != "posix", reason="modes, links and devices of POSIX")
def test_modes_links_and_devices(tmp_path):
    model, _ = fitted(*MODEL)
    new, old, link = (tmp_path / name for name in ("new", "old", "link"))
    before = os.umask(0o027)
    try:
        model.save(new)
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    old.write_bytes(b"old")
    old.chmod(0o600)
    link.symlink_to(old)
    model.save(link)
    assert link.is_symlink()
    assert old.read_bytes() == written(model)
    assert stat.S_IMODE(old.stat().st_mode) == 0o600
    model.save(os.devnull)
    assert not os.path.isfile(os.devnull)


# ---------------------------------------------------------------- categories and classes


def with_categories(values):
    """A regressor for a column of these categories."""
    X = pd.DataFrame({"when": pd.Categorical(values * 30), "x": 1.0})
    return DNNRegressor((3,), max_iter=1, n_members=1).fit(X, np.arange(len(X)))


CATEGORIES = {
    "Timestamp": pd.to_datetime(["2020-01-01", "2020-02-01"]).tolist(),
    "date": [datetime.date(2020, 1, 1), datetime.date(2020, 2, 1)],
    "Timedelta": pd.to_timedelta([1, 2], "D").tolist(),
    "Interval": list(pd.interval_range(0, 2)),
    "tuple": [(1, 2), (3, 4)],
    "bytes": [b"a", b"b"],
    "Fraction": [fractions.Fraction(1, 3), fractions.Fraction(2, 3)],
}


@pytest.mark.parametrize("kind", CATEGORIES)
def test_categories_that_a_file_cannot_hold(kind):
    match = f"Column 'when' holds categories of type {kind}, which a file cannot hold.* convert"
    with pytest.raises(ValueError, match=match):
        written(with_categories(CATEGORIES[kind]))


class Color(str, enum.Enum):  # noqa: UP042 - whose str is the name
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    "values",
    [
        [Color.RED, Color.BLUE], ["é", "\ud800"], [True, False], [1.5, np.inf], [10**20, -1],
        [np.float32(0.1), np.float32(0.2)], [fractions.Fraction(1, 2), fractions.Fraction(1, 4)],
    ],
)  # fmt: skip
def test_categories_that_a_file_can_hold(values):
    X = pd.DataFrame({"a": pd.Series(values * 30, dtype=object)})
    model = DNNRegressor((3,), max_iter=1, categorical_features=["a"]).fit(X, np.arange(len(X)))
    found = skdnn.load(BytesIO(written(model)))
    np.testing.assert_array_equal(found.predict(X), model.predict(X), strict=True)
    assert len(np.unique(found.predict(X))) == 2


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (pd.to_datetime(["2020", "2021"]), "datetime"),
        ([b"a", b"b"], "bytes"),
        ([1j, 2j], "complex"),
    ],
)
def test_classes_that_a_file_cannot_hold(classes, kind):
    X = np.arange(60.0)[:, None]
    model = DNNClassifier((3,), max_iter=1).fit(X, np.arange(60) % 2)
    model.classes_ = np.array(classes)  # other names
    if kind == "datetime":
        model.classes_ = model.classes_.astype("datetime64[s]")
    with pytest.raises(ValueError, match=f"Classes of type {kind} cannot be held by a file"):
        written(model)


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["no", "yes"]), np.array(["no", "yes"], dtype=object), np.array([False, True]),
        np.array([-1, 1], dtype=np.int8), np.array([0.1, 2.0], dtype=np.float32),
        np.array([1, 2], dtype=">i4"), np.array([True, "x"], dtype=object),
        np.array([2**63, 2**63 + 1], dtype=np.uint64),
    ],
    ids=lambda classes: str(classes.dtype),
)  # fmt: skip
def test_classes_that_a_file_can_hold(classes):
    X = np.arange(60.0)[:, None]
    model = DNNClassifier((3,), max_iter=1).fit(X, np.arange(60) % 2)
    model.classes_ = classes  # other names
    found = skdnn.load(BytesIO(written(model)))
    np.testing.assert_array_equal(found.classes_, classes, strict=True)
    np.testing.assert_array_equal(found.predict(X), model.predict(X), strict=True)


def test_classes_of_the_new_dtype_of_text_are_text():
    X = np.arange(60.0)[:, None]
    model = DNNClassifier((3,), max_iter=1).fit(X, np.arange(60) % 2)
    model.classes_ = np.array(["no", "yes"], dtype=np.dtypes.StringDType())
    assert skdnn.load(BytesIO(written(model))).classes_.tolist() == ["no", "yes"]
