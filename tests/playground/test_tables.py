"""CSV files: what is read, and what is said of those that are not."""

import numpy as np
import pandas as pd
import pytest
from playing import configure, do, new_session, train

from skdnn.playground.options import OptionError
from skdnn.playground.tables import MAX_ROWS, read_table


def csv(n=60, sep=",", **columns):
    rng = np.random.default_rng(0)
    frame = {"a": rng.normal(size=n), "b": rng.integers(0, 99, n), **columns}
    frame.setdefault("kind", rng.choice(["x", "y"], n))
    return pd.DataFrame(frame).to_csv(index=False, sep=sep)


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_separators(sep):
    table = read_table("t.csv", "\ufeff" + csv(sep=sep))
    assert table.describe()["columns"] == ["a", "b", "kind"]
    assert table.describe()["chosen"] == ["kind", "a", "b"]


def test_kinds_of_targets():
    table = read_table("t.csv", csv(few=[0, 1, 2] * 20, number=np.linspace(0, 1, 60)))
    assert table.labels("few").tolist() == [0, 1, 2]
    assert table.labels("kind").tolist() == ["x", "y"]
    assert table.labels("number") is None
    assert table.labels("b") is None  # many integers are numbers


def test_long_tables_are_cut():
    table = read_table("t.csv", csv(MAX_ROWS + 10))
    assert (len(table.frame), table.is_sample) == (MAX_ROWS, True)
    assert f"nrows={MAX_ROWS}" in table.code()


@pytest.mark.parametrize(("text", "message"), [
    ("", "t.csv: the first line must name at least three columns"),
    ("a b c\n1 2 3\n", "Got 'a b c'"),
    ("a,b,c\n1,2,3\n", "Got 1 rows and 3 columns"),
    ("a,b,c\n1,2,3,4,5\n6\n7,8,9,0,1,2,3\n", "t.csv: Error tokenizing data"),
    (csv(20, a=["q"] * 20), "two numeric columns beside the target are needed as axes. Found"),
    (csv(20, kind=[f"k{i}" for i in range(20)], a=[1] * 20, b=[2] * 20), "no column can be"),
    ("a,b,c\n" + "1,2,3,4\n" * 30, "the rows have more values than the 3 names"),
    ("a,b,c\n" + "1,2,\ufffd\n" * 30, "the file is not text in UTF-8"),
    ("a;b;c\n" + "1,5;-2,25;x\n1;2;y\n" * 30, "Found the numeric columns []."),
    ("a;b;c\n" + "1,5;-2,25;x\n0,5;2,0;y\n" * 30, "numbers of ['a', 'b'] with a decimal point"),
    (csv(20, a=[np.inf, *range(19)]), "column 'a' holds an infinite number"),
    ("a,b,c\n" + "1,2,3\n" * 400_000, "has 2,400,006 characters. At most 2,000,000 are read"),
])  # fmt: skip
def test_bad_files_are_explained(text, message):
    with pytest.raises(OptionError) as raised:
        read_table("t.csv", text).describe()
    assert message in str(raised.value)


def test_targets_that_cannot_be_drawn_are_explained():
    table = read_table("t.csv", csv(26, many=[chr(97 + i) for i in range(26)]))
    with pytest.raises(OptionError, match=r"'many' has 26 classes. At most 6 can be drawn"):
        table.labels("many")
    table = read_table("t.csv", csv(26, one=["x"] * 25 + ["y"]))
    with pytest.raises(OptionError, match=r"'one' has a single row. Each class needs two"):
        table.labels("one")


def test_the_target_leaves_two_numeric_columns():
    """Also if classes come first, and another column could be a target otherwise."""
    table = read_table("t.csv", "kind,a,b\n" + "x,1,2.5\ny,2,3.5\n" * 20)
    described = table.describe()
    assert described["targets"] == described["classified"] == ["kind"]
    assert described["chosen"] == ["kind", "a", "b"]


def test_axes_are_columns_that_differ():
    text = pd.DataFrame({"empty": [None] * 60, "constant": 1, "c": range(60), "d": range(60),
                         "kind": ["x", "y"] * 30}).to_csv(index=False)  # fmt: skip
    described = read_table("t.csv", text).describe()
    assert described["numbers"] == ["constant", "c", "d"]
    assert described["chosen"] == ["kind", "c", "d"]


def test_an_axis_without_values_is_explained():
    session = new_session()
    text = csv(kind=["x", "y", None] * 20, c=[None, None, 1.5] * 20)
    do(session, "table", name="t.csv", text=text)
    do(session, "configure", settings={"data": "csv", "columns": ["kind", "a", "c"]})
    [error] = session.sink.of("error")
    assert (
        "column 'c' cannot be an axis: it has no value where the target 'kind'" in error["message"]
    )


def test_small_numbers_are_drawn_where_they_are():
    session = new_session()
    do(session, "table", name="t.csv", text=csv(a=np.linspace(1, 2, 60) * 1e-6))
    [data] = configure(session, data="csv", columns=["kind", "a", "b"]).of("data")
    drawn = sorted(row[0] for row in data["points"]["train"] + data["points"]["test"])
    np.testing.assert_allclose(drawn, np.linspace(1, 2, 60) * 1e-6)


def test_all_columns_are_trained_on_and_two_are_drawn():
    session = new_session()
    text = csv(a=[None, *range(59)], kind=["x", "y", None] * 20, text=["p", "q"] * 30)
    do(session, "table", name="t.csv", text=text)
    sink = configure(session, data="csv", columns=["kind", "a", "b"])
    _, arrays = train(session, 2)
    [data] = sink.of("data")
    assert data["columns"] == ["a", "b", "text"]
    assert data["classes"] == ["x", "y"]
    assert arrays["weights0"].shape[0] == 3
    assert len(data["points"]["train"]) + len(data["points"]["test"]) == 39  # one is missing
    grid = session.problem.grid
    assert grid["text"].nunique() == 1
    assert grid["a"].nunique() == grid["b"].nunique() == 100
    assert grid["b"].iloc[0] > grid["b"].iloc[-1]  # the first row is the top


@pytest.mark.parametrize("columns", [["kind", "a", "a"], ["a", "a", "b"], ["kind", "a", "kind"],
                                     ["kind", "a", "nothing"]], ids=str)  # fmt: skip
def test_columns_must_suit_the_table(columns):
    session = new_session()
    do(session, "table", name="t.csv", text=csv())
    do(session, "configure", settings={"data": "csv", "columns": columns})
    [error] = session.sink.of("error")
    assert "two different numeric columns" in error["message"]
