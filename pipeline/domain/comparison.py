"""How two reports agree, aspect by aspect: the levels that weights are learnt for."""

import math
from bisect import bisect_right

from pipeline.contracts.vocabulary import Role
from pipeline.domain.name_share import Commonness, given_names, is_common_surname
from pipeline.domain.normalise.birth_agreement import BirthAgreement as B
from pipeline.domain.normalise.identity import IdentityAgreement as I
from pipeline.domain.normalise.name_agreement import NameAgreement as N
from pipeline.domain.normalise.phone import PhoneAgreement as P
from pipeline.domain.normalise.place_agreement import PlaceAgreement as L, compare_places
from pipeline.domain.person_pairs import couples
from pipeline.domain.profile import LIVES_THERE

NAME = {
    N.EQUAL: "exact", N.VARIANT: "exact", N.ROMAN_ORDER: "exact", N.SOUND: "alike", N.SOUND_NEAR: "alike", N.MARRIED: "alike",
    N.MASK_FITS: "alike", N.MASK_SOUND: "weak", N.SWAPPED: "alike", N.ONE_CHARACTER_OFF: "off", N.GIVEN_EQUAL: "off",
    N.PART: "weak", N.NICKNAME: "weak", N.SURNAME_ONLY: "surname", N.SURNAME_SOUND: "weak", N.SURNAME_SAME: "relative",
    N.DIFFERENT: "different", N.UNKNOWN: "unknown",
}
BIRTH = {
    B.EQUAL: "same", B.ALTERNATIVE: "same", B.SWAPPED: "same", B.ERA_OFF: "same", B.ONE_DIGIT_OFF: "near", B.YEAR_BESIDE: "near",
    B.MONTH_EQUAL: "part", B.YEAR_EQUAL: "part", B.YEAR_NEAR: "part", B.DIFFERENT: "different", B.UNKNOWN: "unknown",
}
PLACE_ORDER = {l: i for i, l in enumerate(L)}
PLACE = {
    "same_room": "door", "same_floor": "door", "house": "house", "floor_missing": "floor_missing", "no_floor": "no_floor", "other_room": "other_room",
    "other_floor": "other_floor", "building_in_other_town": "other_town_b", "same_landmark": "part", "same_lane": "part", "same_road": "part",
    "other_number": "away", "other_lane": "away", "same_village": "part", "same_town": "town", "other_road": "away", "same_county": "county",
    "other_town": "far", "different": "far", "unknown": "unknown",
}
GAPS = [24, 48, 96, 168, 336, 720, 2160, 4320]
HALF = (1, 2, 3, 4.5, 6, 8, 12, 18, 24, 36, 48, 72, 120, 240, 480)
LAGS = (-480, -168, -96, -48, -24, -12, -8, -5, -3, -1.5, -.5, 0, 1.5, 3, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 480)


def bin_(x, edges):
    i = bisect_right(edges, x)
    return f"{'-' if i==0 else edges[i-1]}..{'-' if i==len(edges) else edges[i]}"


def mark(c):
    i, p = c.identity, c.phone
    if i is I.EQUAL: return "id"
    if i in (I.SWAPPED, I.ONE_OFF, I.MASK_FITS): return "idnear"
    ph = "phone" if p in (P.EQUAL, P.LOCAL_FITS, P.EXTENSION_DIFFERS) else "phonenear" if p in (P.MASK_FITS, P.ONE_DIGIT_OFF) else "phonediff" if p is P.DIFFERENT else "nophone"
    if i in (I.DIFFERENT, I.NEIGHBOUR): return "iddiff+" + ("phone" if ph == "phone" else "-")
    return ph


TOP = {x: ("top" if i < 4 else "high" if i < 12 else "mid") for i, x in enumerate("陳林黃張李王吳劉蔡楊許鄭謝洪郭邱曾廖賴徐周葉蘇莊江呂何羅高蕭潘簡朱鍾游彭詹胡施沈")}


def tier(c):
    n = c.a.name
    if not n.surname: return "other"
    return TOP.get(n.surname, "low") + ("" if c.a.common in ("common",) or (n.given in given_names()) else "!")


def name_(c):
    n = NAME[c.name]
    if n == "exact":
        return n + "_" + tier(c)
    if n == "surname":
        s = (c.a.name.surname or c.b.name.surname) if c.a.name and c.b.name else ""
        return n + "_" + TOP.get((s or "")[:1], "low")
    return n


