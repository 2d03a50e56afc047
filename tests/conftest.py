import os
import shutil
import signal

import pytest
from numba import config

#: Names of Chromium.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser):
    # Here and not in fuzz/, where pytest looks too late.
    group = parser.getgroup("fuzzer")
    group.addoption("--fuzz-cases", type=int, default=250, help="number of cases (250)")
    group.addoption("--fuzz-seed", type=int, help="other cases than those of the suite")
    group.addoption("--fuzz-case", help='a single case, as "Case(...)"')
    group.addoption("--fuzz-all", action="store_true", help="go on after a violation")


def pytest_configure(config):
    # A copy of what is captured while tests run.
    config.fuzz_stderr = os.dup(2)
    # A process that a shell started in the background ignores Ctrl-C, which tests press.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header(config):
    if config.getoption("fuzz_seed") is not None:
        folder = config.cache.mkdir("fuzz")
        return f"fuzzer: the case that is being run is in {folder}"
    return None


def pytest_collection_modifyitems(items):
    if config.DISABLE_JIT:
        # NumPy's scalars warn of what compiled code computes silently: inf - inf, overflow.
        for item in items:
            item.add_marker(pytest.mark.filterwarnings("ignore::RuntimeWarning"))


@pytest.fixture(scope="session")
def browser():
    """The Chromium of the system; without a network it is the same everywhere."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed.")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("There is no Chromium.")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
