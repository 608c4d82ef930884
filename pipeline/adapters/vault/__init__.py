"""The vault: sealing, opening, blind-index tokens, and the keys for them.

A report's data key is wrapped under a key of its case; case keys lie in a database of their own, wrapped under a key
that lies in neither: in the key ring, a file that only its owner reads, or in a device. Every key has versions, so that
it can be replaced while all runs.
"""

from pipeline.adapters.vault.gate import GateKeys, GatePurpose, gate_file
from pipeline.adapters.vault.key_file import KeyFile
from pipeline.adapters.vault.ring import COUNTED, IN_THE_RING, KeyPurpose, KeyRing, Live, lives, ring_file
from pipeline.adapters.vault.sealing import (
    FIRST_VERSION,
    HEAD_BYTES,
    KEY_BYTES,
    KeySet,
    Slot,
    head,
    new_key,
    seal,
    unseal,
    version_of,
)
from pipeline.adapters.vault.wrapping import Wrapping

__all__ = [
    "COUNTED",
    "FIRST_VERSION",
    "HEAD_BYTES",
    "IN_THE_RING",
    "KEY_BYTES",
    "GateKeys",
    "GatePurpose",
    "KeyFile",
    "KeyPurpose",
    "KeyRing",
    "KeySet",
    "Live",
    "Slot",
    "Wrapping",
    "gate_file",
    "head",
    "lives",
    "new_key",
    "ring_file",
    "seal",
    "unseal",
    "version_of",
]
