"""Policy files as commands read them."""

from pathlib import Path

from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import PolicyFaultsError, read_policy, shipped
from pipeline.errors import AnwangError


class PolicyRefusedError(AnwangError):
    """A policy file that cannot be used; the text names each fault with its line."""


def policy_of(path: Path | None) -> Policy:
    """The policy in this file; without one, the shipped one. Raises PolicyRefusedError."""
    if path is None:
        return shipped()
    try:
        return read_policy(text_of(path))
    except PolicyFaultsError as error:
        raise PolicyRefusedError("\n".join(f"{path}, {fault}" for fault in error.faults)) from None


def text_of(path: Path) -> str:
    """Raises PolicyRefusedError where the file is not there or is no text."""
    try:
        return bytes_of(path).decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyRefusedError(f"the file {path} is not UTF-8") from None


def bytes_of(path: Path) -> bytes:
    """Raises PolicyRefusedError where the file is not there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyRefusedError(f"the file {path} cannot be read: {error.strerror}") from None
