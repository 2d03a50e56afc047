"""What does not fit together in a file is refused, by both readers."""

import numpy as np
import pytest
from saved import changed, fitted, written

import skdnn
import skdnn_light

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def put(value, *path):
    """A change of one value of the document."""

    def change(document, arrays):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def array(name, value):
    def change(document, arrays):
        arrays[name] = value(arrays[name]) if callable(value) else value

    return change


def of_kind(kind, place, value):
    """A change of an item of the first column of a kind."""

    def change(document, arrays):
        columns = next(
            member["columns"] for member in document["members"]
            if any(column[0] == kind for column in member["columns"])
        )  # fmt: skip
        next(column for column in columns if column[0] == kind)[place] = value

    return change


def with_nan(values):
    values.flat[0] = np.nan
    return values


#: Whatever would make compiled code read what is not there, or predictions meaningless.
WRONG = {
    "source of a number": of_kind("number", 1, 8),
    "source of bins": of_kind("bins", 1, 6),
    "source of cosines": of_kind("periodic", 1, 6),
    "source of a category": of_kind("one_hot", 1, 7),
    "source below 0": of_kind("one_hot", 1, -1),
    "source of another type": of_kind("one_hot", 1, 1.0),
    "more bins than edges": of_kind("bins", 3, 17),
    "fewer bins than edges": of_kind("bins", 3, 1),
    "width of bins": of_kind("bins", 2, 1),
    "fewer categories": of_kind("one_hot", 3, 1),
    "fewer vectors": of_kind("embedding", 3, 3),
    "more vectors": of_kind("embedding", 3, 10**9),
    "longer vectors": of_kind("embedding", 2, 2**31),
    "more frequencies": of_kind("periodic", 3, 2**31 - 1),
    "another kind": of_kind("one_hot", 0, "embedding"),
    "an unknown kind": of_kind("one_hot", 0, "two_hot"),
    "sigma": of_kind("periodic", 4, "x"),
    "no columns": put([], "members", 0, "columns"),
    "no members": put([], "members"),
    "no edges": put(0, "members", 0, "n_bins"),
    "unknown edges": put(3, "members", 0, "n_bins"),
    "scales": put(True, "members", 0, "scaled_inputs"),
    "no scales": put(False, "members", 1, "scaled_inputs"),
    "weights of members": put(0.7, "members", 0, "weight"),
    "no encoding": put(None, "encoding"),
    "hidden": put([6], "network", "hidden"),
    "huge hidden": put([2**31 - 1, 2**31 - 1], "network", "hidden"),
    "hidden that overflow": put([2**32, 2**32], "network", "hidden"),
    "no units": put([6, 0], "network", "hidden"),
    "dropout": put([0.0], "network", "dropout"),
    "a rate of 1": put([0.0, 1.0, 0.0], "network", "dropout"),
    "outputs": put(4, "network", "n_outputs"),
    "outputs of each target": put(3, "network", "outputs_per_target"),
    "activation": put("swish", "network", "activation"),
    "normalization": put("layer", "network", "normalization"),
    "no normalization": put(None, "network", "normalization"),
    "loss": put("squared_error", "network", "loss"),
    "unknown loss": put("hinge", "network", "loss"),
    "a loss of two classes": put("binary_log_loss", "network", "loss"),
    "parameters of the loss": put([0.1], "network", "loss_parameters"),
    "dtype": put("float64", "dtype"),
    "float16": put("float16", "dtype"),
    "estimator": put("DNNRegressor", "estimator"),
    "unknown estimator": put("Estimator", "estimator"),
    "n_features": put(12, "n_features"),
    "feature_names": put(["a"] * 13, "feature_names"),
    "kinds of columns": put("number", "encoding", "columns", 6, "kind"),
    "indicated": put([6], "encoding", "indicated"),
    "indicated below 0": put([-1], "encoding", "indicated"),
    "scaling": put("minmax", "encoding", "scaling"),
    "labels": put([], "encoding", "labels"),
    "more categories": put(["a", "b", "c", "d"], "encoding", "categories", 0, "values"),
    "missing categories": put(True, "encoding", "categories", 0, "has_missing"),
    "equal categories": put([1, True, 1.0], "encoding", "categories", 0, "values"),
    "lists as categories": put([["a"], ["b"], ["c"]], "encoding", "categories", 0, "values"),
    "no category": put([None, "b", "c"], "encoding", "categories", 0, "values"),
    "integers with one hash": put(
        [i * (2**61 - 1) for i in range(1, 5000)], "encoding", "categories", 0, "values"
    ),
    "n_bins": put([16, 500], "encoding", "n_bins"),
    "fewer classes": put([0, 10], "task", "classes"),
    "equal classes": put([0, 0, 1], "task", "classes"),
    "fractions of classes": put([0.5, 1, 2], "task", "classes"),
    "dtype of classes": put("V8", "task", "class_dtype"),
    "dtype of classes of fields": put("i8,i8", "task", "class_dtype"),
    "classes of objects": put([{"class": "Huber", "parameters": {}}, 1, 2], "task", "classes"),
    "sole class": put(3, "task", "sole_class"),
    "kind of task": put("labels", "task", "kind"),
    "link": put("logistic", "task", "link"),
    "settings of another class": put({"class": "Popen", "parameters": {}}, "parameters", "loss"),
    "parameter": put("fast", "parameters", "solver"),
    "an array that is missing": lambda document, arrays: arrays.pop("members.0.biases.0"),
    "one array more": array("percentiles.2", np.ones(3)),
    "an array of another shape": array("members.0.weights.1", np.transpose),
    "an array of another dtype": array("members.0.weights.1", lambda a: a.astype(float)),
    "NaN among the weights": array("members.1.weights.1", with_nan),
    "NaN among the centers": array("center", with_nan),
    "an infinite scale": array("scale", lambda a: a / 0.0),
    "variances below 0": array("members.0.variances.0", np.negative),
    "columns of scores": put(2, "conformal", "n_columns"),
    "rows of scores": put(3, "conformal", "n_rows"),
    "lost rows": put(-1, "conformal", "n_lost"),
    "no scores": put(None, "conformal"),
    "scores that fall": array("conformal.values", lambda a: -1 - a[:, ::-1].cumsum(axis=1)),
    "edges that fall": array("edges.16.values", lambda a: a[::-1]),
    "NaN among the edges": array("edges.16.values", with_nan),
    "infinite edges": array("edges.16.values", lambda a: np.where(a == a[1], np.inf, a)),
    "numbers of edges": array("edges.16.counts", lambda a: a[::-1]),
    "a single edge": array("edges.16.counts", lambda a: a * 0 + 1),
    "huge numbers of edges": array("edges.16.counts", lambda a: a * 0 + 2**62),
    "fractions of edges": array("edges.16.counts", lambda a: a.astype(float)),
}  # fmt: skip

