"""Anchors: the heads of the streams as they stood at a moment, signed, each anchor following the one before it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from pipeline.domain.access import BEGINNING


class Head(NamedTuple):
    """The last event of a stream."""

    number: int
    hash: bytes


class Anchor(NamedTuple):
    """`statement` is the text that was signed. `timestamp_token` is an answer by RFC 3161 over `stamped_bytes`."""

    anchor_no: int
    statement: str
    public_key: bytes
    signature: bytes
    timestamp_token: bytes | None = None


class Said(NamedTuple):
    """What a statement says."""

    anchor_no: int
    at: str
    prior: bytes
    heads: Mapping[str, Head]


def statement_of(anchor_no: int, at: str, prior: bytes, heads: Mapping[str, Head]) -> str:
    """The text to sign: JSON in one line, the streams in order."""
    said = {
        "anchor": anchor_no,
        "at": at,
        "prior": prior.hex(),
        "heads": [[stream, head.number, head.hash.hex()] for stream, head in sorted(heads.items())],
    }
    return json.dumps(said, separators=(",", ":"))


def read_statement(statement: str) -> Said | None:
    """None where it is no statement."""
    try:
        said = json.loads(statement)
        heads = {str(stream): Head(int(number), bytes.fromhex(text)) for stream, number, text in said["heads"]}
        return Said(int(said["anchor"]), str(said["at"]), bytes.fromhex(said["prior"]), heads)
    except (ValueError, KeyError, TypeError):
        return None


def stamped_bytes(anchor: Anchor) -> bytes:
    """What a time-stamping authority stamps of an anchor, and what the next anchor follows: statement and signature."""
    return anchor.statement.encode() + b"\n" + anchor.signature


def mark_of(anchor: Anchor | None) -> bytes:
    """What the next anchor names as the one before it."""
    return sha256(stamped_bytes(anchor)).digest() if anchor else BEGINNING


def moved(now: Mapping[str, Head], signed: Mapping[str, Head]) -> Mapping[str, Head]:
    """The heads that no anchor holds yet."""
    return {stream: head for stream, head in now.items() if head.number and signed.get(stream) != head}
