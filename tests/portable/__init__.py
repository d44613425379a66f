"""Tables that every store can hold, with rows of all that is told apart: the same requests have the same answers."""
