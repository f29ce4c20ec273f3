"""Every story of this folder, told to the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.statements.story import Story, read_stories
from tests.statements.telling import Telling

STORIES = [story for path in sorted(Path(__file__).parent.glob("*.story")) for story in read_stories(path)]


@pytest.mark.parametrize("story", STORIES, ids=[story.title for story in STORIES])
def test_the_story_goes_as_told(story: Story) -> None:
    told = Telling(story)
    for row, outcome in told.outcomes():
        wrong = [problem for expectation in row.then if (problem := outcome.check(expectation))]
        assert not wrong, "\n".join([f"{row.place}: {row.when} | {row.does}", *wrong])
