"""The key ring: the keys that lie in no database, in all the versions that anything stored still needs."""

import hmac
from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.adapters.vault.key_file import Content, KeyFile
from pipeline.adapters.vault.sealing import FIRST_VERSION, HEAD_BYTES, KEY_BYTES, KeySet, head, version_of
from pipeline.adapters.vault.wrapping import WRAPPING, FileWrapping, HandedOver, Wrapping
from pipeline.domain.link import Key, KeyKind
from pipeline.errors import KeysRefusedError

TOKEN_BYTES = 16
DIGEST_BYTES = 32
DIGEST_LENGTHS = (DIGEST_BYTES, HEAD_BYTES + DIGEST_BYTES)
"""Those of the first version stand alone; others with their version in front."""


class KeyPurpose(StrEnum):
    """What has versions. `case` and `data` keys are many, and lie sealed in the databases; the others lie in the ring.
    `wrapping` wraps case keys, `index` makes tokens, `digesting` makes digests of messages.
    """

    WRAPPING = WRAPPING
    CASE = "case"
    DATA = "data"
    INDEX = "index"
    DIGESTING = "digesting"


IN_THE_RING = (KeyPurpose.WRAPPING, KeyPurpose.INDEX, KeyPurpose.DIGESTING)
COUNTED = (KeyPurpose.CASE, KeyPurpose.DATA)


class Live(NamedTuple):
    """The versions of a key under which something may lie, and the one under which new values are put."""

    current: int
    versions: frozenset[int]


