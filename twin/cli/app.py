"""`twin` and its groups."""

import typer

from twin.cli import demo, imports, serve, sites, tilesets
from twin.cli.status import status

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="屏山孪生: the digital twin of a compound. Settings come from TWIN_… (docs/settings.md); data lie in TWIN_HOME.",
)
app.add_typer(sites.app, name="site", help="compounds")
app.add_typer(imports.app, name="import", help="files in: building models, city layers")
app.add_typer(tilesets.app, name="tiles", help="3D Tiles: build, check")
app.command(name="status")(status)
app.command(name="serve")(serve.serve)
app.command(name="demo")(demo.demo)


def main() -> None:
    """The entry point of the `twin` command."""
    app()
