"""A member's statement as people read it, in English and Chinese: balances, tier progress, what expires, the last entries and why."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty_streams.core.programme import Compiled
from loyalty_streams.reports.instants import DAY, day_text, instant_text, micros
from loyalty_streams.reports.member import Member, Points
from loyalty_streams.reports.sentences import label_of, money_of, unit_of
from loyalty_streams.reports.words import Language, say

HORIZON = 90
"""Days ahead of which a statement names what expires."""
MOST_DATES = 4


def statement(account: Member, compiled: Compiled, lang: Language, last: int) -> str:
    """The whole statement, lines without a last line break."""
    zone = ZoneInfo(compiled.time_zone)
    now = _instant(account.as_of)
    lines = [
        f"{say('member', lang)} {account.member_id}    {say('as_of', lang)} {instant_text(now, zone)} ({compiled.time_zone})"
    ]
    names = account.wallets if len(account.wallets) > 1 else {next(iter(account.wallets), "points"): account.points}
    for name, points in names.items():
        lines.append(f"  {label_of(compiled, 'wallets', name, lang)}: {balances(points, lang)}")
    lines += [f"  {text}" for text in tier_lines(account, compiled, lang, zone)]
    lines.append(f"  {say('stage', lang)}: {account.stage.name}" + _since(account.stage.since, lang, zone))
    spend = f"{money_of(compiled, account.lifetime_spend_minor)} {unit_of(compiled, lang)}"
    lines.append(f"  {say('orders', lang, n=account.orders, money=spend)}")
    lines += _expiring(account, lang, zone, now)
    lines += ["", say("entries", lang)]
    shown = account.entries[max(0, len(account.entries) - last) :] if last else ()
    lines += [f"  {_day(e.effective_at, zone)}  {e.points if e.points else '':>7}  {e.text}" for e in shown] or [
        f"  {say('no_entries', lang)}"
    ]
    return "\n".join(lines)


def balances(points: Points, lang: Language) -> str:
    """`available 1,200, pending 30`: what is nothing is left out, but for what can be spent."""
    parts = [
        f"{say(name, lang)} {value:,}"
        for name in ("available", "pending", "reserved", "debt")
        if (value := getattr(points, name)) or name == "available"
    ]
    return ("，" if lang == "zh" else ", ").join(parts)


def tier_lines(account: Member, compiled: Compiled, lang: Language, zone: ZoneInfo) -> list[str]:
    """The tier with its metric, the way to the next one, and what will be held if nothing more happens."""
    tier = account.tier
    if tier.name is None:
        return []

    def amount(value: int) -> str:
        spend = bool(tier.metrics) and tier.metrics[0].name in ("spend", "lifetime_spend")
        return f"{money_of(compiled, value)} {unit_of(compiled, lang)}" if spend else f"{value:,}"

    check = (
        "，" + say("tier_check", lang, date=_day(tier.until, zone))
        if lang == "zh"
        else ", " + say("tier_check", lang, date=_day(tier.until, zone))
    )
    head = f"{say('tier', lang)}: {label_of(compiled, 'tiers', tier.name, lang)}" + _since(tier.since, lang, zone)
    lines = [head + (check if tier.until else "")]
    if tier.metrics:
        name = tier.metrics[0].name
        known = (
            say(f"metric.{name}", lang)
            if name in ("spend", "orders", "lifetime_spend", "balance")
            else label_of(compiled, "wallets", name, lang)
        )
        progress = f"{known} {amount(tier.metric)}; " if lang == "en" else f"{known} {amount(tier.metric)}；"
        if tier.next:
            above = label_of(compiled, "tiers", tier.next.name, lang)
            lines.append(
                f"  {progress}"
                + say("next_tier", lang, missing=amount(tier.next.missing), tier=above, need=amount(tier.next.need))
            )
        else:
            lines.append(f"  {progress}" + say("top_tier", lang))
    if tier.projected:
        p = tier.projected
        values = {
            "date": _day(p.at, zone),
            "tier": label_of(compiled, "tiers", p.name, lang),
            "missing": amount(p.stay_in_tier_points),
        }
        lines.append("  " + say("falls_to" if p.stay_in_tier_points else "keeps_tier", lang, **values))
    return lines


def _expiring(account: Member, lang: Language, zone: ZoneInfo, now: int) -> list[str]:
    """Points by the day on which they expire, soonest first."""
    by_day: dict[str, int] = {}
    for at, remaining in account.lots.expiring(now, now + HORIZON * DAY):
        day = day_text(at, zone)
        by_day[day] = by_day.get(day, 0) + remaining
    parts = [say("expires_on", lang, points=f"{n:,}", date=day) for day, n in list(by_day.items())[:MOST_DATES]]
    more = sum(list(by_day.values())[MOST_DATES:])
    if more:
        parts.append(f"+ {more:,}")
    joint = "，" if lang == "zh" else ", "
    return [f"  {say('expiring', lang)}: {joint.join(parts) or say('none_expiring', lang, days=HORIZON)}"]


def _since(at: str | None, lang: Language, zone: ZoneInfo) -> str:
    if at is None:
        return ""
    return f"（{say('since', lang)} {_day(at, zone)}）" if lang == "zh" else f" ({say('since', lang)} {_day(at, zone)})"


def _instant(text: str | None) -> int:
    return micros(datetime.fromisoformat(text)) if text else 0


def _day(text: str | None, zone: ZoneInfo) -> str:
    return day_text(_instant(text), zone) if text else "-"
