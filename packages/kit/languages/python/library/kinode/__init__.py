"""Lets a Python program be a process of Kinode OS.

The process is the function ``main`` of ``src/lib.py``: it is called when the process starts, and when it returns the
process ends. Everything a process does, it does by messages::

    import kinode

    async def main(our: kinode.Address) -> None:
        while True:
            message = await kinode.receive()
            message.answer(message.body)

``await`` waits for the node and stops the whole process meanwhile, except in the handlers of ``serve``: while one of
them waits for a response, others run. ``time.sleep``, ``time.time`` and ``random`` work; files, sockets, threads and
``asyncio`` do not. Import modules at the top of a file: those imported later are not in the built program.
"""

from ._address import Address, PackageId, ProcessId, local
from ._loop import process, receive, request, serve, set_timer, sleep
from ._message import Blob, Capability, Message, NotJson, SendError, has_blob, last_blob, respond, send
from ._system import (
    NameTaken,
    NoFile,
    SpawnError,
    capabilities,
    clear_state,
    drop_capabilities,
    load_json,
    load_state,
    our,
    print_line,
    save_capabilities,
    save_json,
    save_state,
    set_on_exit,
    spawn,
)

__all__ = [
    "Address",
    "Blob",
    "Capability",
    "Message",
    "NameTaken",
    "NoFile",
    "NotJson",
    "PackageId",
    "ProcessId",
    "SendError",
    "SpawnError",
    "capabilities",
    "clear_state",
    "drop_capabilities",
    "has_blob",
    "last_blob",
    "load_json",
    "load_state",
    "local",
    "our",
    "print_line",
    "process",
    "receive",
    "request",
    "respond",
    "save_capabilities",
    "save_json",
    "save_state",
    "send",
    "serve",
    "set_on_exit",
    "set_timer",
    "sleep",
    "spawn",
]
