"""Names in Roman letters, as passports and forms write them."""

INITIALS = (
    *(("zh", "ch"), ("sh", "sh"), ("ch", "ch"), ("b", "p"), ("p", "p"), ("d", "t"), ("t", "t"), ("g", "k"), ("k", "k")),
    *(("j", "ch"), ("q", "ch"), ("x", "hs"), ("r", "j"), ("z", "ts"), ("c", "ts")),
    *((same, same) for same in "mfnlhswy"),
)
WHOLE = {"zi": "tzu", "ci": "tzu", "si": "ssu", "zhi": "chih", "shi": "shih", "you": "yu", "yan": "yen", "ye": "yeh"}
FINALS = {"ian": "ien", "ie": "ieh", "ong": "ung", "iong": "iung", "ue": "ueh", "e": "e", "ui": "ui", "uo": "uo"}


def wade_giles(syllable: str) -> str:
    """As most passports have it, without marks: xin is hsin, jun is chun."""
    if syllable in WHOLE:
        return WHOLE[syllable]
    initial, ours = next(((i, w) for i, w in INITIALS if syllable.startswith(i)), ("", ""))
    final = syllable.removeprefix(initial).replace("ü", "u")
    return ours + FINALS.get(final, final)


def spelt(surname: str, given: tuple[str, ...], *, pinyin: bool, surname_last: bool) -> str:
    """CHEN, YI-CHUN or Yi-Jun Chen."""
    family, *rest = [s.replace("ü", "u") if pinyin else wade_giles(s) for s in (surname, *given)]
    first = "-".join(rest)
    return f"{first.title()} {family.title()}" if surname_last else f"{family}, {first}".upper()
