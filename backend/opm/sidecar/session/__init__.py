"""The session sidecar: an allow-list in front of OpenCode, and its events made fit for the controller."""
