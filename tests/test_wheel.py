"""The wheel that users install: what it holds, and that it works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer builds it and laid out in a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("loyalty_streams-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, code: str) -> str:
    """Runs Python outside the checkout with only the wheel's package before the environment's own."""
    program = f"import sys; sys.path[:] = [p for p in sys.path if {str(ROOT)!r} != p]; sys.path.insert(0, {str(installed)!r})\n{code}"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=installed.parent, env=environment)
    return done.stdout.strip()


def test_the_wheel_is_typed_and_licensed_and_has_the_demo_and_the_schema_ids(installed: Path) -> None:
    package = installed / "loyalty_streams"
    assert (package / "py.typed").is_file()
    assert (package / "cli/fresh-market/v1.yaml").read_bytes() == (ROOT / "programmes/fresh-market/v1.yaml").read_bytes()
    assert (package / "cli/candidates/fresh-market-autumn.yaml").is_file()
    assert (package / "codec/ids.json").read_bytes() == (ROOT / "schemas/ids.json").read_bytes()
    assert len(list(installed.glob("*.dist-info/licenses/LICENSE"))) == 1


def test_the_wheel_brings_what_the_report_of_a_plan_is_made_of(installed: Path) -> None:
    here, there = ROOT / "loyalty_streams/backtest/report", installed / "loyalty_streams/backtest/report"
    parts = {p.relative_to(here) for p in here.rglob("*") if p.suffix not in (".py", ".pyc") and p.is_file()}
    assert {Path("template.html"), Path("report.css"), Path("report.js"), Path("vendor/echarts.min.js"), Path("vendor/LICENSE")} <= parts
    assert all((there / part).read_bytes() == (here / part).read_bytes() for part in parts)


def test_the_wheel_holds_the_package_alone(installed: Path) -> None:
    assert {p.name for p in installed.iterdir() if not p.name.endswith(".dist-info")} == {"loyalty_streams"}


def test_the_installed_package_finds_its_schemas_and_its_programme(installed: Path) -> None:
    said = run(
        installed,
        "import loyalty_streams\n"
        "from loyalty_streams.codec.schemas import standard\n"
        "from loyalty_streams.cli.demo import demo_programme\n"
        "print(loyalty_streams.__file__, len(standard().entries) > 0, demo_programme())",
    )
    assert said == f"{installed}/loyalty_streams/__init__.py True {installed}/loyalty_streams/cli/fresh-market"


def test_the_installed_command_says_its_version(installed: Path) -> None:
    said = run(installed, "from loyalty_streams.cli.main import app\nsys.argv = ['loyalty', '--version']\napp()")
    assert said == run(installed, "import loyalty_streams\nprint(loyalty_streams.__version__)")
