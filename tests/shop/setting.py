"""The shop's database, and the keys and tokens that Supabase gives out for one."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mainstay.auth.issue import issue_token
from services.postgres import Postgres

HERE = Path(__file__).parent
SECRET = "a secret of the shop's, with at least 32 characters"
ANNA = "aaaaaaaa-0000-4000-8000-000000000001"
BERT = "bbbbbbbb-0000-4000-8000-000000000002"
CLEO = "cccccccc-0000-4000-8000-000000000003"
"""She has signed up, and is no customer yet."""
SCHEMAS = ("public", "warehouse")


def _user(sub: str, name: str, **claims: Any) -> str:
    signed_in = {"aud": "authenticated", "role": "authenticated", "sub": sub, "email": f"{name}@shop.example"}
    return issue_token(SECRET, {**signed_in, **claims})


TOKENS = {
    "anon": issue_token(SECRET, {"iss": "supabase", "role": "anon"}),
    "service": issue_token(SECRET, {"iss": "supabase", "role": "service_role"}),
    "anna": _user(ANNA, "anna"),
    "bert": _user(BERT, "bert"),
    "cleo": _user(CLEO, "cleo"),
    "expired": _user(ANNA, "anna", exp=1),
    "forged": issue_token(SECRET[::-1], {"role": "service_role"}),
    "postgres": issue_token(SECRET, {"role": "postgres"}),
}
"""The two API keys of a project, those of users, and some that must not work."""


def create_shop(postgres: Postgres) -> str:
    """The URL of a new database with the shop in it, as its authenticator."""
    postgres.run((HERE / "roles.sql").read_text())
    url = postgres.create_database((HERE / "schema.sql").read_text(), (HERE / "rows.sql").read_text())
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"authenticator@{parts.netloc.rpartition('@')[2]}"))
