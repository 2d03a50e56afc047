"""The page in a real browser, with a server in a thread."""

import threading
import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from playing import configure, new_session, train

uvicorn = pytest.importorskip("uvicorn", reason="Uvicorn is not installed.")

from skdnn.playground import server  # noqa: E402


@pytest.fixture(scope="module")
def served():
    """The application, and the address of its page."""
    app = server.make_app("secret")
    config = uvicorn.Config(app, host=server.HOST, port=0, log_level="error",
                            ws_max_size=server.MAX_BYTES)  # fmt: skip
    listening, running = config.bind_socket(), uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield app, f"http://{server.HOST}:{listening.getsockname()[1]}/secret/"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def open_playground(browser, served):
    """Open the page; afterwards there must have been no message in the console."""
    contexts, problems = [], []

    def open_page(settings="", width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{served[1]}#{settings}")
        page.wait_for_selector("body[data-state=ready]", timeout=20_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


def wait(page, condition, seconds=10):
    """Wait for a condition in JavaScript; Playwright's own way needs ``eval``, which is not allowed
    by the policy of the page."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def number(page, name):
    return float(page.evaluate(f"document.body.dataset.{name}"))


def test_loss(page):
    return float(page.locator("#test-loss").get_attribute("data-value"))


test_loss.__test__ = False

PAUSED = "!document.body.hasAttribute('data-playing')"
UNTIL = "document.body.dataset.epoch == {} && " + PAUSED


def test_circle_is_learned_before_the_eyes(open_playground):
    page = open_playground("data=circle")
    before = page.evaluate("document.getElementById('output').toDataURL()")
    page.click("#play")
    wait(page, "Number(document.getElementById('test-loss').dataset.value) < 0.1", seconds=10)
    wait(page, "Number(document.body.dataset.frames) >= 20", seconds=10)
    page.click("#play")
    wait(page, PAUSED)
    assert page.evaluate("document.getElementById('output').toDataURL()") != before


def test_pause_step_and_reset(open_playground):
    page = open_playground()
    first = test_loss(page)
    page.keyboard.press("Space")
    wait(page, "Number(document.body.dataset.epoch) > 3")
    page.keyboard.press("Space")
    wait(page, PAUSED)
    page.wait_for_timeout(300)  # a frame that is on its way
    epoch = number(page, "epoch")
    page.wait_for_timeout(300)
    assert number(page, "epoch") == epoch
    page.click("#step")
    wait(page, UNTIL.format(epoch + 1))
    page.click("#reset")
    wait(page, UNTIL.format(0))
    assert test_loss(page) == first


def test_an_address_restores_the_same_bits(open_playground):
    settings = {"data": "xor", "noise": 0.1, "n_members": 2, "dropout": 0.1, "seed": 5}
    page = open_playground("&".join(f"{k}={v}" for k, v in settings.items()))
    page.select_option("#speed", "10")
    page.select_option("#option-max_iter", "50")
    page.select_option("#option-activation", "mish")
    page.click("[aria-label='Add a hidden layer']")
    page.wait_for_selector("#unit-2-1")
    losses = []
    for again in (page, open_playground(page.url.partition("#")[2])):
        again.click("#play")
        wait(again, UNTIL.format(50), seconds=20)
        losses.append(again.locator("#test-loss").get_attribute("data-value"))
    assert losses[0] == losses[1]
    session = new_session()
    configure(session, **settings, max_iter=50, activation="mish", hidden=[4, 2, 2])
    assert float(losses[0]) == train(session, 50)[0]["loss"][1]


def test_the_lesson_of_the_spiral_learns_it(open_playground):
    page = open_playground()
    page.click("#lessons")
    page.click("dialog li:nth-child(5) button")
    page.wait_for_selector("#lesson:not([hidden])")
    page.select_option("#speed", "10")
    wait(page, "document.querySelectorAll('.column.units .unit').length == 16")
    page.keyboard.press("Escape")
    page.click("#play")
    wait(page, "Number(document.getElementById('test-loss').dataset.value) < 0.06", seconds=20)


def test_all_lessons_have_valid_settings(open_playground):
    page = open_playground()
    lessons = page.evaluate("import('./lessons.js').then(module => module.LESSONS)")
    assert len(lessons) == 8
    for lesson in lessons:
        views = {"speed", "test"}
        settings = {k: v for k, v in lesson["settings"].items() if k not in views}
        session = new_session()
        configure(session, **settings)
        train(session, 2)
        assert session.sink.of("error") == []


def test_a_table_with_text(open_playground, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, 200), "city": ["Bonn", "Lima"] * 100,
                          "income": rng.lognormal(10, 1, 200)})  # fmt: skip
    frame["bought"] = np.where(frame["age"] > 50, "yes", "no")
    frame.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "bad.csv").write_text("just one line")
    page = open_playground()
    page.set_input_files("#file", tmp_path / "people.csv")
    wait(page, "document.querySelectorAll('.inputs .unit').length == 3")
    assert page.locator("#column-0").input_value() == "bought"
    assert page.locator("#legend").inner_text().split() == ["no", "yes"]
    page.click("#play")
    wait(page, "Number(document.getElementById('test-loss').dataset.value) < 0.3", seconds=10)
    page.click("#code")
    assert 'pd.read_csv("people.csv")' in page.locator("dialog pre").inner_text().replace("'", '"')
    page.keyboard.press("Escape")
    page.set_input_files("#file", tmp_path / "bad.csv")
    page.wait_for_selector("#message:not([hidden])")
    assert "bad.csv: the first line must name at least three columns" in page.inner_text("#message")


def table(path, n=200):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=n), "an unusually long name of a column": range(n)})
    frame["c"] = 1e12 * rng.normal(size=n)
    frame["city"] = ["Bonn", "Lima"] * (n // 2)
    frame["day"] = pd.date_range("2020-01-01", periods=n).astype(str)
    frame["bought"] = np.where(frame["a"] > 0, "yes", "no")
    frame.to_csv(path, index=False)
    return path


def columns(page):
    return [page.locator(f"#column-{i}").input_value() for i in range(3)]


def test_target_and_axes_are_exchanged(open_playground, tmp_path):
    page = open_playground()
    page.set_input_files("#file", table(tmp_path / "t.csv"))
    page.wait_for_selector("#column-0")
    long = "an unusually long name of a column"
    assert columns(page) == ["bought", "a", long]
    page.select_option("#column-1", long)
    assert columns(page) == ["bought", long, "a"]
    page.select_option("#column-0", "a")
    assert columns(page) == ["a", long, "c"]
    wait(page, "document.getElementById('test-name').textContent == 'Test squared error'")
    assert page.is_hidden("#message")
    assert page.is_hidden("#decisions")
    assert page.locator(".inputs small").all_inner_texts() == ["abc", "abc", "abc"]


def test_a_link_keeps_the_columns_of_a_table(open_playground, tmp_path):
    page = open_playground()
    page.evaluate("location.hash = 'data=csv&columns=' + JSON.stringify(['bought', 'c', 'a'])")
    page.wait_for_selector("#message:not([hidden])")
    page.set_input_files("#file", table(tmp_path / "t.csv"))
    page.wait_for_selector("#column-0")
    assert columns(page) == ["bought", "c", "a"]
    wait(page, "document.getElementById('message').hidden")
    assert page.locator(".inputs small").all_inner_texts() == ["123", "abc", "abc"]


def test_warnings_of_a_table_stay(open_playground, tmp_path):
    page = open_playground(width=390)
    page.set_input_files("#file", table(tmp_path / "t.csv"))
    page.wait_for_selector("#notices:not([hidden])")
    assert "'day'" in page.inner_text("#notices")
    page.select_option("#column-2", "c")
    boxes = [page.locator(f"#x-{name}").bounding_box() for name in ("low", "name", "high")]
    for left, right in pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"]
    page.click("[data-name=circle]")
    page.wait_for_selector("#notices", state="hidden")


def test_losses_suit_the_targets(open_playground):
    page = open_playground()
    enabled = "[...document.querySelectorAll('#option-loss option:enabled')].map((x) => x.value)"
    assert page.evaluate(enabled) == ["auto", "log_loss", "brier"]
    page.select_option("#option-loss", "brier")
    page.click("[data-name=hills]")
    wait(page, "document.getElementById('test-name').textContent == 'Test squared error'")
    assert page.locator("#option-loss").input_value() == "auto"
    assert "huber" in page.evaluate(enabled)
    assert "brier" not in page.evaluate(enabled)


def test_the_space_bar_trains_after_a_click(open_playground):
    page = open_playground()
    page.click("[data-name=xor]")
    page.click("#layers-more")
    page.keyboard.press("Space")
    wait(page, "Number(document.body.dataset.epoch) > 0")
    assert page.inner_text("#layer-count").split()[1] == "3"
    page.focus("[data-name=circle]")
    page.keyboard.press("Space")  # of the button
    wait(page, "document.querySelector('[data-name=circle]').ariaPressed == 'true'")
    assert page.evaluate("document.activeElement.dataset.name") == "circle"


def test_after_the_last_epoch_the_page_is_paused(open_playground):
    page = open_playground("max_iter=2")
    page.click("#play")
    wait(page, UNTIL.format(2))
    page.click("#play")
    wait(page, "document.getElementById('toast').textContent.startsWith('All 2 epochs')")
    wait(page, PAUSED)


def test_a_refused_page_says_why(open_playground, served, monkeypatch):
    page = open_playground()
    monkeypatch.setattr(server, "MAX_SESSIONS", 1)
    other = page.context.new_page()
    other.goto(served[1])
    wait(other, "document.body.dataset.state == 'closed'")
    assert "At most 1 pages can be open" in other.inner_text("#message")


#: How many of red, green and blue are the strongest of some clear pixel, for each member.
HUES = """[...document.querySelectorAll('#members button canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, 100, 100), found = new Set();
  for (let i = 0; i < data.length; i += 4) {
    const pixel = [...data.slice(i, i + 3)], most = Math.max(...pixel);
    if (most - Math.min(...pixel) > 60) found.add(pixel.indexOf(most));
  }
  return found.size;
})"""


def test_members_of_three_classes_have_their_colors(open_playground):
    page = open_playground("data=three&n_members=2&max_iter=20")
    page.click("#play")
    wait(page, UNTIL.format(20))
    assert page.evaluate(HUES) == [3, 3]


def test_the_thread_ends_with_the_page(open_playground, served):
    page = open_playground("max_iter=10000")
    page.click("#play")
    wait(page, "Number(document.body.dataset.epoch) > 0")
    threads = [each for each in threading.enumerate() if each.name == "skdnn-playground"]
    assert threads
    page.context.close()
    deadline = time.monotonic() + 2
    while any(each.is_alive() for each in threads) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(each.is_alive() for each in threads)
    assert not served[0].state.sessions.open


#: Note the order of the frames that arrive.
WATCH = """window.orders = [];
new MutationObserver(() => orders.push(Number(document.body.dataset.sequence)))
  .observe(document.body, {attributeFilter: ["data-sequence"]});"""


def test_several_pages_at_once(open_playground):
    pages = [open_playground(f"seed={seed}&data=moons") for seed in range(3)]
    for page in pages:
        page.evaluate(WATCH)
        page.click("#play")
    for page in pages:
        wait(page, "orders.length > 10", seconds=20)
        orders = page.evaluate("orders")
        assert orders == sorted(set(orders))
    assert len({test_loss(page) for page in pages}) == 3


def test_one_screen_and_a_phone(open_playground):
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    page = open_playground("lesson=3&n_members=4&hidden=[8,8,8,8,8,8]")
    assert page.evaluate(size) == [1280, 800]
    for select in page.locator("select, input").all():
        assert select.evaluate("each => each.labels.length") == 1, select
    assert page.locator("button:not([aria-label]):text-is('')").count() == 0
    for width in (800, 1000):
        middle = open_playground("hidden=[8,8,8,8,8,8]", width=width)
        network, last = (middle.locator(each).bounding_box() for each in ("#network", ".outputs"))
        assert last["x"] + last["width"] < network["x"] + network["width"]
    phone = open_playground("hidden=[8,8,8,8,8,8]", width=400, color_scheme="dark")
    assert phone.evaluate(size)[0] == 400
    assert phone.evaluate("document.documentElement.dataset.theme") == "dark"
    box = phone.locator("#output").bounding_box()
    assert box["y"] + box["height"] < 800  # without scrolling


def test_a_unit_is_shown_large(open_playground):
    page = open_playground()
    page.focus("#unit-0-1")
    assert page.inner_text("#result-title").lower() == "layer 1, unit 2"
    page.evaluate("document.activeElement.blur()")
    assert page.inner_text("#result-title").lower() == "output"


def test_a_picture_is_saved(open_playground, tmp_path):
    page = open_playground()
    with page.expect_download() as download:
        page.click("#picture")
    assert download.value.suggested_filename == "skdnn-epoch-0.png"
    assert download.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
