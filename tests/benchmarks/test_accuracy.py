"""The comparison on tables of one's own: what it reads, what it computes, and that it goes on."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
N_ROWS = 150


@pytest.fixture
def accuracy(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    path = BENCHMARKS / "accuracy.py"
    spec = importlib.util.spec_from_file_location("bench_accuracy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Threads of OpenMP wait for each other where cores are taken.
    with threadpool_limits(1):
        yield module


@pytest.fixture
def folder(tmp_path):
    """Two tables with categories and missing values: classes in "target", numbers in the last."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=N_ROWS), "b": rng.choice(["x", "y"], N_ROWS)})
    margin = X["a"] + (X["b"] == "x") - 0.5
    X.loc[::7, "a"], X.loc[::11, "b"] = np.nan, None
    path = tmp_path / "tables"
    path.mkdir()
    classes = pd.DataFrame({"target": np.where(margin > 0, "yes", "no"), **X})
    classes.to_csv(path / "classes.csv", index=False)
    X.assign(price=3 * margin).to_csv(path / "numbers.csv", index=False)
    return path


def test_a_table_is_what_the_docstring_says(accuracy, folder):
    X, y, is_regression = accuracy.load(folder / "classes.csv")
    assert list(X) == ["a", "b"]
    assert [dtype.name for dtype in X.dtypes] == ["float64", "category"]
    assert X.isna().sum().tolist() == [22, 14]
    assert not is_regression
    assert set(y) == {0, 1}
    X, y, is_regression = accuracy.load(folder / "numbers.csv")
    assert (list(X), is_regression, y.dtype) == (["a", "b"], True, np.float64)


def test_parquet_is_read_as_csv_is(accuracy, folder):
    pytest.importorskip("pyarrow")
    pd.read_csv(folder / "classes.csv").to_parquet(folder / "classes.parquet")
    X, y, _ = accuracy.load(folder / "classes.parquet")
    expected, y_expected, _ = accuracy.load(folder / "classes.csv")
    assert X.map(str).equals(expected.map(str))
    np.testing.assert_array_equal(y, y_expected)


def test_a_run_is_complete_and_goes_on(accuracy, folder, tmp_path, capsys, monkeypatch):
    out, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    page.write_text("a\n<!-- accuracy -->\nold\n<!-- /accuracy -->\nb\n")
    options = ["--data", str(folder), "--seeds", "0", "--cap", "110", "--out", str(out)]
    results = accuracy.main([*options, "--models", "default,mlp", "--page", str(page)])
    assert [(r["table"], r["model"]) for r in results] == [
        (name, model) for name in ("classes", "numbers") for model in ("default", "mlp", "hgb")
    ]
    assert all(r["rows"] == 110 and 0 <= r["error"] < 0.7 for r in results), results
    assert all(("log_loss" in r and "auc" in r) == (r["table"] == "classes") for r in results)
    assert all((r["model"] == "default") == ("epoch_growth" in r) for r in results)
    assert [json.loads(line) for line in out.read_text().splitlines()] == results
    text = page.read_text()
    assert "old" not in text
    assert "| hgb | 2 | 1.000 | 1.000 | 1.000 |" in text
    assert text.split("<!-- accuracy -->\n")[1].split("\n<!--")[0] in capsys.readouterr().out

    # Nothing is computed twice; what failed is tried again.
    monkeypatch.setitem(accuracy.MODELS, "default", lambda *_: 1 / 0)
    again = accuracy.main([*options, "--models", "default,mlp"])
    assert again == results
    failed = accuracy.main([*options, "--models", "default,mlp", "--cap", "90"])
    assert ["failure" in r for r in failed] == [True, False, False] * 2
    lines = len(out.read_text().splitlines())
    accuracy.main([*options, "--models", "default,mlp", "--cap", "90"])
    assert len(out.read_text().splitlines()) == lines + 2


def test_scores_are_what_the_docstring_says(accuracy):
    def result(table, seed, model, error, task="classification", **more):
        place = {"table": table, "seed": seed, "cap": 10, "model": model, "task": task}
        seconds = 2.0 if model == "hgb" else 1.0
        processor = {"hgb": 2.0, "default": 9.0 if table == "a" else 3.0}[model]
        place |= {"fit_seconds": seconds, "processor_seconds": processor}
        return {**place, "error": error, **more}

    results = [
        result("a", 0, "hgb", 0.095, log_loss=0.4, auc=0.8),
        result("a", 0, "default", 0.195, log_loss=0.2, auc=0.9),
        result("a", 1, "hgb", 0.095, log_loss=0.4, auc=0.8),
        result("a", 1, "default", 0.195, log_loss=0.2, auc=0.9),
        result("b", 0, "hgb", 0.195, "regression"),
        result("b", 0, "default", 0.045, "regression"),
        {"table": "c", "seed": 0, "cap": 10, "model": "default", "failure": "no"},
    ]
    lines = accuracy.summary(results, ["default", "best", "hgb"]).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("| ").split("|")]
    # Ratios 2 and 1/4: the geometric mean is the root of a half.
    assert cells == [
        "default", "2", "0.707", "2.000", "0.250", "50%", "0.500", "+0.1000", "1.00", "0.5x",
        "9.00", "4.5x", "3.0x",
    ]  # fmt: skip
    assert len(lines) == 4


def test_results_without_processor_seconds_are_still_read(accuracy):
    results = [
        {"table": "a", "seed": 0, "cap": 10, "model": model, "task": "regression", "error": 0.1,
         "fit_seconds": 1.0}
        for model in ("default", "hgb")
    ]  # fmt: skip
    row = accuracy.summary(results, ["default"]).splitlines()[2]
    assert row.endswith("| 1.00 | 1.0x |  |  |  |")


def test_growth_is_of_the_last_eighth_over_the_first(accuracy):
    seconds = [1.0, 5.0, *[7.0] * 12, 4.0, 20.0]
    assert accuracy.epoch_growth(seconds) == 12 / 3
    assert accuracy.epoch_growth([2.0, 1.0, 3.0]) == 1.5
    results = [
        {"table": table, "model": "default", "epoch_growth": growth}
        for table, growth in (("a", 1.0), ("a", 2.0), ("b", 1.1), ("c", 1.0))
    ]
    line = accuracy.growth_line([*results, {"table": "d", "model": "hgb"}], "default")
    assert line.endswith("median 1.10, most 1.50 (a)")
    assert accuracy.growth_line(results, "hgb") == ""


def test_what_does_not_exist_is_said(accuracy, folder, capsys):
    for wrong in (["--tables", "nothing"], ["--models", "nothing"]):
        with pytest.raises(SystemExit):
            accuracy.main(["--data", str(folder), *wrong])
        assert "nothing" in capsys.readouterr().err
