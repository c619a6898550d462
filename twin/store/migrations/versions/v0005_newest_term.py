"""The newest term of a domain is found at once: PostgreSQL went through the terms of all others."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the id into the index of domains."""
    op.drop_index("ix_term_domain", table_name="term")
    op.create_index("ix_term_domain", "term", ["domain", "id"])
