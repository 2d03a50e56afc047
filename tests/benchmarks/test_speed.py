"""The benchmarks count what they should, and their figures reach the documentation."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    """A file of benchmarks/ as a module, found as ``python benchmarks/FILE`` finds its parts."""
    monkeypatch.syspath_prepend(BENCHMARKS)

    def load_file(name):
        spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_file


@pytest.fixture
def case(load):
    load("speed")
    from _speed.cases import Case

    return Case(rows=32, features=3, hidden=(5, 4), classes=2, batch=8, epochs=1)


def test_the_first_layer_needs_no_gradient_of_its_input(case):
    forward = 2 * 32 * (3 * 5 + 5 * 4 + 4 * 1)
    assert case.flops == 3 * forward - 2 * 32 * 3 * 5


def test_products_are_those_of_a_step(case):
    from _speed.measure import products

    calls = products(case)
    assert sum(flops for _, flops in calls) * case.rows / case.batch == case.flops
    shapes = [call().shape for call, _ in calls]  # transposed: Fortran order
    expected = [(5, 8), (5, 3), (4, 8), (4, 5), (5, 8), (1, 8), (1, 4), (4, 8)]
    assert shapes == expected


def test_sparse_rows_are_sparse_and_of_length_one(case):
    from dataclasses import replace

    from _speed.cases import make_data

    X, y = make_data(replace(case, features=1000, density=0.02))
    assert X.has_canonical_format
    assert X.dtype == np.float32
    assert (np.diff(X.indptr) == 20).all()
    np.testing.assert_allclose(np.sqrt(X.multiply(X).sum(axis=1)), 1, rtol=1e-6)
    assert set(y) == {0, 1}


def test_turns_begin_with_each_task_in_turn(case):
    from _speed.measure import take_turns

    calls = []
    tasks = {name: lambda name=name: calls.append(name) or len(calls) for name in "abc"}
    assert take_turns(tasks, 2) == {"a": [1, 6], "b": [2, 4], "c": [3, 5]}
    assert "".join(calls) == "abcbca"


def test_a_run_reaches_file_figure_and_page(load, tmp_path, capsys):
    path, page = tmp_path / "speed.json", tmp_path / "page.md"
    options = ["--cases", "X", "--repeats", "2", "--epochs", "2", "--max-rows", "64"]
    options += ["--peers", "scikit-learn", "--json", str(path)]
    load("speed").main([*options, "--markdown", str(tmp_path / "tables.md")])
    results = json.loads(path.read_text())
    result = results["training"]["X"]
    assert {name: len(raw) for name, raw in result["seconds"].items()} == {
        "skdnn": 2,
        "scikit-learn": 2,
    }
    assert "64 x 2" in (tmp_path / "tables.md").read_text()
    page.write_text(
        "a\n<!-- training -->\nold\n<!-- /training -->\nb\n<!-- figure -->\n<!-- /figure -->\n"
    )
    images = tmp_path / "images"
    load("speed_figure").main([str(path), "--page", str(page), "--images", str(images)])
    assert (images / "speed.png").stat().st_size > 5_000
    text = page.read_text()
    assert "old" not in text
    assert "| X | 64 x 2 | (6, 4) | 32 | 1 |" in text
    assert "(images/speed.svg)" in text
    assert "% of sgemm" in capsys.readouterr().out


def test_the_page_has_a_place_for_every_table(case):
    from _speed.tables import GROUP_TABLES

    page = (BENCHMARKS.parent / "docs" / "performance.md").read_text()
    for name in ("machine", "figure", "training", "gflops", "boosting", "memory", *GROUP_TABLES):
        start, end = page.index(f"<!-- {name} -->\n"), page.index(f"<!-- /{name} -->\n")
        assert start < end
