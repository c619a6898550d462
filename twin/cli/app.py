"""`twin` and its groups."""

import sys
from collections.abc import Sequence

import typer

from twin.cli import (
    backup,
    bus,
    demo,
    export,
    imports,
    jt808,
    keys,
    query,
    registers,
    report,
    routes,
    serve,
    sight,
    sites,
    stocktake,
    tilesets,
)
from twin.cli.diff import diff
from twin.cli.gateway import gateway
from twin.cli.output import error_document, write_json
from twin.cli.simulate import simulate
from twin.cli.status import status

__all__ = ["app", "main", "run"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="屏山孪生: the digital twin of a compound. Settings come from TWIN_… (docs/settings.md); data lie in TWIN_HOME.",
)
app.add_typer(sites.app, name="site", help="compounds")
imports.app.command(name="register")(registers.register)
imports.app.command(name="findings")(registers.findings)
app.add_typer(imports.app, name="import", help="files in: building models, city layers, ledgers")
app.add_typer(tilesets.app, name="tiles", help="3D Tiles: build, check")
app.add_typer(keys.app, name="key", help="who may come in, and for what")
query.app.command(name="route")(routes.route_between)
query.app.command(name="guards")(routes.guards_near)
query.app.command(name="evacuation")(routes.ways_out)
query.app.command(name="unreached")(routes.rooms_unreached)
query.app.command(name="visible-from")(sight.visible_from_target)
query.app.command(name="coverage")(sight.coverage_of)
app.add_typer(
    query.app,
    name="query",
    help="questions of place: locate, nearest, within, pick, plan, explain, route, guards, evacuation, unreached, visible-from, coverage",
)
app.add_typer(export.app, name="export", help="packages for other departments: share, check, verify, list")
app.add_typer(jt808.app, name="jt808", help="frames of vehicle terminals: decode")
app.add_typer(bus.app, name="bus", help="the broker: acl, password, check")
app.add_typer(stocktake.app, name="stocktake", help="盘点: open, scan, show, close")
app.command(name="disposals")(registers.disposals)
app.command(name="report")(report.report)
app.command(name="reconcile")(report.reconcile)
app.command(name="diff")(diff)
app.command(name="status")(status)
app.command(name="serve")(serve.serve)
app.command(name="gateway")(gateway)
app.command(name="simulate")(simulate)
app.command(name="demo")(demo.demo)
app.command(name="backup")(backup.backup)
app.command(name="restore")(backup.restore)
app.command(name="upgrade")(backup.upgrade)


def main() -> None:
    """The entry point of the `twin` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; with `--json` a usage error is a document too."""
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="twin", standalone_mode=not as_json)
    except typer.TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        hint = f"{context.command_path if context else 'twin'} --help"
        write_json(error_document({"code": "USAGE_WRONG", "message": error.format_message(), "path": "", "hint": hint}))
        return error.exit_code
    except SystemExit as stop:
        code = stop.code
    return code if isinstance(code, int) else 0
