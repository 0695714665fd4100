"""Links are found by person, too: one person may have a key for each stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

LINK = sa.table("link", sa.column("id"), sa.column("external_key"), sa.column("person"))


def upgrade() -> None:
    op.add_column("link", sa.Column("person", sa.Text()))
    connection = op.get_bind()
    keys = connection.execute(sa.select(LINK.c.id, LINK.c.external_key).where(LINK.c.external_key.is_not(None)))
    named = [{"link": id, "name": key.rpartition(":")[2]} for id, key in keys]
    if named:
        change = LINK.update().where(LINK.c.id == sa.bindparam("link")).values(person=sa.bindparam("name"))
        connection.execute(change, named)
    op.create_index("link_by_person", "link", ["connection", "type", "person"])


def downgrade() -> None:
    op.drop_index("link_by_person", "link")
    op.drop_column("link", "person")
