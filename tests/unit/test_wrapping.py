"""One contract for all that wraps case keys: the key ring's file, and a token (SoftHSM) by PKCS#11."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.adapters.vault import KeyPurpose, KeyRing, Slot, Wrapping, new_key, version_of
from pipeline.adapters.vault.hsm import hsm_wrapping
from pipeline.adapters.vault.ring import ring_file
from pipeline.errors import KeysRefusedError

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "246813579"
URI = f"pkcs11:token=anwang;object=wrapping?module-path={MODULE}"

needs_softhsm = pytest.mark.skipif(not MODULE.exists(), reason="softhsm2 is not installed")


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token of its own; the library reads where it lies once in a process. The file of its PIN."""
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    patched = pytest.MonkeyPatch()
    patched.setenv("SOFTHSM2_CONF", str(home / "softhsm2.conf"))
    for label in ("anwang", "never-opened"):
        told = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(["softhsm2-util", *told], check=True, capture_output=True)  # noqa: S607 - where Debian puts it
    pin = home / "pin"
    pin.touch(0o600)
    pin.write_text(f"{PIN}\n")
    return pin


@pytest.fixture(params=["file", pytest.param("token", marks=needs_softhsm)])
async def wrapping(request: pytest.FixtureRequest, tmp_path: Path) -> Wrapping:
    """With the versions 1 and 2."""
    if request.param == "file":
        made = KeyRing.create(tmp_path / "ring.json").wrapping
    else:
        made = hsm_wrapping(URI.replace("=wrapping", f"={uuid4().hex}"), request.getfixturevalue("softhsm"))
    for version in (1, 2):
        await made.draw(version)
    return made


def slot(column: str = "report") -> Slot:
    return Slot("case_key", column, uuid4())


async def test_what_was_wrapped_opens_in_its_slot_under_whatever_version(wrapping: Wrapping) -> None:
    keys = [(new_key(), slot()) for _ in range(20)]
    for version in (1, 2):
        wrapped = await wrapping.wrap(keys, version)
        assert {version_of(one) for one in wrapped} == {version}
        told = [(sealed, where) for sealed, (_, where) in zip(wrapped, keys, strict=True)]
        assert await wrapping.unwrap(told) == [key for key, _ in keys]


async def test_the_same_key_is_never_wrapped_alike(wrapping: Wrapping) -> None:
    one = (new_key(), slot())
    assert len(set(await wrapping.wrap([one] * 50, 1))) == 50


async def refused(act: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises(KeysRefusedError) as caught:
        await act()
    return str(caught.value)


async def test_what_was_moved_changed_or_is_said_to_be_of_another_version_does_not_open(wrapping: Wrapping) -> None:
    key, where = new_key(), slot()
    (wrapped,) = await wrapping.wrap([(key, where)], 1)
    flipped = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    as_second = (2).to_bytes(4, "big") + wrapped[4:]
    column = where._replace(column="original")
    for sealed, at in ((wrapped, slot()), (wrapped, column), (flipped, where), (as_second, where)):
        assert "does not open" in await refused(lambda sealed=sealed, at=at: wrapping.unwrap([(sealed, at)]))
    assert await wrapping.unwrap([(wrapped, where)]) == [key]


async def test_a_version_that_is_not_there_is_named(wrapping: Wrapping) -> None:
    assert await wrapping.versions() == {1, 2}
    assert "version 9" in await refused(lambda: wrapping.wrap([(new_key(), slot())], 9))
    (wrapped,) = await wrapping.wrap([(new_key(), (where := slot()))], 2)
    await wrapping.drop([2, 7])
    assert await wrapping.versions() == {1}
    assert "version 2" in await refused(lambda: wrapping.unwrap([(wrapped, where)]))


async def test_to_draw_a_version_that_is_there_leaves_it(wrapping: Wrapping) -> None:
    (wrapped,) = await wrapping.wrap([((key := new_key()), (where := slot()))], 1)
    await wrapping.draw(1)
    assert await wrapping.unwrap([(wrapped, where)]) == [key]


async def test_many_tasks_may_ask_at_once(wrapping: Wrapping) -> None:
    async def both(version: int) -> bool:
        key, where = new_key(), slot()
        (wrapped,) = await wrapping.wrap([(key, where)], version)
        return await wrapping.unwrap([(wrapped, where)]) == [key]

    assert all(await asyncio.gather(*(both(1 + n % 2) for n in range(100))))


@needs_softhsm
async def test_the_key_of_a_token_cannot_be_read_out(softhsm: Path) -> None:
    import pkcs11  # noqa: PLC0415 - of an extra

    wrapping = hsm_wrapping(URI.replace("=wrapping", "=kept"), softhsm)
    await wrapping.draw(1)
    session = wrapping._opened()  # noqa: SLF001 - logged in, as the process is
    (key,) = session.get_objects({pkcs11.Attribute.LABEL: "kept"})
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        key[pkcs11.Attribute.VALUE]


@needs_softhsm
async def test_case_keys_go_from_the_file_to_a_token_and_the_file_may_forget_its_own(
    softhsm: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ring.json"
    by_file = KeyRing.create(path).wrapping
    (wrapped,) = await by_file.wrap([((key := new_key()), (where := slot()))], 1)
    token = hsm_wrapping(URI.replace("=wrapping", "=later"), softhsm)
    both = KeyRing.load(path, token).wrapping
    await both.draw(2)
    assert await both.versions() == {1, 2}
    (anew,) = await both.wrap([(key, where)], 2)
    assert await both.unwrap([(wrapped, where), (anew, where)]) == [key, key]
    await both.drop([1])
    assert KeyPurpose.WRAPPING not in ring_file(path, wraps=False).read()
    assert await KeyRing.load(path, token).wrapping.unwrap([(anew, where)]) == [key]
    with pytest.raises(KeysRefusedError, match="missing or cannot be read"):
        KeyRing.load(path)


@needs_softhsm
async def test_a_wrong_pin_another_token_and_an_open_pin_file_are_refused_in_a_line(
    softhsm: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "pin"
    wrong.touch(0o600)
    wrong.write_text("1111")
    closed = URI.replace("=anwang", "=never-opened")
    assert await refused(hsm_wrapping(closed, wrong).versions) == "the token never-opened refuses: PinIncorrect"
    assert "the token other refuses" in await refused(hsm_wrapping(URI.replace("=anwang", "=other"), softhsm).versions)
    wrong.chmod(0o644)
    for uri, pin in ((URI, wrong), (URI, None), (URI, tmp_path / "none"), ("pkcs11:token=a", softhsm)):
        with pytest.raises(KeysRefusedError):
            hsm_wrapping(uri, pin)
