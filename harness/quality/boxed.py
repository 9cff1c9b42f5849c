r"""What stands in the last \boxed{…} of an answer, where models of mathematics put their result. Pure."""

_OPENING = "\\boxed"


def last(text: str) -> str | None:
    """Without the braces; None where nothing is boxed, or the last box is not closed."""
    start = text.rfind(_OPENING)
    if start < 0:
        return None
    rest = text[start + len(_OPENING) :].lstrip()
    if not rest.startswith("{"):
        return None
    depth = 0
    for place, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[1:place].strip()
    return None
