"""Numbers of several rounds, as a small table: minimum, median, maximum."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, in which unit, and each round's number."""

    what: str
    unit: str
    rounds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


def table(title: str, figures: Sequence[Figure]) -> str:
    wide = max(len(figure.what) for figure in figures)
    lines = [title, f"  {'':{wide}}  {'minimum':>9} {'median':>9} {'maximum':>9}"]
    for figure in figures:
        numbers = (min(figure.rounds), figure.median, max(figure.rounds))
        shown = " ".join(f"{number:>9.2f}" if number < 100 else f"{number:>9.0f}" for number in numbers)
        lines.append(f"  {figure.what:{wide}}  {shown}  {figure.unit} ({len(figure.rounds)})")
    return "\n".join(lines)
