"""`loyalty quote`, `redeem`, `reserve`, `confirm`, `release`, `cancel`, `adjust`: a till's questions, answered by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_streams.cli.common import MEMBER, At, Data, Json, Lang, account_name, guarded, language, number, open_shop, out, out_json

if TYPE_CHECKING:
    from loyalty_streams.api import Answer, Loyalty

MemberId = Annotated[str, typer.Argument(metavar="MEMBER", help=MEMBER, callback=account_name)]
PointsArg = Annotated[int, typer.Argument(metavar="POINTS", help="How many points.")]
Redemption = Annotated[str, typer.Argument(metavar="ID", help="The redemption.")]
NewId = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="ID",
        help="The redemption's id; asking again with it changes nothing [default: MEMBER-INSTANT].",
    ),
]
OrderAmount = Annotated[
    str | None, typer.Option("--order-amount", metavar="AMOUNT", help="Of the order to be paid, such as 45.00.")
]


@guarded
def quote(
    member: MemberId,
    amount: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The order's amount, such as 45.00.")] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,...", help="A line: amount, and sku, category, qty, kind; may be given several times."
        ),
    ] = None,
    channel: Annotated[str, typer.Option(metavar="NAME", help="Where it is bought.")] = "",
    store: Annotated[str, typer.Option(metavar="NAME", help="In which store.")] = "",
    at: At = None,
    data: Data = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """What an open basket would earn, and why not more. Nothing is kept; other open baskets are not counted.

    \b
    Examples:
      loyalty quote M-000731 --amount 45.00
      loyalty quote M-000731 --line amount=12.99,category=CHEESE --line amount=30.00,category=BEEF,qty=2 --store 367
    """
    with open_shop(data, read_only=True) as shop:
        lines = [_line(text, shop) for text in line or []]
        if amount is None and not lines:
            raise typer.BadParameter("a basket needs --amount or --line", param_hint="--amount")
        minor = shop.minor(amount) if amount is not None else None
        answer = shop.quote(
            member, amount_minor=minor, lines=lines, channel=channel, store=store, at=at, lang=language(lang)
        )
    if as_json:
        out_json(answer.to_json())
        return
    p = answer.points
    out(f"{member} would earn {number(answer.earned)} points: {number(p.available)} available, {number(p.pending)} pending then")
    for part in answer.parts:
        out(f"  {part.points:>7,}  {part.text}")
    for part in answer.refused:
        out(f"        -  {part.text}")


def _line(text: str, shop: Loyalty) -> Any:
    from loyalty_streams.core.codes import LineKind
    from loyalty_streams.core.facts import Line

    pairs = dict(p.partition("=")[::2] for p in text.split(","))
    strange = pairs.keys() - {"amount", "sku", "category", "qty", "kind", "tax"}
    if strange or "amount" not in pairs:
        raise typer.BadParameter(
            f"`{text}` needs amount=, and knows sku, category, qty, kind and tax", param_hint="--line"
        )
    kind = pairs.get("kind", "goods").upper()
    if kind not in LineKind.__members__ or not pairs.get("qty", "1").isascii() or not pairs.get("qty", "1").isdigit():
        raise typer.BadParameter(
            f"`{text}`: qty is a whole number; kind is goods, delivery, reward or gift_card", param_hint="--line"
        )
    return Line(
        0, shop.minor(pairs["amount"]), pairs.get("sku", ""), pairs.get("category", ""), int(pairs.get("qty", "1")),
        LineKind[kind], shop.minor(pairs.get("tax", "0")),
    )  # fmt: skip


@guarded
def redeem(
    member: MemberId, points: PointsArg, redemption: NewId = None, order_amount: OrderAmount = None, at: At = None,
    data: Data = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Spends points at once. The answer is granted or refused with its reason; a refusal is an answer, so the exit code is 0.

    \b
    Examples:
      loyalty redeem M-000731 500 --order-amount 24.90
      loyalty redeem M-000731 500 --id till-7/000123 --at 2017-06-13T10:00:00-04:00 --json
    """
    with open_shop(data) as shop:
        minor = shop.minor(order_amount) if order_amount is not None else None
        _said(shop.redeem(member, points, redemption_id=redemption, order_amount_minor=minor, at=at), as_json)


