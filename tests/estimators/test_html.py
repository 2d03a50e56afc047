"""The representation in a notebook."""

import re

import pytest
from mlp import mlp_classifier
from sklearn import config_context
from sklearn.datasets import load_iris

from skdnn import DNNClassifier

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


def test_before_fit_it_is_scikit_learns():
    assert "parameters, float" not in DNNClassifier()._repr_html_()


def test_text_where_the_user_asks_for_text():
    with config_context(display="text"):
        assert not hasattr(DNNClassifier(), "_repr_html_")
        assert set(DNNClassifier()._repr_mimebundle_()) == {"text/plain"}
