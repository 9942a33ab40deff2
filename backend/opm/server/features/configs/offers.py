"""Models that can be chosen, from what a pod says and what is suggested."""

from collections.abc import Iterable, Mapping
from typing import Any

from opm.server.features.configs.schemas import ModelList, ModelOffer, ProviderKind


def offers(kinds: Iterable[ProviderKind], said: list[dict[str, Any]] | None) -> ModelList:
    """The pod knows all providers it can list, with or without a key; where it does not run, only names are known."""
    from_pod = [_offer(provider, model) for provider in said or [] for model in provider["models"]]
    known = {offer.provider for offer in from_pod}
    suggested = [
        ModelOffer(provider=kind.id, provider_name=kind.name, model=model, name=model, source="suggestion")
        for kind in kinds
        if kind.id not in known
        for model in kind.models
    ]
    return ModelList(source="suggestions" if said is None else "pod", models=from_pod + suggested)


def _offer(provider: Mapping[str, Any], model: Mapping[str, Any]) -> ModelOffer:
    return ModelOffer(
        provider=provider["id"],
        provider_name=provider["name"],
        model=model["id"],
        name=model["name"],
        source="pod",
        context=model.get("context") or None,
        output_limit=model.get("output") or None,
        price_input=model.get("cost_input"),
        price_output=model.get("cost_output"),
        tool_call=model.get("tool_call"),
        reasoning=model.get("reasoning"),
    )
