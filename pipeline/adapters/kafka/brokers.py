"""How the brokers are called: the one place that says what every client of Kafka is told."""

import asyncio
import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from pipeline.errors import BrokerRefusedError
from pipeline.settings import KafkaSecurity, Settings, SettingsRefusedError, is_loopback

MECHANISM = "SCRAM-SHA-512"
PROOF_TIMEOUT_S = 5.0

_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LIBRARYS_OWN = {"security_protocol": "SASL_SSL", "sasl_mechanism": MECHANISM}


@dataclass(frozen=True, slots=True)
class Brokers:
    """Where they are and as whom they are called: as nobody, without encryption, where `context` is None."""

    bootstrap: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def options(self) -> dict[str, Any]:
        """What a client of aiokafka is told."""
        return {"bootstrap_servers": self.bootstrap, **self._secured()}

    def _secured(self) -> dict[str, Any]:
        if self.context is None:
            return {}
        known = {"sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return {**_LIBRARYS_OWN, **known, "ssl_context": self.context}

    async def prove(self) -> None:
        """Asks one broker after the other whether it lets us in, until one does. Raises BrokerRefusedError where one
        refuses us or is not who it says; one that is away proves nothing, and whoever needs it will say so.
        """
        if self.context is None:
            return
        for address in self.bootstrap.split(","):
            if await self._lets_in(address):
                return

    async def _lets_in(self, address: str) -> bool:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(PROOF_TIMEOUT_S):
                connection = await create_conn(host, int(port), **self._secured())
        except (SaslAuthenticationFailed, UnsupportedSaslMechanismError, IllegalSaslStateError) as error:
            raise BrokerRefusedError(
                f"the broker at {address} refuses {self.user}: this user or its password in kafka_password_file is"
                " not one of its accounts"
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise BrokerRefusedError(f"the broker at {address} is not believed: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise BrokerRefusedError(f"the broker at {address} speaks no TLS that we speak: {error.reason}") from error
        except (KafkaError, OSError, TimeoutError):
            return False
        connection.close()
        return True


def brokers_of(settings: Settings) -> Brokers:
    """Raises SettingsRefusedError, which names the setting, where they cannot be called so."""
    match settings.kafka_security:
        case KafkaSecurity.PLAINTEXT:
            if not is_loopback(settings.kafka_bootstrap):
                raise SettingsRefusedError("kafka_security: plaintext is for brokers on this machine alone")
            return Brokers(settings.kafka_bootstrap)
        case KafkaSecurity.SASL_SSL:
            if settings.kafka_user is None or settings.kafka_password_file is None:
                raise SettingsRefusedError("kafka_user and kafka_password_file are not set: sasl_ssl needs both")
            return Brokers(
                settings.kafka_bootstrap,
                settings.kafka_user,
                read_password(settings.kafka_password_file),
                _context(settings.kafka_ca_file),
                settings.kafka_ca_file,
            )


async def proven_brokers(settings: Settings) -> Brokers:
    """As `brokers_of`, once they have let us in or are away; raises BrokerRefusedError, too."""
    brokers = brokers_of(settings)
    await brokers.prove()
    return brokers


def read_password(file: Path) -> str:
    """The first line of a file that only its owner may read; raises SettingsRefusedError."""
    try:
        if file.stat().st_mode & _OPEN_TO_OTHERS:
            raise SettingsRefusedError(f"the password file {file} may be read by others; its mode must be 0600")
        password = file.read_text("utf-8").partition("\n")[0].strip()
    except OSError as error:
        raise SettingsRefusedError(f"the password file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsRefusedError(f"the password file {file} is not UTF-8") from None
    if not password:
        raise SettingsRefusedError(f"the password file {file} is empty")
    return password


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise SettingsRefusedError(f"kafka_ca_file: the file {ca_file} holds no certificate") from None
    except OSError as error:
        raise SettingsRefusedError(f"kafka_ca_file: the file {ca_file} cannot be read: {error.strerror}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
