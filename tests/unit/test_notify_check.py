"""Whom notifications would reach, by command and without a server."""

import asyncio
import json
from pathlib import Path

import pytest
from test_sending import SECRET, always, receiving

from pipeline.commands import notify
from pipeline.contracts.notify import Audience
from pipeline.settings import Settings


def settings(folder: Path, *audiences: Audience, url: str = "http://127.0.0.1:9/x") -> Settings:
    secret, file = folder / "secret", folder / "notify.toml"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    file.write_text(
        "".join(
            f'[[target]]\nname = "{one.value.replace("_", "-")}"\naudience = "{one}"\nwhere = "*"\n'
            f'webhook = "{url}"\nsecret_file = "{secret}"\n'
            for one in audiences
        )
    )
    return Settings(notify_file=file)


def test_an_audience_that_reaches_nobody_is_shown_for_each_centre(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    told = settings(tmp_path, Audience.HOLDER, Audience.SUPERVISOR, Audience.BUREAU)
    assert notify.check(told, send=False, as_json=True) == 1
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    lacking = {row["audience"] for row in rows if not row["targets"]}
    assert lacking == {Audience.CENTRE_HEAD}
    assert sum(not row["targets"] for row in rows) * len(Audience) == len(rows)


def test_where_everybody_is_reached_it_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert notify.check(settings(tmp_path, *Audience), send=False, as_json=False) == 0
    assert "0 reach nobody" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "ends"), [(200, 0), (500, 1)])
async def test_a_trial_goes_to_every_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, ends: int
) -> None:

    async with receiving(always(status)) as receiver:
        told = settings(tmp_path, *Audience, url=receiver.url)
        assert await asyncio.to_thread(notify.check, told, send=True, as_json=False) == ends
        assert len(receiver.got) == len(Audience)
    assert capsys.readouterr().out.count("trial: ") == len(Audience)
