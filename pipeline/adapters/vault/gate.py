"""The keys of the HTTP intake, in a file of their own: who holds them opens no report that is settled."""

import base64
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pipeline.adapters.vault.key_file import KeyFile
from pipeline.adapters.vault.sealing import KeySet
from pipeline.errors import KeysRefusedError


class GatePurpose(StrEnum):
    RECEIPTS = "receipts"
    SPOOL = "spool"


class GateKeys:
    """`receipts` makes receipt numbers, `spool` seals what waits on disk. What was made under an older version stays
    good for as long as the file holds that version.
    """

    def __init__(self, receipts: bytes | KeySet, spool: bytes | KeySet, file: KeyFile | None = None) -> None:
        self.receipts = receipts if isinstance(receipts, KeySet) else KeySet.of(receipts)
        self.spool = spool if isinstance(spool, KeySet) else KeySet.of(spool)
        self._file = file
        self._stamp = file.stamp() if file else None

    @classmethod
    def load(cls, path: Path) -> "GateKeys":
        """Raises KeysRefusedError when the file is missing, open to others or holds other keys."""
        content = gate_file(path).read()
        return cls(content[GatePurpose.RECEIPTS].keys, content[GatePurpose.SPOOL].keys, gate_file(path))

    @classmethod
    def create(cls, path: Path) -> "GateKeys":
        """Draws new keys into a new file; an existing one is never replaced (FileExistsError)."""
        gate_file(path).create(list(GatePurpose))
        return cls.load(path)

    def refresh(self) -> bool:
        """Reads the file again if it has changed; whether it had. Raises KeysRefusedError for one that cannot be read,
        and then the keys stay as they were.
        """
        if self._file is None or (stamp := self._file.stamp()) == self._stamp:
            return False
        content = self._file.read()
        for purpose, keys in ((GatePurpose.RECEIPTS, self.receipts), (GatePurpose.SPOOL, self.spool)):
            if keys.current not in content[purpose].keys.versions:
                raise KeysRefusedError(
                    f"the keys of the intake, {self._file.path}, lost the {purpose} key, version {keys.current}"
                )
        self._stamp, self.receipts, self.spool = (
            stamp,
            content[GatePurpose.RECEIPTS].keys,
            content[GatePurpose.SPOOL].keys,
        )
        return True

    def receipt(self, source: str, event_key: UUID) -> str:
        """The receipt number of an event: the same one while the key is the same, and nobody else can make or read
        it.
        """
        sealed = AESSIV(self.receipts.newest).encrypt(event_key.bytes, [source.encode()])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def event_key(self, source: str, receipt: str) -> UUID | None:
        """The event that a receipt of this source stands for; None for what is no receipt of it."""
        try:
            sealed = base64.b64decode(receipt + "=" * (-len(receipt) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        opened = (_opened(key, sealed, source) for _, key in sorted(self.receipts.versions.items(), reverse=True))
        return next((event_key for event_key in opened if event_key), None)


def gate_file(path: Path) -> KeyFile:
    return KeyFile(path, tuple(GatePurpose), tuple(GatePurpose))


def _opened(key: bytes, sealed: bytes, source: str) -> UUID | None:
    try:
        return UUID(bytes=AESSIV(key).decrypt(sealed, [source.encode()]))
    except (InvalidTag, ValueError):
        return None
