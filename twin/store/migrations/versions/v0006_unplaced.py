"""Which rows of the located kinds nobody has placed yet, found without a look at all."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = ("asset", "person", "meter")
UNPLACED = sa.text("place_method IS NULL")


def upgrade() -> None:
    """Index the rows without a placement."""
    for kind in KINDS:
        op.create_index(f"ix_{kind}_unplaced", kind, ["id"], sqlite_where=UNPLACED, postgresql_where=UNPLACED)
