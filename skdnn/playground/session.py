"""A session: the thread that trains a model and draws it."""

from __future__ import annotations

import warnings
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Protocol

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skdnn.playground.frames import encode, evaluate, picture
from skdnn.playground.options import OptionError, Range, Settings
from skdnn.playground.problem import Problem, make_problem
from skdnn.playground.script import script
from skdnn.playground.tables import Table, read_table

#: Seconds between two frames.
FRAME_SECONDS = 1 / 30
#: A rate that leaves the initial weights as they are: the untrained network is drawn by it.
NO_RATE = 1e-30

#: Epochs for each frame.
SPEED = Range(1, 100, 1, (), whole=True)
#: Most messages that wait to be handled.
MAX_WAITING = 100


class Sink(Protocol):
    """Where a session sends what it makes; called by its thread."""

    def put_message(self, message: dict[str, Any]) -> None:
        """Send a message, after those before it."""

    def put_frame(self, frame: bytes) -> None:
        """Send a frame; it replaces one that waits still."""


class Session:
    """Trains one model at a time, in a thread of its own.

    Parameters
    ----------
    sink : Sink

    Notes
    -----
    Messages are dicts with a "type":

    * "configure" with "settings": begin anew with them.
    * "play", "pause", "step" (one epoch), "reset".
    * "view" with "speed" (epochs for each frame) or "member" (whose units are shown).
    * "table" with "name" and "text": a CSV file.
    * "script": ask for the Python code.

    It answers with "data" (after "configure" and "reset"; "notices" are warnings of the fit),
    "table", "script", "notice" and "error", and with frames (:mod:`skdnn.playground.frames`).
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._waiting: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self.thread = Thread(target=self._run, name="skdnn-playground", daemon=True)
        self.settings = Settings.of({})
        self.table: Table | None = None
        self.problem: Problem | None = None
        self.model: Any = None
        self.run = self.epoch = self.sequence = self.member = 0
        self.speed, self.playing = 1, False
        self._next_frame = 0.0

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def post(self, message: dict[str, Any]) -> None:
        """Hand a message to the thread.

        Raises
        ------
        OptionError
            If too many messages wait.
        """
        if self._waiting.qsize() > MAX_WAITING:
            raise OptionError("Too many messages wait to be handled.")
        self._waiting.put(message)

    def close(self) -> None:
        """Ask the thread to end; it does within an epoch."""
        self._waiting.put(None)

    # ---------------------------------------------------------------- in the thread

    def _run(self) -> None:
        while True:
            try:
                message = self._waiting.get(self._timeout() != 0, self._timeout())
            except Empty:
                self._guarded(self._advance)
                continue
            if message is None:
                return
            self._guarded(self._handle, message)

    def _timeout(self) -> float | None:
        """Seconds until the next frame; None if nothing is trained."""
        return max(0.0, self._next_frame - monotonic()) if self.playing else None

    def _guarded(self, function: Any, *arguments: Any) -> None:
        """Call a function; what it raises is told, and ends the training."""
        try:
            function(*arguments)
        except Exception as error:  # otherwise the thread would end, and the page wait forever
            self.playing = False
            told = str(error) if isinstance(error, ValueError) else repr(error)
            self.sink.put_message({"type": "error", "message": told, "run": self.run})

    def _handle(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "configure":
            self.settings = Settings.of(message.get("settings"))
            self._begin()
        elif kind == "reset":
            self.playing = False
            self._begin()
        elif kind == "play":
            self.playing = not self._has_ended()
            self._next_frame = 0.0
        elif kind == "pause":
            self.playing = False
            self._send_frame()
        elif kind == "step":
            self.playing = False
            if not self._has_ended():
                self._train(1)
                self._send_frame()
        elif kind == "view":
            self._set_view(message)
        elif kind == "table":
            table = read_table(str(message.get("name"))[:100], str(message.get("text")))
            answer = table.describe()
            self.table = table
            self.sink.put_message({"type": "table", **answer})
        elif kind == "script":
            self._send_script()
        else:
            raise OptionError(f"There is no message of type {kind!r}.")

    def _has_ended(self) -> bool:
        """Whether there is nothing to train; the page is told, and draws that it is paused."""
        if self.problem is not None and self.epoch < self.settings.max_iter:
            return False
        if self.problem is not None:
            message = f"All {self.epoch} epochs are trained: begin anew, or choose more epochs."
            self.sink.put_message({"type": "notice", "message": message})
            self.playing = False
            self._send_frame()
        return True

    def _begin(self) -> None:
        """A new, untrained model."""
        was_playing, self.playing = self.playing, False
        self.problem, self.run, self.epoch = None, self.run + 1, 0
        problem = make_problem(self.settings, self.table)
        self.member = min(self.member, self.settings.n_members - 1)
        self.model = self.settings.estimator(is_classifier=problem.classes is not None)
        untrained = clone(self.model).set_params(learning_rate_init=NO_RATE)
        if self.settings.solver == "lbfgs":
            self._fit(clone(self.model).set_params(max_iter=1), problem)  # raises if not valid
            untrained.set_params(solver="sgd")
        notices = self._fit(untrained, problem)
        self.problem = problem
        self.sink.put_message(
            {"type": "data", "run": self.run, "settings": self.settings.as_dict(),
             "notices": notices, **problem.describe()}
        )  # fmt: skip
        self.playing = was_playing
        self._send_frame(untrained)

    def _set_view(self, message: dict[str, Any]) -> None:
        if "speed" in message:
            self.speed = int(SPEED.check("speed", message["speed"]))
        if "member" in message:
            members = Range(0, self.settings.n_members - 1, 0, (), whole=True)
            self.member = int(members.check("member", message["member"]))
            if not self.playing:
                self._send_frame()

    def _advance(self) -> None:
        """Train until the next frame."""
        started = monotonic()
        self._train(self.speed)
        self.playing = self.epoch < self.settings.max_iter
        self._send_frame()
        self._next_frame = started + FRAME_SECONDS

    def _train(self, epochs: int) -> None:
        """Train some epochs, or fewer if a message comes."""
        if self.problem is None:
            return
        for _ in range(min(epochs, self.settings.max_iter - self.epoch)):
            self._fit(self.model, self.problem)
            self.epoch += 1
            if not self._waiting.empty():
                return

    def _fit(self, model: Any, problem: Problem) -> list[str]:
        """Train a model for an epoch, and return what it warns of."""
        X, y = problem.X_train, problem.y_train
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if model.solver == "lbfgs":
                model.fit(X, y)
            elif problem.classes is None:
                model.partial_fit(X, y)
            else:
                model.partial_fit(X, y, classes=problem.classes)
        told = [str(w.message) for w in caught if not issubclass(w.category, ConvergenceWarning)]
        return list(dict.fromkeys(told))

    def _send_frame(self, untrained: Any = None) -> None:
        """Draw the model, or the untrained one that is given."""
        if untrained is not None:
            self._untrained = untrained
        if self.problem is None:
            return
        model = self.model if self.epoch else self._untrained
        self.sequence += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fit has warned of the columns
            header = {
                "run": self.run, "sequence": self.sequence, "epoch": self.epoch,
                "playing": self.playing, "member": self.member,
                "rate": self._rate(model),
                **evaluate(model, self.problem),
            }  # fmt: skip
            frame = encode(header, picture(model, self.problem, self.member))
        self.sink.put_frame(frame)

    def _rate(self, model: Any) -> float | None:
        """Learning rate of the last step; "lbfgs" has none."""
        if not self.epoch or self.settings.solver == "lbfgs":
            return None
        return model.history_["learning_rate"][-1]

    def _send_script(self) -> None:
        if self.problem is None:
            raise OptionError("There is no model: correct the settings first.")
        text = script(self.settings, self.problem, self.table, self.epoch)
        self.sink.put_message({"type": "script", "text": text, "epoch": self.epoch})
