"""The words of statements and explanations, in English and Chinese. A test holds that both languages say everything."""

from __future__ import annotations

from string import Formatter
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

WORDS: dict[str, tuple[str, str]] = {
    # ---- statement ----
    "member": ("Member", "会员"),
    "as_of": ("as of", "截至"),
    "available": ("available", "可用"),
    "pending": ("pending", "冻结"),
    "reserved": ("reserved", "预留"),
    "debt": ("debt", "欠分"),
    "points": ("points", "积分"),
    "tier": ("Tier", "等级"),
    "no_tier": ("none", "无"),
    "since": ("since", "自"),
    "tier_check": ("checked on {date}", "{date} 评定"),
    "metric": ("{name} {value}", "{name} {value}"),
    "next_tier": ("{missing} more for {tier} ({need})", "再 {missing} 升至{tier}（需 {need}）"),
    "top_tier": ("the highest tier", "已是最高等级"),
    "keeps_tier": ("on {date}: stays {tier} by what is counted today", "{date}：按目前累计可保级{tier}"),
    "falls_to": ("on {date}: {tier}, unless {missing} more", "{date}：降为{tier}；再 {missing} 可保级"),
    "stage": ("Stage", "阶段"),
    "orders": ("{n} orders, {money} in all", "共 {n} 单，累计 {money}"),
    "expiring": ("Expiring", "即将过期"),
    "expires_on": ("{points} on {date}", "{date} 过期 {points}"),
    "none_expiring": ("nothing in the next {days} days", "{days} 天内无到期积分"),
    "entries": ("Last entries", "最近记录"),
    "no_entries": ("no entries yet", "暂无记录"),
    "balance_line": ("{wallet}: {balances}", "{wallet}：{balances}"),
    # ---- what a metric measures ----
    "metric.spend": ("spend", "消费额"),
    "metric.orders": ("orders", "订单数"),
    "metric.lifetime_spend": ("lifetime spend", "累计消费额"),
    "metric.balance": ("balance", "余额"),
    # ---- kinds of entries ----
    "EARNED": ("earned", "获得"),
    "ACTIVATED": ("became available", "解冻"),
    "DEBT_PAID": ("paid off debt", "抵还欠分"),
    "EXPIRED": ("expired", "过期"),
    "REDEEMED": ("redeemed", "兑换"),
    "RESERVED": ("reserved", "预留"),
    "CONFIRMED": ("reservation confirmed", "确认兑换"),
    "RELEASED": ("reservation released", "释放预留"),
    "RESTORED": ("given back", "退还"),
    "CLAWED_BACK": ("taken back", "扣回"),
    "WRITTEN_OFF": ("not taken back", "免于扣回"),
    "ADJUSTED": ("adjusted", "调整"),
    "OPENED": ("opening balance", "期初积分"),
    "TRANSFERRED_IN": ("transferred in", "转入"),
    "TRANSFERRED_OUT": ("transferred out", "转出"),
    "FORFEITED": ("forfeited", "作废"),
    "REINSTATED": ("brought back", "恢复"),
    "EXTENDED": ("life extended", "延期"),
    "TIER_CHANGED": ("tier {before} → {after}", "等级 {before} → {after}"),
    "TIER_NOTICED": (
        "tier {before} would be lost on {date}: {actual} of {need}",
        "{date} 将失去等级{before}：{actual}/{need}",
    ),
    "STAGE_CHANGED": ("stage {before} → {after}", "阶段 {before} → {after}"),
    "REACTIVATED": ("active again", "重新活跃"),
    "REMINDED": ("reminder: {points} expire on {date}", "提醒：{points} 积分将于 {date} 过期"),
    "STATUS_CHANGED": ("status changed", "状态变更"),
    "REFUSED": ("refused", "未发放"),
    "SIGNALLED": ("signal", "风险提示"),
    # ---- reckoning ----
    "order": ("order", "订单"),
    "reckon.proportional": ("{base} {unit} × {rate} = {points} points", "{base} {unit} × {rate} 分 = {points} 分"),
    "reckon.step": (
        "{base} {unit}, {rate} for each full {step} = {points} points",
        "{base} {unit}，每满 {step} 得 {rate} 分 = {points} 分",
    ),
    "reckon.multiply": (
        "{base} {unit} at {rate} times: {points} points more",
        "{base} {unit} 享 {rate} 倍，多得 {points} 分",
    ),
    "reckon.fixed": ("{points} points", "{points} 分"),
    "reckon.per_unit": ("{base} × {rate} = {points} points", "{base} 件 × {rate} 分 = {points} 分"),
    "reckon.product": (
        "Order {base} {unit} × {rate} × {factors} = {points} points",
        "订单 {base} {unit} × {rate} 分 × {factors} = {points} 分",
    ),
    "reckon.one": ("Order {base} {unit} × {rate} = {points} points", "订单 {base} {unit} × {rate} 分 = {points} 分"),
    "factor": ("{label} {rate} times", "{label} {rate} 倍"),
    "per_unit_of_money": ("{rate} points", "{rate}"),
    "cut": ("cut from {desired}: {reason}", "原为 {desired}：{reason}"),
    "together": ("together {points} points", "合计 {points} 分"),
    "paid": ("Paid", "已发放"),
    "not_paid": ("Not paid", "未发放"),
    "happened": ("What followed", "后续变动"),
    "nothing_followed": ("nothing more", "无"),
    "timer": ("by itself, when it was due", "到期自动发生"),
    # ---- reasons ----
    "reason.NONE": ("", ""),
    "reason.LIMIT_REACHED": ("its limit is reached", "已达上限"),
    "reason.BUDGET": ("its budget is used up", "预算已用完"),
    "reason.MAX_BALANCE": ("the balance is at its maximum", "余额已达上限"),
    "reason.EXCLUSIVE_GROUP": ("another rule of its group pays", "同组其他规则优先"),
    "reason.OVERRIDDEN": ("the rate of the tier takes its place", "由等级倍率取代"),
    "reason.STATUS_BLOCKED": ("the member's status does not allow it", "会员状态不允许"),
    "reason.CONDITION": ("its condition does not hold", "条件不满足"),
    "reason.NOT_VALID_NOW": ("not valid at that time", "不在有效期内"),
    "reason.NOTHING": ("it comes to nothing", "计算结果为 0"),
    "reason.ONCE": ("paid once already", "仅发放一次"),
    "reason.BELOW_MINIMUM": ("below the minimum", "低于最低兑换数"),
    "reason.NOT_A_MULTIPLE": ("not a multiple of the step", "不是兑换单位的倍数"),
    "reason.ABOVE_MAXIMUM": ("above the maximum", "超过单次上限"),
    "reason.INSUFFICIENT": ("not enough points", "可用积分不足"),
    "reason.INSUFFICIENT_LIFETIME": ("not enough points earned so far", "累计获得积分不足"),
    "reason.IN_DEBT": ("points are owed", "存在欠分"),
    "reason.FRAUD": ("held for suspicion of fraud", "涉嫌欺诈"),
    "reason.ALREADY_REVERSED": ("cancelled already", "已撤销"),
    "reason.RESERVATION_EXPIRED": ("the reservation has timed out", "预留已超时"),
    "reason.UNKNOWN_REDEMPTION": ("no such redemption", "无此兑换"),
    "reason.UNKNOWN_ORDER": ("no such order", "无此订单"),
    "reason.OVER_RETURN": ("more than was bought", "超过购买数量"),
    "reason.TOO_LATE": ("too late", "超过期限"),
    "reason.MEMBER_MISMATCH": ("the order is another member's", "订单属于其他会员"),
    "reason.NOT_ALLOWED": ("not allowed", "不允许"),
    "reason.TIMED_OUT": ("timed out", "超时"),
    "reason.RETURNED": ("returned", "已退货"),
    "reason.INACTIVE": ("no activity", "长期无活动"),
    "reason.RESET": ("reset at the tier check", "等级评定后清零"),
    "reason.RULE_CHANGE": ("the rules changed", "规则变更"),
    "reason.LOCKED": ("the tier is locked", "等级已锁定"),
    "reason.METRIC": ("by the metric", "按指标"),
    "reason.CHECK": ("at the periodic check", "定期评定"),
    "reason.MANUAL": ("set by staff", "人工设置"),
    "reason.IMPORTED": ("imported", "导入"),
    "reason.MATURED": ("matured into another wallet", "到期转入其他钱包"),
    "reason.NOT_YET": ("not built yet", "尚未支持"),
    "reason.RULE_RETRO": ("rules changed in retrospect", "规则追溯调整"),
    "reason.NOT_PENDING": ("nothing is pending", "无冻结积分"),
    "reason.ALREADY_CONFIRMED": ("confirmed already", "已确认"),
    "reason.SECTION_FULL": ("the member's record is full", "会员记录已满"),
    "reason.MERGED": ("accounts were merged", "账户合并"),
    "reason.DUPLICATE_BONUS": ("a one-time bonus was paid to both accounts", "两个账户均已领取一次性奖励"),
    "reason.MERGE_DUPLICATE": ("a one-time bonus of a merged account", "合并账户重复领取的一次性奖励"),
    "reason.ERASED": ("the account was erased", "账户已注销"),
    "reason.SAME_MEMBER": ("sender and receiver are one member", "转出方与转入方为同一会员"),
    "reason.ALREADY_CLAIMED": ("the receipt has been claimed already", "该小票已被认领"),
    "reason.NO_SUCH_MERGE": ("there is no such link or merge to undo", "没有可撤销的绑定或合并"),
    "reason.UNMERGE_TOO_LATE": ("the merge is too long ago to be undone", "合并时间已久，不能撤销"),
    "reason.POOLED": ("contributed to a pool", "计入共享积分池"),
    # ---- demo and short messages ----
    "none": ("none", "无"),
}


def say(word: str, lang: Language, **values: object) -> str:
    """A text in a language, with its values put in."""
    return WORDS[word][LANGUAGES.index(lang)].format(**values)


def fields(text: str) -> set[str]:
    """The names that a text leaves open."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
