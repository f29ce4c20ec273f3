"""`loyalty member`: what a member holds, and the tier and the reasons behind it."""

from __future__ import annotations

from typing import Annotated

import typer

from loyalty_streams.cli.common import AsOf, Data, Failure, Json, KnownAt, Lang, MemberName, guarded, language, open_shop, out, out_json


@guarded
def member(
    member_id: MemberName,
    data: Data = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    last: Annotated[int, typer.Option(metavar="N", min=0, help="Entries of the text statement; JSON has all.")] = 10,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Balance, lots, tier, stage and ledger of a member, now or at any instant of the past or the future.

    --as-of T says what is true of T by all that is known by now; with --known-at T as well, what was known at T.

    \b
    Examples:
      loyalty member M-000731
      loyalty member M-000731 --as-of 2017-06-30T00:00:00-04:00 --json
      loyalty member M-000731 --as-of 2017-06-30T00:00:00-04:00 --known-at 2017-06-30T00:00:00-04:00
      loyalty member M-000731 --lang zh
    """
    chosen = language(lang)
    with open_shop(data, read_only=True) as shop:
        account = shop.member(member_id, as_of=as_of, lang=chosen, known_at=known_at)
        if account is None:
            raise Failure("NO_MEMBER", "no fact of this member is in the store", member_id)
        if as_json:
            out_json(account.to_json())
        else:
            from loyalty_streams.reports.statement import statement

            out(statement(account, shop.compiled, chosen, last))
