"""How far two names agree: what linking weighs instead of asking whether they are equal."""

from enum import StrEnum
from functools import lru_cache

from pipeline.domain.normalise.closeness import differ_by_one, mask_fits
from pipeline.domain.normalise.name import HIDDEN, NameForm
from pipeline.domain.normalise.sound import blur, sounds
from pipeline.domain.normalise.surname import surname_sounds

_DIFFERENCE_SHOWS_FROM = 3
"""Of names of two characters, one that differs is all that tells two people apart."""

_ROMAN_SLIP_FROM = 6
_HIDDEN_SOUND = frozenset({HIDDEN})


class NameAgreement(StrEnum):
    """From the closest to the least; the two last say nothing and the contrary."""

    EQUAL = "equal"
    VARIANT = "variant"  # the same but for variant characters (峯/峰), or for marks (Nguyễn/Nguyen)
    ROMAN_ORDER = "roman_order"  # the same words in another order, or written together
    SOUND = "sound"  # the same syllables without tones (怡君/宜均)
    SOUND_NEAR = "sound_near"  # the same by ear where s/sh, z/zh, c/ch, in/ing, en/eng are one
    MARRIED = "married"  # one bears a further surname in front (陳林美玉/林美玉)
    MASK_FITS = "mask_fits"  # characters are hidden, and one at least of the given name is shown by both and agrees
    MASK_SOUND = "mask_sound"  # the same, by sound alone (陳○玲/陳美齡)
    SWAPPED = "swapped"  # the same characters in another order
    ONE_CHARACTER_OFF = "one_character_off"  # one of three or more differs, or one is missing
    GIVEN_EQUAL = "given_equal"  # another surname, the same given name of two
    PART = "part"  # one is the beginning, or some of the words, of the other (瓦歷斯/瓦歷斯諾幹)
    NICKNAME = "nickname"  # 阿明 or 小明 and a name with 明
    SURNAME_ONLY = "surname_only"  # one of them tells no more than the surname, which agrees
    SURNAME_SOUND = "surname_sound"  # the same, by sound alone (陳/程)
    SURNAME_SAME = "surname_same"  # both are told in full and only the surname agrees: a relative, perhaps
    DIFFERENT = "different"
    UNKNOWN = "unknown"


def compare_names(one: NameForm | None, other: NameForm | None) -> NameAgreement:
    """How far two names agree, whichever comes first. UNKNOWN where one is missing, or where they share no script."""
    if one is None or other is None:
        return NameAgreement.UNKNOWN
    a, b = sorted((one, other), key=lambda form: (len(form.folded), form.folded, form.text, form.roman or ""))
    if a.sound and b.sound:
        return _by_characters(a, b)
    return _by_words(a, b) if a.roman and b.roman else NameAgreement.UNKNOWN


def _by_characters(a: NameForm, b: NameForm) -> NameAgreement:
    """`a` is not longer than `b`."""
    if a.nickname or b.nickname:
        return _nicknames(a, b)
    if _surname_alone(a) or _surname_alone(b):
        return _surnames(a, b)
    if a.masked or b.masked:
        return _masks(a, b)
    if a.folded == b.folded:
        return NameAgreement.EQUAL if a.text == b.text else NameAgreement.VARIANT
    return _in_full(a, b)


def _nicknames(a: NameForm, b: NameForm) -> NameAgreement:
    if a.folded == b.folded:
        return NameAgreement.NICKNAME
    nick, given = (a.given, b.given) if a.nickname else (b.given, a.given)
    return NameAgreement.NICKNAME if nick and given and nick in given else NameAgreement.UNKNOWN


def _surname_alone(form: NameForm) -> bool:
    return form.surname is not None and not (form.given or "").strip(HIDDEN)


def _surnames(a: NameForm, b: NameForm) -> NameAgreement:
    if a.surname is None or b.surname is None:
        return NameAgreement.UNKNOWN
    if a.surname == b.surname or _begins_own(a, b) or _begins_own(b, a):
        return NameAgreement.SURNAME_ONLY
    if _sounds_alike(_syllables(a.surname, a.surname), _syllables(b.surname, b.surname)):
        return NameAgreement.SURNAME_SOUND
    by_marriage = any(form.title is not None and form.title.by_marriage for form in (a, b))
    return NameAgreement.UNKNOWN if by_marriage else NameAgreement.DIFFERENT


def _begins_own(alone: NameForm, full: NameForm) -> bool:
    return full.own is not None and full.own.startswith(alone.surname or HIDDEN)


