"""A group of workers that are connected by sockets.

All workers are connected with the first one, which adds up and sends the sums back: two messages
for each worker, whose time grows with the number of workers; two workers send to each other. That
is best up to about eight; a group of more workers is right, but a ring or a tree would be faster.

A worker may compute for as long as it likes: a thread of each worker sends a heartbeat to those it
is connected with, and the time limit is that of silence. A worker that ends, however, closes its
connections, and the others know at once. The first worker tells the others which one is lost.

Connections are authenticated on both sides by a key (HMAC with a random challenge), but not
encrypted. Only bytes of arrays are sent, nothing that is executed.
"""

from __future__ import annotations

import hmac
import secrets
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import AuthenticationError

import numpy as np

from skdnn.distributed._group import WorkerLostError

#: Kinds of messages: the first byte of each.
DATA, HEARTBEAT, LOST, GOODBYE = range(4)
#: Of a message with data, kind and number of bytes; of a lost worker, kind and rank.
HEAD = struct.Struct("!BQ")
#: Number of bytes of the challenges, and of a digest.
CHALLENGE, DIGEST = 32, 32
#: What a worker says of itself when it joins: its rank and the number of workers.
PLACE = struct.Struct("!II")
#: Heartbeats in the time limit.
HEARTBEATS = 5
#: Most seconds for one connection to authenticate itself.
HANDSHAKE_SECONDS = 5.0
#: Number of bytes that are read at a time when a connection is closed.
DRAIN = 2**20
#: Reason of a lost worker.
CLOSED = "has closed its connection"


