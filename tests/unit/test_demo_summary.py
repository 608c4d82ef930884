import json
from dataclasses import replace

import pytest

from pipeline.local.demo.picture import Delay
from pipeline.local.demo.summary import Summary
from pipeline.local.demo.verdict import Verdict

GOOD = Summary(
    asked=10,
    reports=10,
    interrupted=False,
    verdict=Verdict(looked=True, acknowledged=10, received=10, settled={"case": 9, "dead_letter": 1}),
    alarms={},
    audited=True,
    given_up=None,
    delay=Delay(9, 20.0, 40.0),
    per_s=50.0,
    took_s=12.0,
    first_row_s=4.0,
    memory_mib={"assess-1": 60},
    restarts={"assess-1": 0},
)


def test_a_run_in_which_all_agree_balances() -> None:
    assert GOOD.balanced
    assert GOOD.as_text().endswith("The ledger balances.")


@pytest.mark.parametrize(
    "bad",
    [
        replace(GOOD, reports=9),
        replace(GOOD, audited=False),
        replace(GOOD, alarms={"gap": 1}),
        replace(GOOD, given_up="nothing moved"),
        replace(GOOD, verdict=Verdict()),
        replace(GOOD, verdict=replace(GOOD.verdict, lost=1)),
        replace(GOOD, verdict=replace(GOOD.verdict, in_flight=1)),
        replace(GOOD, verdict=replace(GOOD.verdict, findings=({"code": "x", "count": 1, "examples": ["y"]},))),
    ],
)
def test_one_thing_amiss_and_the_ledger_does_not_balance(bad: Summary) -> None:
    assert not bad.balanced
    assert bad.as_text().endswith("THE LEDGER DOES NOT BALANCE.")
    assert json.loads(bad.as_json())["balanced"] is False


def test_an_interrupted_run_balances_over_what_was_sent() -> None:
    assert replace(GOOD, reports=4, interrupted=True).balanced


def test_the_json_is_one_line_and_holds_what_is_promised() -> None:
    text = GOOD.as_json()
    said = json.loads(text)
    assert "\n" not in text
    assert said["settled"] == {
        "case": 9, "duplicate": 0, "amendment": 0, "redelivery": 0, "dead_letter": 1, "quarantine": 0,
    }  # fmt: skip
    assert said["report_to_queue_ms"] == {"p50": 20.0, "p99": 40.0}
    for name in ("reports", "in_flight", "lost", "dead_letters", "reports_per_s"):
        assert isinstance(said[name], int | float)
