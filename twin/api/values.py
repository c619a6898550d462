"""Values as the service takes them: within what both databases keep and calendars reach, written in one way."""

import re
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from twin.api.body import LARGEST_INTEGER
from twin.records.checked import WHOLE

__all__ = ["Day", "Fen", "Id", "Moment", "Month", "ZonedMoment"]

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
FIRST_YEAR, LAST_YEAR = 1800, 2200
T = TypeVar("T", bound=date)


def _written_as(form: re.Pattern[str], example: str) -> BeforeValidator:
    """Refuses texts of another form: pydantic would take `0` for the first of January 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and form.fullmatch(value)):
            return value
        raise ValueError(f"is written {example}")

    return BeforeValidator(check)


def _within_reach(value: T) -> T:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    return value


Id = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
"""The number of a row."""
Fen = Annotated[int, Field(ge=-WHOLE, le=WHOLE)]
"""An amount of money in whole fen."""
Day = Annotated[date, _written_as(ISO_DAY, "YYYY-MM-DD"), AfterValidator(_within_reach)]
"""A day of the years 1800 to 2200, ISO 8601."""
Moment = Annotated[datetime, _written_as(ISO_MOMENT, "YYYY-MM-DDTHH:MM:SS+08:00"), AfterValidator(_within_reach)]
"""A moment of those years, RFC 3339."""
ZonedMoment = Annotated[AwareDatetime, _written_as(ISO_MOMENT, "YYYY-MM-DDTHH:MM:SS+08:00"), AfterValidator(_within_reach)]
"""The same; one without its zone is refused."""
Month = Annotated[str, Field(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]
"""A month, ISO 8601."""
