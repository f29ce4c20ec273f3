"""The parts of the page that need no script: every text stands there in both languages, and the page's own language hides the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from loyalty_streams.backtest.plan import Pair, Plan
from loyalty_streams.backtest.report.data import STEPS, tier_label
from loyalty_streams.backtest.segments import LEAST, Segment
from loyalty_streams.backtest.telling import Telling, money, percent
from loyalty_streams.programme.diff import SIGNS
from loyalty_streams.reports.words import LANGUAGES, Language, say

FIRST = 12
"""Segments that are open to see."""
BAR = 100
Row = Sequence[str]


def both(word: str, **values: object) -> str:
    """A text in both languages, its values escaped with it."""
    return spans({lang: say(word, lang, **values) for lang in LANGUAGES})


def spans(texts: Mapping[Language, str]) -> str:
    """Texts by language; one alone where they are the same."""
    if len(set(texts.values())) == 1:
        return escape(texts["en"])
    return "".join(f'<span lang="{lang}">{escape(text)}</span>' for lang, text in texts.items())


def table(heads: Row, rows: Iterable[Row], numbers: Iterable[int] = (), caption: str = "") -> str:
    """A table of cells that are HTML already; `numbers` are the columns that stand to the right."""
    right = set(numbers)

    def cells(tag: str, row: Row) -> str:
        kinds = (' class="number"' if k in right else "" for k in range(len(row)))
        scope = ' scope="col"' if tag == "th" else ""
        return "<tr>" + "".join(f"<{tag}{scope}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"

    title = f"<caption>{caption}</caption>" if caption else ""
    body = "\n".join(cells("td", row) for row in rows)
    return f'<div class="scroll" tabindex="0"><table>{title}<thead>{cells("th", heads)}</thead><tbody>\n{body}\n</tbody></table></div>'


def details(inside: str, word: str = "page.figures", **values: object) -> str:
    return f"<details><summary>{both(word, **values)}</summary>{inside}</details>"


def number(value: int) -> str:
    return f"{value:,}"


@dataclass(frozen=True, slots=True)
class Fragments:
    """The HTML of one plan, section by section."""

    plan: Plan

    def by_name(self) -> dict[str, str]:
        """Each place of the template."""
        return {
            "title": self.title(), "fixed": both("plan.fixed"), "about": self.about(), "cards": self.cards(), "rules": self.rules(),
            "histogram": self.histogram(), "tiers": self.tiers(), "course": self.course(), "where": self.where(),
            "course_head": both("page.section_liability" if self._worth else "page.section_outstanding"),
        }  # fmt: skip

    @property
    def _worth(self) -> bool:
        return self.plan.liability().delta is not None

    @property
    def _digits(self) -> int:
        return self.plan.contenders[0].compiled.minor_digits

    def _tellings(self) -> dict[Language, Telling]:
        return {lang: Telling(replace(self.plan, asked=replace(self.plan.asked, lang=lang))) for lang in LANGUAGES}

    def title(self) -> str:
        one, other = self.plan.rules.before.programme, self.plan.rules.after.programme
        said = {"before": one.programme, "from": one.version, "after": other.programme, "to": other.version}
        return both("page.title", **said)

    def about(self) -> str:
        """What was compared with what, over what, by which code: a list of terms."""
        told = {lang: telling.lines() for lang, telling in self._tellings().items()}
        head = self.plan.header()
        files = [head["programmes"][side] for side in ("before", "after")]
        preview = {lang: "; ".join(lines["preview"]) for lang, lines in told.items()}
        rows = [
            (both("plan.head.replayed"), spans({lang: "; ".join(lines["replayed"]) for lang, lines in told.items()})),
            *([(both("plan.head.preview"), spans(preview))] if preview["en"] else []),
            (both("plan.head.in_force"), spans({lang: "; ".join(lines["in_force"]) for lang, lines in told.items()})),
            (both("plan.head.affects"), spans({lang: "; ".join(lines["affects"]) for lang, lines in told.items()})),
            (both("page.rules_hash"), " → ".join(f"<code>{escape(f['rules_hash'])}</code>" for f in files)),
            (both("page.code"), f"<code>{escape(head['code_version'])}</code>"),
        ]
        return "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in rows)

    def cards(self) -> str:
        """The headline numbers; `data-figure` names the field of `plan --json`."""
        plan, counts, short = self.plan, self.plan.comparison.counts(), self.plan.comparison.infeasible_counts()
        everybody = len(plan.comparison.persons)
        moves, order = plan.comparison.tier_moves(), list(plan.tier_counts()[0])
        up = sum(n for a, b, n in moves if order.index(b) > order.index(a))
        moved = sum(n for *_, n in moves)
        share = percent(counts["changed"], everybody).removeprefix("+")
        cards = [
            ("members.changed", number(counts["changed"]), both("page.card_changed"), both("page.of_all", share=share, all=number(everybody))),
            ("members.gain", number(counts["gain"]), both("page.card_gain"), ""),
            ("members.lose", number(counts["lose"]), both("page.card_lose"), ""),
            ("points.issued.delta", *self._points("page.card_issued", plan.points("issued"))),
            ("outstanding.delta", *self._points("page.card_outstanding", plan.outstanding())),
            *([("liability_minor.delta", *self._money(plan.liability()))] if self._worth else []),
            ("tiers.moved", number(moved), both("page.card_moved"), f"↑{number(up)} ↓{number(moved - up)}"),
            ("infeasible.redemptions", number(short["redemptions"]), both("page.card_infeasible"),
             both("page.short", points=number(short["points_short"])) if short["redemptions"] else ""),
        ]  # fmt: skip
        return "".join(
            f'<li><strong data-figure="{figure}">{value}</strong> <span class="label">{label}</span> <small>{note}</small></li>'
            for figure, value, label, note in cards
        )

    def _points(self, word: str, pair: Pair) -> tuple[str, str, str]:
        return f"{pair.delta or 0:+,}", both(word), f"{pair.before or 0:,} → {pair.after or 0:,} ({percent(pair.delta or 0, pair.before)})"

    def _money(self, pair: Pair) -> tuple[str, str, str]:
        before, after = (money(value or 0, self._digits).removeprefix("+") for value in (pair.before, pair.after))
        return money(pair.delta or 0, self._digits), both("page.card_liability", currency=self.plan.currency), f"{before} → {after}"

    def rules(self) -> str:
        """The text diff of the rules, each change with its place."""
        rules, rows = self.plan.rules, []
        for c in rules.changes:
            old, new = (f"<{tag}>{escape(text)}</{tag}>" if text else "" for tag, text in (("del", c.before), ("ins", c.after)))
            sign = f'<b class="{c.kind}">{SIGNS[c.kind]}</b>'
            value = f"{old} → {new}" if old and new else old or new
            rows.append(f"<li>{sign} <code>{escape(c.name)}</code>: {value} <small>{escape(c.place)}</small></li>")
        one, other = rules.before.programme, rules.after.programme
        said = {"before": one.programme, "from": one.version, "after": other.programme, "to": other.version}
        if not rows:
            return f"<p>{both('plan.same_rules', **said)}</p>"
        title = both("plan.versions", kind=rules.classified, declared=rules.declared, **said)
        return f'<p>{title}</p><ul class="diff">{"".join(rows)}</ul>'

    def histogram(self) -> str:
        rows = [(_span(step["from"], step["until"]), number(step["members"] or 0)) for step in self.plan.distribution(STEPS, gaps=True)]
        return details(table((both("page.points"), both("plan.column.members")), rows, (0, 1)))

    def tiers(self) -> str:
        """From × to, and by how many days tiers are reached earlier or later."""
        before, after = self.plan.tier_counts()
        cells = {(a, b): number(n) for a, b, n in self.plan.tier_table()}
        labels = {name: {lang: tier_label(self.plan, name, lang) for lang in LANGUAGES} for name in before}
        label = {name: spans(texts) for name, texts in labels.items()}
        rows = [(label[a], *(cells.get((a, b), "") for b in after)) for a in before]
        numbers = range(1, len(after) + 1)
        out = table((both("plan.from_to"), *label.values()), rows, numbers, both("plan.from_to")) if cells else ""
        shifts = [
            spans({lang: say("plan.shift", lang, tier=labels[tier][lang], earlier=number(a), later=number(b), days=f"{d:+,}") for lang in LANGUAGES})
            for tier, a, b, d in self.plan.comparison.tier_shifts()
        ]
        return out + (f"<ul><li>{'</li><li>'.join(shifts)}</li></ul>" if shifts else "")

    def course(self) -> str:
        heads = (both("page.month"), *(both(f"plan.column.{name}") for name in ("before", "after", "delta")))
        rows = []
        for month, points, worth in self.plan.course():
            pair = worth if self._worth else points
            before, after = ((money(v or 0, self._digits).removeprefix("+") if self._worth else number(v or 0)) for v in (pair.before, pair.after))
            change = money(pair.delta or 0, self._digits) if self._worth else f"{pair.delta or 0:+,}"
            rows.append((escape(month), before, after, change))
        return details(table(heads, rows, (1, 2, 3)))

    def where(self) -> str:
        """The segments, those of the highest lift first, the others folded away."""
        segments = self.plan.segments
        if not segments:
            return f"<p>{both('page.few', n=LEAST)}</p>"
        heads = tuple(both(f"plan.column.{name}") for name in ("segment", "value", "members", "changed", "share", "lift"))
        parts = [table(heads, [_segment(s) for s in some], (2, 3, 4, 5)) for some in (segments[:FIRST], segments[FIRST:]) if some]
        line = "".join(f"<p>{spans(texts)}</p>" for texts in self._most())
        return line + parts[0] + "".join(details(more, "page.more", n=len(segments) - FIRST) for more in parts[1:])

    def _most(self) -> list[dict[Language, str]]:
        told = {lang: telling.where() for lang, telling in self._tellings().items()}
        return [{lang: lines[0] for lang, lines in told.items()}] if told["en"] else []


def _segment(s: Segment) -> Row:
    width = round(BAR * s.share)
    bar = f'<svg class="bar" viewBox="0 0 {BAR} 8" width="{BAR}" height="8" aria-hidden="true"><rect width="{width}" height="8"/></svg>'
    share = f"{bar} {100 * s.share:.1f} %"
    return f"<code>{escape(s.field)}</code>", escape(s.value), number(s.members), number(s.changed), share, f"{s.lift:.2f}"


def _span(first: int | None, until: int | None) -> str:
    """The whole numbers of a step of the histogram, `-19 … -10`."""
    if first is None:
        return f"≤ {(until or 0) - 1:,}"
    if until is None:
        return f"≥ {first:,}"
    return f"{first:,}" if until == first + 1 else f"{first:,} … {until - 1:,}"
