"""Phones as accounts: `phone:` and the first 32 hexadecimal digits of HMAC-SHA-256 over the E.164 form. The key stands in no store (T135)."""

from __future__ import annotations

import hashlib
import hmac

from loyalty_streams.history.letters import HASHED, PHONE

_DIGITS = 32
_MOST = 1 << 18
"""Phones whose accounts are remembered: some 50 MB."""


def fingerprint(key: str) -> str:
    """What a store remembers of the key of phones, to refuse another: it tells keys apart and gives none away."""
    return hmac.new(key.encode(), b"fingerprint of the key of phones", hashlib.sha256).hexdigest()[:16]


def phone_account(e164: str, key: str) -> str:
    """The account of a phone, given in E.164: `+8613800138000`."""
    return f"{PHONE}{hmac.new(key.encode(), e164.encode(), hashlib.sha256).hexdigest()[:_DIGITS]}"


def e164(text: str, region: str) -> str | None:
    """A phone as E.164, read as it is dialled in a region; None for what is no phone number of a person: letters, extensions, no such number."""
    import phonenumbers

    if any(c.isalpha() for c in text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class Phones:
    """The accounts of phones under one key; each distinct one is worked out once, of some hundred thousand."""

    def __init__(self, key: str, region: str) -> None:
        self.key, self._region = key, region
        self._known: dict[str, str] = {}

    def account(self, text: str) -> str:
        """The account of a phone, plain or hashed already; empty for what is none, and for a plain one without a key."""
        bare = text[len(PHONE) :] if text[: len(PHONE)].lower() == PHONE else text
        if HASHED.match(bare):
            return PHONE + bare
        if not self.key:
            return ""
        found = self._known.get(bare)
        if found is None:
            number = e164(bare, self._region)
            found = phone_account(number, self.key) if number else ""
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[bare] = found
        return found
