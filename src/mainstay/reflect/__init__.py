"""What the team declared, read into a Catalog: `models.reflect_models` is the way in.

This room reads SQLAlchemy models and nothing else. It opens no connection, changes no model, knows no policy and no
protocol; whatever does not hold together is a `DeclarationError` here, at start-up, and never a surprise later.
"""
