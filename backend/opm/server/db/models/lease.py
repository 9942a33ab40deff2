"""Work that one controller does for all."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from opm.server.db.base import Base


class Lease(Base):
    """`until` is by the database's clock; `fence` grows with every owner."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=1)
