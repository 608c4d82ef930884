"""S/MIME: whoever reads a message sees that it is ours and was not changed (RFC 8551, a detached signature)."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509 import load_pem_x509_certificates


class MailSigner:
    """The first certificate is ours, the others lead to whoever vouches for it. Raises ValueError where the files are
    no PEM, or the key is neither RSA nor EC, OSError.
    """

    def __init__(self, cert_file: Path, key_pem: bytes) -> None:
        self._certificate, *self._others = load_pem_x509_certificates(cert_file.read_bytes())
        key = load_pem_private_key(key_pem, password=None)
        if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
            raise ValueError("a key that signs mail is RSA or EC")  # noqa: TRY004 - of the file, not of a type
        if key.public_key() != self._certificate.public_key():
            raise ValueError("the key is not that of the certificate")
        self._key = key

    def __call__(self, part: bytes) -> bytes:
        builder = PKCS7SignatureBuilder().set_data(part).add_signer(self._certificate, self._key, SHA256())
        for other in self._others:
            builder = builder.add_certificate(other)
        return builder.sign(Encoding.SMIME, [PKCS7Options.DetachedSignature])
