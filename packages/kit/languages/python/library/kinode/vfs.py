"""Files of the node. Paths begin with a drive, such as ``/chess:sys/notes``; a package may use its own drives and
``pkg`` without asking."""

from __future__ import annotations

from typing import Any

from ._loop import request
from ._message import Blob
from ._system import our

_VFS = "our@vfs:distro:sys"


class VfsError(Exception):
    """The VFS refused."""

    def __init__(self, code: str, path: str, detail: str) -> None:
        super().__init__(f"{code} at {path!r}" + (f": {detail}" if detail else ""))
        #: E.g. ``NoReadCap`` or ``IOError``.
        self.code = code
        self.path = path
        self.detail = detail


class NotFound(VfsError):
    """There is no such file or folder."""


async def _do(path: str, action: Any, blob: bytes | None = None) -> tuple[Any, Blob | None]:
    response = await request(_VFS, {"path": path, "action": action}, blob=blob)
    value = response.json()
    if isinstance(value, dict) and "Err" in value:
        raise _error(path, value["Err"])
    return value, response.blob() if value == "Read" else None


def _error(path: str, error: Any) -> VfsError:
    if isinstance(error, str):
        return VfsError(error, path, "")
    code, detail = next(iter(error.items()), ("UnexpectedAnswer", ""))
    if isinstance(detail, dict):
        detail = detail.get("error", detail)
    kind = NotFound if "os error 2)" in str(detail) else VfsError
    return kind(code, path, str(detail))


async def create_drive(name: str) -> str:
    """Makes the drive of this name in the own package, if it is not there; its path."""
    path = f"/{our().process_id.package_id}/{name}"
    await _do(path, "CreateDrive")
    return path


async def read(path: str) -> bytes:
    """The whole file."""
    _, blob = await _do(path, "Read")
    return b"" if blob is None else blob.bytes


async def read_text(path: str) -> str:
    """The whole file as UTF-8."""
    return (await read(path)).decode()


async def write(path: str, content: bytes | str) -> None:
    """Makes the file or replaces its content."""
    await _do(path, "Write", _bytes(content))


async def append(path: str, content: bytes | str) -> None:
    """Adds to the end of the file, which is made if it is not there."""
    await _do(path, {"OpenFile": {"create": True}})
    await _do(path, "Append", _bytes(content))


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


async def size(path: str) -> int:
    """Bytes of the file."""
    value, _ = await _do(path, "Metadata")
    return int(value["Metadata"]["len"])


async def list_folder(path: str) -> list[tuple[str, str]]:
    """Paths, without leading slash, and types (``File``, ``Directory`` …) of what is in a folder."""
    value, _ = await _do(path, "ReadDir")
    return [(entry["path"], entry["file_type"]) for entry in value["ReadDir"]]


async def make_folder(path: str) -> None:
    """Makes a folder with its parents."""
    await _do(path, "CreateDirAll")


async def remove(path: str) -> None:
    """Removes a file."""
    await _do(path, "RemoveFile")


async def remove_folder(path: str) -> None:
    """Removes a folder and everything in it."""
    await _do(path, "RemoveDirAll")


async def rename(path: str, new_path: str) -> None:
    """Moves a file."""
    await _do(path, {"Rename": {"new_path": new_path}})
