"""How a job is to be handled, webhook deliveries, uploads and charges."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("input", sa.JSON),
        sa.Column("terms", sa.JSON),
        sa.Column("retry", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("start_deadline", sa.Double),
        sa.Column("webhook_due", sa.Double),
    ):
        op.add_column("jobs", column)
    owed = sa.text("webhook_due IS NOT NULL AND finished_at IS NOT NULL")
    op.create_index("jobs_owed", "jobs", ["webhook_due"], sqlite_where=owed, postgresql_where=owed)
    op.create_table(
        "deliveries",
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "uploads",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
    )
    op.create_table(
        "charges",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("megapixels", sa.Double, nullable=False),
        sa.Column("megapixel_price", sa.Double, nullable=False),
        sa.Column("surcharge", sa.Double, nullable=False),
    )
    op.create_index("charges_by_time", "charges", ["time"])
