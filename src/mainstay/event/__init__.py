"""What happens in the database, and who wants to know: live queries, answered anew when what they read has changed.

It asks through the corridor as any request does, and knows no wire and no store.
"""
