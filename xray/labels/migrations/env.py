"""Alembic's way in: runs the migrations on the connection that ``label_database`` gives it."""

from alembic import context

from xray.labels.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter a table in place; Alembic then copies it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
