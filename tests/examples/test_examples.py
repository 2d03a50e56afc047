"""Every example runs on bundled data, learns what it says and saves its figure."""

import importlib.util
import re
from pathlib import Path

import pytest

import skdnn

EXAMPLES = Path(__file__).parents[2] / "examples"
#: What examples write that have no figure.
FILES = {"browser": ["drivers.html", "digits.html"], "deploy_onnx": ["claims.onnx"]}


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    """joblib takes the growth of a worker that compiles for a leak, and warns of it in a thread.

    As an error, that is the end of the thread, and nobody hears of the results.
    """
    skdnn.warmup("float32")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run an example as ``python examples/NAME.py --output FOLDER``; return its table."""

    def run_example(name, *argv):
        monkeypatch.syspath_prepend(EXAMPLES)
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        folder = tmp_path / "new" / "figures"
        table = module.main(["--output", str(folder), *argv])
        for file in FILES.get(name, [f"{name}.png"]):
            assert (folder / file).stat().st_size > 10_000
        return table

    yield run_example
    from matplotlib import pyplot as plt

    plt.close("all")


def test_every_example_is_tested():
    names = {path.stem for path in EXAMPLES.glob("[!_]*.py")}
    expected = {"quickstart", "xor", "tabular", "tuning", "inspection"}
    expected |= {"save_and_load", "browser", "deploy_onnx"}
    assert names == expected


def test_quickstart(run, capsys):
    defaults, importance, table = run("quickstart")
    network, boosting = defaults.set_index("model").to_numpy()[:, :3]  # accuracy, AUC, log-loss
    assert network[1] > 0.83
    assert network[1] > boosting[1] - 0.01
    assert network[2] < boosting[2] + 0.01
    assert importance.index[0] == "age"
    assert importance["age"] > 0.05
    table = table.set_index("model")
    score = table["test score"]
    assert score["DNNClassifier"] > 0.93
    assert score["DNNRegressor"] > 0.25
    assert abs(score["DNNClassifier"] - score["MLPClassifier"]) < 0.05
    assert abs(score["DNNRegressor"] - score["MLPRegressor"]) < 0.1
    assert (table["fit seconds"] > 0).all()
    assert "DNNRegressor" in capsys.readouterr().out


def test_xor(run):
    accuracy = run("xor").set_index("network")["test accuracy"]
    assert accuracy["no hidden layer"] < 0.6
    assert accuracy["2-6-4-1"] >= 0.98
    assert accuracy["2-6-4-1, dropout 0.2"] >= 0.98


def test_tabular(run, capsys):
    table = run("tabular", "--rows", "3000").set_index("model")
    network, linear = table.loc["DNNClassifier"], table.loc["logistic regression"]
    assert network["ROC AUC"] > 0.81
    assert network["accuracy"] > linear["accuracy"] + 0.03
    assert network["log-loss"] < linear["log-loss"] - 0.05
    assert "hidden_layer_sizes=" in capsys.readouterr().out


def test_browser(run, capsys):
    table = run("browser", "--rows", "2000").set_index("page")
    assert table.loc["drivers.html", "test accuracy"] > 0.75
    assert table.loc["digits.html", "test accuracy"] > 0.95
    assert (table["megabytes"] < 1).all()
    paths = [Path(line.strip()) for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [path.name for path in paths] == list(table.index)
    assert all(path.read_text().startswith("<!DOCTYPE html>") for path in paths)


def test_tuning(run, capsys):
    table = run("tuning", "--rows", "300", "--candidates", "4", "--epochs", "15").set_index(
        "search"
    )
    assert list(table["epochs"]) == [0, 2 * 4 * 15, 2 * (4 + 2 * 2 + 4), 4 + 2 * 2 + 4 + 8]
    assert (table["log-loss"] < 0.6).all()  # 0.63 is what the share of claims alone gives
    assert (table["accuracy"] > 0.7).all()
    assert capsys.readouterr().out.count("weight_decay=") == 3


def test_inspection(run, capsys):
    table = run("inspection", "--rows", "2000").set_index("column")
    assert table.index[0] == "age"
    assert "car_age" in table.index[-2:]
    assert table["importance"].is_monotonic_decreasing
    assert table["importance"].iloc[0] > 0.02
    assert (table["missing"] > 0).sum() == 3
    assert "Accuracy on 500 test rows" in capsys.readouterr().out


def test_deploy_onnx(run, capsys):
    pytest.importorskip("spox", reason='needs pip install "skdnn[export]"')
    table = run("deploy_onnx", "--rows", "600", "--requests", "20")
    assert list(table["one row"]) == [
        "HTTP request", "graph by onnxruntime", "model.predict_proba"
    ]  # fmt: skip
    assert (table["median ms"] > 0).all()
    text = capsys.readouterr().out
    assert "A wrong row: 400 Column 'region' must be text. Got 5." in text
    difference = float(re.search(r"Largest difference on 150 test rows: (\S+)", text).group(1))
    assert 0 < difference < 1e-5


def test_save_and_load(run, capsys):
    table, probability, heavy = run("save_and_load", "--rows", "1000")
    table = table.set_index("way")
    sizes = table["kB"]
    assert list(table.index) == ["pickle", "save, skdnn.load", "save, skdnn_light.load", "skops"]
    assert sizes["save, skdnn.load"] < sizes["pickle"] / 4
    exact = table["difference"].drop("save, skdnn_light.load")
    assert (exact == "0").all()
    assert float(table["difference"]["save, skdnn_light.load"]) < 1e-6
    assert heavy == []
    text = capsys.readouterr().out
    assert f"in a new process: {probability:.6f}" in text
    assert "cannot be trained further" in text
