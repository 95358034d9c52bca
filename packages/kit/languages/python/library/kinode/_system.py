"""State, children, capabilities and the terminal."""

from __future__ import annotations

import json
from typing import Any, Literal

from componentize_py_types import Err
from wit_world.imports import standard

from ._address import Address, ProcessId, from_wit, from_wit_process
from ._message import Capability, from_wit_capabilities, to_wit_capabilities


def our() -> Address:
    """The address of this process."""
    return from_wit(standard.our())


def print_line(*values: object, verbosity: int = 0) -> None:
    """Shows a line to the person who runs the node: 0 always, 1 for debugging, 2 for more of it."""
    standard.print_to_terminal(verbosity, " ".join(map(str, values)))


def load_state() -> bytes | None:
    """What ``save_state`` stored under this process's name, also in an earlier life of it."""
    return standard.get_state()


def save_state(state: bytes) -> None:
    """Stores bytes under this process's name. When it returns they are safe on disk."""
    standard.set_state(state)


def clear_state() -> None:
    """Deletes what ``save_state`` stored."""
    standard.clear_state()


def load_json(default: Any = None) -> Any:
    """The state as JSON, or ``default`` if there is none."""
    state = standard.get_state()
    return default if state is None else json.loads(state)


def save_json(value: Any) -> None:
    """Stores a value as JSON."""
    standard.set_state(json.dumps(value).encode())


class SpawnError(Exception):
    """A child could not be started."""


class NameTaken(SpawnError):
    """A process of this name exists."""


class NoFile(SpawnError):
    """There is no such file, or it may not be read."""


def spawn(
    program: str,
    *,
    name: str | None = None,
    on_exit: Literal["none", "restart"] = "none",
    request: list[Capability] | None = None,
    grant: list[tuple[ProcessId, str]] | None = None,
    public: bool = False,
) -> Address:
    """Starts a process of this package; parent and child may message each other.

    ``program`` is a file in the package's ``pkg`` folder, e.g. ``worker.wasm``, or a whole VFS path. ``request`` lists
    capabilities to give it, ``grant`` those it issues to others (``'"messaging"'``). Raises ``NameTaken`` or ``NoFile``.
    """
    path = program.removeprefix("/")
    if ":" not in path.partition("/")[0]:
        path = f"{our().process_id.package_id}/pkg/{path}"
    grants = [(process_id._to_wit(), params) for process_id, params in grant or ()]
    try:
        child = standard.spawn(
            name, f"/{path}", _on_exit(on_exit), to_wit_capabilities(request), grants, public
        )
    except Err as failed:
        taken = failed.value == standard.SpawnError.NAME_TAKEN
    else:
        return Address(our().node, from_wit_process(child))
    if taken:
        raise NameTaken(f"a process named {name!r} exists already")
    raise NoFile(f"there is no file /{path}, or it may not be read")


def _on_exit(on_exit: Literal["none", "restart"]) -> standard.OnExit:
    return standard.OnExit_Restart() if on_exit == "restart" else standard.OnExit_None_()


def set_on_exit(on_exit: Literal["none", "restart"]) -> None:
    """What happens when this process ends by itself: it is forgotten, or started again."""
    standard.set_on_exit(_on_exit(on_exit))


def capabilities() -> list[Capability]:
    """What this process holds."""
    return from_wit_capabilities(standard.our_capabilities())


def save_capabilities(saved: list[Capability]) -> None:
    """Keeps capabilities that came with a message, or that this process issues; others are left out."""
    standard.save_capabilities(to_wit_capabilities(saved))


def drop_capabilities(dropped: list[Capability]) -> None:
    """Gives up capabilities."""
    standard.drop_capabilities(to_wit_capabilities(dropped))
