"""Tables as X: kinds of columns, categories, missing values, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from mlp import mlp
from scipy import sparse
from tables import bits, make, mixed_frame, raw, targets

from skdnn import DNNClassifier, DNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = [DNNClassifier, DNNRegressor]
each_class = pytest.mark.parametrize("cls", CLASSES)


def data(cls, n_rows=120):
    X = mixed_frame(n_rows)
    return X, targets(cls, X)


def fitted(cls, X=None, **params):
    frame, y = data(cls)
    return make(cls, **params).fit(frame if X is None else X, y)


# ---------------------------------------------------------------- kinds of columns


def other_dtypes(X):
    return X.astype({"color": "str", "word": "category", "flag": "boolean", "thing": "category"})


def objects(X):
    return X.astype(object)


def with_pandas_strings(X):
    return X.astype({"color": "string", "word": pd.StringDtype("python"), "gaps": "Float64"})


@pytest.mark.parametrize("change", [other_dtypes, objects, with_pandas_strings])
@each_class
def test_the_dtype_of_a_column_does_not_matter_where_it_means_the_same(cls, change):
    X, y = data(cls)
    expected, model = make(cls).fit(X, y), make(cls).fit(change(X), y)
    assert bits(model) == bits(expected)
    np.testing.assert_array_equal(raw(model, change(X)), raw(expected, X))
    np.testing.assert_array_equal(raw(expected, change(X)), raw(expected, X))


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
@each_class
def test_tables_of_other_libraries(cls, library):
    module = pytest.importorskip(library)
    X, y = data(cls)
    X = X.drop(columns="thing")  # objects of mixed types are pandas' alone
    convert = module.Table.from_pandas if library == "pyarrow" else module.from_pandas
    expected, model = make(cls).fit(X, y), make(cls).fit(convert(X), y)
    np.testing.assert_array_equal(raw(model, convert(X)), raw(expected, X))


@each_class
def test_arrays_and_lists_of_objects(cls):
    """Without names; the same numbers and categories."""
    X, y = data(cls)
    array = X.astype(object).to_numpy()
    models = [make(cls).fit(each, y) for each in (X, array, array.tolist())]
    assert len({bits(model) for model in models}) == 1
    assert not hasattr(models[1], "feature_names_in_")
    np.testing.assert_array_equal(raw(models[1], array[:7].tolist()), raw(models[0], X[:7]))


@each_class
def test_categories_are_learned_from(cls):
    """Of the color alone, which decides half of the target."""
    X, y = data(cls)
    X = X[["color"]]
    model = make(cls, max_iter=50, learning_rate_init=0.05).fit(X, y)
    red, green, blue = (
        np.ravel(raw(model, pd.DataFrame({"color": [color]})))[0]
        for color in X["color"].cat.categories[::-1]
    )
    assert min(abs(red - green), abs(red - blue)) > 2 * abs(green - blue)


@each_class
def test_many_categories_have_vectors_two_have_one_unit(cls):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"many": rng.integers(0, 33, 400).astype(str),
                      "some": rng.integers(0, 32, 400).astype(str),
                      "two": rng.choice(["a", "b"], 400)})  # fmt: skip
    assert X["many"].nunique() == 33
    y = rng.choice(["low", "high"], 400) if cls is DNNClassifier else rng.normal(size=400)
    model = make(cls, n_members=1).fit(X, y)
    assert model.coefs_[0].shape == (8 + 32 + 1, 6)
    assert np.unique(raw(model, X), axis=0).shape[0] > 100
    unknown = X.assign(many="new", some="new", two="new")
    assert np.unique(raw(model, unknown), axis=0).shape[0] == 1


@each_class
def test_neighbors_beyond_float32_are_told_apart(cls):
    """Whole numbers above 2**24, in a float32 network."""
    X = np.repeat([[2**40], [2**40 + 1]], 30, axis=0)
    y = np.repeat(["low", "high"], 30) if cls is DNNClassifier else np.repeat([0.0, 1.0], 30)
    params = {"max_iter": 60, "learning_rate_init": 0.05, "dtype": "float32"}
    model = make(cls, **params).fit(X, y)
    assert model.coefs_[1][0].dtype == np.float32
    assert model.score(X, y) > 0.9


@each_class
def test_columns_that_say_nothing(cls):
    X, y = data(cls)
    extra = {"one": 7.0, "void": np.nan, "same": "x", "nothing": None}
    model = make(cls).fit(X.assign(**extra), y)
    changed = X.assign(one=-1e9, void=3.0, same="y", nothing="z")
    np.testing.assert_array_equal(raw(model, X.assign(**extra)), raw(model, changed))
    assert np.isfinite(raw(model, changed).ravel()).all()


class Lazy:
    """What Dask, polars and Spark make of a frame; only the named method computes it."""

    def __init__(self, data):
        self._data = data

    @property
    def shape(self):
        raise AssertionError("nothing is in memory")


def lazy(method):
    return type(method, (Lazy,), {method: lambda self: self._data})


@pytest.mark.parametrize("method", ["compute", "collect", "toPandas"])
@each_class
def test_lazy_data_are_computed(cls, method):
    X, y = data(cls)
    wrap, weights = lazy(method), np.arange(1.0, len(X) + 1)
    expected = make(cls).fit(X, y, weights, X_val=X, y_val=y, sample_weight_val=weights)
    lazies = [wrap(each) for each in (X, pd.Series(y), weights)]
    names = ["X_val", "y_val", "sample_weight_val"]
    model = make(cls).fit(*lazies, **dict(zip(names, lazies, strict=True)))
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    np.testing.assert_array_equal(raw(model, wrap(X)), raw(expected, X))
    assert model.score(*lazies[:2]) == expected.score(X, y)


def test_a_column_may_have_the_name_of_a_method():
    X, y = data(DNNRegressor)
    renamed = X.rename(columns={"number": "compute", "gaps": "collect"})
    expected = make(DNNRegressor).fit(X, y).predict(X)
    np.testing.assert_array_equal(make(DNNRegressor).fit(renamed, y).predict(renamed), expected)


@pytest.mark.parametrize("dtype", [float, np.float32, int, bool, object, "U3"])
@each_class
def test_masked_values_are_missing(cls, dtype):
    _, y = data(cls)
    rng = np.random.default_rng(0)
    values, mask = rng.integers(0, 4, (120, 2)).astype(dtype), rng.random((120, 2)) < 0.2
    with_missing = {int: float, bool: float, "U3": object}.get(dtype, dtype)
    filled = values.astype(with_missing)
    filled[mask] = np.nan
    given = np.ma.array(values, mask=mask)
    model, expected = (make(cls).fit(Z, y, X_val=Z, y_val=y) for Z in (given, filled))
    assert bits(model) == bits(expected)
    np.testing.assert_array_equal(raw(model, given), raw(expected, filled))
    unmasked = np.ma.array(values)
    np.testing.assert_array_equal(raw(make(cls).fit(unmasked, y), unmasked),
                                  raw(make(cls).fit(values, y), values))  # fmt: skip


# ---------------------------------------------------------------- categorical_features

NUMBERS = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (120, 3)), columns=["a", "b", "c"])


@pytest.mark.parametrize(
    "value", [["a", "c"], ("a", "c"), [0, 2], np.array([2, 0]), [True, False, True]]
)
@each_class
def test_categories_by_name_position_or_mask(cls, value):
    y = targets(cls, mixed_frame())
    expected = make(cls).fit(NUMBERS.astype({"a": "category", "c": "category"}), y)
    model = make(cls, categorical_features=value).fit(NUMBERS, y)
    assert bits(model) == bits(expected)
    if not isinstance(value[0], str):
        array = make(cls, categorical_features=value).fit(NUMBERS.to_numpy(), y)
        assert bits(array) == bits(expected)
        np.testing.assert_array_equal(raw(array, NUMBERS.to_numpy(float)), raw(model, NUMBERS))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["a", "z"], "'z' which is not a valid feature name"),
        ([0, 3], r"integer indices must be in \[0, n_features - 1\] = \[0, 2\]"),
        ([-1], "integer indices"),
        ([True, False], r"boolean mask must have shape \(n_features,\) = \(3,\)"),
        ([0.5], "categorical_features must be"),
        ([["a"]], "categorical_features must be"),
    ],
)
@each_class
def test_wrong_categorical_features(cls, value, message):
    model = make(cls, categorical_features=value)
    with pytest.raises(ValueError, match=message):
        model.fit(NUMBERS, targets(cls, mixed_frame()))
    assert not hasattr(model, "n_features_in_")


@each_class
def test_no_categories_at_all(cls):
    X, y = data(cls)
    numbers = X[["number", "gaps", "flag"]]
    assert make(cls, categorical_features=None).fit(numbers, y).n_features_in_ == 3
    with pytest.raises(ValueError, match=r"'word'.*'(yes|no)'"):
        make(cls, categorical_features=None).fit(X[["number", "word"]], y)


@each_class
def test_names_of_categories_need_names_of_columns(cls):
    with pytest.raises(ValueError, match="without feature names"):
        make(cls, categorical_features=["a"]).fit(NUMBERS.to_numpy(), targets(cls, mixed_frame()))


# ---------------------------------------------------------------- unknown and missing


@each_class
def test_unknown_categories_are_one_and_missing_is_known_if_training_has_it(cls):
    model = fitted(cls, max_iter=20)
    X = mixed_frame(10, seed=1)

    def change(column, value):
        return raw(model, X.assign(**{column: pd.Series([value] * len(X), dtype=object)}))

    np.testing.assert_array_equal(change("word", "new"), change("word", "other"))
    np.testing.assert_array_equal(change("word", "new"), change("word", None))
    np.testing.assert_array_equal(change("thing", 1), change("thing", 1.0))
    for known in ("yes", "no"):
        assert (change("word", "new") != change("word", known)).all()
    for known in (1, "b", None):
        assert (change("thing", "new") != change("thing", known)).all()
    np.testing.assert_array_equal(change("thing", None), change("thing", np.nan))


@pytest.mark.parametrize("scaling", ["robust", "standard", None])
@each_class
def test_missing_numbers_are_the_median_and_say_so_if_training_has_them(cls, scaling):
    X, y = data(cls)
    model = make(cls, feature_scaling=scaling, max_iter=20).fit(X, y)
    median = {name: X[name].astype(float).median() for name in ("number", "gaps")}
    rows = X[:10]
    gap, imputed = rows.assign(number=np.nan), rows.assign(number=median["number"])
    np.testing.assert_array_equal(raw(model, gap), raw(model, imputed))
    gap, imputed = rows.assign(gaps=np.nan), rows.assign(gaps=median["gaps"])
    assert (raw(model, gap) != raw(model, imputed)).all()


@each_class
def test_missing_numbers_without_any_scaling_or_embedding(cls):
    """A plain array: NaN in training makes it a table."""
    X = np.random.default_rng(0).normal(size=(120, 3))
    y = targets(cls, mixed_frame())
    X[::7, 1] = np.nan
    model = mlp(cls, (5,), max_iter=3, random_state=0).fit(X, y)
    assert model.coefs_[0].shape == (4, 5)
    assert np.isfinite(raw(model, np.full((2, 3), np.nan)).ravel()).all()


@each_class
def test_a_column_of_another_type_than_in_training_is_named(cls):
    X, y = data(cls)
    X = X.assign(code=np.arange(len(X)) % 5)
    model = make(cls).fit(X.astype({"code": str}), y)
    with pytest.warns(UserWarning, match=r"'code' has 0, 1 \(int\), had '0', '1' \(str\)"):
        model.predict(X)
    with pytest.warns(UserWarning, match=r"'code' has 0 \(int\)"):
        model.predict(X[:1])


@each_class
def test_a_column_of_numbers_as_text_is_named(cls):
    X, y = data(cls)
    text = X["number"].astype(str).where(X.index > 3, " ")
    with pytest.warns(UserWarning, match=r"'number': almost all values are numbers"):
        make(cls).fit(X.assign(number=text), y)


@each_class
def test_a_scorer_is_not_told_every_epoch(cls):
    """No held-out value of the column is known."""
    X, y = data(cls)
    X = X.assign(row=[f"r{i}" for i in range(len(X))])
    scoring = "balanced_accuracy" if cls is DNNClassifier else "neg_mean_absolute_error"
    model = make(cls, early_stopping=True, scoring=scoring)
    with pytest.warns(UserWarning, match="'row': nearly every value occurs only once") as said:
        model.fit(X, y)
    assert sum("column" in str(each.message).lower() for each in said) == 1


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@each_class
def test_infinite_numbers_name_the_column(cls, bad):
    X, y = data(cls)
    infinite = X.copy()
    infinite.loc[5, "gaps"] = bad
    model = make(cls)
    with pytest.raises(ValueError, match="Input X contains infinity in column 'gaps'"):
        model.fit(infinite, y)
    assert not hasattr(model, "n_features_in_")
    with pytest.raises(ValueError, match=r"X_val.*infinity in column 'gaps'"):
        model.fit(X, y, X_val=infinite, y_val=y)
    model.fit(X, y)
    with pytest.raises(ValueError, match="Input X contains infinity in column 'gaps'"):
        model.predict(infinite)
    array = make(cls).fit(X[["number", "gaps"]].to_numpy(), y)
    with pytest.raises(ValueError, match="Input X contains infinity in column 1"):
        array.predict(infinite[["number", "gaps"]].to_numpy())


@each_class
def test_text_in_a_column_of_numbers_names_the_column(cls):
    X, y = data(cls)
    text = X.assign(number="much")
    with pytest.raises(ValueError, match=r"Column 'number' must be numeric.*'much'"):
        fitted(cls).predict(text)
    with pytest.raises(ValueError, match=r"X_val.*Column 'number' must be numeric"):
        make(cls).fit(X, y, X_val=text, y_val=y)


@pytest.mark.parametrize("names", [["a", "a"], [1, 1]])
def test_names_that_are_not_unique_are_named(names):
    X = pd.DataFrame([[1, "x"], [2, "y"]] * 2, columns=names)
    with pytest.raises(ValueError, match=rf"columns must differ.*\['{names[0]}'\]"):
        DNNClassifier().fit(X, [0, 1, 0, 1])


@each_class
def test_dates_and_lists_name_the_column(cls):
    X, y = data(cls)
    dates = X.assign(day=pd.date_range("2020-01-01", periods=len(X)))
    with pytest.raises(TypeError, match=r"Column 'day' holds dates.*days since the first date"):
        make(cls).fit(dates, y)
    with pytest.raises(TypeError, match=r"Column 'day'.*not 'list'"):
        make(cls).fit(X.assign(day=[[1]] * len(X)), y)
    model = make(cls, categorical_features=["day"]).fit(dates[["number", "day"]], y)
    assert np.isfinite(raw(model, dates[["number", "day"]]).ravel()).all()


@each_class
def test_names_of_columns_must_differ(cls):
    X, y = data(cls)
    with pytest.raises(ValueError, match=r"columns must differ.*'number'"):
        make(cls).fit(pd.concat([X, X[["number"]]], axis=1), y)


@each_class
def test_other_columns_in_prediction(cls):
    X, _ = data(cls)
    model = fitted(cls)
    with pytest.raises(ValueError, match=r"feature names should match(.|\n)*same order"):
        model.predict(X[X.columns[::-1]])
    with pytest.raises(ValueError, match=r"seen at fit time, yet now missing:\n- word"):
        model.predict(X.drop(columns="word"))
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- new"):
        model.predict(X.assign(new=1))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X.astype(object).to_numpy())
    unnamed = fitted(cls, X.astype(object).to_numpy())
    with pytest.raises(ValueError, match="X has 7 features, but"):
        unnamed.predict(X.astype(object).to_numpy()[:, 1:])


@each_class
def test_no_rows_and_other_lengths(cls):
    X, y = data(cls)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        make(cls).fit(X[:0], y[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        fitted(cls).predict(X[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make(cls).fit(X, y[:-1])


# ---------------------------------------------------------------- rows


@each_class
def test_nothing_is_written_to_the_input(cls):
    X, y = data(cls)
    before = X.copy(deep=True)
    make(cls, early_stopping=True).fit(X, y).predict(X)
    pd.testing.assert_frame_equal(X, before)
    array = X[["number", "gaps"]].to_numpy()
    array.flags.writeable = False
    kept = array.tobytes()
    make(cls).fit(array, y).predict(array)
    assert array.tobytes() == kept


@each_class
def test_a_row_alone_has_the_bits_that_it_has_among_others(cls):
    X, _ = data(cls)
    model = fitted(cls)
    alone = np.concatenate([raw(model, X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_array_equal(alone, raw(model, X))


@pytest.mark.parametrize("fmt", [sparse.csr_array, sparse.csc_matrix])
@each_class
def test_sparse_rows_are_taken_as_they_are(cls, fmt):
    """Neither scaled nor embedded, and every column is numbers."""
    dense = np.random.default_rng(0).poisson(0.5, (120, 4)).astype(float)
    y = targets(cls, mixed_frame())
    model = make(cls).fit(fmt(dense), y)
    plain = make(cls, feature_scaling=None, numeric_embedding=None).fit(dense, y)
    assert bits(model) == bits(plain)
    np.testing.assert_array_equal(raw(model, fmt(dense)), raw(plain, dense))


@each_class
def test_sparse_rows_for_a_model_of_dense_ones(cls):
    dense = np.random.default_rng(0).poisson(0.5, (120, 4)).astype(float)
    model = make(cls).fit(dense, targets(cls, mixed_frame()))
    np.testing.assert_array_equal(raw(model, sparse.csr_array(dense)), raw(model, dense))


@pytest.mark.parametrize(
    ("n_columns", "kind"), [(100, "one_hot"), (101, "one_hot"), (500, "embedding")]
)
def test_many_columns_of_categories_have_vectors_earlier(n_columns, kind):
    """A wide table of categories would make a unit for each of very many."""
    codes = (np.arange(40)[:, None] + np.arange(n_columns)) % 20
    model = DNNRegressor((2,), max_iter=1, random_state=0).fit(
        pd.DataFrame(codes).astype("category"), np.arange(40.0)
    )
    assert {column.kind for column in model._network.spec.columns} == {kind}
