"""How a database comes to hold what the models say.

So far for development only: what is missing is created, nothing is ever changed or dropped.
"""
