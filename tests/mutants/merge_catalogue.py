"""Bugs planted where accounts become one: what is sent, what is taken back, what comes home."""

from __future__ import annotations

from tests.mutants.catalogue import planter

planted = planter("agents/", "tests/mutants/check_merges.py")
MERGE_MUTANTS = (
    planted(
        "circles-stay", "families", " if int(columns.ref[row]) not in back), None)", "), None)",
        "of a merge and its opposite both count (T142)",
    ),
    planted(
        "nothing-is-sent-on", "messages", "    for later in rows[end + 1 :].tolist():\n", "    for later in rows[end + 1 : end + 1].tolist():\n",
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
        "the-old-state-goes", "messages", "    folded = work.fold_until([b\"\"], [own], f.stand[[row]].astype(np.int64), cards=True)\n", "    folded = work.fold_until([b\"\"], [own[:-1]], f.stand[[row]].astype(np.int64), cards=True)\n",
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
)
