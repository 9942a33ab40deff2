"""Whose run goes next when there is not room for all."""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from uuid import UUID


def fair(waiting: Sequence[tuple[UUID, UUID]], at_work: Mapping[UUID, int], per_user: int, room: int) -> list[UUID]:
    """Of `waiting`, pairs of a run and its owner from the oldest to the newest, those that may begin now.

    One by one: the owner with the fewest runs at work goes first, then who waits longest. Nobody gets more than
    `per_user` at work, and all together no more than `room`.
    """
    queues: dict[UUID, deque[UUID]] = {}
    for run, owner in waiting:
        queues.setdefault(owner, deque()).append(run)
    turns = [(at_work.get(owner, 0), runs[0], owner) for owner, runs in queues.items()]
    heapq.heapify(turns)
    chosen: list[UUID] = []
    while turns and len(chosen) < room:
        busy, run, owner = heapq.heappop(turns)
        if busy >= per_user:
            break  # all others are at least as busy
        chosen.append(run)
        queues[owner].popleft()
        if queues[owner]:
            heapq.heappush(turns, (busy + 1, queues[owner][0], owner))
    return chosen
