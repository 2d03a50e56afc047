"""The server of the playground: static files, and a websocket for each session."""

from __future__ import annotations

import asyncio
import json
import secrets
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import create_server
from typing import Any

from skdnn.network.losses import loss_names
from skdnn.playground.options import MAX_LAYERS, MAX_UNITS, OptionError, description
from skdnn.playground.outbox import Outbox
from skdnn.playground.points import CLASSES, FEATURES, NUMBERS, make_points
from skdnn.playground.session import Session
from skdnn.playground.tables import MAX_CHARACTERS

STATIC = Path(__file__).with_name("static")

#: Only addresses of this machine.
HOST = "127.0.0.1"
HOSTS = [HOST, "localhost"]
#: Most pages at a time.
MAX_SESSIONS = 16
#: Bytes of a message: a table in UTF-8, within JSON.
MAX_BYTES = 4 * MAX_CHARACTERS

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def _required(module: str) -> Any:
    """Import a module of the extra ``playground``."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        raise ImportError(f'{name} is missing: pip install "skdnn[playground]"') from error


def hello() -> dict[str, Any]:
    """What a page needs to know first."""
    previews = {}
    for name in (*CLASSES, *NUMBERS):
        points, y = make_points(name, 140, noise=0.02)
        previews[name] = [[*map(float, row), float(t)] for row, t in zip(points, y, strict=True)]
    return {
        "type": "hello", "options": description(), "features": list(FEATURES),
        "losses": {"classes": loss_names("classification"), "numbers": loss_names("regression")},
        "classes": list(CLASSES), "numbers": list(NUMBERS), "previews": previews,
        "max_layers": MAX_LAYERS, "max_units": MAX_UNITS,
    }  # fmt: skip


class Sessions:
    """The open websockets."""

    def __init__(self) -> None:
        self.open: set[Session] = set()

    async def serve(self, socket: Any) -> None:
        """Serve a page until it closes."""
        if not _is_same_origin(socket):
            await socket.close(1008)
            return
        await socket.accept()
        if len(self.open) >= MAX_SESSIONS:
            message = f"At most {MAX_SESSIONS} pages can be open. Close another one, and reload."
            await socket.send_json({"type": "error", "message": message})
            await socket.close(1013)
            return
        outbox = Outbox()
        session = Session(outbox)
        self.open.add(session)
        session.start()
        outbox.put_message(hello())
        sender = asyncio.create_task(_send(socket, outbox))
        try:
            await _receive(socket, session, outbox)
        finally:
            sender.cancel()
            session.close()
            self.open.discard(session)


def _is_same_origin(socket: Any) -> bool:
    origin = socket.headers.get("origin")
    return origin is None or origin.partition("://")[2] == socket.headers.get("host")


async def _send(socket: Any, outbox: Outbox) -> None:
    with suppress(RuntimeError, _required("starlette.websockets").WebSocketDisconnect):
        while True:
            item = await outbox.take()
            if isinstance(item, str):
                await socket.send_text(item)
            else:
                await socket.send_bytes(item)


async def _receive(socket: Any, session: Session, outbox: Outbox) -> None:
    # A RuntimeError if a frame could not be sent before.
    with suppress(RuntimeError, _required("starlette.websockets").WebSocketDisconnect):
        async for text in socket.iter_text():
            try:
                message = json.loads(text)
                if not isinstance(message, dict):
                    raise OptionError("A message must be an object.")
                if message.get("type") == "drawn":
                    outbox.drawn()
                else:
                    session.post(message)
            except ValueError as error:  # OptionError and JSONDecodeError among them
                outbox.put_message({"type": "error", "message": str(error)})


def make_app(token: str) -> Any:
    """Make the ASGI application.

    Parameters
    ----------
    token : str
        First part of the path of all addresses.

    Returns
    -------
    app : starlette.applications.Starlette
        ``app.state.sessions.open`` are the open sessions.
    """
    applications, routing = _required("starlette.applications"), _required("starlette.routing")
    middleware, static = _required("starlette.middleware"), _required("starlette.staticfiles")
    hosts = _required("starlette.middleware.trustedhost").TrustedHostMiddleware
    sessions = Sessions()
    app = applications.Starlette(
        routes=[
            routing.Mount(
                f"/{token}",
                routes=[
                    routing.WebSocketRoute("/socket", sessions.serve),
                    routing.Mount("/", static.StaticFiles(directory=STATIC, html=True)),
                ],
            )
        ],
        middleware=[
            middleware.Middleware(hosts, allowed_hosts=HOSTS),
            middleware.Middleware(_WithHeaders),
        ],
    )
    app.state.sessions = sessions
    return app


class _WithHeaders:
    """Middleware that adds ``HEADERS`` to each response."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _tell(text: str) -> None:
    print(text, flush=True)  # also if the output is a pipe


def _listen(port: int) -> Any:
    """A socket of the port; it listens already, as the browser may be faster than the server."""
    try:
        return create_server((HOST, port))
    except OSError as error:
        raise SystemExit(
            f"Port {port} cannot be used: {error.strerror}. Choose another --port, or none."
        ) from error


def serve(port: int = 0, *, opens: bool = True, tell: Callable[[str], None] = _tell) -> None:
    """Serve the playground until Ctrl-C, on the loopback address only.

    Parameters
    ----------
    port : int, default=0
        0 is any free one.
    opens : bool, default=True
        Whether to open the page in the browser.
    tell : callable, optional
        Gets the address of the page; prints it by default.

    Raises
    ------
    ImportError
        If a package of the extra ``playground`` is missing.
    SystemExit
        If the port is not free, or no port.
    """
    uvicorn = _required("uvicorn")
    _required("websockets")
    token = secrets.token_urlsafe(16)
    if not 0 <= port <= 65535:
        raise SystemExit(f"port must be from 0 to 65535. Got {port}.")
    config = uvicorn.Config(
        make_app(token), host=HOST, port=port, log_level="warning", ws_max_size=MAX_BYTES,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    listening = _listen(port)
    address = f"http://{HOST}:{listening.getsockname()[1]}/{token}/"
    tell(f"The playground is at {address} (Ctrl-C ends it)")
    if opens:
        webbrowser.open(address)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
