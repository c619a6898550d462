"""A report into a file of the kind its name says."""

from pathlib import Path

from twin.errors import Invalid
from twin.reports.csv import write_csv
from twin.reports.html import write_html
from twin.reports.report import Report
from twin.reports.xlsx import write_xlsx

__all__ = ["write_report"]


def write_report(report: Report, path: Path, *, language: str = "zh") -> tuple[Path, ...]:
    """Write `.xlsx`, `.html` or `.csv` and return what was written; a page holds both languages, so `language` is for the others.

    REPORT_FORMAT_UNKNOWN for another ending.
    """
    match path.suffix.lower():
        case ".xlsx":
            return (write_xlsx(report, path, language=language),)
        case ".html":
            return (write_html(report, path),)
        case ".csv":
            return write_csv(report, path, language=language)
        case other:
            raise Invalid(
                f"no report is written as {other or 'a file without an ending'!r}",
                path=str(path),
                code="REPORT_FORMAT_UNKNOWN",
                hint="name the file .xlsx, .html or .csv",
            )
