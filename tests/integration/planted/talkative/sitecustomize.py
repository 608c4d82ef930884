"""A bug: an error whose text holds the report, wherever it goes. Put onto a process's search path by a test."""

import sys

if sys.orig_argv[-2:] == ["run", "assess"]:
    import logging
    import warnings
    from typing import Any

    from pipeline.domain.normalise.reading import read_event
    from pipeline.stages import assess

    def read_talkatively(value: bytes, *rest: Any) -> Any:  # noqa: ANN401 - stands before the real one
        if b'"id": "talked-about"' in value:
            text = value.decode("unicode_escape") + str(value)
            logging.getLogger("a.library").error("cannot read %s", text)
            logging.getLogger("a.library").error(text)
            warnings.warn(text, stacklevel=2)
            raise ValueError(text) from KeyError(value)
        return read_event(value, *rest)

    assess.read_event = read_talkatively  # type: ignore[attr-defined]