def joint(c):
    return f"{name_(c)}+{BIRTH[c.birth]}+{mark(c)}"


def who(c):
    ra, rb = c.a.role, c.b.role
    if ra is rb: return str(ra) if ra in (Role.VICTIM, Role.ALLEGED_PERPETRATOR) else "same_other"
    s = {ra, rb}
    if s == {Role.VICTIM, Role.ALLEGED_PERPETRATOR}: return "victim_perp"
    if Role.VICTIM in s: return "victim_other"
    if Role.ALLEGED_PERPETRATOR in s: return "perp_other"
    return "others"


def place_level(a, b):
    l = compare_places(a, b)
    if l is L.SAME_BUILDING:
        fa, fb = (bool(x.parts.street.floor or x.parts.street.room or x.parts.street.unit or x.parts.street.block) for x in (a, b))
        return ("house" if not (fa or fb) else "floor_missing")
    return str(l)


RANK = {l: i for i, l in enumerate(["same_room", "same_floor", "house", "floor_missing", *[str(x) for x in L if x not in (L.SAME_ROOM, L.SAME_FLOOR, L.SAME_BUILDING)]])}


def best_place(xs, ys):
    return min((place_level(x, y) for x in xs for y in ys), key=RANK.__getitem__, default="unknown")


def levels(one, other):
    matched, all_ = couples(one, other)
    out = []
    c0 = matched[0] if matched else None
    names = []
    scores = [c.likeness for c in matched]
    # people
    for rank, c in zip(("first", "second", "third"), matched):
        if rank == "third":
            out.append(("third", bin_(c.likeness, (-4, -1, 0.5, 3, 6, 9))))
            continue
        out.append((rank + "_name", str(c.name) + ("_" + tier(c) if c.name is N.EQUAL else "")))
        out.append((rank + "_birth", str(c.birth)))
        out.append((rank + "_identity", str(c.identity)))
        out.append((rank + "_phone", str(c.phone)))
        out.append((rank + "_who", who(c)))
        out.append((rank + "_sex", "unknown" if not (c.a.sex and c.b.sex) else "same" if c.a.sex is c.b.sex else "other"))
        out.append((rank, joint(c)))
    pos = sum(max(0, s) for s in scores)
    neg = sum(min(0, s) for s in scores)
    posb = bin_(pos, (0.5, 1.5, 3, 5, 6.5, 8, 10, 12, 15, 19, 24))
    negb = bin_(neg, (-14, -8, -5, -3, -1.2, -0.2))
    out.append(("pos", posb)); out.append(("neg", negb)); out.append(("pos_neg", posb + "/" + negb))
    vv = [c for c in all_ if c.a.role is Role.VICTIM and c.b.role is Role.VICTIM]
    v = max(vv, key=lambda c: (c.likeness, c.name, c.birth)) if vv else None
    vg = joint(v) if v else "none"
    out.append(("victims", vg))
    pp = [c for c in all_ if c.a.role is Role.ALLEGED_PERPETRATOR and c.b.role is Role.ALLEGED_PERPETRATOR]
    q = max(pp, key=lambda c: (c.likeness, c.name, c.birth)) if pp else None
    out.append(("perps", joint(q) if q else "none"))
    vgroup = f"{NAME[v.name]}+{BIRTH[v.birth]}+{mark(v)}" if v else "none"
    pgroup = f"{NAME[q.name]}+{BIRTH[q.birth]}" if q else "none"
    kin = "none"
    if one.kin and other.kin:
        x = min((sum(1 if s == t else -1 if "-" not in (s, t) else 0 for s, t in zip((a[0], a[1:]), (b[0], b[1:]))), a, b) if 0 else (0,) for a in one.kin for b in other.kin)
        pairs = [("s" if a[0] == b[0] != "-" else "?" if "-" in (a[0], b[0]) else "x") + ("a" if a[1:] == b[1:] != "-" else "?" if "-" in (a[1:], b[1:]) else "x") for a in one.kin for b in other.kin]
        kin = min(pairs, key=["sa", "s?", "?a", "??", "sx", "?x", "xa", "x?", "xx"].index)
    out.append(("kin", kin))
    # places
    sa = (one.scene,) if one.scene else (); sb = (other.scene,) if other.scene else ()
    home = best_place(one.homes, other.homes)
    anyp = best_place(one.homes + sa, other.homes + sb)
    sc = best_place(sa, sb)
    out += [("home", home), ("place", anyp), ("scene", sc)]
    pl = PLACE[anyp]
    g0 = (name_(c0) + "+" + ("b" if BIRTH[c0.birth] == "same" else "x" if BIRTH[c0.birth] == "different" else "-")) if c0 else "none"
    out.append(("place_person", f"{pl}/{g0}"))
    out.append(("place_pos", f"{pl}/{bin_(pos, (0.5, 1.5, 3, 5, 8, 12))}/{'n' if neg < -1.2 else ''}"))
    # surnames
    ca = one.surnames & other.surnames
    da = one.surnames ^ other.surnames
    w = sum(1 if is_common_surname(s) else 2 for s in ca)
    su = f"{min(w,4)}-{min(len(da),3)}" if one.surnames and other.surnames else "unknown"
    out.append(("surnames", su)); out.append(("surnames_place", su + "/" + pl))
    out.append(("surnames_first", su + "/" + g0))
    # story
    st = "unknown"
    if one.story and other.story and min(len(one.story.pairs), len(other.story.pairs)) >= 7:
        inter = len(one.story.pairs & other.story.pairs)
        st = bin_(inter / min(len(one.story.pairs), len(other.story.pairs)), (0.01, 0.1, 0.25, 0.5, 0.8))
    out.append(("story", st))
    ss = "unknown"
    if one.story and other.story and one.story.surnames and other.story.surnames:
        x, y = one.story.surnames, other.story.surnames
        ss = f"{len(x & y)}-{len(x ^ y)}"
    out.append(("story_surnames", ss))
    # time
    gap = abs(one.told - other.told) / 3600
    gb = bin_(gap, GAPS)
    out.append(("told", gb))
    out.append(("told_pos", bin_(gap, (12, 48, 120, 336)) + "/" + posb))
    out.append(("told_place", bin_(gap, (12, 48, 120, 336)) + "/" + pl))
    now = "/now" if any(p.occurred is not None and abs(p.told - p.occurred) < 900 for p in (one, other)) else ""
    if one.occurred is not None and other.occurred is not None:
        og = abs(one.occurred - other.occurred) / 3600
        lag = min(one.told - other.occurred, other.told - one.occurred) / 3600
        occ = f"both/{bin_(og, HALF)}"
        out += [("occurred", occ), ("occurred_lag", "both/" + bin_(lag, LAGS) + (now if lag < -3 else "")), ("time", f"both/{bin_(og,(3,6,12,24,48,96))}/{bin_(lag,(-48,-24,-12,-6,-3,-1,0,3,6,12))}"),
                ("time2", f"both/{bin_(og,(1.5,3,6,12,24,48,96))}/{bin_(gap,(3,6,12,24,48,72,96,120))}")]
        tt = f"both/{bin_(og,(3,6,12,24,48))}"
    elif one.occurred is not None or other.occurred is not None:
        d, u = (one, other) if one.occurred is not None else (other, one)
        lag = (u.told - d.occurred) / 3600
        later = u.told >= d.told
        occ = f"one/{'later' if later else 'earlier'}/{bin_(lag, LAGS)}" + (now if lag < -3 else "")
        out += [("occurred", occ), ("time", f"{occ}"), ("time2", f"one/{later}/{bin_(lag,(-24,-12,-6,-3,0,3,6,12,24,48,72,96,120))}/{bin_(gap,(3,6,12,24,48,72,96,120))}")]
        tt = f"one/{later}/{bin_(lag,(-12,-3,0,12,48,120))}"
    else:
        occ = "none"
        out += [("occurred", occ), ("time", "none/" + bin_(gap, HALF))]
        tt = f"none/{bin_(gap,(6,12,24,48,72,120))}"
    out.append(("time_story", tt + "/" + st))
    cat = "same" if one.categories == other.categories else "common" if one.categories & other.categories else "other"
    out.append(("category", cat)); out.append(("time_category", tt + "/" + cat)); out.append(("story_category", st + "/" + cat))
    src = "same_source" if one.source == other.source else "same_kind" if one.channel == other.channel else "other"
    out.append(("source", src)); out.append(("source_told", src + "/" + gb)); out.append(("source_time", src + "/" + tt))
    out.append(("time_scene", tt + "/" + PLACE[sc]))
    vv_ = f"{NAME[v.name]}+{BIRTH[v.birth]}" if v else "none"
    out.append(("time_victims", tt + "/" + vv_))
    out.append(("size", f"{min(len(one.people),len(other.people),3)}-{min(max(len(one.people),len(other.people)),4)}"))
    return out
