"""Agent events in, rows and news out: one driver per run, from the queue to the verdict.

`claims` finds runs without a driver; `driver` is the life of one; `pod` makes its pod ready; `begin` starts it or
takes it over; `watch` follows it; `settle` reads how it ended; `feed` is the stream; `recorder` writes.
"""
