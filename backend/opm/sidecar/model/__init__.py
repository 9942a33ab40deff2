"""The demo model: answers as a script in the prompt says, in the form of an OpenAI-compatible provider.

It lets the real agent do real work without a key, for the first look at the product and for its tests. The
language is described in ``docs/reference/demo-model.md``.
"""
