"""Sessions of the playground without a thread, for tests."""

from skdnn.playground.frames import decode
from skdnn.playground.session import Session


class Collected:
    """A sink that keeps everything."""

    def __init__(self):
        self.messages, self.frames = [], []

    def put_message(self, message):
        self.messages.append(message)

    def put_frame(self, frame):
        self.frames.append(decode(frame))

    def of(self, kind):
        return [message for message in self.messages if message["type"] == kind]


def new_session():
    return Session(Collected())


def do(session, kind, **more):
    """Let a session handle a message."""
    session._guarded(session._handle, {"type": kind, **more})


def configure(session, **settings):
    do(session, "configure", settings=settings)
    assert session.sink.of("error") == []
    return session.sink


def train(session, epochs):
    """Header and arrays of the last frame."""
    for _ in range(epochs):
        do(session, "step")
    return session.sink.frames[-1]
