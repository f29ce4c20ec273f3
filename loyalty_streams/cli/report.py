"""`loyalty report`: programme-wide numbers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from loyalty_streams.cli.common import AsOf, Data, Json, KnownAt, guarded, note, number, open_shop, out, out_json, percent, table

app = typer.Typer(help="Programme-wide numbers.", no_args_is_help=True, rich_markup_mode=None)


@app.command("summary")
@guarded
def summary(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Members, orders, spend, points by account, tiers and stages.

    \b
    Examples:
      loyalty report summary
      loyalty report summary --as-of 2018-07-01T00:00:00-04:00 --json
      loyalty report summary --as-of 2017-07-01 --known-at 2017-07-01
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("summary", as_of=as_of, known_at=known_at)
        digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    if as_json:
        out_json(found)
    else:
        out(summary_text(found, digits, currency))


def summary_text(found: dict[str, Any], digits: int, currency: str) -> str:
    """The summary as people read it."""
    rows = [("members", number(found["members"])), ("orders", number(found["orders"])), ("refunds", number(found["refunds"])),
            ("spend", f"{amount(found['spend_minor'], digits)} {currency}")]  # fmt: skip
    rows += [
        (f"points {name.replace('_', ' ')}", number(n)) for name, n in found["points"].items() if n or name in ALWAYS
    ]
    lines = [f"as of {found['as_of']}", table(rows, ("", ""), right=(1,)).lstrip()]
    for kind in ("tiers", "stages"):
        if found[kind]:
            lines += ["", table([(name, number(n)) for name, n in found[kind].items()], (kind, "members"), right=(1,))]
    return "\n".join(lines)


ALWAYS = ("issued", "available", "pending", "redeemed", "expired")


def amount(minor: int | None, digits: int) -> str:
    """Minor units as major units with thousands set apart; a missing value as a dash."""
    if minor is None:
        return "-"
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole:,}.{rest:0{digits}}" if digits else f"{sign}{whole:,}"


@app.command("kpis")
@guarded
def kpis(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Repurchase, churn, active share, retention by cohort, order value, lifetime value, redemption and breakage.

    \b
    Examples:
      loyalty report kpis
      loyalty report kpis --as-of 2017-10-01T00:00:00-04:00 --json
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("kpis", as_of=as_of, known_at=known_at)
        digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    if as_json:
        out_json(found)
    else:
        out(kpis_text(found, digits, currency))
    if found["redemption_alert"]:
        note(
            f"warning: the redemption rate of the last 12 months is {found['redemption_alert']}; healthy is 20 % to 50 %"
        )


def core_metrics(found: dict[str, Any]) -> str:
    """The three numbers that a programme is run by."""
    r, c, a = found["repurchase_30d"], found["churn_90d"], found["active_share"]
    return table(
        [
            ("30-day repurchase", percent(r["rate"]), f"{number(r['repeaters'])} of {number(r['base'])} members"),
            ("90-day churn", percent(c["rate"]), f"{number(c['churned'])} of {number(c['base'])} members"),
            (
                "active share",
                percent(a["rate"]),
                f"{number(a['active'])} of {number(a['base'])} members ordered in the last 30 days",
            ),
        ],
        ("metric", "rate", "of whom"),
        right=(1,),
    )


def kpis_text(found: dict[str, Any], digits: int, currency: str) -> str:
    """The KPIs as people read them."""
    lines = [f"as of {found['as_of']}", core_metrics(found), ""]
    lines.append(table(
        [
            ("average order", f"{amount(found['aov_minor'], digits)} {currency}"),
            ("mean lifetime value", f"{amount(found['mean_ltv_minor'], digits)} {currency}"),
            ("redemption rate", percent(found["redemption_rate"])), ("of the last 12 months", percent(found["redemption_rate_12m"])),
            ("breakage rate", percent(found["breakage_rate"])),
        ],
        ("", ""), right=(1,),
    ).lstrip())  # fmt: skip
    churn = found["churn_90d"]["by_tier"]
    if churn:
        rows = [(tier, percent(c["rate"]), number(c["churned"]), number(c["base"])) for tier, c in churn.items()]
        lines += ["", table(rows, ("churn by tier", "rate", "churned", "members"), right=(1, 2, 3))]
    months = found["monthly_active"]
    if months:
        new = found["new_members"]
        lines += [
            "",
            table(
                [(m, number(n), number(new.get(m, 0))) for m, n in months.items()],
                ("month", "active", "new"),
                right=(1, 2),
            ),
        ]
    return "\n".join(lines)


@app.command("liability")
@guarded
def liability(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """What is owed to members in points and money, by month of expiry, and what expires within 30, 60 and 90 days.

    \b
    Examples:
      loyalty report liability
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("liability", as_of=as_of, known_at=known_at)
        digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    if as_json:
        out_json(found)
        return
    worth = (
        f", worth {amount(found['liability_minor'], digits)} {currency}" if found["liability_minor"] is not None else ""
    )
    out(f"as of {found['as_of']}: {number(found['outstanding'])} points outstanding{worth}")
    out()
    out(table([(r["month"] or "never", number(r["points"]), amount(r["liability_minor"], digits)) for r in found["by_expiry"]],
              ("expires", "points", currency), right=(1, 2)))  # fmt: skip
    out()
    out(table([(f"{r['days']} days", number(r["points"]), number(r["members"])) for r in found["expiring"]],
              ("within", "points", "members"), right=(1, 2)))  # fmt: skip


