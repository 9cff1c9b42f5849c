"""What stands before a salted prompt, so that no two requests have a beginning in common. Pure."""

import hashlib

_DIGITS = 18


def salt_of(name: str) -> str:
    """Eighteen digits in brackets that go with a request, or with a conversation: two hardly ever have the same ones.

    They are always as many, so that lengths can allow for them: so many characters, and as tokenizers cut numbers into
    digits or threes, so many tokens, too.
    """
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % 10**_DIGITS
    return f"[{number:0{_DIGITS}d}]"


SPECIMEN = salt_of("")
"""As long as any."""
