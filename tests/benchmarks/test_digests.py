"""Two versions of the package are compared by what they learn."""

import importlib.util
from itertools import islice
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "digests.py"


@pytest.fixture
def digests(monkeypatch):
    spec = importlib.util.spec_from_file_location("digests", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases = module.cases
    assert len(list(cases())) == 30
    monkeypatch.setattr(module, "cases", lambda: islice(cases(), 2))
    return module


def test_what_is_the_same_and_what_is_not(digests, tmp_path, capsys):
    assert digests.main([]) == 0
    before = capsys.readouterr().out
    assert len(set(before.splitlines())) == 4
    (tmp_path / "same.txt").write_text(before)
    assert digests.main(["--against", str(tmp_path / "same.txt")]) == 0
    assert capsys.readouterr().out == "the same\n"
    first, *others = before.splitlines()
    (tmp_path / "other.txt").write_text("\n".join([f"{first}0", *others]))
    assert digests.main(["--against", str(tmp_path / "other.txt")]) == 1
    assert capsys.readouterr().out == f"{first}\n"
