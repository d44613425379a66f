"""The protocols: each wire turns bytes into an operation, and a result or a problem into bytes.

A wire knows its protocol and the nouns of `core`, and nothing else; no wire imports another.
"""
