"""A single Kafka broker (KRaft) on loopback with its data below the data folder."""

import asyncio
import base64
import os
import shutil
import signal
import ssl
import struct
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from pipeline.local.errors import LocalError
from pipeline.local.folders import Folders
from pipeline.local.guard import SETTINGS as GUARD_SETTINGS
from pipeline.local.guard import Guard
from pipeline.local.ports import LOOPBACK, read_ports, remembered_ports
from pipeline.local.supervisor import Child

FORMAT_TIMEOUT_S = 60
PROBE_TIMEOUT_S = 2.0
PORTS = "ports.json"
BROKER_PORT, CONTROLLER_PORT, INSIDE_PORT = "broker", "controller", "inside"
# One compiler tier, the serial collector and 256 MB start a single node in under 2 s.
JVM_FLAGS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
# A JVM that crashes writes registers and stack into hs_err_pid….log, and a core; one that is attached to gives its heap
# away.
PRIVATE_FLAGS = ("-XX:+SuppressFatalErrorMessage", "-XX:-CreateCoredumpOnCrash", "-XX:+DisableAttachMechanism")
# Kafka's own 9 s keep a broker that was killed from registering again for as long; 3 s still bridge a busy machine.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
num.partitions=4
min.insync.replicas=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=100
message.max.bytes=12582912
replica.fetch.max.bytes=12582912
log.retention.ms=2592000000
log.cleaner.dedupe.buffer.size=4194304
"""
OPEN = """\
listeners=PLAINTEXT://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
"""
GUARDED = """\
listeners=CLIENTS://{host}:{broker},BROKER://{host}:{inside},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENTS://{host}:{broker},BROKER://{host}:{inside}
inter.broker.listener.name=BROKER
"""
LOGGING = """\
status=warn
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=../log/kafka-server.log
appender.file.filePattern=../log/kafka-server.log.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %p %c{1} %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=8MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
"""
# Metadata, version 1, correlation id 1, no client id, no topics: answered with the brokers that are in service.
_METADATA_REQUEST = struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0)


def prepare_broker(folders: Folders, java: Path, jars: Sequence[Path], guard: Guard | None = None) -> Child:
    """The broker with its ports, settings and, the first time, formatted storage; LocalError when that fails."""
    names = (BROKER_PORT, CONTROLLER_PORT) if guard is None else (BROKER_PORT, CONTROLLER_PORT, INSIDE_PORT)
    ports = remembered_ports(folders.kafka / PORTS, names)
    if guard:
        guard.draw()
    _write_settings(folders, "server.properties", "data", ports, guard)
    (folders.kafka / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    # Relative to the broker's folder, so that no character of the path to it has a meaning in a class path.
    class_path = ":".join(os.path.relpath(jar, folders.kafka) for jar in jars)
    java_argv = (str(java), *_jvm_flags(folders), "-cp", class_path)
    if not (folders.kafka / "data" / "meta.properties").exists():
        _format(folders, java_argv, ports, guard)
    return Child(
        name="kafka",
        argv=(*java_argv, "kafka.Kafka", "server.properties"),
        env=_environment(),
        cwd=folders.kafka,
        ready=lambda: _is_ready(ports, guard),
        prepare=lambda: _empty(folders.kafka / "tmp"),
        stop_signals=(signal.SIGTERM,),
    )


def bootstrap_of(folders: Folders) -> str:
    """Where the prepared broker is called, host:port."""
    return f"{LOOPBACK}:{read_ports(folders.kafka / PORTS)[BROKER_PORT]}"


async def _is_ready(ports: dict[str, int], guard: Guard | None) -> bool:
    if guard is None:
        return await is_in_service(ports[BROKER_PORT])
    return await is_in_service(ports[INSIDE_PORT], guard.broker_context())


async def is_in_service(port: int, context: ssl.SSLContext | None = None) -> bool:
    """Whether a broker answers on that loopback port and counts itself among those that serve."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
            try:
                writer.write(_METADATA_REQUEST)
                _, _, brokers = struct.unpack(">iii", await reader.readexactly(12))
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return False
    return bool(brokers > 0)


def _format(folders: Folders, java_argv: tuple[str, ...], ports: dict[str, int], guard: Guard | None) -> None:
    # Into a draft that is then renamed: a format that was cut off is never taken for a broker's data.
    draft = folders.kafka / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    _write_settings(folders, "format.properties", draft.name, ports, guard)
    # A leading dash would be read as an option.
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    arguments = ("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", "format.properties")
    accounts = guard.format_arguments if guard else ()
    _empty(folders.kafka / "tmp")
    with folders.log_of("kafka").open("ab") as log:
        ended = subprocess.run(  # noqa: S603 # our own arguments
            (*java_argv, *arguments, *accounts),
            cwd=folders.kafka,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if guard else log,  # it prints what verifies passwords
            stderr=log,
            timeout=FORMAT_TIMEOUT_S,
            check=False,
        )
    if ended.returncode != 0:
        raise LocalError(f"Kafka's storage could not be formatted; the log is {folders.log_of('kafka')}")
    draft.rename(folders.kafka / "data")


def _jvm_flags(folders: Folders) -> tuple[str, ...]:
    return (
        *JVM_FLAGS,
        *PRIVATE_FLAGS,
        "-Dlog4j2.configurationFile=log4j2.properties",
        f"-Djava.io.tmpdir={folders.kafka / 'tmp'}",
    )


def _environment() -> dict[str, str]:
    # Java reads file names by the locale; under the C locale it would lose those that are not ASCII.
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def _write_settings(folders: Folders, name: str, data: str, ports: dict[str, int], guard: Guard | None) -> None:
    text = (SETTINGS + (GUARDED if guard else OPEN)).format(host=LOOPBACK, data=data, **ports)
    text += GUARD_SETTINGS if guard else ""
    (folders.kafka / name).write_text(text, encoding="ascii")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
