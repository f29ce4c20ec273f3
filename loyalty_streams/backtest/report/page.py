"""The page: template, style, scripts and data in one file, and a policy that lets nothing else in."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from loyalty_streams.backtest.places import Place
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.report.data import EXPLAINED, data_of, script_json
from loyalty_streams.backtest.report.fragments import Fragments, both

ECHARTS = "6.1.0"
"""Apache ECharts as its authors publish it, in `vendor/` with its licences."""
ECHARTS_SHA256 = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"


def write_report(plan: Plan, to: Path | str) -> None:
    """Writes the report of a plan, whole or not at all. Raises BacktestError FILE; what was there stays then."""
    page = page_of(plan)

    def write(path: Path) -> None:
        path.write_bytes(page.encode())

    Place(str(to)).put(write)


def page_of(plan: Plan) -> str:
    """The page as one text: the same for the same plan."""
    style, script, charts = (_text(name) for name in ("report.css", "report.js", "vendor/echarts.min.js"))
    candidate = plan.rules.after
    told = {
        "lang": plan.asked.lang, "policy": escape(policy([script, charts], style)), "style": style, "script": script, "echarts": charts,
        "data": script_json(data_of(plan)), "name": escape(f"{candidate.programme.programme} {candidate.programme.version}"),
        "explained": both("page.explained", n=f"{EXPLAINED:,}", file=candidate.file) if plan.comparison.counts()["changed"] > EXPLAINED else "",
        "charts": both("page.charts", version=ECHARTS),
    }  # fmt: skip
    template = Template(_text("template.html"))
    words = {name: both(f"page.{name.removeprefix('say_')}") for name in template.get_identifiers() if name.startswith("say_")}
    return template.substitute(told, **Fragments(plan).by_name(), **words)


def policy(scripts: list[str], style: str) -> str:
    """A content security policy under which these scripts and this style run, and nothing is loaded or sent."""
    allowed = " ".join(_source(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    """An inline script or style by its hash."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