#: The light scorer reads neither the loss nor the parameters.
NOT_OF_LIGHT = {
    "loss", "unknown loss", "a loss of two classes", "parameters of the loss",
    "settings of another class", "parameter",
}  # fmt: skip
LOADS = [skdnn.load, skdnn_light.load]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused(what):
    content = written(fitted("two-batch", "float32")[0])
    skdnn.load(changed(content, lambda document, arrays: None))
    for load in LOADS[: 1 if what in NOT_OF_LIGHT else 2]:
        with pytest.raises(ValueError, match=r"A damaged skdnn model: (?!the digest)."):
            load(changed(content, WRONG[what]))


WRONG_NUMBERS = {
    "low above high": array("target.low", lambda a: a + 1e9),
    "no scale": array("target.scale", lambda a: a * 0),
    "infinite scale": array("target.scale", lambda a: a * np.inf),
    "shape of the range": array("target.high", lambda a: a[None]),
    "levels": put([0.4, 0.1, 0.9], "task", "levels"),
    "no levels": put([], "task", "levels"),
    "levels beyond 1": put([0.1, 0.4, 1.9], "task", "levels"),
    "parameters": put([[0.1]], "task", "parameters"),
    "kind": put("class", "task", "kind"),
    "link": put("exp", "task", "link"),
    "outputs of each target": put(2, "network", "outputs_per_target"),
    "no scaling": put(None, "task", "target_scaling"),
    "scores of each band": put(2, "conformal", "n_columns"),
    "weights of scores that fall": array("conformal.cumulative", lambda a: a[:, ::-1]),
}


@pytest.mark.parametrize("what", WRONG_NUMBERS)
def test_what_is_wrong_in_a_regressor_is_refused(what):
    content = written(fitted("Quantile(quantile=[0.1, 0.4, 0.9])-two", "float32")[0])
    skdnn.load(changed(content, lambda document, arrays: None))
    for load in LOADS[: 1 if what == "no levels" else 2]:
        with pytest.raises(ValueError, match=r"A damaged skdnn model: (?!the digest)."):
            load(changed(content, WRONG_NUMBERS[what]))
