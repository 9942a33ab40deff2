"""An agent that starts processes without end harms its own pod alone."""

import asyncio

from opm.server.runtime.kubernetes.names import name_of
from tests.absent import absent
from tests.cluster.real import real_cluster
from tests.server.runtime.kubernetes.support import a_spec, running

MANY = 5000
STARTS = f"sh -c 'i=0; while [ $i -lt {MANY} ]; do sleep 60 >/dev/null 2>&1 & i=$((i+1)); done; echo all' 2>&1 || true"


async def test_a_pod_has_so_many_processes_and_no_more() -> None:
    async with real_cluster() as real, real.runtime() as runtime:
        greedy, other = a_spec(), a_spec()
        await asyncio.gather(*(running(runtime, spec) for spec in (greedy, other)))
        said = await real.run_in(name_of(greedy.project_id), "opencode", STARTS)
        if "all" in said.split():
            absent("NOT TESTED with too many processes: the kubelets of this cluster have no podPidsLimit")
        assert "fork" in said
        assert "there" in await real.run_in(name_of(other.project_id), "opencode", "sleep 0 & wait; echo there")
