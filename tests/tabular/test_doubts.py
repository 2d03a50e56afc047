"""Columns that are hardly what they are meant to be: when it is said, and when not."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from skdnn.tabular.encoder import TableEncoder

RNG = np.random.default_rng(0)
N = 400
NUMBERS = RNG.gamma(2, 900, N)


def said(call):
    """What a call warns of; None if it does not."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert len(found) <= 1
    assert all(warning.category is UserWarning for warning in found)
    return str(found[0].message) if found else None


def said_of(values, **params):
    table = pd.DataFrame({"price": values, "other": 0.0})
    return said(lambda: TableEncoder(**params).fit(table))


def spoiled(value, numbers=NUMBERS):
    return [value, *map(str, numbers[1:])]


AS_TEXT = {
    "all": NUMBERS.astype(str),
    "blank": spoiled(" "),
    "question mark": spoiled("?"),
    "NA": spoiled("NA "),
    "thousands": [f"{number:,.0f}" for number in NUMBERS],
    "currency": [f"${number:,.2f}" for number in NUMBERS],
    "rounded": spoiled("?", NUMBERS.round(-1)),
    "some missing": [None, *spoiled("?")[:50]],
    "objects": pd.Series(["?", *NUMBERS], dtype=object),
    "category": pd.Categorical(spoiled("?")),
    "prices": [f"{number:.2f}" for number in RNG.choice(np.arange(0.99, 50), N)],
}


@pytest.mark.parametrize("kind", AS_TEXT)
def test_numbers_as_text(kind):
    message = said_of(AS_TEXT[kind])
    assert re.search(r"^Column 'price': almost all values are numbers.*pd\.to_numeric", message)


COMMAS = {
    "two places": [f"{number / 2000:.2f}".replace(".", ",") for number in NUMBERS],
    "few values": RNG.choice([f"{i // 2},{i % 2 * 5}" for i in range(20)], 9000),
    "three places": [f"{number:.3f}".replace(".", ",") for number in RNG.uniform(0, 9, N)],
    "thousands": [f"1.{i % 1000:03d},50" for i in range(N)],
    "blanks as thousands": [f"1\u00a0{i % 1000:03d},50" for i in range(N)],
    "currency": [f"{number:.2f} €".replace(".", ",") for number in NUMBERS],
    "question mark": ["?", *[f"{number:.1f}".replace(".", ",") for number in NUMBERS]],
    "category": pd.Categorical([f"{number:.1f}".replace(".", ",") for number in NUMBERS]),
}


@pytest.mark.parametrize("kind", COMMAS)
def test_decimal_commas(kind):
    message = said_of(COMMAS[kind])
    assert re.search(r"^Column 'price': .* decimal comma.*replace\(',', '.'\)", message)


def test_advice_for_decimal_commas_works():
    texts = pd.Series(COMMAS["two places"])
    numbers = pd.to_numeric(texts.str.replace(",", "."), errors="coerce")
    np.testing.assert_allclose(numbers, NUMBERS / 2000, atol=0.006)


DAYS = pd.date_range("2024-01-01", periods=60)
DATES = {
    "iso": DAYS.strftime("%Y-%m-%d"),
    "with time": DAYS.strftime("%Y-%m-%d %H:%M:%S"),
    "iso with time": DAYS.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "German": DAYS.strftime("%d.%m.%Y"),
    "American": DAYS.strftime("%m/%d/%y"),
    "unknown": ["unknown", None, *DAYS.strftime("%Y/%m/%d")],
    "many rows of each": np.tile(DAYS.strftime("%Y-%m-%d"), 100),
}


@pytest.mark.parametrize("kind", DATES)
def test_dates_as_text(kind):
    message = said_of(DATES[kind])
    assert re.search(r"^Column 'price': almost all values are dates.*pd\.to_datetime", message)


IDS = {
    "ids": [f"u{i}" for i in range(N)],
    "almost": [f"u{i % (N - 20)}" for i in range(N)],
    "sentences": [f"number {i} is not {i * i}" for i in range(N)],
    "few rows": [f"u{i}" for i in range(20)],
}


@pytest.mark.parametrize("kind", IDS)
def test_text_that_occurs_once(kind):
    message = said_of(IDS[kind])
    assert re.search(r"^Column 'price': nearly every value occurs only once.*Drop", message)


