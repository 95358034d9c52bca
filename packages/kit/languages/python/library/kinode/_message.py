"""Requests and responses."""

from __future__ import annotations

import json as _json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from wit_world.imports import standard

from ._address import Address, from_wit, to_wit


@dataclass(frozen=True)
class Capability:
    """A right that its issuer defined; ``params`` is JSON text, ``'"messaging"'`` for the right to message it."""

    issuer: Address
    params: str = '"messaging"'


@dataclass(frozen=True)
class Blob:
    """Data that travels beside a message's body."""

    bytes: bytes
    mime: str | None = None


class NotJson(ValueError):
    """A body that should have been JSON."""


class SendError(Exception):
    """A request that could not be delivered or was not answered in time."""

    def __init__(self, kind: str, target: Address, context: bytes | None, body: bytes) -> None:
        what = "the node is offline" if kind == "offline" else "no answer in time"
        super().__init__(f"request to {target}: {what}")
        #: ``"offline"``: the other node is unknown or cannot be reached. ``"timeout"``: no answer in time, no such
        #: process here, or no capability to message it.
        self.kind = kind
        self.target = target
        #: What the request was sent with.
        self.context = context
        #: The request's body.
        self.body = body


@dataclass(slots=True)
class Message:
    """A request of another process, or the response to one of ours."""

    source: Address
    is_request: bool
    body: bytes
    metadata: str | None = None
    capabilities: list[Capability] = field(default_factory=list)
    #: In a response: what the request was sent with.
    context: bytes | None = None
    #: In a request: how many seconds the sender waits for a response, if it does.
    expects_response: int | None = None
    #: In a request: answers go where its sender's would have gone.
    inherit: bool = False

    def text(self) -> str:
        """The body as UTF-8. Raises ``UnicodeDecodeError``."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON. Raises ``NotJson``."""
        try:
            return decode_json(self.body)
        except ValueError as error:
            raise NotJson(f"the body of the message from {self.source} is no JSON: {error}") from None

    def blob(self) -> Blob | None:
        """Its blob. Ask before the next message is received."""
        return from_wit_blob(standard.get_blob())

    def answer(
        self,
        body: Any = b"",
        *,
        blob: Blob | bytes | None = None,
        metadata: str | None = None,
        capabilities: list[Capability] | None = None,
        inherit: bool = False,
    ) -> None:
        """Responds, if the sender waits for that. The message must be the one being handled; a response or an error
        that arrives restores the one that was being handled when its request was sent."""
        if self.is_request and (self.expects_response is not None or self.inherit):
            respond(body, blob=blob, metadata=metadata, capabilities=capabilities, inherit=inherit)


def respond(
    body: Any = b"",
    *,
    blob: Blob | bytes | None = None,
    metadata: str | None = None,
    capabilities: list[Capability] | None = None,
    inherit: bool = False,
) -> None:
    """Responds to the message being handled; does nothing when there is none."""
    response = standard.Response(inherit, encode(body), metadata, to_wit_capabilities(capabilities))
    standard.send_response(response, to_wit_blob(blob))


def send(
    target: Address | str,
    body: Any = b"",
    *,
    timeout: float | None = None,
    context: bytes | None = None,
    blob: Blob | bytes | None = None,
    metadata: str | None = None,
    capabilities: list[Capability] | None = None,
    inherit: bool = False,
) -> None:
    """Sends a request and goes on. With a ``timeout``, in seconds, the response arrives as a message with the
    ``context``, or a ``SendError`` with it."""
    request = to_wit_request(body, timeout, metadata, capabilities, inherit)
    standard.send_request(to_wit(target), request, context, to_wit_blob(blob))


def has_blob() -> bool:
    """Whether the newest message carried a blob."""
    return standard.has_blob()


def last_blob() -> Blob | None:
    """The newest blob ever received, also when later messages carried none."""
    return from_wit_blob(standard.last_blob())


_MAX_DEPTH = 1_000
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[][{}]', re.DOTALL)


def decode_json(body: bytes) -> Any:
    """Raises ``ValueError``, also for what is nested so deeply that the decoder would end the process."""
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH:
        depth = 0
        for bracket in _BRACKETS.findall(body):
            if bracket in b"[{":
                depth += 1
            elif bracket in b"]}":
                depth -= 1
            if depth > _MAX_DEPTH:
                raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    return _json.loads(body)


def encode(body: Any) -> bytes:
    """Bytes as they are, text as UTF-8, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    return _json.dumps(body).encode()


def to_wit_request(
    body: Any,
    timeout: float | None,
    metadata: str | None,
    capabilities: list[Capability] | None,
    inherit: bool,
) -> standard.Request:
    seconds = None if timeout is None else math.ceil(timeout)
    return standard.Request(inherit, seconds, encode(body), metadata, to_wit_capabilities(capabilities))


def to_wit_blob(blob: Blob | bytes | None) -> standard.LazyLoadBlob | None:
    if blob is None:
        return None
    if isinstance(blob, Blob):
        return standard.LazyLoadBlob(blob.mime, blob.bytes)
    return standard.LazyLoadBlob(None, bytes(blob))


def from_wit_blob(blob: standard.LazyLoadBlob | None) -> Blob | None:
    return None if blob is None else Blob(blob.bytes, blob.mime)


def to_wit_capabilities(capabilities: list[Capability] | None) -> list[standard.Capability]:
    if not capabilities:
        return []
    return [standard.Capability(each.issuer._to_wit(), each.params) for each in capabilities]


def from_wit_capabilities(capabilities: list[standard.Capability]) -> list[Capability]:
    if not capabilities:
        return []
    return [Capability(from_wit(each.issuer), each.params) for each in capabilities]


def from_wit_message(source: standard.Address, message: standard.Message) -> Message:
    if isinstance(message, standard.Message_Request):
        request = message.value
        return Message(
            from_wit(source),
            True,
            request.body,
            request.metadata,
            from_wit_capabilities(request.capabilities),
            expects_response=request.expects_response,
            inherit=request.inherit,
        )
    response, context = message.value
    capabilities = from_wit_capabilities(response.capabilities)
    return Message(from_wit(source), False, response.body, response.metadata, capabilities, context)


def from_wit_error(error: standard.SendError, context: bytes | None) -> SendError:
    kind = "offline" if error.kind == standard.SendErrorKind.OFFLINE else "timeout"
    body = error.message.value.body if isinstance(error.message, standard.Message_Request) else b""
    return SendError(kind, from_wit(error.target), context, body)
