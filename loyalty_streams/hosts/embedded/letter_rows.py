"""The dead letters of a store: under running numbers, and each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from loyalty_streams.hosts.embedded.rocks import LETTER_IDS, LETTERS, Batch, Clocks, Rocks

if TYPE_CHECKING:
    from loyalty_streams.history.letters import DeadLetter


class LetterRows:
    """The part of a store that has to do with dead letters."""

    rocks: Rocks
    clocks: Clocks

    def _put_letters(self, batch: Batch, letters: Sequence[DeadLetter]) -> int:
        """Letters under running numbers; the same row of the same file, set aside again for the same reason, is the same letter."""
        fresh = 0
        names = [LETTER_IDS + letter_digest(x) for x in letters]
        known = self.rocks.get_many("rest", names)
        for letter, name, old in zip(letters, names, known, strict=True):
            if old is None:
                fresh += 1
                number = f"{self.clocks.letters + fresh:010}".encode()
                batch.put("rest", LETTERS + number, json.dumps(asdict(letter), ensure_ascii=False).encode("utf-8", "surrogatepass"))
                batch.put("rest", name, number)
        return fresh

    def letters(self) -> Iterator[tuple[str, DeadLetter]]:
        """Every dead letter with its id, oldest first."""
        from loyalty_streams.history.letters import DeadLetter

        for key, value in self.rocks.scan("rest", LETTERS, LETTERS[:-1] + b"0"):
            yield str(int(key[len(LETTERS) :])), DeadLetter(**json.loads(value.decode("utf-8", "surrogatepass")))

    def letter(self, number: str) -> DeadLetter | None:
        from loyalty_streams.history.letters import DeadLetter

        if not number.isascii() or not number.isdigit():
            return None
        found = self.rocks.get("rest", LETTERS + f"{int(number):010}".encode())
        return DeadLetter(**json.loads(found.decode("utf-8", "surrogatepass"))) if found is not None else None

    def letter_rows(self, number: str, letter: DeadLetter) -> tuple[bytes, bytes]:
        """The names of the rows that a letter stands in: to be dropped by the commit that settles it."""
        return LETTERS + f"{int(number):010}".encode(), LETTER_IDS + letter_digest(letter)


def letter_digest(letter: DeadLetter) -> bytes:
    """What makes two dead letters the same: place, code and row."""
    words = json.dumps([letter.file, letter.row, letter.code, letter.raw, letter.table], ensure_ascii=False)
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
