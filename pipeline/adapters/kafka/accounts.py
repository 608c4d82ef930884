"""The broker's accounts: who is known there by a password, and what each may do. By confluent-kafka, since aiokafka has
no words for either.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from pipeline.adapters.kafka.brokers import MECHANISM, Brokers
from pipeline.domain.kafka_rights import On, Operation, Right
from pipeline.errors import BrokerRefusedError, UnavailableError

if TYPE_CHECKING:
    from concurrent.futures import Future

ANSWER_TIMEOUT_S = 10.0
ITERATIONS = 8192
_SCRAM = ScramMechanism.SCRAM_SHA_512
_ON = {On.TOPIC: ResourceType.TOPIC, On.GROUP: ResourceType.GROUP}
_OPERATION = {
    Operation.READ: AclOperation.READ,
    Operation.WRITE: AclOperation.WRITE,
    Operation.DESCRIBE: AclOperation.DESCRIBE,
}
_AWAY = frozenset(
    {KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError.REQUEST_TIMED_OUT}  # noqa: SLF001 - so its library names them
)


@dataclass(frozen=True, slots=True)
class Changed:
    """How many rights were given and taken away."""

    given: int
    taken: int


class Accounts:
    """What the operator may do with them. Every call waits for the broker's answer, up to 10 s, and raises
    UnavailableError or BrokerRefusedError; ask from another thread than that of an event loop.
    """

    def __init__(self, brokers: Brokers) -> None:
        if brokers.user is None or brokers.password is None:
            raise BrokerRefusedError("this broker knows no accounts: kafka_security is plaintext")
        silent = logging.Logger("confluent_kafka")  # noqa: LOG001 - nothing of what the library says is ours to log
        silent.addHandler(logging.NullHandler())
        trusted = {"ssl.ca.location": str(brokers.ca_file)} if brokers.ca_file else {}
        self._admin = AdminClient(
            {
                "bootstrap.servers": brokers.bootstrap,
                "client.id": "anwang-accounts",
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": MECHANISM,
                "sasl.username": brokers.user,
                "sasl.password": brokers.password,
                **trusted,
            },
            logger=silent,
        )

    def names(self) -> frozenset[str]:
        """Everyone who has a password."""
        described: Any = self._admin.describe_user_scram_credentials(request_timeout=ANSWER_TIMEOUT_S)
        return frozenset(_answer(described))

    def put(self, name: str, password: str) -> None:
        """From now on this password, and no other, opens; connections that are open stay so."""
        known = ScramCredentialInfo(_SCRAM, ITERATIONS)
        asked = UserScramCredentialUpsertion(name, known, password.encode())
        _answer_all(self._admin.alter_user_scram_credentials([asked], request_timeout=ANSWER_TIMEOUT_S))

    def settle(self, name: str, rights: Iterable[Right]) -> Changed:
        """Exactly these rights: gives what is missing, then takes away what is too much."""
        there, wanted = self._bindings(name), {_binding(name, right) for right in rights}
        if missing := wanted - there:
            _answer_all(self._admin.create_acls(list(missing), request_timeout=ANSWER_TIMEOUT_S))
        surplus = there - wanted
        for one in surplus:
            self._delete(_exactly(one))
        return Changed(len(missing), len(surplus))

    def remove(self, name: str) -> bool:
        """No right and no password is left; False where there was neither. The rights go first: they hold for
        connections that are open, too.
        """
        taken = self._delete(_all_of(name))
        asked = UserScramCredentialDeletion(name, _SCRAM)
        answers = self._admin.alter_user_scram_credentials([asked], request_timeout=ANSWER_TIMEOUT_S)
        try:
            _answer_all(answers)
        except BrokerRefusedError as error:
            if _code_of(error.__cause__) != KafkaError.RESOURCE_NOT_FOUND:
                raise
            return taken > 0
        return True

    def _bindings(self, name: str) -> set[AclBinding]:
        asked: Any = self._admin.describe_acls(_all_of(name), request_timeout=ANSWER_TIMEOUT_S)
        return set(_answer(asked))

    def _delete(self, which: AclBindingFilter) -> int:
        answers = self._admin.delete_acls([which], request_timeout=ANSWER_TIMEOUT_S)
        return sum(len(found) for found in _answer_all(answers))


def _binding(name: str, right: Right) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if right.is_prefix else ResourcePatternType.LITERAL
    operation, allow = _OPERATION[right.operation], AclPermissionType.ALLOW
    return AclBinding(_ON[right.on], right.name, pattern, f"User:{name}", "*", operation, allow)


def _all_of(name: str) -> AclBindingFilter:
    anything: Any = None
    wherever, whatever, either = ResourcePatternType.ANY, AclOperation.ANY, AclPermissionType.ANY
    return AclBindingFilter(ResourceType.ANY, anything, wherever, f"User:{name}", anything, whatever, either)


def _exactly(one: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        one.restype,
        one.name,
        one.resource_pattern_type,
        one.principal,
        one.host,
        one.operation,
        one.permission_type,
    )


def _answer_all(asked: Mapping[Any, "Future[Any]"]) -> list[Any]:
    return [_answer(one) for one in asked.values()]


def _answer(asked: "Future[Any]") -> Any:  # noqa: ANN401 - whatever was asked for
    try:
        return asked.result(ANSWER_TIMEOUT_S)
    except (KafkaException, TimeoutError) as error:
        code = _code_of(error)
        if code is None or code in _AWAY:
            raise UnavailableError("Kafka does not answer: its accounts are as they were, or not known to be") from None
        raise BrokerRefusedError(f"the broker will not do this: {_name_of(error)}") from error


def _code_of(error: BaseException | None) -> int | None:
    return error.args[0].code() if isinstance(error, KafkaException) else None


def _name_of(error: BaseException) -> str:
    return str(error.args[0].name()) if isinstance(error, KafkaException) else type(error).__name__
