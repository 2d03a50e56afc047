import pytest

from skdnn.export import to_html


@pytest.fixture
def open_page(browser):
    """Open a file; afterwards there must have been neither errors nor requests elsewhere."""
    contexts, problems = [], []

    def note_request(request):
        if not request.url.startswith(("file:", "blob:", "data:")):
            problems.append(f"request of {request.url}")

    def open_file(path, width=1400, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", note_request)
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-state=ready]", timeout=5000)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def opened(open_page, tmp_path):
    """Write the page of a model, and open it."""

    def open_model(model, *, window=None, **parameters):
        path = tmp_path / "page.html"
        to_html(model, path, **parameters)
        assert path.stat().st_size < 7_000_000
        return open_page(path, **(window or {}))

    return open_model
