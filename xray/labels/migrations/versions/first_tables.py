"""The first tables of the labels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step on."""
    op.create_table(
        "films",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("priority", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("claims", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_films")),
        sa.UniqueConstraint("collection", "file", name=op.f("uq_films_collection_file")),
        sa.UniqueConstraint("token", name=op.f("uq_films_token")),
    )
    op.create_index("ix_films_queue", "films", ["collection", "claims", "priority"], unique=False)
    op.create_table(
        "labellers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labellers")),
        sa.UniqueConstraint("name", name=op.f("uq_labellers_name")),
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("labeller_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), server_default="look", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("claimed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("tech_text", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("quality", sa.String(), server_default="ok", nullable=False),
        sa.Column("touched", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["film_id"], ["films.id"], name=op.f("fk_looks_film_id")),
        sa.ForeignKeyConstraint(
            ["labeller_id"], ["labellers.id"], name=op.f("fk_looks_labeller_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sa.UniqueConstraint(
            "film_id", "labeller_id", "role", name=op.f("uq_looks_film_id_labeller_id_role")
        ),
    )
    op.create_index("ix_looks_labeller_id", "looks", ["labeller_id", "role", "done"], unique=False)
    op.create_index(
        "uq_looks_final",
        "looks",
        ["film_id"],
        unique=True,
        sqlite_where=sa.text("role = 'final'"),
        postgresql_where=sa.text("role = 'final'"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("look_id", sa.Integer(), nullable=False),
        sa.Column("labeller_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["labeller_id"], ["labellers.id"], name=op.f("fk_events_labeller_id")
        ),
        sa.ForeignKeyConstraint(["look_id"], ["looks.id"], name=op.f("fk_events_look_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("look_id", "key", name=op.f("uq_events_look_id_key")),
    )
    op.create_index("ix_events_undo", "events", ["labeller_id", "undone", "id"], unique=False)
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("look_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("geometry", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["look_id"], ["looks.id"], name=op.f("fk_marks_look_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marks")),
        sa.UniqueConstraint("look_id", "key", name=op.f("uq_marks_look_id_key")),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("marks")
    op.drop_table("events")
    op.drop_table("looks")
    op.drop_table("labellers")
    op.drop_table("films")
