"""The sums of one programme: points by account, what they are worth, the ladder they are climbed on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from loyalty_streams import __version__
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.figures import Figures
from loyalty_streams.core.facts import Array
from loyalty_streams.core.kernel.jit import source_hash
from loyalty_streams.reports.arithmetic import half_up
from loyalty_streams.reports.build import ladder_tiers, unit_value
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.points import ACCOUNTS
from loyalty_streams.reports.question import Question

TOLD = ("issued", "redeemed", "expired", "clawed_back", "available")
OUTSTANDING = ("available", "pending", "reserved")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a programme comes to at an instant."""

    figures: Figures
    contender: Contender
    as_of: int

    def points(self, *accounts: str) -> int:
        """The points of these accounts together, of all spendable wallets."""
        rows = self.figures.by_wallet[spendable_wallets(self.contender.compiled)]
        return int(rows[:, [ACCOUNTS.index(name) for name in accounts]].sum())

    def of_wallet(self, wallet: int, account: str) -> int:
        """The points of an account in one wallet."""
        return int(self.figures.by_wallet[wallet][ACCOUNTS.index(account)])

    def liability(self) -> int | None:
        """What the points outstanding are worth in minor units; None where a wallet has no unit value."""
        return worth(self.contender, self.figures.by_wallet[:, [ACCOUNTS.index(name) for name in OUTSTANDING]].sum(axis=1), self.as_of)

    def ladder(self) -> list[str]:
        """The tiers of the version in force, from the lowest up."""
        return ladder(self.contender, self.as_of)


def worth(contender: Contender, points: Array, at: int) -> int | None:
    """What points by wallet are worth in minor units, by the version in force at an instant; None where a spendable wallet has no unit value."""
    question, total = Question(contender.compiled, at), Fraction(0)
    for wallet in spendable_wallets(contender.compiled):
        value = unit_value(question, wallet)
        if value is None:
            return None
        total += value * int(points[wallet])
    return half_up(total)


def ladder(contender: Contender, as_of: int) -> list[str]:
    """The tiers of a programme's version in force at an instant, from the lowest up."""
    names = contender.compiled.names.tiers
    return [names[k] for k in ladder_tiers(Question(contender.compiled, as_of))]


def one_ladder(ladders: Iterable[Sequence[str]]) -> list[str]:
    """The tiers of several ladders in one order: a tier that only a later one has stands above the one that it follows there."""
    order: list[str] = []
    for names in ladders:
        place = 0
        for name in names:
            if name not in order:
                order.insert(place, name)
            place = order.index(name) + 1
    return order


def code_version() -> str:
    """Which code decided."""
    return f"{__version__} kernel {source_hash()}"
