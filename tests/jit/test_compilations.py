"""Who waits for a compilation is told so, in time, and how far it is."""

import logging
import os
import subprocess
import sys
import threading

import pytest
from numba import config

from skdnn._jit import compilations
from skdnn._jit.compilations import NOTICE, compilation, expected_compilations

needs_compiler = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)


class Listener(logging.Handler):
    def __init__(self):
        super().__init__()
        self.messages, self.threads, self.heard = [], [], threading.Event()

    def emit(self, record):
        self.messages.append((record.levelname, record.getMessage()))
        self.threads.append(threading.current_thread())
        self.heard.set()


@pytest.fixture
def listener(monkeypatch):
    """A process that has compiled nothing yet, and hears what it says."""
    monkeypatch.setattr(compilations, "compilations", [])
    compilations._notify.cache_clear()
    listener, logger = Listener(), logging.getLogger("skdnn")
    logger.addHandler(listener)
    yield listener
    logger.removeHandler(listener)
    logger.setLevel(logging.NOTSET)
    compilations._notify.cache_clear()


def finish(threads_before):
    """Wait for the threads that were begun since."""
    for thread in set(threading.enumerate()) - threads_before:
        assert thread.daemon
        thread.join(10)
        assert not thread.is_alive()


def compile_slowly(listener, monkeypatch):
    """A compilation that is not done before something is heard, or could have been."""
    before = set(threading.enumerate())
    monkeypatch.setattr(compilations, "NOTICE_SECONDS", 0)
    with compilation("entry"):
        finish(before)


def test_long_compilations_say_so_with_one_notice_in_a_process(listener, monkeypatch):
    for _ in range(4):
        compile_slowly(listener, monkeypatch)
    lines = [f"Compiling entry, function {i} of at most 3." for i in (1, 2, 3, 1)]
    assert listener.messages == [("WARNING", text) for text in (NOTICE, *lines)]
    assert "skdnn.warmup()" in NOTICE
    assert len(compilations.compilations) == 4


def test_the_notice_comes_from_a_thread_that_holds_no_lock(listener, monkeypatch):
    compile_slowly(listener, monkeypatch)
    assert listener.threads[0] is not threading.current_thread()


def test_a_short_compilation_says_nothing_and_leaves_no_thread(listener, monkeypatch):
    monkeypatch.setattr(compilations, "NOTICE_SECONDS", 3600)
    before = set(threading.enumerate())
    with compilation("entry"):
        pass
    finish(before)
    assert listener.messages == []
    [(entry, seconds)] = compilations.compilations
    assert entry == "entry"
    assert 0 <= seconds < 3600


def test_a_compilation_that_fails_is_none_and_leaves_no_thread(listener, monkeypatch):
    monkeypatch.setattr(compilations, "NOTICE_SECONDS", 3600)
    before = set(threading.enumerate())
    with pytest.raises(KeyError), compilation("entry"):
        raise KeyError
    finish(before)
    assert listener.messages == compilations.compilations == []


def test_the_notice_is_silenced_like_any_other(listener, monkeypatch):
    logging.getLogger("skdnn").setLevel(logging.ERROR)
    compile_slowly(listener, monkeypatch)
    assert listener.messages == []


def test_who_asks_for_compilations_is_not_told(listener, monkeypatch):
    with expected_compilations():
        compile_slowly(listener, monkeypatch)
    assert listener.messages == []
    compile_slowly(listener, monkeypatch)
    assert len(listener.messages) == 2


def test_without_threads_it_compiles_all_the_same(listener, monkeypatch):
    class NoThread(threading.Timer):
        def start(self):
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(compilations, "Timer", NoThread)
    with compilation("entry"):
        pass
    assert len(compilations.compilations) == 1


@needs_compiler
def test_only_a_process_that_compiles_says_so(tmp_path):
    """With all warnings as errors; on the standard error output without any setting."""
    code = (
        "import numpy as np\n"
        "from skdnn._jit import compilations\n"
        "from skdnn.kernels.epoch import loss_value\n"
        "compilations.NOTICE_SECONDS = 0\n"
        "one = np.ones(1)\n"
        "loss_value(None, 0, one, one, one, one, one)\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    heard = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=environment, capture_output=True, text=True, check=True,
        ).stderr
        for _ in range(2)
    ]  # fmt: skip
    assert heard == [f"{NOTICE}\nCompiling loss_value, function 1 of at most 3.\n", ""]
