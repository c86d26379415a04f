"""Indexes for the history of one key: what it asked for, and what that cost."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    over = sa.text("finished_at IS NOT NULL")
    columns = ["account", "finished_at", "state"]
    op.create_index("jobs_history", "jobs", columns, sqlite_where=over, postgresql_where=over)
    op.create_index("charges_of_account", "charges", ["account", "time"])
