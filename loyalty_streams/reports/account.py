"""A member's account from a store: one member read whole, at an instant."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.identifiers import home
from loyalty_streams.hosts.embedded.past import Block
from loyalty_streams.hosts.embedded.past import member as member_block
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.ledger import Ledger
from loyalty_streams.reports.member import Member, view
from loyalty_streams.reports.question import Question
from loyalty_streams.reports.sentences import Sentences
from loyalty_streams.reports.texts import Texts
from loyalty_streams.reports.words import Language


@dataclass(frozen=True, slots=True)
class Account:
    """A member's facts, entries and state at an instant, with what puts them into words."""

    member_id: str
    block: Block
    ledger: Ledger
    question: Question

    def view(self) -> Member:
        """What `member --json` and the Python API give."""
        q = self.question
        plain = view(self.member_id, q.as_of, self.block.states[0], q.compiled, q.version, self.ledger.keys)
        return replace(plain, entries=self.ledger)


def account(
    store: Store, member_id: str, as_of: int | None = None, lang: Language = "en", known_at: int | None = None
) -> Account | None:
    """A member at an instant (default: as the store stands), by the facts that had arrived before another (default: all). Of a member who has been
    merged into another it is the account of that one. None where there is no such fact of the member.
    """
    return account_itself(store, home(store, member_id, as_of, known_at), as_of, lang, known_at)


def account_itself(
    store: Store, member_id: str, as_of: int | None = None, lang: Language = "en", known_at: int | None = None
) -> Account | None:
    """The account of an identifier as far as it went, whatever it has become."""
    block = member_block(store, member_id, as_of, known_at)
    if block is None:
        return None
    texts = Texts(store)
    question = Question(store.compiled, store.clocks.now if as_of is None else as_of, texts)
    sentences = Sentences(store.compiled, Because(store.compiled, texts), lang)
    return Account(member_id, block, Ledger(block.entries, block.columns, block.keys, sentences), question)
