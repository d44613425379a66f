"""A small cinema: the models, roles and rows that tests of several rooms share.

Directors make films in studios; actors play in films through castings; members review films and keep notes; the vault
is hidden from everyone but the owner.
"""
