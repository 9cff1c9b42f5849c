"""A part of the report that only some runs have."""

from typing import NamedTuple

from reports.render.sections import Table


class Chapter(NamedTuple):
    """A table under a heading; `note` says how to read it."""

    title: str
    table: Table
    note: str = ""
    figures: tuple[str, ...] = ()
    """Names of the pictures that stand above the table, where there is a page to draw them on."""
    listed: tuple[str, ...] = ()
    """Sentences above the table."""
    is_wordy: bool = False
    """The table's cells are words, and wrap."""
