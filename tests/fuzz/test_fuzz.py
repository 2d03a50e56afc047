"""Any parameters, any data, any calls: see ``invariants.py`` for what holds.

``python -m pytest -n 0 tests/fuzz --fuzz-cases 20000 --fuzz-seed 7`` runs more and other ones. The
case that is being run is in a file, whose name is printed: it can be repeated after a crash, by
``--fuzz-case "Case(...)"``. After a minute the process ends with the tracebacks of all threads.
"""

from fuzz.calls import run
from fuzz.cases import case_of
from fuzz.strategies import cases
from hypothesis import HealthCheck, Phase, given, seed, settings

PROFILE = settings(
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


@settings(PROFILE, max_examples=30)
@given(case=cases())
def test_the_repr_makes_a_case_again(case):
    assert repr(case_of(repr(case))) == repr(case)


def test_what_always_holds(fuzzer):
    if fuzzer.case is not None:
        fuzzer.run(run, case_of(fuzzer.case))
        return
    profile = settings(PROFILE, max_examples=fuzzer.n_cases, derandomize=fuzzer.seed is None)
    test = profile(given(cases())(lambda case: fuzzer.run(run, case)))
    if fuzzer.seed is not None:
        test = seed(fuzzer.seed)(test)
    test()
    fuzzer.finish()
