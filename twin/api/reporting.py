"""Reports as files to take away: XLSX, or the tables of one as CSV in a ZIP."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Request
from fastapi.responses import Response

from twin.api.documents import NOT_FOUND, bilingual
from twin.api.gate import allowed
from twin.api.registers import registers_of, tables_of
from twin.api.router import Router
from twin.api.values import Day, Id, Month
from twin.auth import Action, Principal
from twin.errors import Invalid
from twin.queries.energy.period import read_period
from twin.queries.energy.report import report_of_energy
from twin.queries.planner.report import report_of_rooms
from twin.queries.records.context import reader_of

if TYPE_CHECKING:
    from twin.reports import Report

__all__ = ["router"]

router = Router(tags=["planner"], responses=NOT_FOUND)
Reporter = Annotated[Principal, allowed(Action.READ_REPORT)]
Format = Annotated[Literal["xlsx", "csv"], Query(alias="format", description=bilingual("xlsx 或 csv(打包)", "xlsx, or csv in a zip"))]
Language = Annotated[Literal["zh", "en"], Query(description=bilingual("zh 或 en", "zh or en"))]
MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "application/zip"}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in MEDIA.values()}}}


@router.get(
    "/reports/rooms", summary=bilingual("办公用房台账与超标清单", "report of rooms and verdicts"), responses=FILE, response_class=Response
)
def rooms(
    request: Request,
    principal: Reporter,
    place: Annotated[Id | None, Query(description=bilingual("地点及其下", "a place and all below"))] = None,
    unit: Annotated[str | None, Query(description=bilingual("单位及其下", "a unit and all below"))] = None,
    as_of: Annotated[Day | None, Query(description=bilingual("有效时点,默认今天", "the day values hold for; default today"))] = None,
    form: Format = "xlsx",
    language: Language = "zh",
) -> Response:
    """房间台账、超标清单、按单位合计。Rooms, those over the limit, sums by unit."""
    report = report_of_rooms(registers_of(request), reader_of(principal), place=place, unit=unit, as_of=as_of, tables=tables_of(request))
    return _sent(report, form, language)


@router.get("/reports/energy", summary=bilingual("公共机构能耗统计表", "report of energy"), responses=FILE, response_class=Response)
def energy(
    request: Request,
    principal: Reporter,
    unit: Annotated[str | None, Query(description=bilingual("单位及其下", "a unit and all below"))] = None,
    first: Annotated[Month | None, Query(alias="from", description=bilingual("起始月份 YYYY-MM", "first month YYYY-MM"))] = None,
    to: Annotated[Month | None, Query(description=bilingual("截止月份,默认上月", "last month; default last month"))] = None,
    form: Format = "xlsx",
    language: Language = "zh",
) -> Response:
    """各单位能耗、单位面积、人均、同类中位数、逐月。Energy by unit and by month."""
    registers = registers_of(request)
    period = read_period(first, to, registers.today())
    return _sent(report_of_energy(registers, reader_of(principal), period, unit=unit, tables=tables_of(request)), form, language)


def _sent(report: Report, form: str, language: str) -> Response:
    """The report as a file; raises Invalid (`FILTER_INVALID`)."""
    from twin.reports import write_report

    for name, said, known in (("format", form, tuple(MEDIA)), ("language", language, ("zh", "en"))):
        if said not in known:
            raise Invalid(f"{name}: {said!r} is none", path=name, code="FILTER_INVALID", hint=f"one of: {', '.join(known)}")
    with TemporaryDirectory() as folder:
        written = write_report(report, Path(folder) / f"{report.name}.{form}", language=language)
        content = _zipped(written) if form == "csv" else written[0].read_bytes()
    name = quote(f"{report.words.zh}-{report.heading.as_of}.{'zip' if form == 'csv' else form}")
    return Response(content, media_type=MEDIA[form], headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})


def _zipped(paths: tuple[Path, ...]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    return packed.getvalue()
