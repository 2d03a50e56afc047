"""What the defaults chose can be seen."""

import numpy as np
import pandas as pd
import pytest

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(150, 3))
y = (X[:, 0] > 0).astype(int)
each_class = pytest.mark.parametrize("cls", [DNNClassifier, DNNRegressor])


@each_class
def test_of_the_defaults(cls):
    model = cls((6, 4), early_stopping=False, random_state=0).fit(X, y)
    assert (model.batch_size_, model.max_iter_, model.n_iter_) == (64, 60, 60)
    assert model.dropout_ == (0.1, 0.1)
    assert model.learning_rate_init_ == 0.015
    assert model.dtype_ == np.float64
    assert model.is_categorical_ is None
    assert model.n_parameters_ == model._network.values.size
    text = (
        "Fitted with batch_size_ 64, max_iter_ 60, learning_rate_init_ 0.015, dropout_ (0.1, 0.1), "
    )
    assert text + "0 categorical columns" in model._repr_html_()


@each_class
def test_of_small_data_all_rows_are_a_batch(cls):
    model = cls((5,), max_iter=1, random_state=0).fit(X[:90], y[:90])
    assert (model.batch_size_, model.dropout_) == (90, (0.0,))


@each_class
def test_of_parameters_as_they_are(cls):
    model = cls.preset(
        "mlp", hidden_layer_sizes=(5, 4), dropout=[0.1, 0.3], max_iter=2, solver="sgd"
    )
    model.set_params(learning_rate_init=0.25, batch_size=17, dtype="float32", n_iter_no_change=5)
    model.fit(X, y)
    found = model.batch_size_, model.max_iter_, model.learning_rate_init_, model.dropout_
    assert found == (17, 2, 0.25, (0.1, 0.3))
    assert model.dtype_ == np.float32
    sizes = [array.size for array in [*model.coefs_, *model.intercepts_]]
    assert model.n_parameters_ == sum(sizes)


@each_class
def test_of_lbfgs_all_rows_are_a_batch(cls):
    model = cls((4,), solver="lbfgs", early_stopping=False, random_state=0).fit(X, y)
    assert (model.batch_size_, model.max_iter_, model.dropout_) == (150, 100, (0.0,))


@each_class
def test_which_columns_are_categories(cls):
    table = pd.DataFrame({"a": X[:, 0], "b": list("xyz") * 50, "c": X[:, 1]})
    model = cls((4,), max_iter=1, random_state=0).fit(table, y)
    np.testing.assert_array_equal(model.is_categorical_, [False, True, False])
    assert "1 categorical columns" in model._repr_html_()
    model.is_categorical_[:] = True  # a copy
    assert model.predict(table).shape == (150,)


@each_class
def test_partial_fit_says_it_too(cls):
    keywords = {"classes": [0, 1]} if cls is DNNClassifier else {}
    model = cls((4,), random_state=0).partial_fit(X[:40], y[:40], **keywords)
    assert (model.batch_size_, model.dropout_) == (40, (0.0,))
    assert model.partial_fit(X, y).batch_size_ == 64
