"""Where a setting comes from, and what is said of one that will not do."""

import tomllib
from pathlib import Path

import pytest

from pipeline.commands.options import HELP
from pipeline.settings import MASK, Origin, Settings, SettingsRefusedError, configure, directory_of, masked

EXAMPLE = Path(__file__).parents[2] / "anwang.example.toml"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ANWANG_{name.upper()}", raising=False)


def _file(text: str) -> Path:
    path = Path("some.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_local_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = _file('kafka_bootstrap = "file:1"\npostgres_dsn = "postgresql://file"\nreplicas = 2\npartitions = 5\n')
    monkeypatch.setenv("ANWANG_KAFKA_BOOTSTRAP", "environment:1")
    monkeypatch.setenv("ANWANG_POSTGRES_DSN", "postgresql://environment")
    local = {"replicas": 3, "keys_dsn": "postgresql://local"}
    told = configure({"kafka_bootstrap": "flag:1"}, file, local)
    settings, origins = told.settings, told.origins
    assert (settings.kafka_bootstrap, origins["kafka_bootstrap"]) == ("flag:1", Origin.FLAG)
    assert (settings.postgres_dsn, origins["postgres_dsn"]) == ("postgresql://environment", Origin.ENVIRONMENT)
    assert (settings.replicas, origins["replicas"]) == (2, Origin.FILE)
    assert (settings.keys_dsn, origins["keys_dsn"]) == ("postgresql://local", Origin.LOCAL)
    assert (settings.log_level, origins["log_level"]) == ("info", Origin.DEFAULT)


def test_the_file_beside_the_start_is_read_without_being_named() -> None:
    Path("anwang.toml").write_text("partitions = 7\n", encoding="utf-8")
    told = configure({})
    assert told.settings.partitions == 7
    assert told.file == Path("anwang.toml")


def test_an_empty_environment_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANWANG_PARTITIONS", "")
    assert configure({}).origins["partitions"] is Origin.DEFAULT


def test_the_key_ring_lies_in_the_data_folder_unless_told_otherwise() -> None:
    assert configure({"data_dir": "there"}).settings.key_file == Path("there/keys/ring.json")
    assert configure({"data_dir": "there", "key_file": "here"}).settings.key_file == Path("here")


def test_health_can_be_switched_off() -> None:
    assert configure({"http_port": "off"}).settings.http_port is None
    assert configure({"http_port": "0"}).settings.http_port == 0


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"partitions": "many"}, "partitions (flag --partitions): "),
        ({"kafka_bootstrap": "secret-host"}, "kafka_bootstrap (flag --kafka-bootstrap): must be host:port"),
        (
            {"postgres_dsn": "mysql://u:secret-host@h"},
            "postgres_dsn (flag --postgres-dsn): must begin with postgresql://",
        ),
        ({"http_port": "65536"}, "http_port (flag --http-port): "),
        ({"log_level": "secret-host"}, "log_level (flag --log-level): "),
        ({"partitions": "0"}, "partitions (flag --partitions): "),
    ],
)
def test_a_bad_value_is_refused_by_key_and_origin_and_never_repeated(flags: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsRefusedError) as refused:
        configure(flags)
    assert said in str(refused.value)
    assert "secret-host" not in str(refused.value)


def test_a_bad_value_names_the_variable_or_the_file_it_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANWANG_REPLICAS", "none")
    with pytest.raises(SettingsRefusedError, match="environment ANWANG_REPLICAS"):
        configure({})
    monkeypatch.delenv("ANWANG_REPLICAS")
    with pytest.raises(SettingsRefusedError, match=r"file some\.toml"):
        configure({}, _file('replicas = "none"\n'))


def test_all_bad_values_are_told_at_once() -> None:
    with pytest.raises(SettingsRefusedError) as refused:
        configure({"data_dir": 3, "partitions": "many"})
    assert "data_dir (flag" in str(refused.value)
    assert "partitions (flag" in str(refused.value)
    assert "key_file" not in str(refused.value)


@pytest.mark.parametrize("text", ["partitoins = 3\n", "[kafka]\nbootstrap = 'x'\n"])
def test_an_unknown_key_in_the_file_is_refused(text: str) -> None:
    with pytest.raises(SettingsRefusedError, match=r"unknown key .* in the file some\.toml"):
        configure({}, _file(text))


def test_a_file_that_is_no_toml_or_not_there_is_refused() -> None:
    with pytest.raises(SettingsRefusedError, match="is not TOML"):
        configure({}, _file("partitions ="))
    with pytest.raises(SettingsRefusedError, match="cannot be read"):
        configure({}, Path("nowhere.toml"))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        configure({}).settings.partitions = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://u:pw@h:5/db", "postgresql://u:***@h:5/db"),
        ("postgresql://u@h/db?password=pw&host=/run", "postgresql://u@h/db?password=***&host=/run"),
        ("postgresql://u:p@pw@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p/pw@h/db", MASK),
        ("postgresql://u:p?pw@h/db", MASK),
        ("postgresql://u:p#pw@h/db", MASK),
        ("postgresql://[pw", MASK),
    ],
)
def test_a_password_is_never_shown(dsn: str, shown: str) -> None:
    assert masked(dsn) == shown


def test_what_is_shown_of_the_settings_is_masked() -> None:
    shown = configure({"postgres_dsn": "postgresql://u:pw@h/db", "keys_dsn": "postgresql://u:pw@h/keys"}).shown()
    assert shown.keys() == Settings.model_fields.keys()
    assert "pw" not in f"{shown['postgres_dsn']} {shown['keys_dsn']}"
    assert shown["http_port"] == 0


def test_the_example_file_holds_the_defaults_and_names_every_setting() -> None:
    text = EXAMPLE.read_text("utf-8")
    told = configure({}, EXAMPLE)
    assert told.settings == configure({}).settings
    assert all(f"\n{name} = " in text or f"\n# {name} = " in text for name in Settings.model_fields)
    assert tomllib.loads(text).keys() <= Settings.model_fields.keys()


def test_every_setting_has_a_flag() -> None:
    assert HELP.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"source,kind\n", "sources.csv, line 1: the sources need the columns"),
        (b"source,kind,role,county\n\xff", "sources.csv, line 2: this is not UTF-8"),
        (b"source,kind,role,county\nx,,,\n", "sources.csv, line 2: a source needs"),
        (b'source,kind,role,county\nx,"a"b,,\n', "sources.csv, line 2: this is not CSV"),
        (b'source,kind,role,county\nx,"a\n', "sources.csv, line 2: this is not CSV"),
    ],
)
def test_sources_that_cannot_be_used_are_refused_by_file_and_line(text: bytes, said: str) -> None:
    Path("sources.csv").write_bytes(text)
    with pytest.raises(SettingsRefusedError, match=said):
        directory_of(Settings(sources_file=Path("sources.csv")))


def test_sources_that_are_not_there_are_refused_by_file() -> None:
    with pytest.raises(SettingsRefusedError, match=r"the file gone\.csv cannot be read"):
        directory_of(Settings(sources_file=Path("gone.csv")))


def test_the_shipped_sources_are_read_where_no_file_is_named() -> None:
    assert directory_of(Settings()).find("hotline-113")
