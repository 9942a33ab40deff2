"""What one process counts for Prometheus. No label names a person, a project or anything else that grows with use."""

from prometheus_client import CollectorRegistry, Counter, Histogram, Info

from opm import __version__

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_START_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 90)
_LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "opm_http_requests",
            "Requests answered, by the template of their route",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "opm_http_request_seconds",
            "From the head of a request to the end of its answer; streams are not in it",
            ["method", "route"],
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self.start_seconds = Histogram(
            "opm_pod_start_seconds",
            "Steps from a claimed run to the agent at work: pod, session, stream, prompt",
            ["stage"],
            buckets=_START_SECONDS,
            registry=self.registry,
        )
        self.runs_ended = Counter(
            "opm_runs_ended",
            "Runs that this process drove to their end, by how that was",
            ["verdict"],
            registry=self.registry,
        )
        self.stream_lag = Histogram(
            "opm_stream_lag_seconds",
            "From a piece of output being saved to its being handed to a browser's connection",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        Info("opm_build", "The version that runs", registry=self.registry).info({"version": __version__})
