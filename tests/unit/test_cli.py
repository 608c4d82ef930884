"""The commands: what they print, and with which code they exit."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import pytest
from command_line import Run

import pipeline
from pipeline import cli, wiring
from pipeline.adapters.probes import asked
from pipeline.commands import lines as lines_module
from pipeline.commands import stack
from pipeline.commands.generate import print_reports
from pipeline.commands.ledger import in_words
from pipeline.commands.lines import blocks_of, lines_of
from pipeline.commands.options import settle
from pipeline.commands.send import DOOR_OF_STRANGERS, post_of
from pipeline.commands.stack import StackError, start
from pipeline.contracts.report_examples import EXAMPLES
from pipeline.contracts.vocabulary import Outcome
from pipeline.domain.ledger import LedgerState, UnreadRow
from pipeline.errors import UnavailableError
from pipeline.local import daemon
from pipeline.local.daemon import Plan
from pipeline.local.errors import LocalError
from pipeline.local.servers import Servers
from pipeline.settings import Settings, directory_of

pytestmark = pytest.mark.usefixtures("nowhere")


def event(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of an event
    made = json.loads(json.dumps(EXAMPLES[number]))
    data = {**made["data"], **changes.pop("data", {})}
    return {**made, **changes, "data": data}


def ndjson(*events: object, name: str = "events.ndjson") -> str:
    text = "".join(f"{e if isinstance(e, str) else json.dumps(e, ensure_ascii=False)}\n" for e in events)
    Path(name).write_text(text, encoding="utf-8")
    return name


def decisions(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_it_says_its_version(run: Run) -> None:
    assert run("--version") == (0, f"anwang {pipeline.__version__}\n", "")


def test_help_names_every_command_and_no_shell_completion(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    names = ["demo", "up", "down", "status", "assess", "send", "ledger", "unread"]
    names += ["run", "migrate", "topics", "config", "keys", "schemas", "generate"]
    assert all(f" {name} " in out for name in names)
    assert "completion" not in out


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["assess"],
        ["assess", "--nonsense", "x"],
        ["run", "nonsense"],
        ["config", "show", "--partitions", "0"],
    ],
)
def test_misuse_exits_2(run: Run, argv: Sequence[str]) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert err


def test_each_line_gets_its_decision_in_order(run: Run) -> None:
    file = ndjson(*EXAMPLES, "", "no json", event(0))
    code, out, err = run("assess", file)
    assert (code, err) == (0, "")
    told = [(d["event_id"], d["outcome"], d["link_class"]) for d in decisions(out)]
    assert told == [
        (EXAMPLES[0]["id"], "case", "initial"),
        (EXAMPLES[1]["id"], "duplicate", "duplicate"),
        (EXAMPLES[2]["id"], "case", "initial"),
        (None, "dead_letter", None),
        (EXAMPLES[0]["id"], "redelivery", "redelivery"),
    ]


def test_a_dead_letter_keeps_its_id_where_it_has_one(run: Run) -> None:
    _, out, _ = run("assess", ndjson(event(0, type="something.else")))
    assert (decisions(out)[0]["event_id"], decisions(out)[0]["outcome"]) == (EXAMPLES[0]["id"], "dead_letter")


def test_an_unregistered_source_is_a_fault_offline(run: Run) -> None:
    _, out, _ = run("assess", ndjson(event(0, source="/sources/nobody")))
    (decision,) = decisions(out)
    assert decision["outcome"] == "case"
    assert any(fault.startswith("source_unregistered") for fault in decision["faults"])


def test_a_bureaus_own_sources_are_believed(run: Run) -> None:
    Path("mine.csv").write_text("source,kind,role,county\nmine,partner,police,臺北市\n", encoding="utf-8")
    _, out, _ = run("assess", ndjson(event(0, source="/sources/mine")), "--sources-file", "mine.csv")
    assert not any("source" in fault for fault in decisions(out)[0]["faults"])


def test_links_tell_the_final_state_once_for_each_event(run: Run) -> None:
    first, second, bridge = event(0), event(2), event(2)
    bridge |= {"id": "bridge", "source": "/sources/clinic-0001"}
    numbers = [first["data"]["report_no"], second["data"]["report_no"]]
    bridge["data"] |= {"report_no": "bridge-1", "related_report_nos": numbers}
    second["data"]["persons"] = first["data"]["persons"]
    bridge["data"]["persons"] = first["data"]["persons"]
    code, out, _ = run("assess", ndjson(first, second, bridge, first), "--links", "links.csv")
    assert code == 0
    with Path("links.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["event_id"] for row in rows] == [first["id"], second["id"], "bridge"]
    assert list(rows[0]) == ["event_id", "incident_id", "case_id", "household_id"]
    assert len({row["case_id"] for row in rows}) == 1
    assert rows[0]["case_id"] == decisions(out)[0]["case_id"]


def test_standard_input_is_read_for_a_dash() -> None:
    argv = [sys.executable, "-m", "pipeline.cli", "assess", "-"]
    given = json.dumps(EXAMPLES[0]).encode()
    ended = subprocess.run(argv, input=given, capture_output=True, check=True, timeout=60)
    assert json.loads(ended.stdout)["event_id"] == EXAMPLES[0]["id"]


def test_a_reader_that_leaves_early_is_no_trouble() -> None:
    command = '"$0" -m pipeline.cli generate 3000 | head -1'
    ended = subprocess.run(["bash", "-c", command, sys.executable], capture_output=True, check=True, timeout=60)  # noqa: S607
    assert ended.stdout.count(b"\n") == 1
    assert b"Traceback" not in ended.stderr


LOADED = """
import atexit, sys
import pipeline.cli
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
pipeline.cli.main()
"""


@pytest.mark.parametrize(
    ("argv", "unwanted"),
    [
        (["--version"], {"pydantic", "rich", "aiokafka", "asyncpg", "structlog"}),
        (
            ["assess", "events.ndjson"],
            {"rich", "aiokafka", "asyncpg", "structlog", "cryptography", "prometheus_client"},
        ),
    ],
)
def test_a_short_command_loads_only_what_it_needs(argv: Sequence[str], unwanted: set[str]) -> None:
    ndjson(*EXAMPLES[:2])
    argv = [sys.executable, "-c", LOADED, *argv]
    ended = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert unwanted.isdisjoint(ended.stderr.split())


def test_two_events_are_answered_at_once() -> None:
    file = ndjson(*EXAMPLES[:2])
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "pipeline.cli", "assess", file], capture_output=True, check=True, timeout=60)
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("argv", [["assess", "gone.ndjson"], ["send", "events.ndjson", "--acks", "no/folder"]])
def test_a_file_that_cannot_be_used_is_one_line_and_exit_1(run: Run, argv: Sequence[str]) -> None:
    ndjson(EXAMPLES[0])
    code, out, err = run(*argv)
    assert (code, out) == (1, "")
    assert err.startswith("anwang: ")
    assert err.count("\n") == 1


def test_sources_that_cannot_be_used_are_one_line_that_names_file_and_line_and_exit_2(run: Run) -> None:
    Path("sources.csv").write_bytes(b"source,kind,role,county\nx,,,\n")
    code, out, err = run("assess", ndjson(EXAMPLES[0]), "--sources-file", "sources.csv")
    assert (code, out) == (2, "")
    assert err == "anwang: the file sources.csv, line 2: a source needs a code and a kind\n"


def test_settings_are_shown_with_their_sources_and_without_passwords(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANWANG_POSTGRES_DSN", "postgresql://u:hidden@h/db")
    code, out, _ = run("config", "show", "--json", "--partitions", "9")
    told = json.loads(out)
    assert code == 0
    assert told["partitions"] == {"value": 9, "source": "flag"}
    assert told["postgres_dsn"] == {"value": "postgresql://u:***@h/db", "source": "environment"}
    _, words, _ = run("config", "show")
    assert "hidden" not in words
    assert "postgresql://u:***@h/db  (environment)" in words
    assert "sources_file" in words


def test_a_bad_setting_is_one_line_that_names_it_and_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("named.toml").write_text("partitoins = 3\n", encoding="utf-8")
    monkeypatch.setenv("ANWANG_CONFIG", "named.toml")
    assert run("config", "show") == (2, "", "anwang: unknown key 'partitoins' in the file named.toml\n")


def test_a_key_ring_is_made_once_for_its_owner_alone(run: Run) -> None:
    code, out, _ = run("keys", "init", "--data-dir", "data")
    ring = Path("data/keys/ring.json")
    assert (code, ring.stat().st_mode & 0o777) == (0, 0o600)
    assert str(ring) in out
    before = ring.read_bytes()
    code, out, err = run("keys", "init", "--data-dir", "data")
    assert (code, out) == (1, "")
    assert "never replaced" in err
    assert ring.read_bytes() == before


def test_an_uncaught_error_shows_class_and_places_only(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        int("A123456789")
    except ValueError as error:
        cli._uncaught(ValueError, error, None)  # noqa: SLF001 - what Python calls at the end
    err = capsys.readouterr().err
    assert err.startswith("anwang: ValueError\n  test_cli:")
    assert "A123456789" not in err


BALANCED = LedgerState(5, {Outcome.CASE: 4, Outcome.DEAD_LETTER: 1}, 0, 0, 0, 0.0, 1, 0, {})
BROKEN = LedgerState(5, {Outcome.CASE: 3}, 1, 1, 2, 7.5, 0, 0, {"missing": 1})


@pytest.mark.parametrize(("state", "code", "verdict"), [(BALANCED, 0, "balances"), (BROKEN, 1, "DOES NOT BALANCE")])
def test_the_ledger_is_told_and_its_verdict_is_the_exit_code(
    state: LedgerState, code: int, verdict: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_settings: Settings) -> LedgerState:
        return state

    monkeypatch.setattr(wiring, "read_ledger", read)
    said, out, _ = run("ledger")
    assert (said, out.splitlines()[0].endswith(verdict)) == (code, True)
    said, out, _ = run("ledger", "--json")
    told = json.loads(out)
    assert said == code
    assert told["settled"] == {o.value: state.settled.get(o, 0) for o in Outcome}
    assert (told["balances"], told["lost"], told["findings"]) == (state.balances, state.lost, state.findings)


def test_the_ledger_in_words_names_findings() -> None:
    assert "in 5 = settled 3 + in flight 1, lost 1: DOES NOT BALANCE" in in_words(BROKEN)
    assert "finding: missing, 1 times" in in_words(BROKEN)


def test_unread_reports_are_listed_by_coordinate(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    row = UnreadRow(
        unread_id=UUID(int=7),
        kind="dead_letter",
        code="not_json",
        topic="intake.clinic.v1",
        partition=1,
        kafka_offset=17,
        first_seen_at=at,
        due_at=at,
        times_seen=2,
    )

    async def read(_settings: Settings) -> list[UnreadRow]:
        return [row]

    monkeypatch.setattr(wiring, "read_unread", read)
    code, out, _ = run("unread")
    assert code == 0
    assert "dead_letter not_json  intake.clinic.v1/1 offset 17" in out
    assert out.endswith("1 unread\n")
    _, out, _ = run("unread", "--json")
    assert json.loads(out)["kafka_offset"] == 17


def test_databases_and_topics_are_prepared_and_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def applied(_settings: Settings) -> tuple[str, ...]:
        return ("0001_spine.sql",)

    async def nothing(_settings: Settings) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr(wiring, "migrate_all", applied)
    monkeypatch.setattr(wiring, "create_topics", nothing)
    assert run("migrate") == (0, "applied 0001_spine.sql\n", "")
    assert run("topics") == (0, "all topics are there\n", "")


def test_a_server_that_does_not_answer_is_an_error_of_ours() -> None:
    async def refuse() -> None:
        raise ConnectionRefusedError("A123456789")

    with pytest.raises(UnavailableError) as refused:
        asked(refuse())
    assert str(refused.value) == "a server does not answer: ConnectionRefusedError"


def test_sending_without_a_broker_exits_1(run: Run) -> None:
    code, out, err = run("send", ndjson(EXAMPLES[0]), "--kafka-bootstrap", "127.0.0.1:1")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "anwang: no broker answers at 127.0.0.1:1: KafkaConnectionError"


def test_a_line_goes_to_the_topic_of_its_source_under_its_sources_key() -> None:
    directory = directory_of(Settings())
    hotline = post_of(1, json.dumps(EXAMPLES[0]).encode(), directory)
    clinic = post_of(2, json.dumps(EXAMPLES[1]).encode(), directory)
    assert (hotline.topic, hotline.key, hotline.event_id) == (
        "intake.hotline.113.v1",
        b"hotline-113",
        EXAMPLES[0]["id"],
    )
    assert (clinic.topic, clinic.key) == ("intake.clinic.v1", b"clinic-0005")


@pytest.mark.parametrize("source", ["/sources/nobody", "hotline-113", "/sources/"])
def test_a_line_of_a_stranger_is_sent_all_the_same(source: str) -> None:
    post = post_of(3, json.dumps(event(0, source=source)).encode(), directory_of(Settings()))
    assert (post.topic, post.key) == (DOOR_OF_STRANGERS, None)


def test_a_line_that_cannot_be_read_is_sent_all_the_same() -> None:
    post = post_of(3, b"\xff no json", directory_of(Settings()))
    assert (post.topic, post.key, post.event_id, post.value) == (DOOR_OF_STRANGERS, None, None, b"\xff no json")


@pytest.mark.parametrize("block_bytes", [1, 3, 7, 1024])
def test_lines_keep_their_numbers_however_they_are_read(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", block_bytes)
    Path("some.txt").write_bytes(b"one\n\n  \r\nfour\r\n\xfffive\n\nseven")
    assert list(lines_of("some.txt")) == [(1, b"one"), (4, b"four"), (5, b"\xfffive"), (7, b"seven")]


def test_an_empty_file_holds_no_line() -> None:
    Path("empty.txt").write_bytes(b"")
    assert list(blocks_of("empty.txt")) == []


BLOCKS = """
from pipeline.commands.lines import blocks_of
for block in blocks_of("-"):
    print(len(block), flush=True)
