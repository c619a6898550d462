"""The console: a web page in TypeScript that shows a site in 3D and reads everything from the service by URL.

Sources are in `viewer/web`; `npm ci && npm run build` there writes the page to `viewer/static`, which a wheel carries
and a source checkout builds (`make setup`). Python sees of it the folder to serve, and nothing else.
"""

from pathlib import Path

from viewer.errors import NotBuilt, ViewerError

__all__ = ["NotBuilt", "ViewerError", "static_dir"]

STATIC = Path(__file__).parent / "static"


def static_dir() -> Path:
    """The folder of the built page, with `index.html` in it; NotBuilt where nobody has built it."""
    if not (STATIC / "index.html").is_file():
        raise NotBuilt(STATIC)
    return STATIC
