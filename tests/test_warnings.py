"""A warning points at the line that a user has written."""

import warnings

import numpy as np
import pytest
from mlp import mlp_classifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skdnn._warnings import warn

X = np.random.default_rng(0).normal(size=(30, 2))
Y = np.arange(30) % 2
MODEL = mlp_classifier((2,), max_iter=1, random_state=0)

CALLS = {
    "fit": lambda: MODEL.fit(X, Y),
    "pipeline": lambda: make_pipeline(MODEL).fit(X, Y),
    "cross-validation": lambda: cross_val_score(MODEL, X, Y, cv=2),
    "by itself": lambda: warn("text"),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_line_of_the_caller(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        CALLS[call]()
    assert found
    assert {each.filename for each in found} == {__file__}