"""


def test_what_has_arrived_is_handed_out_before_more_is_awaited() -> None:
    program = (
        "from pipeline.commands.lines import blocks_of\nfor block in blocks_of('-'):\n    print(len(block), flush=True)"
    )
    argv = [sys.executable, "-c", program]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        os.write(process.stdin.fileno(), b"one\ntwo\n")
        assert process.stdout.readline() == b"2\n"
        os.write(process.stdin.fileno(), b"three\n")
        assert process.stdout.readline() == b"1\n"
        process.stdin.close()


def test_invented_reports_are_printed_one_a_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_reports(50, seed=3)
    assert capfdbinary.readouterr().out.count(b"\n") == 50


def test_a_process_that_is_started_is_told_all_settings_whatever_they_came_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("other.toml").write_text('log_level = "debug"\nkafka_group = "of-the-file"\n', encoding="utf-8")
    Path("anwang.toml").write_text('log_level = "error"\nreplicas = 3\n', encoding="utf-8")
    monkeypatch.setenv("ANWANG_HTTP_HOST", "127.0.0.9")
    flags: dict[str, object] = {"data_dir": "there", "partitions": "7", "sources_file": "sources.csv"}
    told = settle(flags, Path("other.toml"))
    started: list[dict[str, str]] = []

    def spawn(_root: Path, _argv: Sequence[str], env: dict[str, str], **_more: object) -> NoReturn:
        started.append(env)
        raise LocalError("enough")

    monkeypatch.setattr(daemon, "spawn_detached", spawn)
    with pytest.raises(StackError, match="enough"):
        start(told, foreground=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ANWANG_{name.upper()}", raising=False)
    for name, value in started[0].items():
        monkeypatch.setenv(name, value)
    again = settle({}, None)
    assert again.file == tmp_path / "other.toml"
    paths = {name: tmp_path / path for name, path in told.settings if isinstance(path, Path)}
    assert again.settings == told.settings.model_copy(update=paths)


SERVERS = Servers("127.0.0.1:1", Path("sockets"))


def test_a_stage_is_told_all_settings_and_where_its_own_servers_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("other.toml").write_text(
        'kafka_group = "of-the-file"\npostgres_dsn = "postgresql://far/away"\n', encoding="utf-8"
    )
    started: list[dict[str, str]] = []

    def run_up(plan: Plan) -> int:
        started.extend(dict(child.env or {}) for child in plan.children(SERVERS))
        return 0

    monkeypatch.setattr(daemon, "up_foreground", run_up)
    monkeypatch.setattr(stack, "_prepare", nothing)
    assert start(settle({"data_dir": "there"}, Path("other.toml")), foreground=True) == 0
    assert [env["ANWANG_INSTANCE"] for env in started] == [
        "assess-1",
        "assess-2",
        "relay",
        "auditor",
        "watch",
        "intake",
    ]
    for env in started:
        assert env["ANWANG_CONFIG"] == str(tmp_path / "other.toml")
        assert env["ANWANG_KAFKA_GROUP"] == "of-the-file"
        assert env["ANWANG_POSTGRES_DSN"] == SERVERS.postgres_dsn


async def nothing(_settings: Settings) -> None:
    """In the place of what needs servers."""


def test_status_of_nothing_exits_1_and_down_finds_nothing(run: Run) -> None:
    assert run("status", "--data-dir", "data") == (
        1,
        f"nothing runs in {Path('data').absolute()}; --data-dir names another folder\n",
        "",
    )
    assert run("status", "--data-dir", "data", "--json") == (1, "null\n", "")
    assert run("down", "--data-dir", "data") == (0, "nothing was running\n", "")


def planted(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own into which this code was planted."""
    (folder / "sitecustomize.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(pipeline.__file__).parents[1]}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_no_text_of_a_foreign_error_is_shown_by_a_command(tmp_path: Path) -> None:
    fails = "def fails(*_): raise ValueError('王小明 secret')"
    code = f"import pipeline.commands.assess as a\n{fails}\na.assess_file = fails\n"
    ended = planted(tmp_path, code, "assess", "-")
    assert ended.returncode == 1
    assert "ValueError" in ended.stderr
    assert "secret" not in ended.stdout + ended.stderr


def test_a_command_of_one_machine_says_which_extra_it_needs(tmp_path: Path) -> None:
    ended = planted(tmp_path, "import sys\nsys.modules['psutil'] = None\n", "status")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "anwang[local]" in ended.stderr
