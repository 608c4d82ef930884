"""Where a running Kafka and a running Postgres are found."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.local import postgres
from pipeline.local.guard import Guard

MAIN_DATABASE = "anwang"
KEYS_DATABASE = "anwang_keys"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where a running Kafka and a running Postgres are found. The DSNs are asyncpg's, over a private unix socket.
    A guarded broker keeps what its operator needs in `guard_folder`.
    """

    kafka_bootstrap: str
    socket_folder: Path
    guard_folder: Path | None = None

    def kafka_settings(self) -> dict[str, str]:
        """How the broker is called: as its operator where it is guarded, else as nobody."""
        if self.guard_folder is None:
            return {"kafka_bootstrap": self.kafka_bootstrap, "kafka_security": "plaintext"}
        return {"kafka_bootstrap": self.kafka_bootstrap, **Guard(self.guard_folder).settings()}

    @property
    def postgres_dsn(self) -> str:
        return self.dsn(MAIN_DATABASE)

    @property
    def keys_dsn(self) -> str:
        return self.dsn(KEYS_DATABASE)

    def dsn(self, database: str) -> str:
        return postgres.dsn_of(self.socket_folder, database)

    def environment(self) -> dict[str, str]:
        """The settings by which our processes find these servers."""
        return {
            **{f"ANWANG_{name.upper()}": value for name, value in self.kafka_settings().items()},
            "ANWANG_POSTGRES_DSN": self.postgres_dsn,
            "ANWANG_KEYS_DSN": self.keys_dsn,
        }

    async def create_database(self, name: str) -> str:
        """Make that database where it is missing; its DSN."""
        await postgres.create_database(self.socket_folder, name)
        return self.dsn(name)

    async def drop_database(self, name: str) -> None:
        """Remove that database, its connections ended; nothing when it is not there."""
        await postgres.drop_database(self.socket_folder, name)
