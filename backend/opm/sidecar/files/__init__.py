"""The files sidecar: the workspace, read and changed, and nothing outside of it.

Watching for changes is not offered yet: there is no ``/files/watch``; OpenCode's own events name edited files.
"""
