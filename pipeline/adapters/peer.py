"""Who is at the other end of a TLS connection: the fingerprint of a certificate's public key."""

from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate

from pipeline.errors import RegisterRefusedError


def fingerprint_of(certificate: bytes) -> str:
    """Of a certificate as DER: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits. Renewed for the same key
    pair it stays the same.
    """
    return _fingerprint(load_der_x509_certificate(certificate))


def read_certificate(file: Path) -> str:
    """The fingerprint of the first certificate in a PEM file. Raises RegisterRefusedError."""
    try:
        return _fingerprint(load_pem_x509_certificate(file.read_bytes()))
    except OSError as error:
        raise RegisterRefusedError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise RegisterRefusedError(f"{file} holds no certificate as PEM") from None


def _fingerprint(certificate: Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(key).hexdigest()
