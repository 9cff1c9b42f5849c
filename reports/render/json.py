"""report.json and compare.json: floats as they are, keys in the order of the structs, the same bytes every time."""

import msgspec


def render(document: msgspec.Struct) -> bytes:
    """Indented by two, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
