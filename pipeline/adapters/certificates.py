"""The broker's certificate and the authority that signs it, of a bureau that has no authority of its own."""

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIVES = timedelta(days=3650)
BROKER_LIVES = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=60)
BEFORE_NOW = timedelta(minutes=5)
"""Clocks differ."""

AUTHORITY_KEY, AUTHORITY, BROKER = "ca.key", "ca.pem", "broker.pem"
BROKER_NAME = "kafka"
"""The broker's common name; as a principal of Kafka it is `User:CN=kafka`."""

Key = ec.EllipticCurvePrivateKey


def draw_authority(folder: Path, now: datetime) -> bool:
    """Writes `ca.key` (mode 0600) and `ca.pem` into `folder`; False where they are already."""
    if (folder / AUTHORITY).exists() and (folder / AUTHORITY_KEY).exists():
        return False
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anwang's own authority for its broker")])
    signs = x509.KeyUsage(*(False, False, False, False, False, True, True, False, False))
    made = (
        _begun(name, name, key, now, AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA384())
    )
    _write(folder / AUTHORITY_KEY, _private(key), 0o600)
    _write(folder / AUTHORITY, _public(made), 0o644)
    return True


def draw_broker(authority: Path, out: Path, hosts: Sequence[str], now: datetime, mode: int = 0o600) -> bool:
    """Writes the broker's key and certificate for these host names and addresses, in one PEM file with this mode;
    False where `out` holds one for all of them that lives for 60 more days.
    """
    signer = x509.load_pem_x509_certificate((authority / AUTHORITY).read_bytes())
    if out.exists() and _will_do(out, signer, hosts, now):
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, BROKER_NAME)])
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())  # type: ignore[arg-type] # ours is an EC key
    made = (
        _begun(name, signer.subject, key, now, BROKER_LIVES)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_named(host) for host in hosts]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(known, critical=False)
        .sign(_load_key(authority / AUTHORITY_KEY), hashes.SHA384())
    )
    _write(out, _private(key) + _public(made) + _public(signer), mode)
    return True


def _will_do(file: Path, signer: x509.Certificate, hosts: Sequence[str], now: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())[0]
        found.verify_directly_issued_by(signer)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return set(names) == {_named(host) for host in hosts} and found.not_valid_after_utc - now > RENEWED_BEFORE


def _begun(subject: x509.Name, issuer: x509.Name, key: Key, now: datetime, lives: timedelta) -> x509.CertificateBuilder:
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    dated = begun.not_valid_before(now - BEFORE_NOW).not_valid_after(now + lives)
    return dated.serial_number(x509.random_serial_number())


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _load_key(file: Path) -> Key:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Key):
        raise TypeError(f"{file} holds no key of ours")
    return key


def _private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` says."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        os.fchmod(opened.fileno(), mode)
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