HONEST = {
    "codes": RNG.choice([f"{i:02d}" for i in range(60)], N),
    "zip codes": RNG.choice(RNG.integers(10_000, 99_999, 40).astype(str), N),
    "zip codes with zeros": [f"0{number}" for number in RNG.integers(1000, 9999, N // 2)] * 2,
    "grades": RNG.choice([*map(str, range(1, 11)), "?"], N),
    "versions": RNG.choice([f"{i}.{j}" for i in range(3) for j in range(6)], N),
    "lists of codes": RNG.choice([f"{i},{j},{i + j}" for i in range(6) for j in range(6)], N),
    "ranges": RNG.choice([f"{i}-{i + 9}" for i in range(40)], N),
    "thousands": RNG.choice([f"{i},000" for i in range(1, 40)], 9000),
    "three numbers": RNG.choice([f"{i}.{j}.{i * j}" for i in range(6) for j in range(6)], N),
    "cities": RNG.choice([f"city {i}" for i in range(200)], N),
    "few rows": NUMBERS[:19].astype(str),
    "numbers that are meant": pd.Categorical(NUMBERS),
    "dates that are meant": pd.Categorical(pd.date_range("2020", periods=N)),
    "anything": pd.Series([10**400, (1, 2), b"x", *["a", "b"] * 200, *range(20)], dtype=object),
    "nothing": [None] * N,
}


@pytest.mark.parametrize("kind", HONEST)
def test_nothing_is_said_of_honest_categories(kind):
    assert said_of(HONEST[kind]) is None


@pytest.mark.parametrize("chosen", [["price"], [0], [True, False]])
@pytest.mark.parametrize("values", [AS_TEXT["blank"], IDS["ids"]])
def test_nothing_is_said_of_what_is_named(values, chosen):
    assert said_of(values, categorical_features=chosen) is None


def test_one_warning_names_all_columns():
    table = pd.DataFrame({"a": AS_TEXT["blank"], "b": AS_TEXT["NA"], "c": IDS["ids"], "d": "x"})
    message = said(lambda: TableEncoder().fit(table))
    assert message.startswith("Columns 'a', 'b': almost all values are numbers")
    assert "Column 'c': nearly every value" in message
    array = table.to_numpy(dtype=object)
    assert "Columns 0, 1: almost" in said(lambda: TableEncoder().fit(array))


def test_rows_without_weight_do_not_count():
    values = np.array(["x"] * 50 + IDS["ids"][:50], dtype=object)[:, None]
    weights = np.repeat([1.0, 0.0], 50)
    assert said(lambda: TableEncoder().fit(values, weights)) is None
    assert "nearly every" in said(lambda: TableEncoder().fit(values, 1 - weights))


# ---------------------------------------------------------------- in prediction

CODES = RNG.integers(0, 6, 50)
TEXT = CODES.astype(str)


def said_later(trained, later):
    encoder = TableEncoder().fit(pd.DataFrame({"code": trained}))
    return said(lambda: encoder.transform(pd.DataFrame({"code": later})))


CHANGED = {
    "text to int": (TEXT, CODES),
    "text to int, one row": (TEXT, CODES[:1]),
    "int to text": (pd.Categorical(CODES), TEXT),
    "bool to text": (CODES > 2, (CODES > 2).astype(str)),
    "text to bool": ((CODES > 2).astype(str), CODES > 2),
    "dates to text": (pd.Categorical(pd.date_range("2020", periods=9)), ["2020-01-01"]),
    "missing beside": ([None, *TEXT], pd.Series([None, *CODES], dtype=object)),
    "other spelling": (TEXT, CODES.astype(float).astype(str)),
    "other case": (["a", "b"] * 9, ["A", "B"] * 9),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_column_of_which_nothing_is_known(kind):
    message = said_later(*CHANGED[kind])
    assert re.search(r"known category.*'code' has .* had .*astype", message)


NEW = {
    "one row": (TEXT, ["new"]),
    "few rows": (TEXT, ["new", "other"] * 4),
    "one value": (TEXT, ["new"] * 50),
    "one is known": (TEXT, ["new", "other"] * 9 + ["1"]),
    "missing": (TEXT, [None] * 50),
    "nothing was known": ([None] * 50, TEXT),
    "int to float": (pd.Categorical(CODES), CODES * 1.0),
    "bool to int": (CODES > 2, (CODES > 2) * 1),
    "mixed": ([1, "a"] * 9, [2]),
}


@pytest.mark.parametrize("kind", NEW)
def test_nothing_is_said_of_new_categories(kind):
    assert said_later(*NEW[kind]) is None


def test_one_warning_of_a_prediction_names_all_columns():
    encoder = TableEncoder().fit(pd.DataFrame({"a": TEXT, "b": TEXT, "c": TEXT}))
    later = pd.DataFrame({"a": CODES, "b": TEXT, "c": CODES})
    message = said(lambda: encoder.transform(later))
    first, second = CODES[:1].tolist(), TEXT[0]
    assert f"'a' has {first[0]}" in message
    assert "'c' has" in message
    assert "'b' has" not in message
    assert second in "012345"
