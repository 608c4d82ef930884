"""The field's own words for what happens at the desk, in Chinese and English."""

from collections.abc import Mapping
from typing import Final

from pipeline.domain.desk import By, CloseResult, DeskAct, Stage
from pipeline.domain.link_words import Words

STAGES: Final[Mapping[Stage, Words]] = {
    Stage.WAITING: Words("待篩案", "nobody has taken it yet"),
    Stage.CLAIMED: Words("篩案中", "somebody screens it, under a lease"),
    Stage.NOT_OPENING: Words("不開案審核中", "a proposal not to open it waits for a supervisor"),
    Stage.SCREENED: Words("待指派社工", "it is opened, and waits for a lead worker"),
    Stage.ACCEPTED: Words("已受案評估中", "a lead worker has it and assesses"),
    Stage.IN_SERVICE: Words("處遇中", "it is being served"),
    Stage.WITH_SUPERVISOR: Words("督導處理中", "returned three times, or its worker left: a supervisor decides"),
    Stage.DISPUTED: Words("派案爭議協調中", "centres disagree whose it is"),
    Stage.CLOSED: Words("已結案", "it is closed"),
    Stage.MERGED: Words("已併案", "it went up in another case"),
    Stage.ERASED: Words("已銷毀", "nothing personal of it opens any more"),
}

ACTS: Final[Mapping[DeskAct, Words]] = {
    DeskAct.CLAIM: Words("領案", "take it to screen it"),
    DeskAct.GIVE_BACK: Words("交還", "give it back unscreened"),
    DeskAct.SCREEN_OPEN: Words("開案", "open it"),
    DeskAct.SCREEN_SHORT: Words("短期服務", "open it for advice or a short service"),
    DeskAct.PROPOSE_NOT_OPEN: Words("提報不開案", "propose not to open it"),
    DeskAct.SIGN_NOT_OPEN: Words("核可不開案", "sign that it is not opened"),
    DeskAct.REFUSE_NOT_OPEN: Words("駁回不開案", "refuse to sign: it is screened again"),
    DeskAct.ACCEPT: Words("受案", "take it as its lead worker"),
    DeskAct.STEP: Words("辦理處遇步驟", "do a step: a visit, a report, a joint call-out"),
    DeskAct.RETURN: Words("退回", "return it to the list"),
    DeskAct.ASSIGN: Words("指派", "give it to somebody"),
    DeskAct.DISPUTE: Words("提出派案爭議", "dispute whose it is"),
    DeskAct.ESCALATE_DISPUTE: Words("提報市級平台", "bring the dispute before the city's list"),
    DeskAct.SETTLE_DISPUTE: Words("裁定派案爭議", "settle the dispute"),
    DeskAct.CLOSE: Words("結案", "close it"),
    DeskAct.REOPEN: Words("重新開案", "open it again"),
    DeskAct.LAPSE: Words("逾時釋出", "its lease ran out"),
    DeskAct.MOVE: Words("移轉", "it went to another queue or centre"),
    DeskAct.HOLDER_GONE: Words("承辦人離職或迴避", "its holder left or is a party to it"),
}

BESIDE: Final[Mapping[str, Words]] = {
    "co_work_asked": Words("請求協力", "another centre is asked to work along"),
    "co_work_accepted": Words("同意協力", "it works along"),
    "co_work_refused": Words("不協力", "it does not work along"),
    "co_work_done": Words("協力完成", "it has done its part"),
    "task_done": Words("已閱辦", "a task was acknowledged, or put aside by a supervisor"),
}
"""What else the history of a case tells, beside the acts that move it."""


def act_words(act: str) -> Words:
    """Of whatever a history names as an act; the code itself where nobody has given it words."""
    known = {**{str(one): words for one, words in ACTS.items()}, **BESIDE}
    return known.get(act, Words(act, act))


WHO: Final[Mapping[By, Words]] = {
    By.HANDS: Words("篩派案人員、社工或督導", "a screener, worker or supervisor"),
    By.WORKER: Words("社工或督導", "a worker or supervisor"),
    By.HOLDER: Words("承辦人", "its holder"),
    By.HOLDER_OR_SUPERVISOR: Words("承辦人或督導", "its holder or a supervisor"),
    By.SUPERVISOR: Words("督導", "a supervisor"),
    By.OTHER_SUPERVISOR: Words("提報人以外的督導", "a supervisor who did not propose it"),
    By.PLATFORM: Words(
        "提出人以外、縣市以上層級的督導",
        "a supervisor above the centres, for the county or for all, who did not raise it",
    ),
    By.SYSTEM: Words("系統", "the system"),
}

