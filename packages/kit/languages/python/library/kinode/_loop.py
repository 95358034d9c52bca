"""Waiting: coroutines over the one blocking call that receives."""

from __future__ import annotations

import io
import math
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.imports import standard

from ._address import Address, to_wit
from ._message import (
    Blob,
    Capability,
    Message,
    SendError,
    from_wit_error,
    from_wit_message,
    send,
    to_wit_blob,
    to_wit_request,
)

Handler = Callable[[Message], Awaitable[None]]

_AWAITED = b"kinode/await\0"
_serving = False
_last_number = 0
_replies: dict[bytes, _Reply] = {}


class _Reply:
    """The awaited end of a request sent in a handler."""

    def __init__(self) -> None:
        self.task: _Task | None = None
        self.end: Message | SendError | None = None

    def __await__(self) -> Generator[_Reply, None, Message]:
        if self.end is None:
            yield self
        if isinstance(self.end, SendError):
            raise self.end
        assert self.end is not None
        return self.end


_Task = Coroutine[Any, None, None]


def _step(task: _Task) -> None:
    """Runs a handler until it waits or is done. One that fails is printed and does not end the process."""
    try:
        waiting = task.send(None)
        if not isinstance(waiting, _Reply):
            raise TypeError(f"a handler awaited {waiting!r}: only functions of kinode can be awaited")
        waiting.task = task
    except StopIteration:
        pass
    except Exception:
        standard.print_to_terminal(0, f"A handler failed: {traceback.format_exc()}")


def _settle(context: bytes | None, end: Message | SendError) -> bool:
    reply = _replies.pop(context, None) if context is not None else None
    if reply is None:
        return False
    reply.end = end
    if reply.task is not None:
        _step(reply.task)
    return True


def _receive() -> Message | SendError:
    try:
        return from_wit_message(*standard.receive())
    except Err as failed:
        return from_wit_error(*failed.value)


async def receive() -> Message:
    """The next message. Raises ``SendError``: a request sent with a timeout had no response."""
    if _serving:
        raise RuntimeError("serve is running and receives the messages")
    end = _receive()
    if isinstance(end, SendError):
        raise end
    return end


def request(
    target: Address | str,
    body: Any = b"",
    *,
    timeout: float = 5,
    blob: Blob | bytes | None = None,
    metadata: str | None = None,
    capabilities: list[Capability] | None = None,
    inherit: bool = False,
) -> Awaitable[Message]:
    """Sends a request; awaiting it gives the response, or raises ``SendError``. ``timeout`` is in seconds.

    In handlers of ``serve`` it is sent at once, so that several can be under way; elsewhere when it is awaited.
    """
    wit_request = to_wit_request(body, timeout, metadata, capabilities, inherit)
    if not _serving:
        return _block(to_wit(target), wit_request, to_wit_blob(blob))
    global _last_number
    _last_number += 1
    context = _AWAITED + str(_last_number).encode()
    reply = _replies[context] = _Reply()
    standard.send_request(to_wit(target), wit_request, context, to_wit_blob(blob))
    return reply


async def _block(
    target: standard.Address, wit_request: standard.Request, blob: standard.LazyLoadBlob | None
) -> Message:
    try:
        return from_wit_message(*standard.send_and_await_response(target, wit_request, blob))
    except Err as failed:
        error = failed.value
    raise from_wit_error(error, None)


async def serve(
    on_request: Handler,
    *,
    on_response: Handler | None = None,
    on_error: Callable[[SendError], Awaitable[None]] | None = None,
) -> None:
    """Gives each request to ``on_request``, each in a task of its own, for ever.

    ``on_response`` and ``on_error`` get the ends of requests that were sent with ``send``.
    """
    global _serving
    if _serving:
        raise RuntimeError("serve is already running")
    _serving = True
    while True:
        end = _receive()
        if _settle(end.context, end):
            continue
        if isinstance(end, SendError):
            if on_error is None:
                standard.print_to_terminal(1, str(end))
            else:
                _step(_task(on_error(end)))
        elif end.is_request:
            _step(_task(on_request(end)))
        elif on_response is not None:
            _step(_task(on_response(end)))


async def _task(awaitable: Awaitable[None]) -> None:
    await awaitable


async def sleep(seconds: float) -> None:
    """Waits, in handlers of ``serve`` without stopping others. The manifest must request and grant messaging with
    ``timer:distro:sys``; ``time.sleep`` needs no such thing and stops the process."""
    milliseconds = max(0, math.ceil(seconds * 1000))
    await request("our@timer:distro:sys", {"SetTimer": milliseconds}, timeout=milliseconds // 1000 + 1)


def set_timer(seconds: float, context: bytes) -> None:
    """Makes the timer send an empty response with this context after a while."""
    milliseconds = max(0, math.ceil(seconds * 1000))
    send(
        "our@timer:distro:sys",
        {"SetTimer": milliseconds},
        timeout=milliseconds // 1000 + 1,
        context=context,
    )


class _Terminal(io.TextIOBase):
    """Where ``print`` goes: lines for the person who runs the node."""

    def __init__(self) -> None:
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            standard.print_to_terminal(0, line)
        return len(text)


def process(main: Callable[[Address], Coroutine[Any, None, None]]) -> type:
    """The class that the component exports for a ``main``. The build uses it; programs need not."""

    class WitWorld(wit_world.WitWorld):
        def init(self, our: str) -> None:
            sys.stdout = _Terminal()
            coroutine = main(Address.parse(our))
            try:
                coroutine.send(None)
            except StopIteration:
                return
            raise TypeError("main awaited something that is not of kinode")

    return WitWorld
