"""Callers of many roles at once, whose clients go away and whose connections end: nobody ever meets another's rows."""

import asyncio
import contextlib
import random
from typing import Any

import httpx
import pytest

from mainstay.auth.issue import issue_token
from serve.serve_database import served
from services.postgres import Postgres

SECRET = "a-secret-of-thirty-two-bytes-or-so"
ROLES = ("caller_red", "caller_blue")
PEOPLE = [(role, f"{role}{number}") for role in ROLES for number in range(6)]
SCHEMA = """
CREATE TABLE public.notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, role text NOT NULL);
INSERT INTO public.notes (owner, role)
    SELECT r || n, r FROM unnest(ARRAY['caller_red', 'caller_blue']) r, generate_series(0, 5) n,
    generate_series(1, 3);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY red ON public.notes TO caller_red USING (role = 'caller_red' AND owner = (SELECT who()));
CREATE POLICY blue ON public.notes TO caller_blue USING (role = 'caller_blue' AND owner = (SELECT who()));
GRANT SELECT, INSERT ON public.notes TO caller_red, caller_blue;
CREATE FUNCTION public.slow_notes() RETURNS SETOF public.notes LANGUAGE sql STABLE
    AS 'SELECT n.* FROM public.notes n, pg_sleep(0.05)'
"""
WHO = """
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT current_setting('request.jwt.claims', true)::json ->> 'sub' $$
"""
REQUESTS = 600


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    postgres.run("CREATE ROLE caller_anon", *(f"CREATE ROLE {role}" for role in ROLES))
    return postgres.create_database(WHO, SCHEMA)


def test_nobody_meets_anothers_rows(postgres: Postgres, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_JWT_SECRET", SECRET)
    with served(url, "--anonymous-role", "caller_anon") as base:
        asyncio.run(crowd(postgres, url, base))


async def crowd(postgres: Postgres, url: str, base: str) -> None:
    """Reads, calls and writes of everybody at once; some give up, and now and then connections are ended."""
    answered: list[int] = []
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=f"{base}/rest/v1", limits=limits, timeout=20) as client:

        async def one(number: int) -> None:
            chance = random.Random(number)
            role, name = chance.choice(PEOPLE)
            headers = {"Authorization": f"Bearer {issue_token(SECRET, {'role': role, 'sub': name})}"}
            path = chance.choice(
                ["/notes?select=owner,role", "/rpc/slow_notes?select=owner,role", "/notes?select=owner"]
            )
            if chance.random() < 0.1:
                ask = client.post("/notes", json={"owner": name, "role": role}, headers=headers)
            else:
                ask = client.get(path, headers=headers)
            if chance.random() < 0.2:  # a client that does not wait
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ask, chance.random() / 20)
                return
            check(await ask, role, name)
            answered.append(number)

        async def ending() -> None:
            for _ in range(5):
                await asyncio.sleep(0.3)
                kill = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mainstay' LIMIT 4"
                )
                await asyncio.to_thread(postgres.run, kill, url=url)

        ender = asyncio.create_task(ending())
        await asyncio.gather(*(one(number) for number in range(REQUESTS)))
        await ender
        await one(REQUESTS)
    assert len(answered) > REQUESTS / 2


def check(response: httpx.Response, role: str, name: str) -> None:
    """Its own rows, or the news that the database could not be had for a moment; nothing of anybody else's."""
    if response.status_code == 503:
        return
    assert response.status_code in (200, 201), response.text
    rows: list[dict[str, Any]] = response.json() if response.content else []
    assert rows or response.status_code == 201
    assert {row["owner"] for row in rows} <= {name}
    assert {row.get("role", role) for row in rows} <= {role}
