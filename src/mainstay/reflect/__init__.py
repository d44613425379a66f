"""What there is, read into a Catalog: `models.reflect_models` and `database.reflect_database` are the ways in.

This room reads SQLAlchemy models, and rows that a store found in a database's catalog. It opens no connection, changes
no model, knows no policy and no protocol. Of models, whatever does not hold together is a `DeclarationError` here, at
start-up, and never a surprise later; a database is taken as it is.
"""
