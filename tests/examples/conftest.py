"""Examples run as scripts, in this process."""

import runpy
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run an example and return its names; its figures are open, and have labelled axes."""
    from matplotlib import pyplot as plt

    def run_example(name):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(plt, "show", lambda: None)
        # Gradient boosting is slow when its threads wait for those of other tests.
        with threadpool_limits(1):
            names = runpy.run_path(str(EXAMPLES / f"{name}.py"))
        figures = [plt.figure(number) for number in plt.get_fignums()]
        assert figures
        for figure in figures:
            assert any(ax.get_xlabel() or ax.get_ylabel() for ax in figure.axes)
        return names

    with plt.rc_context():
        yield run_example
    plt.close("all")
