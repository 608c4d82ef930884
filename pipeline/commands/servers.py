"""Asking the servers from a short command."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
from aiokafka.errors import KafkaError

from pipeline.errors import UnavailableError

T = TypeVar("T")


def asked(question: Coroutine[Any, Any, T]) -> T:
    """The answer. Raises UnavailableError, without a word of the server's, where there is none."""
    try:
        return asyncio.run(question)
    except KafkaError as error:
        raise UnavailableError(f"Kafka does not answer: {type(error).__name__}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError(f"Postgres refuses: {type(error).__name__}") from error
    except (OSError, TimeoutError) as error:
        raise UnavailableError(f"a server does not answer: {type(error).__name__}") from error
