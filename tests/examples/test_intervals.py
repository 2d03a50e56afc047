"""Examples of intervals and sets show what they say."""

import numpy as np
import pytest


def test_intervals(run):
    table = run("understanding/intervals")["table"]
    assert table["coverage"].between(0.88, 0.94).all()
    width, noisy = table["mean width"], table["coverage, x > 9"]
    assert width["quantiles, conformalize"] < 0.9 * width["prediction, conformalize"]
    assert noisy["quantiles, conformalize"] > 0.84 > noisy["prediction, conformalize"]


def test_prediction_sets(run):
    table = run("understanding/prediction_sets")["table"]
    above = table[table["coverage"] > 0.9]
    np.testing.assert_allclose(above["rows with the right class"], above["coverage"], atol=0.03)
    assert table["mean size"].is_monotonic_increasing


def test_conformal_mapie_crepes(run):
    pytest.importorskip("mapie")
    pytest.importorskip("crepes")
    names = run("understanding/conformal_mapie_crepes")
    own = names["intervals"]["skdnn"]
    for name in ("MAPIE", "crepes"):
        np.testing.assert_allclose(names["intervals"][name], own, rtol=1e-6)
    noisy = names["table"]["coverage, noisiest fifth"]
    assert noisy["skdnn, quantiles"] > noisy["skdnn"]
