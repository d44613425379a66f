"""Stores run statements. Each is a sibling of the others: they share `core`, and nothing of each other."""
