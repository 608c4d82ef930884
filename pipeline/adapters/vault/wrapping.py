"""What wraps case keys: a port, and the adapter whose keys lie in the key ring's file."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from pipeline.adapters.vault.key_file import KeyFile
from pipeline.adapters.vault.sealing import KeySet, Slot, seal, unseal, version_of
from pipeline.errors import KeysRefusedError

WRAPPING = "wrapping"


class Wrapping(Protocol):
    """Wraps keys under a key that lies in no database and may never leave its device: a KMS or an HSM. May be asked
    from several tasks at once. What is wrapped begins with the version of the key, as `sealing` says; the slot is its
    additional data. Raises KeysRefusedError for what does not open, and for a version that is not there.
    """

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]: ...

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]: ...

    async def versions(self) -> frozenset[int]: ...

    async def draw(self, version: int) -> None:
        """Makes a new key of this version, unless there is one."""

    async def drop(self, versions: Collection[int]) -> None:
        """Destroys the keys of these versions, as far as they are there."""


class FileWrapping:
    """`held` gives the versions that the file holds now, `look` reads the file again if it has changed."""

    def __init__(self, file: KeyFile, held: Callable[[], KeySet | None], look: Callable[[], object]) -> None:
        self._file = file
        self._held = held
        self._look = look

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]:
        key = self._key(version)
        return [seal(key, plain, slot, version) for plain, slot in keys]

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]:
        return [unseal(self._key(version_of(sealed)), sealed, slot) for sealed, slot in wrapped]

    async def versions(self) -> frozenset[int]:
        found = self._held()
        return frozenset(found.versions) if found else frozenset()

    async def draw(self, version: int) -> None:
        self._file.draw(WRAPPING, version)
        self._look()

    async def drop(self, versions: Collection[int]) -> None:
        if await self.versions():
            self._file.drop(WRAPPING, versions)
        self._look()

    def _key(self, version: int) -> bytes:
        for _ in range(2):
            found = self._held()
            if found and version in found.versions:
                return found.versions[version]
            self._look()
        raise KeysRefusedError(
            f"the key ring {self._file.path} lacks the wrapping key, version {version}, which stored keys need"
        )


class HandedOver:
    """`now` wraps, and draws new keys; what `before` wrapped still opens. So case keys go from the file to a device by
    a rotation.
    """

    def __init__(self, now: Wrapping, before: Wrapping) -> None:
        self._now = now
        self._before = before

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]:
        return await (await self._of(version)).wrap(keys, version)

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]:
        opened: dict[int, bytes] = {}
        for version in {version_of(sealed) for sealed, _ in wrapped}:
            places = [place for place, (sealed, _) in enumerate(wrapped) if version_of(sealed) == version]
            found = await (await self._of(version)).unwrap([wrapped[place] for place in places])
            opened |= zip(places, found, strict=True)
        return [opened[place] for place in range(len(wrapped))]

    async def _of(self, version: int) -> Wrapping:
        """What drew it; the versions of the two are others, since each new one is one more than all there were."""
        return self._before if version in await self._before.versions() else self._now

    async def versions(self) -> frozenset[int]:
        return await self._now.versions() | await self._before.versions()

    async def draw(self, version: int) -> None:
        await self._now.draw(version)

    async def drop(self, versions: Collection[int]) -> None:
        await self._now.drop(versions)
        await self._before.drop(versions)