@app.command("tiers")
@guarded
def tiers(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Members by tier, who moved from where to where in which month, and who is near the next tier.

    \b
    Examples:
      loyalty report tiers
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("tiers", as_of=as_of, known_at=known_at)
    if as_json:
        out_json(found)
        return
    out(f"as of {found['as_of']}")
    out(table([(r["tier"], number(r["members"]), percent(r["share"]), number(r["near_next"])) for r in found["tiers"]],
              ("tier", "members", "share", "near the next"), right=(1, 2, 3)))  # fmt: skip
    out()
    out(
        table(
            [(r["month"], r["from"], r["to"], number(r["moves"])) for r in found["moves"]],
            ("month", "from", "to", "moves"),
            right=(3,),
        )
    )


@app.command("rfm")
@guarded
def rfm(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Five groups of members by recency, frequency and money; 5 is best. JSON has every member's scores.

    \b
    Examples:
      loyalty report rfm
      loyalty report rfm --json
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("rfm", as_of=as_of, known_at=known_at)
        digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    if as_json:
        out_json(found)
        return
    out(
        f"as of {found['as_of']}: {number(found['members'])} members; members and mean spend in {currency} by recency (down) and frequency (across)"
    )
    cells = {(c["r"], c["f"]): c for c in found["cells"]}
    rows = []
    for r in range(5, 0, -1):
        row = [cells[r, f] for f in range(5, 0, -1)]
        rows.append([f"R{r}", *(f"{number(c['members'])} · {amount(c['mean_spend_minor'], digits)}" for c in row)])
    out(table(rows, ("", *(f"F{f}" for f in range(5, 0, -1))), right=range(1, 6)))


@app.command("rules")
@guarded
def rules(
    data: Data = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="store|channel|month", help="Break down by this; may be given several times."),
    ] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="T", help="Entries from this instant on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Entries before this instant.")] = None,
    as_json: Json = False,
) -> None:
    """What each rule paid, on how many orders, to how many members, and how often it was refused and why.

    \b
    Examples:
      loyalty report rules
      loyalty report rules --by month --by store --rule grill-weeks
      loyalty report rules --by channel --from 2017-06-01 --until 2017-07-01 --json
    """
    from loyalty_streams.reports.rules import DIMENSIONS

    for name in by or []:
        if name not in DIMENSIONS:
            raise typer.BadParameter(f"`{name}` is no breakdown: {', '.join(DIMENSIONS)}", param_hint="--by")
    with open_shop(data, read_only=True) as shop:
        found = shop.report(
            "rules", as_of=as_of, known_at=known_at, by=tuple(dict.fromkeys(by or ())), rule=rule, since=since, until=until
        )
    if as_json:
        out_json(found)
        return
    out(f"as of {found['as_of']}")
    dimensions = found["by"]
    columns = ("points", "orders", "members", "clawed_back", "refused")
    rows = [
        (*(row[d] or "-" for d in ("rule", *dimensions)), *(number(row[c]) for c in columns)) for row in found["rows"]
    ]
    heads = ("rule", *dimensions, *(c.replace("_", " ") for c in columns))
    out(table(rows, heads, right=range(1 + len(dimensions), len(heads))))
    for name, reasons in found["refused"].items():
        out(f"{name} refused: " + ", ".join(f"{reason} {number(n)}" for reason, n in reasons.items()))


@app.command("quarantine")
@guarded
def quarantine(data: Data = None, as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Returns that wait now for an order that has not come, the longest first. They apply by themselves when it comes.

    \b
    Examples:
      loyalty report quarantine
      loyalty report quarantine --json
    """
    with open_shop(data, read_only=True) as shop:
        found = shop.report("quarantine", as_of=as_of, known_at=known_at)
        digits, currency = shop.compiled.minor_digits, shop.compiled.currency
    if as_json:
        out_json(found)
        return
    rows = [
        (r["order"], r["return"], r["member_id"], r["occurred_at"], r["arrived_at"], amount(r["amount_minor"], digits))
        for r in found["returns"]
    ]
    out(f"as of {found['as_of']}")
    if rows:
        out(table(rows, ("waits for", "return", "member", "occurred", "arrived", currency), right=(5,)))
    count = found["waiting"]
    wait = "return waits" if count == 1 else "returns wait"
    out(f"{number(count)} {wait} for an order that has not come; at most {number(found['at_most'])} may")