RESULTS: Final[Mapping[CloseResult, Words]] = {
    CloseResult.ESTABLISHED: Words("成案", "what was reported is established"),
    CloseResult.NOT_ESTABLISHED: Words("不成案", "it is not established"),
    CloseResult.NOT_OPENED: Words("不開案", "it was never opened"),
}

REASONS: Final[Mapping[str, Words]] = {
    "safe_unwilling": Words("安全無虞且無意願", "safe and unwilling"),
    "able_unwilling": Words("有能力自行處理且無意願", "able to solve it, unwilling"),
    "no_clear_violence": Words("無明確暴力情事", "no clear violence"),
    "victim_dead": Words("被害人死亡", "the victim is dead"),
    "refuses_contact": Words("拒絕會談", "refuses to talk"),
    "wrong_contact": Words("電話或地址錯誤", "wrong phone or address"),
    "phone_failed": Words("電話聯繫未果", "could not be reached by phone"),
    "referred_elsewhere": Words("已轉介其他單位", "referred elsewhere"),
    "false_report": Words("誤報", "a false report"),
    "contact_failed": Words("聯繫未果", "could not be reached"),
    "other": Words("其他", "other"),
    "safe_no_wish": Words("安全無虞且無求助意願", "safe, no wish for help"),
    "able_no_need": Words("有能力自行處理且無後續需求", "able, no later need"),
    "other_need_referred": Words("有其他需求已轉介", "another need, referred"),
    "refused_given_resources": Words("拒絕服務已提供資源", "refused, but given resources"),
    "dead_family_needs": Words("被害人死亡家屬有需求", "dead, the family has needs"),
    "not_our_area": Words("非本轄", "not our area"),
    "not_our_service": Words("非本單位服務對象", "not our service"),
    "duplicate_of_open": Words("與處遇中個案重複", "a duplicate of an open case"),
    "no_capacity": Words("案量已滿", "no capacity"),
    "contact_missing": Words("缺聯絡資料", "nothing to reach them by"),
    "needs_other_skill": Words("需其他專業", "needs another skill"),
    "jurisdiction": Words("管轄爭議", "whose area it is"),
    "residence_unclear": Words("居住地不明", "where they live is unclear"),
    "kind_of_service": Words("服務體系爭議", "which service it needs"),
    "who_leads": Words("主責爭議", "who leads"),
    "stays_here": Words("維持原派", "it stays here"),
    "other_centre_takes_it": Words("改派其他單位", "another centre takes it: transfer it"),
    "both_work_along": Words("共同協力", "both work along"),
    "goals_reached": Words("處遇目標達成", "the goals are reached"),
    "safe_now": Words("已無安全疑慮", "safe now"),
    "moved_away": Words("遷出轄區", "moved away"),
    "died": Words("死亡", "died"),
    "declined": Words("拒絕服務", "declined"),
    "lost_contact": Words("行方不明", "contact is lost"),
    "referred": Words("轉介其他單位", "referred"),
    "unfounded": Words("查無實據", "unfounded"),
    "court_ended": Words("司法程序終結", "the court's case has ended"),
    "danger_again": Words("再有危險", "danger again"),
    "closed_wrongly": Words("誤予結案", "closed wrongly"),
    "new_information": Words("有新事證", "something new is known"),
    "appeal": Words("申訴", "an appeal"),
    "look_again": Words("重新評估", "look again"),
    "danger_overlooked": Words("漏未評估危險", "a danger was overlooked"),
    "contact_not_tried": Words("未盡聯繫", "contact was not tried enough"),
    "wrong_reason": Words("事由不符", "the reason does not fit"),
    "first_assignment": Words("首次指派", "first assignment"),
    "holder_away": Words("承辦人不在", "its holder is away"),
    "workload": Words("調整案量", "workload"),
    "other_skill": Words("專業考量", "another skill"),
    "conflict_of_interest": Words("利益迴避", "conflict of interest"),
}
"""Every coded reason that a person can give."""

SYSTEM_REASONS: Final[Mapping[str, Words]] = {
    "silence": Words("逾時未續領", "the lease was not renewed"),
    "shift_over": Words("下班交還", "its holder's shift ended"),
    "holder_gone": Words("承辦人離職或迴避", "its holder left or is a party to it"),
}
"""Why the system did something."""
