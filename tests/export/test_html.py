"""Pages in a real browser without a network, and what is refused before one is written."""

import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from mlp import mlp_classifier, mlp_regressor
from pages import shown
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import DNNClassifier, DNNRegressor, Quantile
from skdnn.export import _html, to_html
from skdnn.export._html import page_data

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def drivers(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "distance": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(3, 1, n)),
            "power": rng.normal(100, 20, n).round(1),
            "region": rng.choice(["city", "village", None], n),
            "member": rng.random(n) < 0.5,
        }
    )


def fit(cls=DNNClassifier, X=None, y=None, **parameters):
    X = drivers() if X is None else X
    if y is None:
        y = X["age"] + 10.0 * X["member"]
        y = np.where(y > 60, "claim", "none") if cls is DNNClassifier else y
    defaults = dict(hidden_layer_sizes=(8,), max_iter=2, random_state=0, n_members=4)
    return cls(**{**defaults, **parameters}).fit(X, y)


@pytest.fixture(scope="module")
def model():
    return fit()


def choose(page, name, value):
    """Set the control of a column as a user does."""
    control = page.get_by_label(name, exact=True)
    is_missing = value is None or pd.isna(value)
    if isinstance(value, float) and name != "region":
        if is_missing and name == "distance":
            page.locator(".card").filter(has=control).get_by_label("missing").check()
        else:
            control.fill("" if is_missing else repr(float(value)))
    else:
        control.select_option(label="missing" if is_missing else str(value))


#: Set the controls of all columns, as ``choose`` does, but in one step; return the outputs.
ENTER = """(row) => {
  for (const [name, value] of Object.entries(row)) {
    const labels = [...document.querySelectorAll(".head > label")];
    const control = labels.find(e => e.textContent === name).control;
    const box = control.closest(".card").querySelector("[type=checkbox]");
    if (control.localName === "select") {
      control.value = [...control.options].find(e => e.label === (value ?? "missing")).value;
      control.dispatchEvent(new Event("change"));
    } else if (value === null && box) {
      box.checked = true;
      box.dispatchEvent(new Event("change"));
    } else {
      control.value = value ?? "";
      control.dispatchEvent(new Event("input"));
    }
  }
  return [...document.querySelectorAll("#outputs .value")].map(e => Number(e.dataset.value));
}"""


def test_rows_that_are_entered_in_the_form_are_predicted_as_in_python(opened, model):
    page = opened(model, X=drivers())
    rows = drivers(50, seed=1).astype({"age": float, "member": object})
    rows.loc[::9, "region"] = "unknown"
    rows.loc[::11, "member"] = None
    rows.loc[::12, ["age", "power"]] = np.nan
    rows.loc[5, ["age", "distance"]] = [1e6, -1e6]
    assert (rows["region"].isna() & rows["distance"].isna()).any()
    expected = model.predict_proba(rows)
    texts = rows.assign(member=rows["member"].astype(str)).astype(object)
    texts = texts.where(rows.notna(), None).to_dict("records")
    found = page.evaluate(f"rows => rows.map({ENTER})", texts)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.ptp(found, axis=0).min() > 0.05
    # Some of them with mouse and keyboard.
    for i in (0, 3, 9, 11):
        for name, value in rows.iloc[i].items():
            choose(page, name, value)
        np.testing.assert_allclose(shown(page), expected[i], rtol=0, atol=1e-5)


def test_it_starts_with_the_first_row_or_with_medians(opened, model):
    X = drivers()
    X.loc[0, ["distance", "region"]] = None
    page = opened(model, X=X)
    np.testing.assert_allclose(shown(page), model.predict_proba(X[:1])[0], atol=1e-5)
    chosen = "menu => menu.selectedOptions[0].label"
    assert page.get_by_label("region").evaluate(chosen) == "missing"
    page = opened(model)
    medians = X.median(numeric_only=True)
    assert float(page.get_by_label("age", exact=True).input_value()) == medians["age"]
    assert page.get_by_label("region").evaluate(chosen) == "city"


