"""Rows from elsewhere: what they may hold. Whatever else is in one is refused, in a file it is passed over."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from harness.outcome import Outcome
from service.store.moments import NoMoment, read_moment
from service.store.nouns import MOST_TOKENS, ResultRow

MOST_TEXT = 1_000_000
_OUTCOMES = frozenset(Outcome)
_MOST_MS = 1e12
_MOST_INT = 2**31 - 1


def _whole(value: Any) -> Any:
    """Programs without integers write 12.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a moment is text, ISO 8601")  # noqa: TRY004 - pydantic asks for it
    try:
        return read_moment(value)
    except NoMoment as error:
        raise ValueError(str(error)) from None


def _outcome(value: Any) -> Any:
    """What is no outcome is left as it is, and refused next."""
    return Outcome(value) if isinstance(value, str) and value in _OUTCOMES else value


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("text must not hold the character U+0000")
    return text


_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
_Text = Annotated[str, Field(max_length=MOST_TEXT), AfterValidator(_storable)]
_Ms = Annotated[float, Field(ge=0, le=_MOST_MS)]
_Whole = BeforeValidator(_whole)
_Moment = Annotated[
    datetime,
    BeforeValidator(_moment, json_schema_input_type=Annotated[str, Field(examples=["2026-01-31T12:00:00Z"])]),
]


class IncomingRow(BaseModel):
    """One request. Times in milliseconds; null, or nothing, is "not observed"."""

    model_config = ConfigDict(strict=True, extra="forbid")

    request_id: Annotated[_Name, Field(description="Unique in its run; a row that comes again changes nothing")]
    prompt_text: _Text | None = None
    generated_text: _Text | None = None
    token_count: Annotated[int, _Whole, Field(ge=0, le=MOST_TOKENS)] | None = None
    time_to_first_token: _Ms | None = None
    time_per_output_token: _Ms | None = None
    total_generation_time: _Ms | None = None
    timestamp: Annotated[_Moment, Field(description="When it was sent, ISO 8601; UTC where no zone is named")]
    run: Annotated[_Name | None, Field(description="Of elsewhere: no run of this service")] = None
    point: Annotated[int, _Whole, Field(ge=0, le=_MOST_INT)] | None = None
    users: Annotated[int, _Whole, Field(ge=0, le=_MOST_INT)] | None = None
    model: _Name | None = None
    outcome: Annotated[Outcome, BeforeValidator(_outcome, json_schema_input_type=Outcome)] | None = None
    phase: Literal["settle", "window", "cooldown"] | None = None

    def row(self) -> ResultRow:
        """As the store takes it."""
        fields = {name: getattr(self, name) for name in ResultRow.__struct_fields__}
        return ResultRow(**fields | {"outcome": None if self.outcome is None else self.outcome.value})


class FileRow(IncomingRow):
    """One request, as a file has it."""

    model_config = ConfigDict(strict=True, extra="ignore")
