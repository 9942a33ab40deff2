# Looks at the network and the API from inside of a pod: Python and nothing else.
FROM docker.io/library/python:3.11-slim-bookworm
USER 65534:65534
CMD ["sleep", "infinity"]
