"""Examples of clusters show what they say."""

import pytest

pytest.importorskip("distributed")


def test_fit_on_dask(run):
    names = run("distributed/fit_on_dask")
    losses = names["losses"]
    assert losses["two workers"] < 1.15 * losses["one process"]
    assert len(names["model"].loss_curve_) == 24


def test_search_with_dask(run):
    names = run("distributed/search_with_dask")
    assert len(names["search"].cv_results_["params"]) == 8
    assert names["halving"].cv_results_["n_resources"].max() == 12