class Listening:
    """A port at which the first worker waits for the others.

    Parameters
    ----------
    host : str
        Address of this machine that the other workers can reach.

    Attributes
    ----------
    address : (str, int)
        Host and port, for ``SocketGroup.join``.
    """

    def __init__(self, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self.address = host, int(self._socket.getsockname()[1])

    def accept(self, timeout: float) -> socket.socket:
        """The next connection."""
        self._socket.settimeout(timeout)
        return self._socket.accept()[0]

    def close(self) -> None:
        """Free the port."""
        self._socket.close()


class SocketGroup:
    """A group whose workers are connected with the first one.

    Made by ``serve`` in the first worker, and by ``join`` in the others.

    Parameters
    ----------
    rank, size : int
    peers : dict of int to socket
        By rank: all others for the first worker, the first one for the others.
    timeout : float
        Seconds of silence after which a worker is lost.
    """

    def __init__(
        self, rank: int, size: int, peers: dict[int, socket.socket], timeout: float
    ) -> None:
        self.rank, self.size, self.timeout = rank, size, timeout
        self._peers = {peer: _Peer(peer, each) for peer, each in peers.items()}
        self._selector = selectors.DefaultSelector()
        for peer in self._peers.values():
            self._selector.register(peer.socket, selectors.EVENT_READ, peer)
        self._ended = threading.Event()
        self._error: WorkerLostError | None = None
        self._heart = threading.Thread(target=self._beat, name="skdnn-heartbeat", daemon=True)
        if peers:
            self._heart.start()

    @classmethod
    def serve(
        cls, listener: Listening, size: int, key: bytes, timeout: float = 60.0
    ) -> SocketGroup:
        """The group of the first worker, when all others have joined.

        Parameters
        ----------
        listener : Listening
            It is closed.
        size : int
            Number of workers.
        key : bytes
            Known to the workers only.
        timeout : float, default=60.0
            Seconds to wait for the others, and later of silence after which a worker is lost.

        Raises
        ------
        WorkerLostError
            If a worker does not join in time; ``rank`` is the first one that is missing.
        """
        peers: dict[int, socket.socket] = {}
        end = time.monotonic() + timeout
        try:
            while len(peers) < size - 1:
                missing = min(set(range(1, size)) - set(peers))
                left = end - time.monotonic()
                try:
                    # Not 0, which means not to wait.
                    peer = listener.accept(max(left, 1e-3))
                except TimeoutError:
                    reason = f"has not joined the group within {timeout:g} seconds"
                    raise WorkerLostError(missing, reason) from None
                # Somebody else, or a worker that has ended already: others may follow.
                with suppress(OSError, AuthenticationError):
                    rank = _admit(peer, size, key, min(HANDSHAKE_SECONDS, max(left, 1e-3)))
                    if rank in peers or not 0 < rank < size:
                        peer.close()
                        continue
                    peers[rank] = peer
            return cls(0, size, peers, timeout)
        except BaseException:
            for each in peers.values():
                each.close()
            raise
        finally:
            listener.close()

    @classmethod
    def join(
        cls, address: tuple[str, int], rank: int, size: int, key: bytes, timeout: float = 60.0
    ) -> SocketGroup:
        """The group of another worker than the first.

        Parameters
        ----------
        address : (str, int)
            Of the listener of the first worker.
        rank : int
            From 1 to ``size - 1``.
        size, key, timeout
            As in ``serve``.

        Raises
        ------
        WorkerLostError
            If the first worker cannot be reached.
        AuthenticationError
            If it does not have this key, or does not accept this worker.
        """
        try:
            peer = socket.create_connection(address, timeout)
        except OSError as error:
            raise WorkerLostError(0, f"cannot be reached at {address}: {error}") from error
        try:
            _introduce(peer, rank, size, key)
        except TimeoutError as error:
            peer.close()
            raise WorkerLostError(0, f"was not heard of for {timeout:g} seconds") from error
        except BaseException:
            peer.close()
            raise
        return cls(rank, size, {0: peer}, timeout)

    def __enter__(self) -> SocketGroup:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def allreduce(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The sum of the arrays of all workers, added in the order of their ranks.

        Parameters and errors are those of ``Group``.
        """
        if self._ended.is_set():
            raise self._error or WorkerLostError(self.rank, "has left the group")
        total = np.empty_like(array) if out is None else out
        if total is not array and (self.rank == 0 or self.size == 2):
            total[...] = array
        try:
            if self.size == 2:
                # Both ways at once. The order of two does not matter.
                [peer] = self._peers.values()
                self._send(peer, array)
                self._receive(peer, total, _add)
                return total
            if self.rank > 0:
                self._send(self._peers[0], array)
                self._receive(self._peers[0], total, np.copyto)
                return total
            for peer in self._in_order:
                self._receive(peer, total, _add)
            for peer in self._in_order:
                self._send(peer, total)
            return total
        except WorkerLostError as error:
            self._error = error
            # The others know only that the first worker has gone.
            self._end(HEAD.pack(LOST, error.rank) if self.rank == 0 else bytes([GOODBYE]))
            raise

    @property
    def _in_order(self) -> list[_Peer]:
        return [self._peers[rank] for rank in sorted(self._peers)]

    def close(self) -> None:
        """Leave the group. Nothing is left of it: no thread, no connection."""
        self._end(bytes([GOODBYE]))

    def _end(self, last_words: bytes) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        if self._heart.is_alive():
            self._heart.join()
        self._selector.close()
        for peer in self._peers.values():
            peer.close(last_words)

    def _beat(self) -> None:
        while not self._ended.wait(self.timeout / HEARTBEATS):
            for peer in self._peers.values():
                peer.beat()

    # ---------------------------------------------------------------- messages

    def _send(self, peer: _Peer, array: np.ndarray) -> None:
        body = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        with peer.sending:
            for part in (memoryview(HEAD.pack(DATA, array.nbytes)), body):
                while part:
                    try:
                        part = part[peer.socket.send(part) :]
                    except BlockingIOError:
                        # Messages are read meanwhile, so that both sides may send.
                        self._wait(writing=peer)
                    except OSError as error:
                        peer.read()  # its last words
                        raise peer.error or WorkerLostError(peer.rank, CLOSED) from error

    def _receive(
        self, peer: _Peer, total: np.ndarray, put: Callable[[np.ndarray, np.ndarray], None]
    ) -> None:
        """Put the next message of a peer into an array, or add it."""
        while not peer.inbox:
            if peer.has_left:
                raise WorkerLostError(peer.rank, CLOSED)
            self._wait()
        message = peer.inbox.popleft()
        if len(message) != total.nbytes:
            raise ValueError(
                f"The worker of rank {peer.rank} has sent {len(message)} bytes, but {total.nbytes} "
                "were expected: all workers must have the same parameters and summary."
            )
        put(total, np.frombuffer(message, total.dtype).reshape(total.shape))
        peer.spare = message

    def _wait(self, *, writing: _Peer | None = None) -> None:
        """Wait until something has arrived, which is read, or a peer can be written to.

        Raises
        ------
        WorkerLostError
            If any worker is lost.
        """
        if self._ended.is_set():
            raise WorkerLostError(self.rank, "has left the group")
        for peer in self._in_order:
            if peer.error is not None:
                raise peer.error
        if writing is not None:
            if writing.has_left:
                raise WorkerLostError(writing.rank, CLOSED)
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(writing.socket, both, writing)
        ready = self._selector.select(self.timeout / HEARTBEATS)
        if writing is not None:
            self._selector.modify(writing.socket, selectors.EVENT_READ, writing)
        for key, events in ready:
            if events & selectors.EVENT_READ:
                key.data.read()
                if key.data.has_left or key.data.error is not None:
                    self._selector.unregister(key.fileobj)
        for peer in self._in_order:
            if not peer.has_left and time.monotonic() - peer.heard > self.timeout:
                raise WorkerLostError(peer.rank, f"was not heard of for {self.timeout:g} seconds")


class _Peer:
    """A connection to another worker.

    Attributes
    ----------
    sending : Lock
        Held by the thread that sends a message.
    inbox : deque of bytearray
        Messages that have arrived.
    spare : bytearray
        Memory for a message of this size: fresh memory takes longer than its transfer.
    heard : float
        Time of the last message or a part of it.
    has_left : bool
        Whether the worker has left the group in order.
    error : WorkerLostError or None
        If it is lost, or says that another one is; to be raised after the messages before it.
    """

    def __init__(self, rank: int, connection: socket.socket) -> None:
        self.rank, self.socket = rank, connection
        connection.setblocking(False)
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sending = threading.Lock()
        self.inbox: deque[bytearray] = deque()
        self.spare = bytearray()
        self.heard = time.monotonic()
        self.has_left = False
        self.error: WorkerLostError | None = None
        #: The message that is arriving: its head, its data, and how many of these there are.
        self._head = bytearray()
        self._body: bytearray | None = None
        self._filled = 0

    def beat(self) -> None:
        """Send a heartbeat, unless other messages are on their way."""
        if self.sending.acquire(blocking=False):
            try:
                # A single byte is sent or not. Errors are noticed by the other thread.
                with suppress(OSError):
                    self.socket.send(bytes([HEARTBEAT]))
            finally:
                self.sending.release()

    def read(self) -> None:
        """Read what has arrived."""
        while not self.has_left and self.error is None:
            try:
                if self._body is None:
                    # Of a message without data the head is a single byte.
                    found = self.socket.recv(HEAD.size - len(self._head) if self._head else 1)
                    n_read = len(found)
                else:
                    n_read = self.socket.recv_into(memoryview(self._body)[self._filled :])
            except BlockingIOError:
                return
            except OSError:
                n_read = 0
            if not n_read:
                self.error = WorkerLostError(self.rank, CLOSED)
                return
            self.heard = time.monotonic()
            if self._body is None:
                self._head += found
                self._read_head()
            else:
                self._filled += n_read
            if self._body is not None and self._filled == len(self._body):
                self.inbox.append(self._body)
                self._body = None

    def _read_head(self) -> None:
        kind = self._head[0]
        if kind == HEARTBEAT:
            self._head.clear()
        elif kind == GOODBYE:
            self.has_left = True
        elif len(self._head) == HEAD.size:
            number = HEAD.unpack(self._head)[1]
            self._head.clear()
            if kind == LOST:
                self.error = WorkerLostError(number, "was lost, says the first worker")
            else:
                spare, self.spare = self.spare, bytearray()
                self._body = spare if len(spare) == number else bytearray(number)
                self._filled = 0

    def close(self, last_words: bytes) -> None:
        """Close the connection, after last words if they can be sent without waiting."""
        with suppress(OSError):
            self.socket.send(last_words)
            self.socket.shutdown(socket.SHUT_WR)
        # What is not read would make the system reset the connection and drop the last words.
        with suppress(OSError):
            while self.socket.recv(DRAIN):
                pass
        self.socket.close()


def _add(total: np.ndarray, array: np.ndarray) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # of trainings that diverge
        total += array


# -------------------------------------------------------------------- authentication


def _digest(key: bytes, side: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, side + b"".join(parts), "sha256")


def _admit(peer: socket.socket, size: int, key: bytes, timeout: float) -> int:
    """The rank of a worker that has joined; the connection is closed if it has another key."""
    try:
        peer.settimeout(timeout)
        ours = secrets.token_bytes(CHALLENGE)
        peer.sendall(ours)
        answer = _read(peer, CHALLENGE + PLACE.size + DIGEST)
        theirs, place = answer[:CHALLENGE], answer[CHALLENGE : CHALLENGE + PLACE.size]
        expected = _digest(key, b"join", ours, theirs, place)
        if not hmac.compare_digest(answer[-DIGEST:], expected):
            raise AuthenticationError("The key of the worker is another one.")
        rank, its_size = PLACE.unpack(place)
        if its_size != size:
            raise AuthenticationError(f"It expects {its_size} workers, not {size}.")
        peer.sendall(_digest(key, b"serve", theirs, ours))
        return rank
    except BaseException:
        peer.close()
        raise


def _introduce(peer: socket.socket, rank: int, size: int, key: bytes) -> None:
    """The other side of ``_admit``."""
    theirs, ours = _read(peer, CHALLENGE), secrets.token_bytes(CHALLENGE)
    place = PLACE.pack(rank, size)
    peer.sendall(ours + place + _digest(key, b"join", theirs, ours, place))
    if not hmac.compare_digest(_read(peer, DIGEST), _digest(key, b"serve", ours, theirs)):
        raise AuthenticationError("The first worker has another key.")


def _read(peer: socket.socket, n_bytes: int) -> bytes:
    found = b""
    while len(found) < n_bytes:
        try:
            more = peer.recv(n_bytes - len(found))
        except ConnectionError:
            more = b""
        if not more:
            raise AuthenticationError("The other side has not accepted the connection.")
        found += more
    return found
