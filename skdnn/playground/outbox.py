"""What waits to be sent to a page."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

#: Frames on their way that the page has not drawn yet.
MAX_UNDRAWN = 2


class Outbox:
    """Messages in their order, and the newest frame.

    A page that draws slowly gets fewer frames: one that waits is replaced by a newer one, and
    training does not wait. Messages are made by other threads, and taken by the event loop in
    which the outbox was made.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._messages: deque[str] = deque()
        self._frame: bytes | None = None
        self._undrawn = 0
        self._changed = asyncio.Event()

    def put_message(self, message: dict[str, Any]) -> None:
        """Send a message; from any thread."""
        self._messages.append(json.dumps(message, allow_nan=False))
        self._notify()

    def put_frame(self, frame: bytes) -> None:
        """Send a frame, unless a newer one comes before; from any thread."""
        self._frame = frame
        self._notify()

    def _notify(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    def drawn(self) -> None:
        """The page has drawn a frame; in the event loop."""
        self._undrawn = max(0, self._undrawn - 1)
        self._changed.set()

    async def take(self) -> str | bytes:
        """Wait for what is sent next: messages first."""
        while True:
            self._changed.clear()
            if self._messages:
                return self._messages.popleft()
            frame = self._frame
            if frame is not None and self._undrawn < MAX_UNDRAWN:
                self._frame = None
                self._undrawn += 1
                return frame
            await self._changed.wait()
