"""Files of all versions so far can be read, and predict what they did then."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skdnn
import skdnn_light

DATA = Path(__file__).parent / "data"
FILES = sorted(DATA.glob("v*/*.skdnn"))


def test_there_are_files_of_this_version():
    folder = "v{}.{}".format(*skdnn.__version__.split(".")[:2])
    names = {path.stem for path in FILES if path.parent.name == folder}
    assert names >= {"classifier", "three_classes", "multilabel", "quantiles", "counts", "numbers"}
    assert all(path.stat().st_size < 200_000 for path in FILES)


@pytest.mark.parametrize("load", [skdnn.load, skdnn_light.load], ids=["skdnn", "skdnn_light"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_predictions_are_those_of_the_version_that_saved_it(path, load):
    golden = json.loads(path.with_suffix(".json").read_text())
    rows, model = golden["rows"], load(path)
    X = pd.DataFrame(rows) if isinstance(rows, dict) and load is skdnn.load else rows
    for method, expected in golden["predictions"].items():
        found = getattr(model, method)(X)
        if found.dtype.kind == "f":
            unit = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * unit)
        else:
            assert found.tolist() == expected
