"""The identity provider of the operator's choice, spoken to in OpenID Connect's authorization code flow.

`base` says what the product asks of a provider; `provider` asks a real one. Signatures are checked by `jose` with the
keys of `keys`; `claims` holds every other rule about what a token has to say. `fetch` bounds all answers.
"""
