"""What the pods of projects may use."""

from opm.server.api.deps import ActorDep, PortsDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.features.projects import resources
from opm.server.features.projects.schemas import Resources

router = new_router("/resources", tag="projects", policy=Policy.SIGNED_IN)


@router.get("")
async def get_resources(_: ActorDep, ports: PortsDep) -> Resources:
    """What a pod may use whose project does not say, the most a project may ask for, and how pods are held to it."""
    return resources.offered(ports.settings)
