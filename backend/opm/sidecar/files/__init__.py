"""The files sidecar: the workspace, read, changed and watched, and nothing outside of it."""
