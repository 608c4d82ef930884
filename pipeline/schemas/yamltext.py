"""YAML as a person would write it: in the order of the code, long texts as folded or literal blocks."""

from typing import Any

import yaml

WIDTH = 140


class _Dumper(yaml.SafeDumper):
    """Never writes an anchor: a reader should not have to look elsewhere."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(str, _text)


def as_yaml(document: Any) -> str:  # noqa: ANN401 - any JSON
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
