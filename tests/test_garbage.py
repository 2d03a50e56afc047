"""The garbage collector is off where it has nothing to find, and on again afterwards."""

import gc
import subprocess
import sys

import pytest

from skdnn._garbage import no_garbage_collection


@pytest.fixture(autouse=True)
def _collector_as_before():
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_off_inside_and_afterwards_as_before(enabled):
    (gc.enable if enabled else gc.disable)()
    with no_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled() == enabled
    with pytest.raises(KeyError), no_garbage_collection():
        raise KeyError
    assert gc.isenabled() == enabled


def test_what_was_made_inside_is_old():
    """Or the next look at the young objects would take as long as all those left out."""
    gc.enable()
    with no_garbage_collection():
        made = [[] for _ in range(5000)]
    young = {id(item) for generation in (0, 1) for item in gc.get_objects(generation)}
    assert not young & {id(item) for item in made}


def test_what_somebody_has_frozen_stays_frozen():
    # In a process of its own: threads that other tests have left free some of what is frozen.
    code = (
        "import gc\n"
        "from skdnn._garbage import no_garbage_collection\n"
        "gc.freeze()\n"
        "frozen = gc.get_freeze_count()\n"
        "with no_garbage_collection():\n"
        "    pass\n"
        "assert gc.get_freeze_count() == frozen > 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_import_is_not_searched_for_garbage():
    code = (
        "import gc, sklearn.utils\n"
        "gc.collect()\n"
        "generations = []\n"
        "gc.callbacks.append(lambda phase, info: generations.append(info['generation']))\n"
        "import skdnn\n"
        "assert gc.isenabled()\n"
        "assert len(generations) < 10, generations\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
