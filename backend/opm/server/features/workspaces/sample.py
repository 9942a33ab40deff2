"""The sample project: a few files, and cards that show every side of the board with the demo model."""

FILES: dict[str, str] = {
    "README.md": "# Tea timer\n\nA tiny web page that tells when the tea is ready. It is yours to play with.\n",
}
CARDS: tuple[tuple[str, str], ...] = (("Say hello", "demo: say Hello from the demo model."),)
