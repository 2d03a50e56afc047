"""Examples of deployment show what they say."""

import pytest


def test_save_and_load(run):
    names = run("deployment/save_and_load")
    table = names["table"]
    assert table["kB"]["save, skdnn.load"] < table["kB"]["pickle"] / 4
    assert table["difference"][["pickle", "save, skdnn.load"]].max() == 0
    assert table["difference"]["save, skdnn_light.load"] < 1e-6
    assert names["heavy"] == []
    assert "cannot be trained further" in names["message"]
    assert names["caught"][0].category.__name__ == "InconsistentVersionWarning"


def test_skops_file(run):
    names = run("deployment/skops_file")
    assert names["foreign"] == []
    assert len(names["unknown"]) > 10
    assert (names["before"] == names["after"]).all()


def test_deploy_onnx(run):
    pytest.importorskip("spox", reason='needs pip install "skdnn[export]"')
    names = run("deployment/deploy_onnx")
    assert 0 < names["difference"] < 1e-5
    expected = names["model"].predict_proba(names["frame"])[0]
    assert list(names["answer"].values()) == pytest.approx(expected, abs=1e-5)
    assert len(names["times"]) == 3


def test_onnx_pipeline(run):
    pytest.importorskip("skl2onnx", reason='needs pip install "skdnn[export]"')
    differences = run("deployment/onnx_pipeline")["differences"]
    assert differences["float32"] > 0.1
    assert differences["float64"] < 1e-5
    assert differences["without pipeline"] < 1e-5


def test_web_page(run):
    names = run("deployment/web_page")
    assert names["accuracy"] > 0.95
    assert names["sizes"].keys() == {"wine.html", "digits.html"}
    assert max(names["sizes"].values()) < 1000
    frame = names["page"]._repr_html_()
    assert frame.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert "Draw a digit" in frame
