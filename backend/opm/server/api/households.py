"""Addresses as they are counted: by what one household or machine has to itself."""

import ipaddress

_HOUSE_BITS = 64
"""Of an IPv6 address: whoever has one has all that begin alike."""


def house_of(text: str) -> str:
    """The address, or the network that one household or machine has to itself."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _HOUSE_BITS), strict=False))
    return str(address)
