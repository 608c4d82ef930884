"""Who works here: accounts by staff codes, posts, and how people sign in. A password is asked for or read from a file,
never told on the command line, which others see.
"""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import orjson

from pipeline import wiring
from pipeline.adapters import passwords
from pipeline.adapters.centre_folder import read_folder
from pipeline.adapters.postgres.staff_book import Member, StaffBook, post_of, scope_of
from pipeline.errors import StaffRefusedError
from pipeline.settings import Settings

T = TypeVar("T")


def add(settings: Settings, code: str, password_file: Path | None, *, is_asked: bool) -> None:
    """Raises RulingRefusedError for what is no staff code, StaffRefusedError for a password that will not do."""
    password_hash = passwords.hashed(_password(password_file), code) if is_asked or password_file else None
    _with(settings, lambda book: book.put(code, password_hash))
    sys.stdout.write(f"{code} may sign in once there is a post: anwang staff post {code} ROLE SCOPE\n")


def _password(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text("utf-8").split("\n", 1)[0]
        except (OSError, UnicodeDecodeError) as error:
            raise StaffRefusedError("password_file", f"the file {file} cannot be read") from error
    first = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != first:
        raise StaffRefusedError("password_twice", "these are two passwords")
    return first


def give_post(settings: Settings, code: str, role: str, scope: str) -> None:
    """Raises StaffRefusedError for a scope that the directory does not have."""
    book = read_folder(settings.directory_dir)
    post = post_of(role, scope_of(scope, frozenset(book.centres), frozenset(book.counties)))
    _with(settings, lambda staff: staff.give(code, post))
    sys.stdout.write(f"{code} is {post}\n")


def end_post(settings: Settings, code: str, role: str, scope: str) -> None:
    post = post_of(role, scope)
    _with(settings, lambda staff: staff.take_back(code, post))
    sys.stdout.write(f"{code} is {post} no more\n")


def bind(settings: Settings, code: str, issuer: str, subject: str) -> None:
    _with(settings, lambda staff: staff.bind(code, issuer, subject))
    sys.stdout.write(f"{code} signs in at {issuer}\n")


def end(settings: Settings, code: str) -> None:
    _with(settings, lambda staff: staff.end(code))
    sys.stdout.write(f"{code} works here no more\n")


def show(settings: Settings, *, as_json: bool) -> None:
    members = _with(settings, lambda staff: staff.list())
    for one in members:
        if as_json:
            sys.stdout.buffer.write(orjson.dumps(_told(one), option=orjson.OPT_APPEND_NEWLINE))
        else:
            posts = " ".join(one.posts) or "no post"
            ended = f"  ended {one.ended_at:%Y-%m-%d}" if one.ended_at else ""
            sys.stdout.write(f"{one.staff:<10} {one.signs_in_by:<14} {posts}{ended}\n")


def _told(one: Member) -> dict[str, object]:
    return {
        "staff": one.staff,
        "posts": list(one.posts),
        "signs_in_by": one.signs_in_by,
        "added_at": one.added_at.isoformat(),
        "ended_at": one.ended_at and one.ended_at.isoformat(),
    }


def _with(settings: Settings, act: Callable[[StaffBook], Awaitable[T]]) -> T:
    async def within() -> T:
        async with wiring.staff_book(settings) as book:
            return await act(book)

    return asyncio.run(within())
