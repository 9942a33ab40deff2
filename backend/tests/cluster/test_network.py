"""What an agent reaches of the world outside, by the settings of the operator."""

import json
import shlex
from typing import Any

from testcluster.layout import OUTSIDE

from opm.server.runtime.kubernetes.names import name_of
from tests.absent import absent
from tests.cluster.real import RealCluster, real_cluster
from tests.server.runtime.kubernetes.support import a_spec, running

LOOK = f"""
import json, socket
try:
    socket.create_connection(("{OUTSIDE}", 80), 3).close()
    reached = True
except OSError:
    reached = False
print(json.dumps([socket.getaddrinfo("kubernetes.default.svc", 443)[0][4][0], reached]))
"""


async def looked(real: RealCluster, **settings: Any) -> bool:
    """Whether the outside is reached by a new pod, which finds names in any case."""
    async with real.runtime(**settings) as runtime:
        spec = a_spec()
        await running(runtime, spec)
        command = f"/opt/opm/bin/python -c {shlex.quote(LOOK)}"
        address, reached = json.loads(await real.run_in(name_of(spec.project_id), "file-browser", command))
        assert address
        return reached


async def test_a_pod_reaches_the_internet_where_it_may_and_finds_names_everywhere() -> None:
    async with real_cluster() as real:
        if not await looked(real, network_policy=False):
            absent(f"nothing answers at {OUTSIDE}, which stands in for the internet on our own cluster")
        assert await looked(real)
        assert not await looked(real, internet=False)
