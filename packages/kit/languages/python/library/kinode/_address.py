"""Names of packages and processes."""

from __future__ import annotations

from dataclasses import dataclass

from wit_world.imports import standard


@dataclass(frozen=True)
class PackageId:
    """Names a package, e.g. ``chess:sys``."""

    package: str
    publisher: str

    def __str__(self) -> str:
        return f"{self.package}:{self.publisher}"


@dataclass(frozen=True)
class ProcessId:
    """Names a process on some node, e.g. ``vfs:distro:sys``."""

    process: str
    package: str
    publisher: str

    @staticmethod
    def parse(text: str) -> ProcessId:
        """Reads ``process:package:publisher``. Raises ``ValueError``."""
        parts = text.split(":")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{text!r} is no process id: write process:package:publisher")
        return ProcessId(*parts)

    @property
    def package_id(self) -> PackageId:
        return PackageId(self.package, self.publisher)

    def __str__(self) -> str:
        return f"{self.process}:{self.package}:{self.publisher}"

    def _to_wit(self) -> standard.ProcessId:
        return standard.ProcessId(self.process, self.package, self.publisher)


@dataclass(frozen=True)
class Address:
    """Names a process in the whole network. As the node of a target, ``our`` is the node the process runs on."""

    node: str
    process_id: ProcessId

    @staticmethod
    def parse(text: str) -> Address:
        """Reads ``node@process:package:publisher``. Raises ``ValueError``."""
        node, at, rest = text.partition("@")
        if not node or not at:
            raise ValueError(f"{text!r} is no address: write node@process:package:publisher")
        return Address(node, ProcessId.parse(rest))

    def __str__(self) -> str:
        return f"{self.node}@{self.process_id}"

    def _to_wit(self) -> standard.Address:
        return standard.Address(self.node, self.process_id._to_wit())


def local(process_id: str) -> Address:
    """The address of a process on this node, e.g. ``local("vfs:distro:sys")``."""
    return Address("our", ProcessId.parse(process_id))


def from_wit_process(value: standard.ProcessId) -> ProcessId:
    return ProcessId(value.process_name, value.package_name, value.publisher_node)


_last: tuple[tuple[str, ...], Address] | None = None


def from_wit(value: standard.Address) -> Address:
    """Messages often come from where the one before came from."""
    global _last
    process = value.process
    names = (value.node, process.process_name, process.package_name, process.publisher_node)
    if _last is None or _last[0] != names:
        _last = (names, Address(value.node, from_wit_process(process)))
    return _last[1]


def to_wit(target: Address | str) -> standard.Address:
    if isinstance(target, str):
        target = Address.parse(target)
    return target._to_wit()
