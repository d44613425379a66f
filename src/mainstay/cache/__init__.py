"""Bounded memory. Holds what was worked out once: plans, statements, verified tokens.

It never decides what is still valid (whoever puts a value in does), never grows past its bound, and does no I/O.
"""
