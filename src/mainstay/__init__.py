"""Mainstay: declare models and policies, and have them served."""
