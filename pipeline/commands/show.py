"""The settings, as a person may see them."""

import sys

import orjson

from pipeline.settings import Configured


def show_settings(told: Configured, *, as_json: bool) -> None:
    shown = told.shown()
    if as_json:
        rows = {name: {"value": value, "source": told.origins[name]} for name, value in shown.items()}
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return
    wide = max(len(name) for name in shown)
    for name, value in shown.items():
        sys.stdout.write(f"{name:<{wide}}  {_words(value)}  ({told.origins[name].value})\n")


def _words(value: str | float | None) -> str:
    return "-" if value is None else str(value)
