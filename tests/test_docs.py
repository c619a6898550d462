"""The documents say what the code does: settings, finding codes, commands."""

import re
from pathlib import Path

from typer.main import get_command

from twin.cli.app import app
from twin.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r'"((?:IFC|GEOREF|GEOMETRY|TILES|CITY|CITYJSON|HEIGHT|TERRAIN|GROUND|STOREY|GLOBALID|TEXT|CRS|GRID|AXIS)_[A-Z_]+)"')


def test_every_setting_has_a_heading() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"## TWIN_{name.upper()}\n" in text


def test_every_finding_code_has_a_line() -> None:
    text = (ROOT / "docs" / "issue-codes.md").read_text(encoding="utf-8")
    used = {
        code
        for package in ("bim", "cim", "tiles", "twin")
        for path in (ROOT / package).rglob("*.py")
        for code in CODE.findall(path.read_text())
    }
    used -= {"GROUND_M"}
    missing = sorted(code for code in used if f"- `{code}`" not in text)
    assert missing == []


def test_the_readme_names_only_commands_that_exist() -> None:
    known = get_command(app)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"\.venv/bin/twin ([a-z]+)(?: ([a-z]+))?", readme):
        command = known.commands[line[0]]  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            assert line[1] in command.commands
