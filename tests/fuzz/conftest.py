import faulthandler
import re
import traceback
from collections import Counter
from pathlib import Path

import pytest

import skdnn

#: Seconds after which a case hangs.
PATIENCE = 60


class Fuzzer:
    """Runs cases, each known to somebody else before it begins, and counts how they end."""

    def __init__(self, config):
        self.n_cases = config.getoption("fuzz_cases")
        self.seed = config.getoption("fuzz_seed")
        self.case = config.getoption("fuzz_case")
        self.goes_on = config.getoption("fuzz_all")
        self.stderr = config.fuzz_stderr
        folder = config.cache.mkdir("fuzz")
        self.journal = folder / f"case_of_seed_{self.seed}.txt"
        self.outcomes = Counter()
        self.n_run = 0
        #: What went wrong -> the shortest case of it.
        self.violations = {}

    def run(self, function, case):
        self.n_run += 1
        self.journal.write_text(f"{case!r}\n")
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=self.stderr)
        try:
            self.outcomes[function(case)] += 1
        except Exception as error:
            self.outcomes["VIOLATED"] += 1
            if not self.goes_on:
                raise
            known = self.violations.get(signature := signature_of(error))
            if known is None or len(repr(case)) < len(repr(known)):
                self.violations[signature] = case
        finally:
            faulthandler.cancel_dump_traceback_later()

    def finish(self):
        share = self.outcomes["predicted"] / self.n_run
        assert self.n_run < 100 or share > 0.5, f"only {share:.0%} of the cases are trained"
        assert not self.violations, f"{len(self.violations)} kinds of violations: see below"

    def summary(self):
        yield f"{self.n_run} cases, seed {self.seed}; how they ended:"
        for outcome, count in self.outcomes.most_common():
            yield f"{count:7}  {outcome}"
        for signature, case in self.violations.items():
            yield f"{signature}\n    {case!r}"


def signature_of(error):
    """What tells violations apart: what and where, without numbers and words of the data."""
    message = re.sub(r"\d+|'[^']*'", "#", str(error).split("\n")[0])[:100]
    if isinstance(error, AssertionError):
        return message
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " > ".join(Path(frame.filename).name for frame in frames)
    return f"{type(error).__name__} at {places}: {message}"


@pytest.fixture(scope="session")
def fuzzer(request):
    # A compilation is no case that hangs.
    skdnn.warmup()
    config = request.config
    config.fuzzer = Fuzzer(config)
    return config.fuzzer


def pytest_terminal_summary(terminalreporter, config):
    fuzzer = getattr(config, "fuzzer", None)
    if fuzzer is not None and (fuzzer.seed is not None or fuzzer.case is not None):
        terminalreporter.section("fuzzer")
        for line in fuzzer.summary():
            terminalreporter.write_line(line)
