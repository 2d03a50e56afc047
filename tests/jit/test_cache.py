"""The disk cache is data, not trust: whatever becomes of its files, results are right and silent.

All warnings are errors here; ``double`` stands for any entry, it takes a moment to compile.
"""

import errno
import importlib.util
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from numba import config

from skdnn._jit import cache, internals
from skdnn._jit.cache import sealed
from skdnn._jit.internals import cache_directories

pytestmark = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="compilation is switched off by NUMBA_DISABLE_JIT"
)

SOURCE = """
from skdnn._jit import entry

@entry
def double(x):
    return 2 * x

@entry
def triple(x):
    return 3 * x
"""


class Home:
    """A module of entries, and the directories where its machine code can be kept."""

    def __init__(self, root):
        self.root, self.source = root, root / "package" / "entries.py"
        self.source.parent.mkdir()
        self.source.write_text(SOURCE)
        self.cache = root / "cache"
        self.in_tree, self.user = self.source.parent / "__pycache__", root / "user" / "numba"

    def module(self):
        """The module as a new process sees it."""
        spec = importlib.util.spec_from_file_location("entries", self.source)
        module = importlib.util.module_from_spec(spec)
        # By its name another process finds what the machine code belongs to.
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    def run(self, *values):
        """Call ``double`` in what is like a new process: was it "read" or "compiled"?"""
        double = self.module().double
        assert [double(value) for value in values or (1.5,)] == [2 * v for v in values or (1.5,)]
        hits, misses = (
            sum(counts.values()) for counts in (double.stats.cache_hits, double.stats.cache_misses)
        )
        assert 0 in (hits, misses)
        return "read" if hits else "compiled"

    def files(self, root=None):
        """Data files; nothing else is left anywhere."""
        found = [path for path in (root or self.root).rglob("*") if path.is_file()]
        assert {path.suffix for path in found} <= {".py", ".pyc", ".nbc"}
        return sorted(path for path in found if path.suffix == ".nbc")


@pytest.fixture
def home(monkeypatch):
    # Not tmp_path: other users cannot read that.
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        monkeypatch.setenv("XDG_CACHE_HOME", str(root / "user"))
        monkeypatch.setattr(config, "CACHE_DIR", str(root / "cache"))
        monkeypatch.setattr(cache, "_warned", [])
        yield Home(root)
        sys.modules.pop("entries", None)


@contextmanager
def only_reading(root):
    """Nothing below ``root`` can be written to; not by root either, who is somebody else then."""
    directories = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for path in directories:
        path.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path in directories:
            path.chmod(0o755)


@contextmanager
def full_disk(size=1000):
    """As if there were room for no more than ``size`` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class Evil:
    """A pickle that acts, or raises, when it is read."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def fail(kind):
    raise kind


def zeros(content):
    middle = len(content) // 2
    return content[:middle] + bytes(512) + content[middle + 512 :]