@pytest.mark.parametrize("kind", ["polars", "pyarrow", "object array"])
def test_x_can_be_any_kind_of_table(kind):
    X = drivers().astype({"region": object})
    X.loc[0, "region"] = "village"
    if kind == "object array":
        table = X.to_numpy(dtype=object)
        model = fit(X=table, y=np.arange(len(X)) % 2)
    else:
        table = pytest.importorskip(kind)
        table = table.from_pandas(X) if kind == "polars" else table.Table.from_pandas(X)
        model = fit(X=X)
    columns = page_data(model, table)["columns"]
    names = [f"x{j}" for j in range(5)] if kind == "object array" else list(X)
    assert [column["name"] for column in columns] == names
    expected = [X["age"][0], X["distance"][0], X["power"][0], 2, 1 + X["member"][0]]
    assert [column["start"] for column in columns] == expected


def test_networks_on_plain_numbers_learn_their_ranges_from_x():
    X = np.random.default_rng(0).integers(0, 11, (300, 2)) * 100.0
    model = mlp_classifier((3,), max_iter=2).fit(X, X[:, 0] > 500)
    for table in (X, csr_array(X), pd.DataFrame(X, columns=["x0", "x1"])):
        if isinstance(table, pd.DataFrame):
            model = mlp_classifier((3,), max_iter=2).fit(table, X[:, 0] > 500)
        columns = page_data(model, table)["columns"]
        assert columns[0]["values"] == [100.0 * i for i in range(11)]
        assert [column["start"] for column in columns] == X[0].tolist()
        assert not columns[0]["may_be_missing"]
    values = page_data(model)["columns"][1]["values"]
    assert (values[0], values[50], values[-1]) == (-3, 0, 3)


def test_the_effects_follow_the_form(opened, model):
    page = opened(model, X=drivers())
    rows = drivers().iloc[[0] * 2].assign(age=[18, 89])
    for region in ("city", "village"):
        choose(page, "region", region)
        page.wait_for_selector("body[data-state=ready]")
        expected = model.predict_proba(rows.assign(region=region))[:, 1]
        label = page.locator(".card").first.locator(".plot").get_attribute("aria-label")
        path = page.locator(".curve").first.get_attribute("d")
        ends = [float(path.split("L")[end].split()[-1]) for end in (0, -1)]
        # Shares of the range that all curves have in common, from the top.
        texts = [page.locator(f".{end}").first.inner_text() for end in ("low", "high")]
        low, high = (float(text.removesuffix(" %")) / 100 for text in texts)
        np.testing.assert_allclose(high - np.array(ends) / 100 * (high - low), expected, atol=1e-3)
        assert label.startswith("Effect: from ")


def test_a_slider_is_moved_by_the_keyboard(opened, model):
    page = opened(model, X=drivers())
    before = shown(page)
    page.get_by_label("age, percentiles").focus()
    page.keyboard.press("End")
    assert page.get_by_label("age", exact=True).input_value() == str(drivers()["age"].max())
    assert page.get_by_label("age, percentiles").get_attribute("aria-valuetext") == "89"
    assert shown(page) != before
    text = page.locator("#headline").inner_text().replace("\n", " ")
    page.locator("#live").filter(has_text=f"Prediction: {text}").wait_for(state="attached")
    page.get_by_role("button", name="Reset").click()
    assert shown(page) == before


def test_what_is_no_number_changes_nothing_and_is_marked(opened):
    X = np.random.default_rng(0).normal(size=(50, 1))
    model = mlp_classifier((3,), "tanh", max_iter=2, dtype="float32", random_state=0)
    page = opened(model.fit(X, X[:, 0] > 0), X=X)
    before, field = shown(page), page.get_by_label("x0", exact=True)
    for text, what in [("", "such as 12.5"), ("1,2,3", "such as 12.5"), ("1e300", "of usual size")]:
        field.fill(text)
        assert shown(page) == before
        assert field.get_attribute("aria-invalid") == "true"
        assert message_of(page, field) == f"Enter a number {what}. The last one is kept."
    field.blur()
    assert field.input_value() == "1e300"
    page.get_by_role("button", name="Reset").click()
    assert float(field.input_value()) == pytest.approx(X[0, 0], rel=1e-5)
    assert field.get_attribute("aria-invalid") == "false"
    field.fill("2")
    assert shown(page) != before
    assert page.locator(".error").count() == 0


