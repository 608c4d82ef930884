"""JSON documents of others as bytes, whatever odd characters they hold."""

import json

import orjson


def to_bytes(document: object) -> bytes:
    """UTF-8 JSON; where a text holds half of a surrogate pair or a number beyond 64 bits, ASCII JSON with escapes."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document, separators=(",", ":")).encode("ascii")
