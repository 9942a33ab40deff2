"""A clock that stands still until a test moves it. It starts near the real time, because cookies end by that."""

from datetime import UTC, datetime, timedelta


class MovedClock:
    def __init__(self) -> None:
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **span: float) -> None:
        self.moment += timedelta(**span)
