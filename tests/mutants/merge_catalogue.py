"""Bugs planted where accounts become one: what is sent, what is taken back, what comes home."""

from __future__ import annotations

from tests.mutants.catalogue import planter

planted = planter("agents/", "tests/mutants/check_merges.py")
parted = planter("agents/", "tests/mutants/check_partings.py")
MERGE_MUTANTS = (
    planted(
        "circles-stay", "courses", "                self._move(place, row, int(self.columns.ref[row]) in back)\n", "                self._move(place, row, False)\n",
        "of a merge and its opposite both count (T142)",
    ),
    planted(
        "nothing-is-sent-on", "messages", "    for row, by in zip(one.on.tolist(), one.by.tolist(), strict=True):\n", "    for row, by in ():\n",
        "what comes for the old card after the merge is nobody's (T139)",
    ),
    planted(
        "nothing-is-taken-back", "messages", "    for name in was.keys() - now.keys():\n", "    for name in ():\n",
        "when an earlier merge turns up, a fact stands in two accounts",
    ),
    planted(
        "senders-are-one", "families", "        out[row] = code_of(beside.sender.decode()) ^ int(came[row] & MERGES > 0)\n", "        out[row] = 1 + int(came[row] & MERGES > 0)\n",
        "what comes back over a circle takes the place of what was sent",
    ),
    planted(
        "the-old-state-goes", "courses", "        return Course.whole(self.own[: self.moves[move]])", "        return Course.whole(self.own[: self.moves[move] - 1])",
        "the newest fact of an account is lost with its merge (T137)",
    ),
    planted(
        "cards-stay-behind", "messages", "(state, *cards.values())", "(state,)",
        "what was bought with the card cannot be brought back by the member",
    ),
    planted(
        "a-stranger-brings-back", "families", "        out[k] = 0 if int(columns.about[rows[k]]) in known else MISMATCH\n", "        out[k] = 0\n",
        "a return before the merge brings back what another account bought",
    ),
    planted(
        "decisions-stay-away", "messages", "    return int(f.columns.kind[row]) in DECIDED and int(f.columns.outcome[row]) != Outcome.NONE\n", "    return False\n",
        "what was granted is decided again when the fact goes elsewhere",
    ),
    planted(
        "booked-before-known", "rederiving", " or elsewhere[k] or (len(come)", " or (len(come)",
        "an entry is booked before the merge came that caused it (T188)",
    ),
    planted(
        "asked-before-settled", "messages", "        if asked or (asking and sends):\n", "        if asked:\n",
        "a redemption right after a merge is decided without the points that it brought",
    ),
    parted(
        "what-was-undone-stays", "courses", "                    out |= {of, row}\n", "                    out |= {row}\n",
        "a merge that was undone still counts (T140)",
    ),
    parted(
        "undone-at-any-time", "courses", "                elif int(at[0] - c.at[of]) > int(", "                elif int(at[0] - c.at[of]) > 10**18 + int(",
        "a merge is undone after `facts.unmerge_within` (T140)",
    ),
    parted(
        "the-number-stays", "courses", "            if given_up:\n", "            if given_up and False:\n",
        "what comes under an identifier is the old member's after it was unlinked (S57)",
    ),
    parted(
        "the-joined-go-too", "courses", "        if self.over:\n            self._stay()\n", "",
        "a card that was joined to a phone becomes the phone's next owner's (S57)",
    ),
    parted(
        "claimed-twice", "courses", "        elif winner != OWN:\n            refused[claim] = ALREADY_CLAIMED\n        elif reached.any():\n", "        elif reached.any():\n",
        "the last who claims a receipt has it, not the first (T144)",
    ),
    parted(
        "claimed-for-ever", "courses", "        if not in_time.any():\n            refused[claim] = TOO_LATE\n        elif", "        if",
        "a receipt too old is not refused (T144)",
    ),
    parted(
        "sent-to-oneself", "courses", "    refused.update((row, SAME)", "    list((row, SAME)",
        "points are sent to another identifier of the same person (T150)",
    ),
    parted(
        "refused-and-gone", "messages", "        elif side == \"back\" and row in folds.refused:\n", "        elif side == \"back\" and False:\n",
        "points that their receiver may not have are lost (T150)",
    ),
    parted(
        "sent-as-it-was", "crooked", "outgoing(work, m, was[k], now[k])", "outgoing(work, m, now[k], now[k])",
        "the receiver keeps what a late fact has taken from the sender's lots",
    ),
)
