"""Who may do what: declared as SQLAlchemy expressions, lowered to conditions, selected by role and action.

`declare` is what a team writes, `check` and `lower` turn it into rules at start-up, `select` answers for the corridor.
This room sees no request and no principal: a claim is a slot here, and a rule that can't be lowered is an error.
"""
