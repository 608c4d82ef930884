"""What wraps case keys: a port, and the adapter whose keys lie in the key ring's file."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.adapters.vault.sealing import KeySet, Slot, seal, unseal, version_of
from pipeline.errors import KeysRefusedError


class Wrapping(Protocol):
    """Wraps keys under a key that lies in no database and may never leave its device: a KMS or an HSM. May be asked
    from several tasks at once. What is wrapped begins with the version of the key, as `sealing` says; the slot is its
    additional data. Raises KeysRefusedError for what does not open, and for a version that is not there.
    """

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]: ...

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]: ...

    async def versions(self) -> frozenset[int]: ...


class FileWrapping:
    """`held` gives the versions that the file holds now, `look` reads the file again if it has changed. Whoever changes
    the file is the ring.
    """

    def __init__(self, held: Callable[[], KeySet | None], look: Callable[[], object], where: str) -> None:
        self._held = held
        self._look = look
        self._where = where

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]:
        key = self._key(version)
        return [seal(key, plain, slot, version) for plain, slot in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]:
        return [unseal(self._key(version_of(sealed)), sealed, slot) for sealed, slot in wrapped]

    async def versions(self) -> frozenset[int]:
        found = self._held()
        return frozenset(found.versions) if found else frozenset()

    def _key(self, version: int) -> bytes:
        for _ in range(2):
            found = self._held()
            if found and version in found.versions:
                return found.versions[version]
            self._look()
        raise KeysRefusedError(f"{self._where} lacks the wrapping key, version {version}, which stored keys need")
