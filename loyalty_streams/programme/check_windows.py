"""Windows that nothing can be in, wallets whose points would roll round in a circle, expiry that depends on arrival."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_streams.programme.look import Look
from loyalty_streams.programme.nodes import Path
from loyalty_streams.programme.reading import words
from loyalty_streams.programme.tiers import NO_NEED, Rung


def check_windows(look: Look) -> None:
    for part in (_validity, _stages, _redemptions, _reachable, _rolls, _arrival):
        part(look)


def _validity(look: Look) -> None:
    for name, rule in look.p.earn.items():
        if rule.valid and rule.valid.from_ is not None and rule.valid.until is not None and rule.valid.from_ >= rule.valid.until:
            path = ("earn", name, "valid")
            found = f"`{look.reading.document.find((*path, 'until'))}`"
            expected = f"later than `{look.reading.document.find((*path, 'from'))}`"
            look.reading.report(
                "E-EMPTY-WINDOW",
                "the rule is valid at no instant",
                look.value_at(*path, "until"),
                found,
                expected,
                "`until` is the first instant no longer inside",
            )


def _stages(look: Look) -> None:
    for stage, bounds in (look.p.lifecycle.stages if look.p.lifecycle else {}).items():
        within = [d.micros for d in (bounds.last_order_within, bounds.first_order_within) if d]
        if bounds.idle and within and bounds.idle.micros >= min(within):
            look.reading.report(
                "E-EMPTY-WINDOW",
                "no member can be in the stage",
                look.at("lifecycle", stage, "idle"),
                f"`{bounds.idle}` idle",
                "less than the time since an order",
                "use two stages",
            )


def _redemptions(look: Look) -> None:
    redeem = look.p.redeem
    most = redeem.maximum.points if redeem.maximum else None
    least = -(-redeem.minimum // redeem.unit) * redeem.unit
    if most is not None and least > most:
        at = look.value_at("redeem", "maximum", "points")
        look.reading.report(
            "E-EMPTY-WINDOW",
            "no number of points can be redeemed",
            at,
            f"`{most}`",
            f"at least {least}",
            f"the fewest points are {least}, in steps of {redeem.unit}",
        )
    wallet = look.p.wallets.get(look.p.redeem_wallet)
    if redeem.maximum and redeem.maximum.share_of_order and wallet and wallet.unit_value is None:
        at, needed = look.at("redeem", "maximum", "share_of_order"), f"`unit_value: 0.01` in the wallet `{look.p.redeem_wallet}`"
        look.reading.report("E-NEEDS", "a share of an order needs what a point is worth", at, expected=needed)


def _reachable(look: Look) -> None:
    """A rung that names fewer metrics than must be met is never reached."""
    tiers = look.p.tiers
    if not tiers:
        return
    most, needed = len(tiers.metrics), tiers.at_least
    if needed > most:
        at = look.value_at("tiers", "any_of", "at_least")
        look.reading.report("E-EMPTY-WINDOW", "no tier can be reached: more needs than metrics", at, f"{needed} of {most}", f"at most {most}")
        return
    ladders: list[tuple[Path, tuple[Rung, ...]]] = [(("tiers", "ladder"), tiers.ladder)]
    ladders += [(("tiers", "ladders", n, "ladder"), other.ladder) for n, other in enumerate(tiers.ladders)]
    for path, ladder in ladders:
        for rung in ladder:
            named = sum(need != NO_NEED for need in rung.needs)
            if named < needed:
                message = f"`{rung.tier}` cannot be reached: it names fewer metrics than must be met"
                look.reading.report("E-LADDER", message, look.at(*path, rung.tier), f"{named}", f"at least {needed}")


def _rolls(look: Look) -> None:
    goes: dict[str, dict[str, Path]] = {name: {} for name in look.wallets}
    for name, wallet in look.p.wallets.items():
        for part, into in (("expires", wallet.expires and wallet.expires.into), ("matures", wallet.matures and wallet.matures.into)):
            path: Path = ("wallets", name, part, "into")
            if into and look.known_at("wallet", into, look.wallets, *path):
                goes[name][into] = path
                if into not in look.spendable:
                    message = f"`{into}` keeps no lots, so points cannot roll into it"
                    look.reading.report("E-ROLL", message, look.value_at(*path), f"`{into}`", words(look.spendable))
    for name, ways in goes.items():
        if circle := _circle(goes, name):
            found = " → ".join(f"`{w}`" for w in circle)
            look.reading.report("E-ROLL", "points would roll round in a circle", look.value_at(*ways[circle[1]]), found, "a last wallet")
            return


def _circle(goes: Mapping[str, Mapping[str, Path]], start: str) -> tuple[str, ...]:
    """The way from a wallet back to itself, or nothing."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop()
        for into in goes[way[-1]]:
            if into == start:
                return (*way, into)
            if into not in seen:
                seen.add(into)
                ways.append((*way, into))
    return ()


def _arrival(look: Look) -> None:
    for name, wallet in look.p.wallets.items():
        if wallet.expires and (wallet.expires.base == "processed_at" or wallet.expires.not_before_arrival):
            field = "base" if wallet.expires.base == "processed_at" else "not_before_arrival"
            hint = "with `base: purchased_at` and no `not_before_arrival` the same facts give the same balances in any order"
            look.reading.report(
                "W-ARRIVAL", f"expiry in `{name}` depends on when facts arrive", look.at("wallets", name, "expires", field), hint=hint
            )