@guarded
def reserve(
    member: MemberId, points: PointsArg, redemption: NewId = None, order_amount: OrderAmount = None, at: At = None,
    data: Data = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Holds points for a redemption until it is confirmed, released, or times out.

    \b
    Examples:
      loyalty reserve M-000731 500 --id R-17
    """
    with open_shop(data) as shop:
        minor = shop.minor(order_amount) if order_amount is not None else None
        _said(shop.reserve(member, points, redemption_id=redemption, order_amount_minor=minor, at=at), as_json)


@guarded
def confirm(member: MemberId, redemption: Redemption, at: At = None, data: Data = None, as_json: Json = False) -> None:
    """Spends what was reserved.

    \b
    Examples:
      loyalty confirm M-000731 R-17
    """
    with open_shop(data) as shop:
        _said(shop.confirm(member, redemption, at=at), as_json)


@guarded
def release(member: MemberId, redemption: Redemption, at: At = None, data: Data = None, as_json: Json = False) -> None:
    """Lets go of what was reserved.

    \b
    Examples:
      loyalty release M-000731 R-17
    """
    with open_shop(data) as shop:
        _said(shop.release(member, redemption, at=at), as_json)


@guarded
def cancel(member: MemberId, redemption: Redemption, at: At = None, data: Data = None, as_json: Json = False) -> None:
    """Undoes a redemption: its points go back to their lots, with the expiry they had.

    \b
    Examples:
      loyalty cancel M-000731 R-17
    """
    with open_shop(data) as shop:
        _said(shop.cancel(member, redemption, at=at), as_json)


@guarded
def adjust(
    member: MemberId,
    points: Annotated[
        str, typer.Argument(metavar="POINTS", help="How many points; with a minus sign (after --) to deduct.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the entry.")],
    operator: Annotated[str, typer.Option(metavar="NAME", help="Who; kept with the entry.")],
    adjustment: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The adjustment's id [default: MEMBER-INSTANT].")
    ] = None,
    allow_negative: Annotated[
        bool, typer.Option("--allow-negative", help="A deduction may pass zero and become debt.")
    ] = False,
    wallet: Annotated[str | None, typer.Option(metavar="NAME", help="The wallet [default: the main one].")] = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="T", help="When added points expire [default: as the wallet says].")
    ] = None,
    available_at: Annotated[
        str | None, typer.Option(metavar="T", help="When added points can be spent [default: at once].")
    ] = None,
    action: Annotated[
        str | None, typer.Option(metavar="add|deduct|reinstate|set_tier|extend", help="What is done [default: by the sign].")
    ] = None,
    tier: Annotated[str | None, typer.Option(metavar="NAME", help="The tier that set_tier sets.")] = None,
    until: Annotated[str | None, typer.Option(metavar="T", help="Until when the tier set is locked.")] = None,
    at: At = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Adds or deducts points by hand. It states who and why, and stands in the ledger like every other entry.

    \b
    Examples:
      loyalty adjust M-000731 200 --reason "spoilt milk" --operator ann
      loyalty adjust --reason "booked twice" --operator ann -- M-000731 -200
      loyalty adjust M-000731 0 --action set_tier --tier gold --until 2027-01-01 --reason "vip" --operator ann
    """
    import re

    if not re.fullmatch(r"-?[0-9]{1,15}", points, re.ASCII) or (int(points) == 0 and action is None):
        raise typer.BadParameter(f"`{points}` is not a whole number of points", param_hint="POINTS")
    with open_shop(data) as shop:
        _said(
            shop.adjust(
                member, int(points), reason=reason, operator=operator, adjustment_id=adjustment, allow_negative=allow_negative,
                wallet=wallet, expires_at=expires_at, available_at=available_at, action=action, tier=tier, until=until, at=at,
            ),
            as_json,
        )  # fmt: skip


def _said(answer: Answer, as_json: bool) -> None:
    if as_json:
        out_json(answer.to_json())
        return
    word = "granted" if answer.granted else f"refused {answer.reason}: {answer.because}"
    p = answer.points
    held = f", {number(p.reserved)} reserved" if p.reserved else ""
    owed = f", {number(p.debt)} owed" if p.debt else ""
    back = _given_back(answer)
    again = " (asked before: the same answer)" if answer.disposition == "duplicate" else ""
    out(
        f"{answer.id} {word}{again}; {answer.member_id} has {number(p.available)} available, {number(p.pending)} pending{held}{owed}{back}"
    )


def _given_back(answer: Answer) -> str:
    """Of a cancelled redemption: what came back, and what of it had expired in the meantime (T065)."""
    back, gone = (sum(abs(e.points) for e in answer.entries if e.kind == kind) for kind in ("RESTORED", "EXPIRED"))
    if not back:
        return ""
    return f"; {number(back)} given back" + (f", {number(gone)} of them expired" if gone else "")
