"""The AsyncAPI 3.0 document of what crosses our border by Kafka, told from the side of those who connect to it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

import pipeline
from pipeline import data
from pipeline.contracts.topics import CASE_EVENTS, MESSAGE_BYTES_MAX, RETENTION_OF_INTAKE_MS, intake_topic, queue_topic
from pipeline.contracts.vocabulary import Queue
from pipeline.domain.directory import Source, load_directory
from pipeline.schemas.asyncapi_messages import BINARY, BINDING, REPORTS, Node, messages, schemas

ASYNCAPI: Final = "3.0.0"
OWN = "intakeOfOneSource"
SOURCES_NAMED_MAX = 3

ABOUT = """\
Reports go in on the intake topics; what becomes of them comes out on the queue topics and on `case.events.v1`.

The document is written from the side of those who connect: `send` is what a source sends, `receive` is what a dispatch
centre or a monitoring team reads.

A source sends with `acks=all` and an idempotent producer, keyed by its own code. The same `source` and `id` is the same
event, however often it arrives: when in doubt, send again. A reader keeps, of the records of one case at one centre,
the one with the highest `case_version`; a double or a late record then does no harm.

What comes out holds no identity: no name, number, address, telephone, narrative or reporter.
"""


class _Outlet(NamedTuple):
    """A topic that we write, and what its reader does with it."""

    channel: str
    address: str
    title: str
    description: str
    messages: tuple[str, ...]


OUTLETS: Final = (
    _Outlet(
        "queueProtective",
        queue_topic(Queue.PROTECTIVE),
        "The queue of the protective centres",
        "The newest state of each case that waits at a protective centre, and its withdrawal when it leaves.",
        ("queueRecord",),
    ),
    _Outlet(
        "queueFamily",
        queue_topic(Queue.FAMILY),
        "The queue of the family service centres",
        "The newest state of each case that waits at a family service centre, and its withdrawal when it leaves.",
        ("queueRecord",),
    ),
    _Outlet(
        "caseEvents",
        CASE_EVENTS,
        "The history of all cases",
        "All that happens to a case, in order within the case, and every report that nobody could read or may believe.",
        ("caseEvent", "unreadNotice"),
    ),
)


def asyncapi_document() -> Node:
    """The kinds and codes it names are those of the sources that are shipped."""
    doors = _doors(load_directory(data.table("sources.csv")).sources.values())
    outlets = {o.channel: _outlet(o) for o in OUTLETS}
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Anwang",
            "version": pipeline.__version__,
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": BINARY,
        "servers": {"kafka": _server()},
        "channels": {**doors, **outlets},
        "operations": {
            **{_operation(name, "send"): _send(name, door) for name, door in doors.items()},
            **{_operation(o.channel, "receive"): _receive(o) for o in OUTLETS},
        },
        "components": {"messages": messages(), "schemas": schemas()},
    }


def _server() -> Node:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "A broker of the bureau that runs Anwang; it says which.",
        "variables": {
            "bootstrap": {
                "default": "127.0.0.1:9092",
                "description": "host:port; locally the one that `anwang status` names.",
            }
        },
    }


# --- what is sent


def _doors(sources: Collection[Source]) -> dict[str, Node]:
    """The topics of these sources, by the name of the channel: one for each that several share, one template for all
    that belong to one source.
    """
    shared: dict[str, list[Source]] = {}
    for source in sources:
        if not source.own_topic:
            shared.setdefault(source.topic, []).append(source)
    own = _own_door([source for source in sources if source.own_topic])
    return {_camel(*address.split(".")[:-1]): _shared_door(address, s) for address, s in shared.items()} | {OWN: own}


def _shared_door(address: str, sources: Sequence[Source]) -> Node:
    kinds = _listed(sorted({s.kind for s in sources}))
    codes = _listed([s.code for s in sources[:SOURCES_NAMED_MAX]])
    about = (
        f"Sources without a topic of their own, of the kind {kinds}, such as {codes}. The HTTP intake and "
        "`anwang send` write here on their behalf."
    )
    return _door(address, "Reports of sources that share a topic", about)


def _own_door(sources: Sequence[Source]) -> Node:
    codes = [s.code.removeprefix(f"{s.kind}-") for s in sources]
    about = (
        "A source that writes to Kafka itself has a topic of its own, and nobody else may write there. Kind and code "
        "are those of its registration; a code that begins with its kind leaves that out here: `hotline-113` has "
        "`intake.hotline.113.v1`."
    )
    return _door(intake_topic("{kind}", "{code}"), "Reports of one source", about) | {
        "parameters": {
            "kind": {"description": "The kind of the source.", "examples": sorted({s.kind for s in sources})},
            "code": {"description": "The code of the source, without its kind in front.", "examples": codes},
        }
    }


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _door(address: str, title: str, description: str) -> Node:
    return {
        "address": address,
        "title": title,
        "description": description,
        "messages": {name: _ref("messages", name) for name in REPORTS},
        "bindings": {"kafka": _topic(RETENTION_OF_INTAKE_MS)},
    }


def _outlet(outlet: _Outlet) -> Node:
    return {
        "address": outlet.address,
        "title": outlet.title,
        "description": outlet.description,
        "messages": {name: _ref("messages", name) for name in outlet.messages},
        "bindings": {"kafka": _topic(-1)},
    }


def _topic(retention_ms: int) -> Node:
    kept: Node = {"cleanup.policy": ["delete"], "retention.ms": retention_ms, "max.message.bytes": MESSAGE_BYTES_MAX}
    return {"topicConfiguration": kept, **BINDING}


def _send(channel: str, door: Node) -> Node:
    return {
        "action": "send",
        "title": f"Report to {door['address']}",
        "summary": "A source sends one report, as one CloudEvent a message.",
        "description": "Sent is what all replicas have acknowledged; until then send it again, with the same `id`.",
        "channel": _ref("channels", channel),
    }


def _receive(outlet: _Outlet) -> Node:
    return {
        "action": "receive",
        "title": f"Read {outlet.address}",
        "summary": outlet.description,
        "channel": _ref("channels", outlet.channel),
    }


def _ref(section: str, name: str) -> Node:
    place = "channels" if section == "channels" else f"components/{section}"
    return {"$ref": f"#/{place}/{name}"}


def _operation(channel: str, action: str) -> str:
    return _camel(action, channel[0].upper() + channel[1:])


def _camel(*words: str) -> str:
    first, *parts = (part for word in words for part in word.split("-") if part)
    return first + "".join(part[0].upper() + part[1:] for part in parts)