DAMAGE = {
    "a block of zeros": zeros,
    "zeros only": lambda content: bytes(len(content)),
    "half of it": lambda content: content[: len(content) // 2],
    "a byte too much": lambda content: content + b"\0",
    "the last bit": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "the digest only": lambda content: content[:32],
    "empty": lambda content: b"",
    "text": lambda content: b"<html>404</html>",
    "Numba's own, without a digest": lambda content: content[32:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_made_anew(home, damage):
    assert home.run() == "compiled"
    assert home.run() == "read"
    [path] = home.files()
    path.write_bytes(damage(path.read_bytes()))
    assert home.run() == "compiled"
    assert home.run() == "read"
    assert home.files() == [path]


def test_a_pickle_is_not_read_before_it_is_verified(home):
    home.run()
    [path] = home.files()
    path.write_bytes(path.read_bytes()[:32] + pickle.dumps(Evil(os.mkdir, str(home.root / "evil"))))
    assert home.run() == "compiled"
    assert not (home.root / "evil").exists()


@pytest.mark.parametrize("error", [MemoryError(), EOFError(), RecursionError(), KeyError("a")])
def test_a_verified_pickle_may_fail_in_any_way(home, monkeypatch, error):
    """As with packages of other versions."""
    with monkeypatch.context() as patch:
        patch.setattr(cache, "sealed", lambda key, _: sealed(key, pickle.dumps(Evil(fail, error))))
        assert home.run() == "compiled"
    assert home.run() == "compiled"
    assert home.run() == "read"


def test_the_file_of_another_entry_or_signature_is_foreign(home):
    module = home.module()
    assert module.double(1.5) == 3.0
    [of_floats] = home.files()
    module.double(2)
    [of_ints] = set(home.files()) - {of_floats}
    module.triple(1.5)
    [of_another] = set(home.files()) - {of_floats, of_ints}
    for foreign in (of_ints, of_another):
        shutil.copyfile(foreign, of_floats)
        assert home.run(1.5) == "compiled"


def test_a_directory_in_the_place_of_a_file(home):
    home.run()
    [path] = home.files()
    path.unlink()
    path.mkdir()
    assert home.run() == "compiled"
    assert home.run() == "read"  # from the next place
    assert home.files() == [home.in_tree / path.name]


def test_places_are_those_of_numba_in_its_order(home, monkeypatch):
    package = home.cache.name
    home.run()
    assert [path.parent.parent for path in home.files()] == [home.cache]
    monkeypatch.setattr(config, "CACHE_DIR", "")
    assert home.run() == "compiled"
    assert len(home.files(home.in_tree)) == 1
    shutil.rmtree(home.in_tree)
    home.in_tree.write_text("")  # no directory can be made here
    assert home.run() == "compiled"
    assert len(home.files(home.user)) == 1, package
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    directories = cache_directories(str(home.source))
    assert all(os.path.isabs(directory) for directory in directories)


@pytest.mark.parametrize("place", ["variable", "in tree"])
def test_a_cache_that_can_only_be_read_is_read(home, monkeypatch, place):
    if place == "in tree":
        monkeypatch.setattr(config, "CACHE_DIR", "")
    home.run(1.5)
    with only_reading(home.root):
        assert home.run(1.5) == "read"
    assert len(home.files()) == 1


def test_what_is_not_there_is_compiled_with_one_warning_where_nothing_can_be_written(home):
    home.run(1.5)
    with only_reading(home.root):
        with pytest.warns(UserWarning, match="NUMBA_CACHE_DIR to a writable directory"):
            assert home.run(2) == "compiled"
        module = home.module()  # said once
        assert (module.double(2), module.triple(1.5)) == (4, 4.5)
        assert home.run(1.5) == "read"
    assert len(home.files()) == 1


def test_what_is_not_there_is_kept_where_it_can_be(home):
    home.run(1.5)
    home.in_tree.mkdir(exist_ok=True)
    home.in_tree.chmod(0o777)
    with only_reading(home.cache):
        assert home.run(2) == "compiled"
        assert home.run(1.5, 2) == "read"
    assert len(home.files(home.in_tree)) == 1


def test_a_damaged_file_that_cannot_be_replaced_is_made_anew(home):
    home.run()
    [path] = home.files()
    path.write_bytes(zeros(path.read_bytes()))
    with only_reading(home.root), pytest.warns(UserWarning, match="Permission denied"):
        assert home.run() == "compiled"


def test_files_that_were_copied_are_used(home, monkeypatch):
    home.run()
    for path in [home.source, *home.files()]:
        os.utime(path, (0, 0))
    monkeypatch.setattr(config, "CACHE_DIR", str(home.root / "copy"))
    shutil.copytree(home.cache, home.root / "copy", copy_function=shutil.copyfile)
    assert home.run() == "read"


@pytest.mark.parametrize("size", [0, 1000])
def test_a_full_disk_is_no_reason_to_fail(home, size):
    home.module()  # with its byte code
    with full_disk(size):
        with pytest.warns(UserWarning, match="File too large"):
            assert home.run(1.5) == "compiled"
        module = home.module()  # said once
        assert (module.double(1.5), module.double(2), module.triple(1.5)) == (3.0, 4, 4.5)
    assert home.files() == []
    assert home.run() == "compiled"
    assert home.run() == "read"


def test_without_room_in_one_place_the_next_is_taken(home, monkeypatch):
    def write(path, content, write=cache.write_at_once):
        if path.startswith(str(home.cache)):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(cache, "write_at_once", write)
    assert home.run() == "compiled"
    assert home.run() == "read"
    assert len(home.files(home.in_tree)) == 1


def test_a_directory_that_disappears(home, monkeypatch):
    module = home.module()
    module.double(1.5)
    shutil.rmtree(home.cache)
    assert module.double(2) == 4  # the next specialization
    assert home.run(2) == "read"
    assert home.run(1.5) == "compiled"

    def replace(part, path, replace=os.replace):
        if path.startswith(str(home.cache)):
            shutil.rmtree(home.cache)  # in the last moment
        replace(part, path)

    shutil.rmtree(home.cache)
    monkeypatch.setattr(os, "replace", replace)
    assert home.run(1.5) == "compiled"
    assert home.run(1.5) == "read"


def in_a_fork(function):
    """Run in a process of its own, which begins at once."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return process


def status_of(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_kill_in_the_middle_of_writing(home, monkeypatch):
    def die(part, path):
        os.truncate(part, 100)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        assert status_of(in_a_fork(home.run)) == -signal.SIGKILL
    [rest] = home.cache.rglob("*.tmp")
    assert home.run() == "compiled"
    assert home.run() == "read"
    rest.unlink()
    assert len(home.files()) == 1


def test_processes_that_compile_at_once(home):
    """The same two specializations, in opposite order, while others read."""
    home.module().triple(1.5)  # fills Numba's registries
    begin = time.monotonic() + 0.2

    def compile_both(values):
        time.sleep(max(0, begin - time.monotonic()))
        double = home.module().double
        for value in values * 3:
            assert double(value) == 2 * value
            assert type(double(value)) is type(value)

    orders = [(1.5, 2), (2, 1.5), (1.5, 2), (2, 1.5)]
    processes = [in_a_fork(lambda order=order: compile_both(order)) for order in orders]
    assert [status_of(process) for process in processes] == [0, 0, 0, 0]
    assert home.run(1.5, 2) == "read"
    assert len(home.files()) == 3


def test_code_for_another_processor_or_with_checked_indices_is_not_used(home, monkeypatch):
    home.run()
    key = internals.EntryCache._key

    class OtherProcessor:
        def magic_tuple(self):
            return ("riscv64-unknown-linux", "generic", "")

    with monkeypatch.context() as patch:
        patch.setattr(
            internals.EntryCache, "_key", lambda self, sig, _: key(self, sig, OtherProcessor())
        )
        assert home.run() == "compiled"
    with monkeypatch.context() as patch:
        patch.setattr(config, "BOUNDSCHECK", 0 if config.BOUNDSCHECK else 1)
        assert home.run() == "compiled"
    assert home.run() == "read"
    assert len(home.files()) == 3
