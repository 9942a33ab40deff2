"""Short-lived signed passes: the controller shows one with every request it makes to a sidecar.

A pass is a JWT (HS256, ``typ`` = ``opm-pass+jwt``) under a key of that pod alone, bound to one project and
one part (``aud`` = ``<part>:<project id>``), to one method and path (``htm``, ``htu``), and dead after a minute.
"""
