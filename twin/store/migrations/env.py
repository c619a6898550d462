"""Run by Alembic: the migrations on the connection that `twin.store.migrate` hands over, in its transaction."""

from alembic import context

from twin.store.share_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