def message_of(page, field):
    """What is said beside a field, as screen readers find it."""
    message = page.locator(f"#{field.get_attribute('aria-describedby')}[role=status]")
    return message.inner_text()


def test_decimal_commas_are_points_and_groups_of_digits_are_read(opened, model):
    X = drivers()
    page = opened(model, X=X)
    field = page.get_by_label("power", exact=True)
    entries = {"92,5": 92.5, "1\u202f250": 1250, "\u22121e1": -10, " 88.25 ": 88.25}
    for text, power in entries.items():
        field.fill(text)
        expected = model.predict_proba(X[:1].assign(power=power))[0]
        np.testing.assert_allclose(shown(page), expected, atol=1e-5)
        field.blur()
        assert field.input_value() == f"{power:g}"


def test_numbers_outside_the_training_range_are_named(opened, model):
    X = drivers()
    page = opened(model, X=X)
    field = page.get_by_label("age", exact=True)
    card = page.locator(".card").filter(has=field)
    axis = card.locator(".ends").inner_text()
    low, high = X["age"].min(), X["age"].max()
    for age, left in [(999999999, "100%"), (-5, "0%"), (high, "100%"), (low, "0%")]:
        field.fill(str(age))
        page.wait_for_selector("body[data-state=ready]")
        is_outside = not low <= age <= high
        text = f"outside the training range {low} to {high}" if is_outside else ""
        assert message_of(page, field) == text
        assert card.locator(".plot .dot").evaluate("dot => dot.style.left") == left
        assert card.locator(".is-outside").count() == is_outside
        assert card.locator(".ends").inner_text() == axis
        expected = model.predict_proba(X[:1].assign(age=age))[0]
        np.testing.assert_allclose(shown(page), expected, atol=1e-5)


def test_missing_values_of_a_column_that_had_none_are_said_to_be_imputed(opened, model):
    X = drivers()
    page = opened(model, X=X)
    age, distance = (page.get_by_label(name, exact=True) for name in ("age", "distance"))
    age.fill("")
    distance.fill("")
    assert message_of(page, age) == "missing: the median is used"
    assert message_of(page, distance) == ""
    expected = model.predict_proba(X[:1].assign(age=np.nan, distance=np.nan))[0]
    np.testing.assert_allclose(shown(page), expected, atol=1e-5)


def test_numbers_are_readable_and_what_is_not_edited_stays_exact(opened):
    X = pd.DataFrame(
        {"zip": np.arange(10115, 10215), "share": np.linspace(0.487076812345, 0.487176812345, 100)}
    )
    model = fit(DNNRegressor, X=X, y=X["share"] * 1e9, dtype="float64")
    page = opened(model, X=X)
    ends = page.locator(".plot ~ .ends").all_inner_texts()
    assert ends[0].split("\n")[::2] == ["10\u202f115", "10\u202f214"]
    assert len(set(ends[1].split("\n"))) == 3
    assert page.get_by_label("zip, percentiles").get_attribute("aria-valuetext") == "10115"
    field = page.get_by_label("share", exact=True)
    assert field.input_value() == "0.4870768"
    slider = page.get_by_label("share, percentiles")
    assert slider.get_attribute("aria-valuetext") == "0.4870768"
    assert field.get_attribute("title") == str(X["share"][0])
    expected = model.predict(X[:1])
    np.testing.assert_allclose(shown(page), expected, rtol=1e-10)
    field.focus()
    assert field.input_value() == str(X["share"][0])
    field.blur()
    np.testing.assert_allclose(shown(page), expected, rtol=1e-10)
    numbers = "[10115, 2019, 12345.678, 0.25, 20240115, 1e15]"
    texts = " ".join(page.evaluate(f"{numbers}.map(x => formatNumber(x))")).replace("\u202f", "_")
    assert texts == "10_115 2019 12_346 0.25 20_240_115 1.00e+15"
    texts = page.evaluate("formatTicks([1.00001, 1.00002])")
    assert texts == ["1.00001", "1.00002"]


