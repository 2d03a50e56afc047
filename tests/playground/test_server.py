"""The server and its protocol, without a browser."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

testclient = pytest.importorskip("starlette.testclient", reason="Starlette is not installed.")

from skdnn.__main__ import main  # noqa: E402
from skdnn.playground import server  # noqa: E402
from skdnn.playground.frames import decode  # noqa: E402


@pytest.fixture
def app():
    return server.make_app("secret")


@pytest.fixture
def client(app):
    with testclient.TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def connect(client, **headers):
    return client.websocket_connect("/secret/socket", headers={"host": "127.0.0.1", **headers})


def send(socket, kind, **more):
    socket.send_text(json.dumps({"type": kind, **more}))


def next_message(socket, kind):
    while True:
        message = socket.receive()
        if "text" in message and json.loads(message["text"])["type"] == kind:
            return json.loads(message["text"])


def next_frame(socket):
    while True:
        message = socket.receive()
        if "bytes" in message:
            return decode(message["bytes"])


def test_only_addresses_with_the_token_exist(client):
    assert client.get("/").status_code == 404
    assert client.get("/wrong/").status_code == 404
    page = client.get("/secret/")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    with pytest.raises(testclient.WebSocketDisconnect), client.websocket_connect("/wrong/socket"):
        pass


def test_other_hosts_and_origins_are_refused(client):
    assert client.get("/secret/", headers={"host": "example.org"}).status_code == 400
    with (
        pytest.raises(testclient.WebSocketDisconnect),
        connect(client, origin="http://example.org"),
    ):
        pass


def test_the_files_of_the_page_need_no_other_server(client):
    for path in server.STATIC.iterdir():
        assert client.get(f"/secret/{path.name}").status_code == 200
        assert "http://" not in path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in path.read_text()


def test_a_session(client, app):
    with connect(client, origin="http://127.0.0.1") as socket:
        hello = next_message(socket, "hello")
        assert hello["options"]["data"]["default"] == "circle"
        assert set(hello["previews"]) == {*hello["classes"], *hello["numbers"]}
        [session] = app.state.sessions.open
        send(socket, "configure", settings={"hidden": [2]})
        assert next_message(socket, "data")["run"] == 1
        assert next_frame(socket)[0]["epoch"] == 0
        send(socket, "drawn")
        send(socket, "step")
        assert next_frame(socket)[0]["epoch"] == 1
        socket.send_text("{")
        assert "Expecting" in next_message(socket, "error")["message"]
        socket.send_text("[]")
        assert next_message(socket, "error")["message"] == "A message must be an object."
    session.thread.join(2)
    assert not session.thread.is_alive()
    assert not app.state.sessions.open


def test_a_slow_page_gets_fewer_frames_and_none_late(client):
    with connect(client) as socket:
        send(socket, "configure", settings={"hidden": [2]})
        send(socket, "play")
        epochs = [next_frame(socket)[0]["epoch"] for _ in range(2)]
        time.sleep(0.3)  # both are not drawn yet: later ones replace each other
        for _ in range(3):
            send(socket, "drawn")
            epochs.append(next_frame(socket)[0]["epoch"])
    assert epochs == sorted(epochs)
    assert epochs[2] - epochs[1] > 2


def test_the_number_of_pages_is_limited(client, monkeypatch):
    monkeypatch.setattr(server, "MAX_SESSIONS", 1)
    with connect(client) as first:
        next_message(first, "hello")
        with connect(client) as second:
            assert "At most 1 pages can be open" in next_message(second, "error")["message"]
            assert second.receive()["type"] == "websocket.close"


def test_a_missing_package_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(server, "import_module", missing)
    with pytest.raises(ImportError, match=r'uvicorn is missing: pip install "skdnn\[playground\]"'):
        server.serve(opens=False)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none(port):
    with pytest.raises(SystemExit, match=f"port must be from 0 to 65535. Got {port}"):
        server.serve(port, opens=False)


def test_a_port_in_use_is_named():
    with socket.create_server((server.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} cannot be used: .*Choose another"):
            server.serve(port, opens=False)


@pytest.fixture
def command():
    """The command line, in a process of its own."""
    arguments = [sys.executable, "-m", "skdnn", "playground", "--no-browser"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
    yield process
    process.kill()
    process.communicate()


def test_the_command_serves_until_it_is_interrupted(command):
    address = re.search(r"http://127.0.0.1:\d+/[\w-]{20,}/", command.stdout.readline())[0]
    with urllib.request.urlopen(address) as page:
        assert b"skdnn playground" in page.read()
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(address.rsplit("/", 2)[0] + "/")
    refused.value.close()
    command.send_signal(signal.SIGINT)
    assert command.wait() == 0


def test_the_command_passes_its_options(monkeypatch):
    calls = []
    monkeypatch.setattr(server, "serve", lambda port, *, opens: calls.append((port, opens)))
    main(["playground"])
    main(["playground", "--port", "8000", "--no-browser"])
    assert calls == [(0, True), (8000, False)]
