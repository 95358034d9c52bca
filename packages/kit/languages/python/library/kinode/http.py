"""Serving HTTP paths below the process's own: ``/`` of ``main:chess:sys`` is at ``/main:chess:sys/``.

The manifest must request and grant messaging with ``http-server:distro:sys``.
"""

from __future__ import annotations

import json as _json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ._loop import request as _request
from ._message import Message, decode_json
from ._system import our, print_line

_SERVER = "our@http-server:distro:sys"


class HttpError(Exception):
    """The HTTP server refused."""


@dataclass
class Request:
    """One HTTP request."""

    method: str
    #: What was asked for below the process, e.g. ``/notes/7``.
    path: str
    #: The bound path, e.g. ``/notes/:id``.
    pattern: str
    params: dict[str, str]
    query: dict[str, str]
    #: Names in lower case.
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError``."""
        return decode_json(self.body)


@dataclass
class Response:
    """Answers a request."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def html(page: str) -> Response:
    """A page."""
    return Response(page, headers={"Content-Type": "text/html; charset=utf-8"})


def json(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(_json.dumps(value), status, {"Content-Type": "application/json"})


Handler = Callable[[Request], Awaitable[Response]]
_handlers: dict[str, Handler] = {}


async def bind(path: str, handler: Handler, *, public: bool = False, local_only: bool = False) -> None:
    """Gives requests for a path, which may have ``:name`` parts, to the handler. Unless ``public``, only those of the
    person who is logged in arrive; with ``local_only``, only those from the node's own machine."""
    _handlers[_normal(path)] = handler
    await _ask(
        {"Bind": {"path": path, "authenticated": not public, "local_only": local_only, "cache": False}}
    )


async def unbind(path: str) -> None:
    """Gives a path up."""
    _handlers.pop(_normal(path), None)
    await _ask({"Unbind": {"path": path}})


async def _ask(action: Any) -> None:
    answer = (await _request(_SERVER, action)).json()
    if isinstance(answer, dict) and "Err" in answer:
        raise HttpError(f"the HTTP server refused: {answer['Err']}")


async def handle(message: Message) -> bool:
    """Answers the message if it comes from the HTTP server; whether it does."""
    own = our()
    if not message.is_request or message.source.node != own.node:
        return False
    if str(message.source.process_id) != "http-server:distro:sys":
        return False
    event = message.json()
    if "Http" not in event:
        return True
    http = event["Http"]
    prefix = f"/{own.process_id}"
    blob = message.blob()
    asked = Request(
        http["method"],
        _normal(unquote(urlsplit(http["url"]).path).removeprefix(prefix)),
        _normal(http["bound_path"].removeprefix(prefix)),
        http["url_params"],
        http["query_params"],
        {name.lower(): value for name, value in http["headers"].items()},
        b"" if blob is None else blob.bytes,
    )
    response = await _respond(asked)
    body = response.body.encode() if isinstance(response.body, str) else response.body
    message.answer({"status": response.status, "headers": response.headers}, blob=body)
    return True


async def _respond(asked: Request) -> Response:
    handler = _handlers.get(asked.pattern)
    if handler is None:
        return Response("not found", 404)
    try:
        return await handler(asked)
    except Exception as error:
        print_line(f"The handler of {asked.pattern} failed: {error!r}")
        return Response("internal error", 500)


def _normal(path: str) -> str:
    """With a leading slash and without a trailing one, as the server stores it."""
    return "/" + path.strip("/")
