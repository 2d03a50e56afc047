"""The representation in a notebook."""

import re

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier
from sklearn import config_context
from sklearn.datasets import load_iris

from skdnn import DNNClassifier, Periodic, PiecewiseLinear

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def table(html):
    """Cells of the rows of the layer table."""
    body = html.split("<tbody>")[-1]
    return [re.findall(r"<td>(.*?)</td>", row) for row in body.split("<tr>")[1:]]


def test_layers_shapes_and_numbers_of_parameters():
    model = mlp_classifier(
        (8, 5), "gelu", normalization="batch", dropout=(0.1, 0.0), input_dropout=0.2, max_iter=1,
        n_members=2,
    ).fit(*load_iris(return_X_y=True))  # fmt: skip
    html = model._repr_html_()
    assert table(html) == [
        ["hidden 1", "4 &rarr; 8 (input dropout 0.2)", "batch normalization, gelu, dropout 0.1",
         "48"],
        ["hidden 2", "8 &rarr; 5", "batch normalization, gelu", "50"],
        ["output", "5 &rarr; 3", "softmax", "18"],
    ]  # fmt: skip
    sizes = sum(array.size for array in [*model.coefs_, *model.intercepts_])
    assert sizes == 2 * (48 + 50 + 18 - 8 - 5)
    assert "2 networks of 116 parameters, float64, log_loss" in html
    assert model._repr_mimebundle_()["text/html"] != html.split("<details open>")[0]
    assert table(model._repr_mimebundle_()["text/html"]) == table(html)


def test_inputs_of_a_table_and_members_that_differ():
    X = pd.DataFrame(
        {
            "size": [1.0, 2.0, 3.0, None, 5.0] * 16,
            "age": np.arange(80.0),
            "color": list("rgby") * 20,
            "sold": [True, False] * 40,
            "town": pd.Categorical(np.arange(80).astype(str)),
        }
    )
    embeddings = [PiecewiseLinear(3), Periodic(4, 3), PiecewiseLinear(3), None]
    model = mlp_classifier(
        (7,), max_iter=1, n_members=4, categorical_features=["color", "sold", "town"],
        numeric_embedding=embeddings,
    ).fit(X, np.arange(80) % 2)  # fmt: skip
    html = model._repr_html_()
    rest = "1 missing indicator, 2 categorical columns as 5 inputs, 1 categorical column as "
    rest += "embeddings of length 8"
    n_periodic, n_embedding = 2 * (4 * (2 + 2) + 2), 81 * 8
    assert table(html) == [
        ["inputs of network 1, 3", "20", f"2 numbers as 6 bins, {rest}", f"{n_embedding}"],
        [
            "inputs of network 2",
            "20",
            f"2 numbers with 4 periodic inputs, {rest}",
            f"{n_embedding + n_periodic + 20}",
        ],
        ["inputs of network 4", "16", f"2 numbers, {rest}", f"{n_embedding}"],
        ["hidden 1", "16 to 20 &rarr; 7", "relu", "119 to 147"],
        ["output", "7 &rarr; 1", "logistic", "8"],
    ]
    counts = [
        147 + 8 + n_embedding,
        147 + 8 + n_embedding + n_periodic + 20,
        147 + 8 + n_embedding,
        119 + 8 + n_embedding,
    ]
    total = f"{sum(counts):,}"
    assert [model._network.params(member).size for member in range(4)] == counts
    assert f"4 networks of {min(counts)} to {max(counts)} parameters ({total} in all), " in html

    model.set_params(n_members=1, numeric_embedding=None, categorical_features="from_dtype")
    alone = model.fit(X[["age"]].assign(one="a"), X["sold"])
    assert table(alone._repr_html_())[0] == ["inputs", "1", "1 number", "0"]
    assert "<summary>22 parameters, float64" in alone._repr_html_()


def test_before_fit_it_is_scikit_learns():
    assert "parameters, float" not in DNNClassifier()._repr_html_()


def test_text_where_the_user_asks_for_text():
    with config_context(display="text"):
        assert not hasattr(DNNClassifier(), "_repr_html_")
        assert set(DNNClassifier()._repr_mimebundle_()) == {"text/plain"}