class KeyRing:
    """Which versions are live is what the databases say, once they were asked; before that, the file says it. The file
    is read again when it has changed.
    """

    def __init__(self, file: KeyFile, wrapping: Wrapping | None = None) -> None:
        self._file = file
        self._stamp = file.stamp()
        self._content: Content = file.read()
        self._told: dict[KeyPurpose, Live] = {}
        self._index_keys: dict[tuple[int, KeyKind], bytes] = {}
        by_file = FileWrapping(file, lambda: self.held(KeyPurpose.WRAPPING), self.refresh)
        self.wrapping: Wrapping = HandedOver(wrapping, by_file) if wrapping else by_file
        self.edition = 0

    @classmethod
    def load(cls, path: Path, wrapping: Wrapping | None = None) -> "KeyRing":
        """`wrapping` wraps in the place of the file's own key. Raises KeysRefusedError when the file is missing, open
        to others or no key ring.
        """
        return cls(ring_file(path, wraps=wrapping is None), wrapping)

    @classmethod
    def create(cls, path: Path, wrapping: Wrapping | None = None) -> "KeyRing":
        """Draws new keys into a new file; an existing one is never replaced (FileExistsError)."""
        wraps = wrapping is None
        ring_file(path, wraps=wraps).create([p for p in IN_THE_RING if wraps or p is not KeyPurpose.WRAPPING])
        return cls.load(path, wrapping)

    @property
    def file(self) -> KeyFile:
        return self._file

    def held(self, purpose: KeyPurpose) -> KeySet | None:
        """All versions that the file holds."""
        found = self._content.get(purpose)
        return found.keys if found else None

    def live(self, purpose: KeyPurpose) -> Live:
        if purpose in self._told:
            return self._told[purpose]
        found = self._content.get(purpose)
        if found is None:
            return Live(FIRST_VERSION, frozenset({FIRST_VERSION}))
        return Live(found.keys.current, frozenset(found.keys.versions.keys() - found.retired.keys()))

    def current(self, purpose: KeyPurpose) -> int:
        return self.live(purpose).current

    def refresh(self) -> bool:
        """Looks whether the file is another one; whether it was. Raises KeysRefusedError for one that cannot be read or
        lost a live version, and then the ring stays as it was.
        """
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return False
        content = self._file.read()
        self._require(content, self._told)
        self._stamp, self._content = stamp, content
        self._index_keys.clear()
        self.edition += 1
        return True

    def adopt(self, told: Mapping[KeyPurpose, Live]) -> bool:
        """Takes over what a database says is live; whether that is new. Raises KeysRefusedError where a live version is
        not in the ring, after a look at the file.
        """
        if all(self._told.get(purpose) == live for purpose, live in told.items()):
            return False
        wanted = {**self._told, **told}
        if self._lacking(self._content, wanted):
            self.refresh()
        self._require(self._content, wanted)
        self._told = wanted
        self.edition += 1
        return True

    def _lacking(self, content: Content, told: Mapping[KeyPurpose, Live]) -> list[tuple[KeyPurpose, int]]:
        return [
            (purpose, version)
            for purpose in (KeyPurpose.INDEX, KeyPurpose.DIGESTING)
            if purpose in told
            for version in sorted(told[purpose].versions)
            if version not in content[purpose].keys.versions
        ]

    def _require(self, content: Content, told: Mapping[KeyPurpose, Live]) -> None:
        for purpose, version in self._lacking(content, told):
            raise KeysRefusedError(
                f"the key ring {self._file.path} lacks the {purpose} key, version {version}, which stored values need"
            )

    def proof(self, purpose: KeyPurpose, version: int) -> bytes:
        """Tells this key from another, and tells nothing else. Raises KeysRefusedError where it is not here."""
        found = self.held(purpose)
        if found is None or version not in found.versions:
            raise KeysRefusedError(
                f"the key ring {self._file.path} lacks the {purpose} key, version {version}, which stored values need"
            )
        return _derived(found.versions[version], f"check|{purpose}|{version}")

    def refuse(self, purpose: KeyPurpose, version: int) -> KeysRefusedError:
        """For whoever finds that a proof is another one."""
        return KeysRefusedError(
            f"the {purpose} key, version {version}, of the key ring {self._file.path} is not the one that the database"
            " was sealed with"
        )

    @property
    def first_proof(self) -> bytes:
        """The proof over all keys that releases before key versions left in the database."""
        keys = [self._key(purpose, FIRST_VERSION) for purpose in IN_THE_RING]
        wrapping, index, digesting = keys
        return hmac.digest(digesting, b"anwang key check" + sha256(wrapping + index).digest(), sha256)

    def _key(self, purpose: KeyPurpose, version: int) -> bytes:
        return self._content[purpose].keys.of_version(version)

    def token(self, key: Key, version: int | None = None) -> bytes:
        """The blind-index token of a link key: 16 bytes that tell nothing without the index key."""
        version = version or self.current(KeyPurpose.INDEX)
        if (version, key.kind) not in self._index_keys:
            whole = self._key(KeyPurpose.INDEX, version)
            self._index_keys[version, key.kind] = _derived(whole, f"index|{key.kind.value}")
        value = key.value.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_keys[version, key.kind], value, sha256)[:TOKEN_BYTES]

    def tokens(self, key: Key) -> tuple[bytes, ...]:
        """Under every live version: what is sought may lie under any of them."""
        return tuple(self.token(key, version) for version in sorted(self.live(KeyPurpose.INDEX).versions))

    def digest(self, value: bytes) -> bytes:
        """By which the same message is known again; it carries the version of its key, the first one by its length."""
        version = self.current(KeyPurpose.DIGESTING)
        made = self.keyed(value, version)
        return made if version == FIRST_VERSION else head(version) + made

    def is_digest(self, digest: bytes | None, value: bytes) -> bool:
        """Whether this digest was made of this value, under whatever version. Raises KeysRefusedError where that
        version is not here, after a look at the file.
        """
        if digest is None or len(digest) not in DIGEST_LENGTHS:
            return False
        version = FIRST_VERSION if len(digest) == DIGEST_BYTES else version_of(digest)
        if version not in self._content[KeyPurpose.DIGESTING].keys.versions:
            self.refresh()
        return hmac.compare_digest(digest[-DIGEST_BYTES:], self.keyed(value, version))

    def keyed(self, value: bytes, version: int) -> bytes:
        """32 bytes, the same ones for the same value and version."""
        return hmac.digest(self._key(KeyPurpose.DIGESTING, version), value, sha256)

    def all_keyed(self, value: bytes) -> tuple[bytes, ...]:
        """Under every live version, the current one first: an id that was made of one may be of any of them."""
        current, versions = self.live(KeyPurpose.DIGESTING)
        return tuple(self.keyed(value, version) for version in (current, *sorted(versions - {current})))


def ring_file(path: Path, *, wraps: bool = True) -> KeyFile:
    """`wraps`: its own wrapping key is needed, since nothing else wraps."""
    needed = IN_THE_RING if wraps else (KeyPurpose.INDEX, KeyPurpose.DIGESTING)
    return KeyFile(path, needed, IN_THE_RING)


def _derived(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info.encode()).derive(key)


def lives(rows: Iterable[tuple[str, int, bool]]) -> dict[KeyPurpose, Live]:
    """What rows of (purpose, version, is current) say; each purpose has one current version."""
    found: dict[KeyPurpose, Live] = {}
    for name, version, is_current in rows:
        purpose = KeyPurpose(name)
        known = found.get(purpose, Live(version, frozenset()))
        found[purpose] = Live(version if is_current else known.current, known.versions | {version})
    return found
