"""The product as a whole: the real server process, the real OpenCode, the scripted model, and a real browser."""
