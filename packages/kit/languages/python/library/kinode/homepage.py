"""The node's home page. The manifest must request messaging with ``homepage:homepage:sys``."""

from __future__ import annotations

from ._message import send

_HOMEPAGE = "our@homepage:homepage:sys"


def add(
    label: str, *, path: str | None = "/", icon: str | None = None, widget: str | None = None
) -> None:
    """Sets or replaces the entry of this process. ``icon`` is a data URL, ``widget`` HTML."""
    send(_HOMEPAGE, {"Add": {"label": label, "icon": icon, "path": path, "widget": widget}})


def remove() -> None:
    """Takes the entry away."""
    send(_HOMEPAGE, '"Remove"')
