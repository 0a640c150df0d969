"""A sign-in that waits for its second factor keeps what a pool of people wants to see again beside the code.

Code of the earlier schemas lives on: it leaves the new column empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("mfa_tokens", sa.Column("sealed", sa.LargeBinary))
