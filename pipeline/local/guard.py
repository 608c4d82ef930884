"""A broker on this machine as it stands in production: TLS, a password for everyone, and rights for each."""

import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.adapters.certificates import AUTHORITY, BROKER, draw_authority, draw_broker
from pipeline.local.folders import PRIVATE_MODE, write_atomically
from pipeline.local.ports import LOOPBACK

OPERATOR = "anwang.operate"
PASSWORD = "operate.password"  # noqa: S105 - the name of a file
PASSWORD_BYTES = 32
PASSWORD_MODE = 0o600
# Brokers and controllers know each other by certificate, so that they need no password to begin with.
SETTINGS = """\
listener.security.protocol.map=CLIENTS:SASL_SSL,BROKER:SSL,CONTROLLER:SSL
ssl.keystore.type=PEM
ssl.keystore.location=guard/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=guard/ca.pem
ssl.enabled.protocols=TLSv1.3,TLSv1.2
listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN=kafka;User:anwang.operate
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """Certificates and the operator's password, in a folder beside the broker's data."""

    folder: Path

    def draw(self) -> None:
        """Makes what is missing; what is there stays."""
        self.folder.mkdir(mode=PRIVATE_MODE, exist_ok=True)
        now = datetime.now(UTC)
        draw_authority(self.folder, now)
        draw_broker(self.folder, self.folder / BROKER, (LOOPBACK, "localhost"), now)
        if not (self.folder / PASSWORD).exists():
            write_atomically(self.folder / PASSWORD, secrets.token_urlsafe(PASSWORD_BYTES))
            (self.folder / PASSWORD).chmod(PASSWORD_MODE)

    @property
    def format_arguments(self) -> tuple[str, ...]:
        """What makes the operator's account at the first start."""
        password = (self.folder / PASSWORD).read_text("utf-8")
        return ("--add-scram", f"SCRAM-SHA-512=[name={OPERATOR},password={password}]")

    def settings(self) -> dict[str, str]:
        """How the operator calls this broker, by the names of our settings."""
        return {
            "kafka_security": "sasl_ssl",
            "kafka_user": OPERATOR,
            "kafka_password_file": str(self.folder / PASSWORD),
            "kafka_ca_file": str(self.folder / AUTHORITY),
        }

    def broker_context(self) -> ssl.SSLContext:
        """What shows us as the broker itself."""
        context = ssl.create_default_context(cafile=self.folder / AUTHORITY)
        context.load_cert_chain(self.folder / BROKER)
        return context