def _masks(a: NameForm, b: NameForm) -> NameAgreement:
    for x, y in ((a.folded, b.folded), (a.folded, b.own), (a.own, b.folded)):
        if x and y and mask_fits(x, y, HIDDEN):
            shown = any(p == q != HIDDEN for p, q in zip(x[1:], y[1:], strict=True))
            return NameAgreement.MASK_FITS if shown else NameAgreement.SURNAME_ONLY
    if len(a.folded) == len(b.folded):
        return NameAgreement.MASK_SOUND if _mask_sounds(a, b) else NameAgreement.DIFFERENT
    return _surnames(a, b) if a.surname != b.surname else NameAgreement.SURNAME_ONLY


def _mask_sounds(a: NameForm, b: NameForm) -> bool:
    """Whether the syllables that both show are alike, one of the given name among them."""
    pairs = tuple(zip(_syllables(a.folded, a.surname), _syllables(b.folded, b.surname), strict=True))
    shown = [pair for pair in pairs if _HIDDEN_SOUND not in pair]
    return pairs[0] in shown[:1] and len(shown) > 1 and not any(x.isdisjoint(y) for x, y in shown)


def _in_full(a: NameForm, b: NameForm) -> NameAgreement:
    if _married(a, b):
        return NameAgreement.MARRIED
    by_ear = _by_ear(a, b) if len(a.folded) == len(b.folded) else None
    return by_ear or _by_hand(a, b)


def _by_hand(a: NameForm, b: NameForm) -> NameAgreement:
    if sorted(a.folded) == sorted(b.folded):
        return NameAgreement.SWAPPED
    if a.surname and b.surname and a.surname != b.surname:
        same = a.given == b.given and len(a.given or "") > 1
        return NameAgreement.GIVEN_EQUAL if same else NameAgreement.DIFFERENT
    if len(b.folded) >= _DIFFERENCE_SHOWS_FROM and differ_by_one(a.folded, b.folded):
        return NameAgreement.ONE_CHARACTER_OFF
    return NameAgreement.SURNAME_SAME if a.surname and b.surname else _beginnings(a, b)


def _married(a: NameForm, b: NameForm) -> bool:
    pairs = ((a.folded, b.own), (a.own, b.folded), (a.own, b.own))
    return any(x is not None and x == y for x, y in pairs)


def _by_ear(a: NameForm, b: NameForm) -> NameAgreement | None:
    ours, theirs = _syllables(a.folded, a.surname), _syllables(b.folded, b.surname)
    if _sounds_alike(ours, theirs):
        return NameAgreement.SOUND
    near = _sounds_alike(tuple(map(_blurred, ours)), tuple(map(_blurred, theirs)))
    return NameAgreement.SOUND_NEAR if near else None


def _beginnings(a: NameForm, b: NameForm) -> NameAgreement:
    if len(a.folded) > 1 and b.surname is None and b.folded.startswith(a.folded):
        return NameAgreement.PART
    return _by_words(a, b) if a.roman and b.roman else NameAgreement.DIFFERENT


Readings = frozenset[str]


def _sounds_alike(ours: tuple[Readings, ...], theirs: tuple[Readings, ...]) -> bool:
    return len(ours) == len(theirs) and not any(map(frozenset.isdisjoint, ours, theirs))


@lru_cache(maxsize=16_384)
def _syllables(name: str, surname: str | None) -> tuple[Readings, ...]:
    family = surname_sounds(surname) if surname else ()
    return (*map(frozenset, family), *(frozenset(sounds(c)) for c in name[len(family) :]))


@lru_cache(maxsize=4096)
def _blurred(readings: Readings) -> Readings:
    return frozenset(map(blur, readings))


def _by_words(a: NameForm, b: NameForm) -> NameAgreement:
    x, y = a.roman or "", b.roman or ""
    if x == y:
        same = (a.text == b.text or a.text != a.roman != b.text) and not (a.masked or b.masked)
        return NameAgreement.EQUAL if same else NameAgreement.VARIANT
    ours, theirs = sorted(x.split()), sorted(y.split())
    if ours == theirs or x.replace(" ", "") == y.replace(" ", ""):
        return NameAgreement.ROMAN_ORDER
    if a.masked or b.masked:
        return _begun_words(ours, theirs)
    if len(x) >= _ROMAN_SLIP_FROM and differ_by_one("".join(ours), "".join(theirs)):
        return NameAgreement.ONE_CHARACTER_OFF
    common = set(ours) & set(theirs)
    if len(common) > 1 and (common == set(ours) or common == set(theirs)):
        return NameAgreement.PART
    return NameAgreement.SURNAME_SAME if common else NameAgreement.DIFFERENT


def _begun_words(ours: list[str], theirs: list[str]) -> NameAgreement:
    """Each word of a masked Roman name may be only begun (hoa n)."""
    if len(ours) != len(theirs):
        return NameAgreement.UNKNOWN
    fits = all(p.startswith(q) or q.startswith(p) for p, q in zip(ours, theirs, strict=True))
    return NameAgreement.MASK_FITS if fits else NameAgreement.DIFFERENT
