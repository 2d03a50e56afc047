"""The comparison of whole fits: its data, its tables, and what it says of peers."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def default_fit(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    path = BENCHMARKS / "default_fit.py"
    spec = importlib.util.spec_from_file_location("bench_default_fit", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Threads of OpenMP wait for each other where cores are taken.
    with threadpool_limits(1):
        yield module


@pytest.mark.parametrize("kind", ["numbers", "mixed"])
def test_rows_do_not_depend_on_how_many_there_are(default_fit, kind):
    for task in ("regression", "classification"):
        few, many = (default_fit.make_table(kind, task, n_rows) for n_rows in (50, 90))
        assert len(few.X) == len(few.y) == 50
        for a, b in ((few.X, many.X[:50]), (few.X_test, many.X_test)):
            assert a.equals(b) if kind == "mixed" else np.array_equal(a, b)
        np.testing.assert_array_equal(few.y, many.y[:50])
        np.testing.assert_array_equal(few.y_test, many.y_test)
        assert (set(few.y) == {0, 1}) == (task == "classification")


def test_columns_are_what_the_docstring_says(default_fit):
    table = default_fit.make_table("numbers", "regression", 10)
    assert (table.X.shape, table.X.dtype, table.X.flags.c_contiguous) == ((10, 20), "f4", True)
    # A fifth of the variance is noise: that of the signal is 1.
    assert table.y_test.var() == pytest.approx(1.25, abs=0.02)
    dtypes = default_fit.make_table("mixed", "regression", 10).X.dtypes
    assert [dtype.name for dtype in dtypes] == ["float32"] * 10 + ["category"] * 8
    assert max(len(dtype.categories) for dtype in dtypes[10:]) <= 255  # what hgb takes


@pytest.mark.parametrize("kind", ["numbers", "mixed"])
def test_columns_without_a_meaning_have_none(default_fit, kind, monkeypatch):
    from _speed import generated

    monkeypatch.setattr(generated, "NOISE", 0.0)
    expected = generated.make_table(kind, "regression", 10).y
    numbers, categories = generated.numbers, generated.categories
    if kind == "numbers":

        def changed(rng, n_rows, n_columns):
            X = numbers(rng, n_rows, n_columns)
            X[:, 10:] = 0
            return X

        monkeypatch.setattr(generated, "numbers", changed)
    else:
        monkeypatch.setattr(
            generated, "categories",
            lambda *args: [*categories(*args)[:6], *(0 * codes for codes in categories(*args)[6:])],
        )  # fmt: skip
    np.testing.assert_array_equal(generated.make_table(kind, "regression", 10).y, expected)


def test_a_run_reaches_file_and_page(default_fit, tmp_path, capsys, monkeypatch):
    path, page = tmp_path / "fits.json", tmp_path / "page.md"
    page.write_text(
        "a\n<!-- default_fit -->\nold\n<!-- /default_fit -->\n"
        "b\n<!-- default_use -->\nold\n<!-- /default_use -->\n"
    )
    monkeypatch.setattr(default_fit.defaults, "MODULES", {"catboost": "no_such_module"})
    options = ["--kinds", "numbers", "--repeats", "1", "--no-memory", "--json", str(path)]
    options += ["--page", str(page)]
    default_fit.main([*options, "--rows", "120", "--tasks", "regression",
                      "--models", "catboost", "skdnn"])  # fmt: skip
    assert "catboost is not installed" in capsys.readouterr().out
    default_fit.main([*options, "--rows", "60", "--tasks", "classification", "--models", "hgb"])
    cases = json.loads(path.read_text())["cases"]
    assert [(case["rows"], list(case["medians"])) for case in cases] == [
        (120, ["skdnn", "hgb"]),
        (60, ["hgb"]),
    ]
    for figures in cases[0]["medians"].values():
        assert figures["score"] < 0.8
        assert all(figures[field] > 0 for field in ("fit", "predict", "row"))
    text = page.read_text()
    assert "old" not in text
    assert "| data | rows | skdnn, s | hgb, s | score | skdnn | hgb |" in text
    assert "| 20 numbers, classification | 60 |  | " in text
    assert "memory" not in text


def test_figures_are_times_the_reference(default_fit):
    case = {
        "kind": "mixed", "task": "regression", "rows": 1000,
        "medians": {
            "hgb": {"fit": 0.5, "score": 0.75, "predict": 0.004, "row": 0.002, "fit_memory": 1e6},
            "skdnn": {"fit": 2.0, "score": 0.7, "predict": 0.002, "row": 0.03, "fit_memory": 3e6},
        },
    }  # fmt: skip
    row = default_fit.fit_table([case]).splitlines()[2]
    assert row.endswith("| 1,000 | 2.00 (4.0x) | 0.500 | R2 | 0.700 | 0.750 |")
    rows = default_fit.use_table([case]).splitlines()[2:]
    assert [row.split("| 1,000 | ")[1] for row in rows] == [
        "2.00 (0.5x) | 4.00 |", "30.0 (15x) | 2.00 |", "3.0 | 1.0 |",
    ]  # fmt: skip


def test_memory_is_that_above_what_is_there(default_fit, monkeypatch):
    class Model:
        def fit(self, X, y):
            if len(X) > default_fit.FEW:
                np.ones(40_000_000, np.int8)
            return self

        def predict(self, X):
            return np.ones(len(X))

    monkeypatch.setitem(default_fit.MODELS, "hgb", lambda *_: Model())
    found = default_fit.memory("numbers", "regression", 500, "hgb")
    if found["fit_memory"] is None:
        pytest.skip("the system does not tell the peak of resident memory")
    assert 35e6 < found["fit_memory"] < 60e6
    assert found["predict_memory"] < 10e6


def test_results_of_other_settings_are_not_added_to(default_fit, tmp_path):
    path = tmp_path / "fits.json"
    path.write_text(json.dumps({"machine": {}, "threads": 1, "cases": []}))
    with pytest.raises(SystemExit, match="another machine"):
        default_fit.main(["--json", str(path)])


def test_catboost_is_told_the_categories(default_fit, monkeypatch):
    monkeypatch.setattr(default_fit.defaults, "catboost", lambda *args: args)
    X = pd.DataFrame({"a": [1.0], "b": pd.Categorical(["x"])})
    assert list(default_fit.make_model("catboost", "regression", X)[2]) == ["b"]
