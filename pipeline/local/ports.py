"""Loopback ports of our own, kept between runs so that clients find a restarted server where it was."""

import json
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

from pipeline.local.errors import LocalError
from pipeline.local.folders import write_atomically

LOOPBACK = "127.0.0.1"
# Below the ports that Linux (32768 up) and macOS (49152 up) hand to outgoing connections: a client that keeps calling
# a stopped server on such a port can be connected to itself and then keeps the server from coming back.
PORT_FIRST = 20_000
PORT_COUNT = 10_000
TRIES_MAX = 200


def remembered_ports(memory: Path, names: Sequence[str]) -> dict[str, int]:
    """One free port for each name: those noted in `memory` while all are free, else new ones, noted there."""
    known = read_ports(memory)
    if set(names) <= known.keys() and all(is_free(known[name]) for name in names):
        return {name: known[name] for name in names}
    ports = dict(zip(names, _choose(len(names)), strict=True))
    write_atomically(memory, json.dumps(ports))
    return ports


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _choose(count: int) -> list[int]:
    chosen: list[int] = []
    for _ in range(TRIES_MAX):
        port = PORT_FIRST + secrets.randbelow(PORT_COUNT)
        if port not in chosen and is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise LocalError(f"no {count} free ports between {PORT_FIRST} and {PORT_FIRST + PORT_COUNT}")


def read_ports(memory: Path) -> dict[str, int]:
    """What is noted in `memory`, nothing where it cannot be read."""
    try:
        noted = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in noted.items() if isinstance(port, int)} if isinstance(noted, dict) else {}