def test_the_minimum_and_the_maximum_are_rounded_outwards():
    X = np.random.default_rng(0).normal(size=(50, 1))
    model = fit(X=X, y=X[:, 0] > 0)
    values = page_data(model)["columns"][0]["values"]
    assert values[0] <= X.min() <= values[0] + 1e-3
    assert values[-1] - 1e-3 <= X.max() <= values[-1]


def test_the_range_of_networks_on_plain_numbers_is_known_from_x_only():
    X = np.random.default_rng(0).normal(size=(50, 1))
    model = mlp_classifier((3,), max_iter=2).fit(X, X[:, 0] > 0)
    assert page_data(model)["columns"][0]["range"] is None
    assert page_data(model, X)["columns"][0]["range"] == "usual"


def test_the_chosen_one_of_many_categories_is_scrolled_to(opened):
    X = pd.DataFrame({"street": [f"Street {i:02}" for i in range(60)] * 4})
    model = fit(X=X, y=np.arange(240) % 2)
    page = opened(model, window={"height": 400})
    places = "box => [scrollY, box.scrollTop, box.clientHeight, box.children[1].offsetTop]"
    box = page.locator(".choices")
    _, top, height, line = box.evaluate(places)
    assert top == 0
    # A line is cut, which shows that there is more.
    assert 0.25 < height / line % 1 < 0.75
    assert box.locator("p").inner_text() == "10 more in the menu"
    for street in ("Street 59", "Street 30", "Street 00", "missing"):
        choose(page, "street", street)
        page.wait_for_selector("body[data-state=ready]")
        chosen = box.locator(".is-chosen")
        assert chosen.locator(".name").inner_text() == street
        top = chosen.evaluate("line => line.offsetTop - line.parentElement.scrollTop")
        assert 0 <= top <= height - line
        assert page.evaluate("scrollY") == 0
        value = X[:1].assign(street=None if street == "missing" else street)
        np.testing.assert_allclose(shown(page), model.predict_proba(value)[0], atol=1e-5)
        left = chosen.locator(".dot").evaluate("dot => parseFloat(dot.style.left)")
        ends = page.locator(".choices + .ends span").all_inner_texts()
        low, high = (float(text.removesuffix(" %")) / 100 for text in ends)
        assert low + left / 100 * (high - low) == pytest.approx(shown(page)[1], abs=1e-4)


def test_the_class_whose_effects_are_shown_can_be_chosen(opened):
    page = opened(fit(y=np.arange(200) % 3), target_names=["low", "middle", "high"])
    likely = page.locator("#headline").inner_text().split()[0]
    assert page.locator("#note strong").inner_text() == likely
    curves = "[...document.querySelectorAll('.curve')].map(curve => curve.getAttribute('d'))"
    before = page.evaluate(curves)
    other = next(name for name in ("low", "high") if name != likely)
    page.get_by_label(other).check()
    assert page.locator("#note strong").inner_text() == other
    assert page.evaluate(curves) != before


def test_regressors_show_an_interval(opened):
    X = drivers()
    model = fit(DNNRegressor)
    page = opened(model, X=X)
    y, deviation = model.predict(X[:1], return_std=True)
    value = page.locator("#outputs .value").evaluate("value => ({ ...value.dataset })")
    found = [float(value[name]) for name in ("low", "value", "high")]
    np.testing.assert_allclose(found, [y[0] - deviation[0], y[0], y[0] + deviation[0]], rtol=1e-5)
    assert f"± {deviation[0]:.2g}" in page.locator("#headline").inner_text()
    assert "the 4 networks" in page.locator("#note").inner_text()

    quantiles = fit(DNNRegressor, loss=Quantile([0.1, 0.5, 0.9]))
    page = opened(quantiles, X=X)
    value = page.locator("#outputs .value").evaluate("value => ({ ...value.dataset })")
    found = [float(value[name]) for name in ("low", "value", "high")]
    np.testing.assert_allclose(found, quantiles.predict_quantiles(X[:1])[0], rtol=1e-5)


