"""Every spec beside a programme holds: the same stories that `loyalty programme test` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load
from loyalty_streams.programme.spec import SUFFIX, run_stories
from loyalty_streams.programme.story import Story, read_stories

ROOT = Path(__file__).resolve().parent.parent.parent
SPECS = sorted([*(ROOT / "programmes").rglob(f"*{SUFFIX}"), *(ROOT / "tests" / "programme").glob(f"*{SUFFIX}")])


def compiled_of(spec: Path) -> Compiled:
    path = spec.with_name(spec.name.removesuffix(SUFFIX) + ".yaml")
    return compile_versions([load(path)], registry=Registry())


def stories() -> list[object]:
    found: list[object] = []
    for spec in SPECS:
        compiled = compiled_of(spec)
        for story in read_stories(spec, compiled.time_zone, compiled.minor_digits):
            found.append(pytest.param(compiled, story, id=f"{spec.parent.name}/{spec.name}: {story.name}"))
    return found


@pytest.mark.parametrize(("compiled", "story"), stories())
def test_a_story_of_a_programme_holds(compiled: Compiled, story: Story) -> None:
    (result,) = run_stories([story], compiled)
    assert result.passed, "\n" + result.render()


def test_the_demo_and_the_full_example_have_specs() -> None:
    assert {spec.name for spec in SPECS} >= {"v1.spec.yaml", "full-example.spec.yaml"}
