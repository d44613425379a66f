"""A shop in a PostgreSQL database as Supabase sets one up: its roles, `auth.uid()`, grants and row-level security."""