@pytest.mark.parametrize("y", ["labels", "targets"])
def test_several_outputs(opened, y):
    X = drivers()
    several = np.column_stack([X["age"] > 50, X["member"]]).astype(int)
    model = fit(y=several) if y == "labels" else fit(DNNRegressor, y=several * 10.0)
    page = opened(model, X=X, target_names=["old", "member"])
    expected = model.predict_proba(X[:1]) if y == "labels" else model.predict(X[:1])
    np.testing.assert_allclose(shown(page), expected[0], rtol=1e-5)
    assert page.locator("#outputs .name").all_inner_texts() == ["old", "member"]


EVIL = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"


def test_no_text_of_the_data_becomes_code(opened):
    texts = [f"{EVIL}{i}" for i in range(2)] + ["<!--", "&lt;b&gt;", "]]>", "${model}", "\u2028"]
    X = pd.DataFrame({f"{EVIL} a": texts * 10, "<b>": np.arange(70.0)})
    model = fit(X=X, y=np.array([EVIL, "<i>"] * 35))
    page = opened(model, X=X, title=f"{EVIL}\ud800 $style")
    assert page.evaluate("window.broken") is None
    assert page.locator("h1").inner_text() == f"{EVIL}\ufffd $style"
    assert page.locator("body img, body b, body i").count() == 0
    names = page.locator(".head > label").evaluate_all("all => all.map(each => each.textContent)")
    assert names == list(X)
    options = page.locator("option").evaluate_all("all => all.map(each => each.textContent)")
    assert options == [*sorted(texts), "unknown", "missing"]
    assert sorted(page.evaluate("data.targets")) == sorted([EVIL, "<i>"])
    np.testing.assert_allclose(shown(page), model.predict_proba(X[:1])[0], atol=1e-5)


def test_categories_that_javascript_would_round_or_confuse(opened):
    n = 2**53
    X = pd.DataFrame({"key": pd.Categorical([n, n + 1] * 30), "mix": [1, "1"] * 30})
    model = fit(X=X.astype({"mix": object}), y=np.arange(60) % 2)
    page = opened(model)
    for key, mix, text in [(n, 1, "1"), (n + 1, 1, "1"), (n + 1, "1", "'1'")]:
        choose(page, "key", key)
        choose(page, "mix", text)
        row = pd.DataFrame({"key": [key], "mix": pd.Series([mix], dtype=object)})
        np.testing.assert_allclose(shown(page), model.predict_proba(row)[0], atol=1e-5)


def wide():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 100)), columns=[f"name_{i}" * 9 for i in range(100)])
    return X.assign(town=[f"a very long name of town {i % 60}" for i in range(200)])


def test_a_hundred_columns_fit_on_a_phone_and_can_be_found(opened):
    X = wide()
    model = fit(X=X, y=X.iloc[:, 7] + X.iloc[:, 8] > 0, hidden_layer_sizes=(4,), max_iter=5)
    page = opened(model, window={"width": 400, "height": 800, "color_scheme": "dark"})
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    page.get_by_label("Find a column").fill("NAME_7n")
    assert page.locator(".card:visible").count() == 1
    message = page.locator(".tools [role=status]")
    assert message.inner_text() == ""
    page.get_by_label("Find a column").fill("age")
    assert message.inner_text() == "No column is called “age”."
    page.get_by_label("Find a column").fill("")
    page.get_by_label("Order").select_option("largest effect first")
    assert message.inner_text() == ""
    labels = page.locator(".plot, .choices").evaluate_all("all => all.map(e => e.ariaLabel)")
    ends = np.array([re.findall(r"([\d.]+) %", label) for label in labels], dtype=float)
    sizes = ends[:, 1] - ends[:, 0]
    assert (np.diff(sizes) <= 0.2).all()  # the ends are rounded to a tenth
    assert sizes[0] > 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_control_has_a_name_and_texts_have_contrast(opened, model, scheme):
    page = opened(model, window={"color_scheme": scheme})
    names = page.locator("input, select, button").evaluate_all(
        "all => all.map(e => e.ariaLabel || (e.labels?.[0] ?? e).textContent)"
    )
    assert len(names) == 2 + 3 * 2 + 1 + 2 + 1  # outputs, numbers, "missing", menus, reset
    assert all(names)
    assert page.locator("[role=img]:not([aria-label])").count() == 0
    colors = page.evaluate(
        "['page', 'card', 'text', 'muted', 'accent', 'error', 'caution'].map(name => "
        "getComputedStyle(document.body).getPropertyValue(`--${name}`).trim())"
    )
    light = [luminance(color) for color in colors]
    for text in light[2:]:
        for background in light[:2]:
            brighter, darker = max(text, background), min(text, background)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2, level AA


