"""Ids are derived, never drawn: the same event names the same rows, however often it is worked on."""

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f0c8a52-5a0e-5c39-9d0b-7c1f4f3f2a11")


def derived(kind: str, *parts: str) -> UUID:
    """The id of the thing of this kind that these parts name, whatever characters they hold: `("a", "b")` is not
    `("ab",)`.
    """
    name = "".join(f"{len(part)}:{part}" for part in (kind, *parts)).encode("utf-8", "surrogatepass")
    return UUID(bytes=sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()[:16], version=5)


def event_key(source: str, event_id: str) -> UUID:
    """The id of one event: CloudEvents promises that a source never gives one `id` to two events."""
    return derived("event", source, event_id)
