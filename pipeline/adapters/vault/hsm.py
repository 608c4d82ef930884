"""Wrapping by a key that never leaves its token: PKCS#11, by the `python-pkcs11` library (extra `hsm`).

The token does AES-GCM with the same nonce, additional data and form as `sealing`. Each version is an AES-256 key of its
own, sensitive and not extractable, under one label; its CKA_ID is the version, 4 bytes, big-endian.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import unquote

from pipeline.adapters.vault.sealing import HEAD_BYTES, NONCE_BYTES, Slot, head, version_of
from pipeline.errors import KeysRefusedError

if TYPE_CHECKING:
    import pkcs11

TAG_BITS = 128
KEY_BITS = 256

T = TypeVar("T")


class TokenUri(NamedTuple):
    """What of an RFC 7512 URI is needed to find a key."""

    token: str
    object: str
    module: Path

    @classmethod
    def read(cls, uri: str) -> "TokenUri":
        """Raises KeysRefusedError where it lacks token, object or module-path, or holds what is not known here."""
        path, _, query = uri.removeprefix("pkcs11:").partition("?")
        told = _attributes(path, ";") | _attributes(query, "&")
        if told.keys() != {"token", "object", "module-path"}:
            raise KeysRefusedError("wrapping_key must read pkcs11:token=NAME;object=NAME?module-path=LIBRARY")
        return cls(told["token"], told["object"], Path(told["module-path"]))


def _attributes(text: str, between: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(between) if part)
    return {name: unquote(value) for name, _, value in pairs}


def hsm_wrapping(uri: str, pin_file: Path | None) -> "HsmWrapping":
    """Raises KeysRefusedError where the URI or the PIN's file will not do, or the extra is not installed."""
    return HsmWrapping(TokenUri.read(uri), _pin(pin_file))


def _pin(path: Path | None) -> str:
    if path is None:
        raise KeysRefusedError("hsm_pin_file is not set: a token opens with its PIN alone")
    try:
        if path.stat().st_mode & 0o077:
            raise KeysRefusedError(f"the PIN file {path} may be read by others; its mode must be 0600")
        return path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise KeysRefusedError(f"the PIN file {path} cannot be read") from error


class HsmWrapping:
    """One session, one call at a time, in a thread: the loop does not wait for the device. A session that was lost is
    opened anew, once.
    """

    def __init__(self, uri: TokenUri, pin: str) -> None:
        self._uri = uri
        self._pin = pin
        self._turn = Lock()
        self._session: pkcs11.Session | None = None
        self._keys: dict[int, Any] = {}

    async def wrap(self, keys: Sequence[tuple[bytes, Slot]], version: int) -> list[bytes]:
        return await self._asked(lambda: [self._wrap(plain, slot, version) for plain, slot in keys])

    async def unwrap(self, wrapped: Sequence[tuple[bytes, Slot]]) -> list[bytes]:
        return await self._asked(lambda: [self._unwrap(sealed, slot) for sealed, slot in wrapped])

    async def versions(self) -> frozenset[int]:
        return await self._asked(self._versions)

    async def draw(self, version: int) -> None:
        await self._asked(lambda: self._draw(version))

    async def drop(self, versions: Collection[int]) -> None:
        await self._asked(lambda: self._drop(versions))

    async def _asked(self, act: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._act, act)

    def _act(self, act: Callable[[], T]) -> T:
        exceptions = _library().exceptions
        with self._turn:
            try:
                return act()
            except (exceptions.SessionHandleInvalid, exceptions.SessionClosed, exceptions.UserNotLoggedIn):
                self._session = None
            except exceptions.PKCS11Error as error:
                raise self._refused(error) from error
            try:
                return act()
            except exceptions.PKCS11Error as error:
                raise self._refused(error) from error

    def _refused(self, error: Exception) -> KeysRefusedError:
        return KeysRefusedError(f"the token {self._uri.token} refuses: {type(error).__name__}")

    def _opened(self) -> "pkcs11.Session":
        if self._session is None:
            self._keys.clear()
            token = _library().lib(str(self._uri.module)).get_token(token_label=self._uri.token)
            try:
                self._session = token.open(rw=True, user_pin=self._pin)
            except _library().exceptions.UserAlreadyLoggedIn:  # which a process is as a whole
                self._session = token.open(rw=True)
        return self._session

    def _search(self) -> None:
        library = _library()
        found = self._opened().get_objects(
            {library.Attribute.CLASS: library.ObjectClass.SECRET_KEY, library.Attribute.LABEL: self._uri.object}
        )
        by_id: dict[bytes, Any] = {key[library.Attribute.ID]: key for key in found}
        self._keys = {version_of(name): key for name, key in by_id.items()}

    def _versions(self) -> frozenset[int]:
        self._search()
        return frozenset(self._keys)

    def _key(self, version: int) -> Any:  # noqa: ANN401 - its class takes its methods from what the token can do
        self._opened()
        if version not in self._keys:
            self._search()
        if version not in self._keys:
            raise KeysRefusedError(f"the token {self._uri.token} lacks the wrapping key, version {version}")
        return self._keys[version]

    def _wrap(self, plain: bytes, slot: Slot, version: int) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return head(version) + nonce + bytes(self._key(version).encrypt(plain, **_gcm(nonce, slot, version)))

    def _unwrap(self, wrapped: bytes, slot: Slot) -> bytes:
        version, nonce = version_of(wrapped), wrapped[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES]
        exceptions = _library().exceptions
        key = self._key(version)
        try:
            return bytes(key.decrypt(wrapped[HEAD_BYTES + NONCE_BYTES :], **_gcm(nonce, slot, version)))
        except (  # what libraries say of a tag that is another
            exceptions.EncryptedDataInvalid,
            exceptions.EncryptedDataLenRange,
            exceptions.GeneralError,
            exceptions.FunctionFailed,
        ) as error:
            raise KeysRefusedError(f"a sealed value of {slot.table}.{slot.column} does not open") from error

    def _draw(self, version: int) -> None:
        if version in self._versions():
            return
        library = _library()
        attribute = library.Attribute
        self._opened().generate_key(
            library.KeyType.AES,
            KEY_BITS,
            id=head(version),
            label=self._uri.object,
            store=True,
            capabilities=library.MechanismFlag.ENCRYPT | library.MechanismFlag.DECRYPT,
            template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )
        self._search()

    def _drop(self, versions: Collection[int]) -> None:
        for version in self._versions() & frozenset(versions):
            self._keys.pop(version).destroy()


def _library() -> Any:  # noqa: ANN401 - a module of an extra
    try:
        import pkcs11  # noqa: PLC0415 - belongs to an extra
    except ImportError as error:
        raise KeysRefusedError("a key in a token needs the extra: pip install 'anwang[hsm]'") from error
    return pkcs11


def _gcm(nonce: bytes, slot: Slot, version: int) -> Mapping[str, Any]:
    library = _library()
    parameters = library.GCMParams(nonce, slot.additional_data(version), TAG_BITS)
    return {"mechanism": library.Mechanism.AES_GCM, "mechanism_param": parameters}