def luminance(color):
    """Relative luminance of "#rrggbb", as WCAG 2 defines it."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_default_title_is_not_repeated(opened, model):
    page = opened(model)
    assert page.locator("h1").inner_text() == "DNNClassifier"
    assert page.locator("#about").inner_text() == "4 networks · 5 columns"
    page = opened(model, title="Claims")
    assert page.locator("#about").inner_text() == "DNNClassifier · 4 networks · 5 columns"


# ---------------------------------------------------------------- errors


def test_large_pages_are_warned_of(tmp_path, monkeypatch, model):
    path = tmp_path / "page.html"
    to_html(model, path)
    monkeypatch.setattr(_html, "LARGE", path.stat().st_size - 1)
    with pytest.warns(UserWarning, match=r"has 0\.\d MB.*smaller with dtype=") as caught:
        to_html(model, path)
    assert caught[0].filename == __file__
    monkeypatch.setattr(_html, "LARGE", path.stat().st_size)
    to_html(model, path)  # warnings are errors


def test_the_name_of_one_target_must_be_in_a_list():
    X = np.random.default_rng(0).normal(size=(30, 1))
    model = mlp_regressor((2,), max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"1 name, got 'price': use \[\"price\"\]\."):
        page_data(model, target_names="price")
    assert page_data(model, target_names=["price"])["targets"] == ["price"]


def test_the_templates_hold_no_end_of_a_script():
    for name in ("scorer.js", "page.js", "form.js", "drawing.js", "page.css"):
        assert "</" not in files("skdnn.export").joinpath(name).read_text()


def test_other_models_are_refused(tmp_path, model):
    path = tmp_path / "page.html"
    pipeline = make_pipeline(StandardScaler(), mlp_classifier((2,)))
    with pytest.raises(TypeError, match="got Pipeline"):
        to_html(pipeline, path)
    with pytest.raises(NotFittedError):
        to_html(DNNClassifier(), path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"title": 3}, TypeError, "title must be text or None, got 3"),
        ({"target_names": ["a"]}, ValueError, r"2 names, got \['a'\]: .* 'claim', 'none'"),
        ({"target_names": "ab"}, ValueError, "2 names, got 'ab'"),
        ({"X": drivers().drop(columns="age")}, ValueError, "age"),
        ({"X": drivers().assign(power=np.inf)}, ValueError, "infinity in column 'power'"),
        ({"image_shape": (2, 3)}, ValueError, r"images of 5 pixels, .* got \(2, 3\)"),
        ({"image_shape": 5}, ValueError, "got 5"),
        ({"image_shape": (1, 5), "X": drivers()}, ValueError, "'region' holds categories"),
    ],
)
def test_parameters_that_do_not_match_are_refused(model, parameters, error, message):
    with pytest.raises(error, match=message):
        page_data(model, **parameters)


def test_images_need_rows_with_ink():
    X = np.random.default_rng(0).normal(size=(30, 4))
    model = mlp_regressor((2,), max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="image_shape needs X"):
        page_data(model, image_shape=(2, 2))
    with pytest.raises(ValueError, match="all pixels of X are 1"):
        page_data(model, np.ones((3, 4)), image_shape=(2, 2))
