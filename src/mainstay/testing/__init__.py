"""What teams and our own tests test with. `oracle` says in plain Python what any store must answer.

Nothing that serves requests imports this room.
"""
