"""A workshop whose database has functions of every kind, and who may call which."""

import re
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay import Mainstay, claim, excluding

SECRET = "a secret that the workshop's tests share"

SQL = """
CREATE TABLE makers (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE works (
    id int PRIMARY KEY, title text NOT NULL, price numeric, shown boolean NOT NULL, owner text,
    maker_id int REFERENCES makers
);
CREATE TABLE calls (note text UNIQUE);
INSERT INTO makers VALUES (1, 'Ida'), (2, 'Jan');
INSERT INTO works VALUES
    (1, 'Chair', 40, true, 'ann', 1), (2, 'Table', 90, true, 'bob', 1), (3, 'Shelf', 70, true, 'bob', 2),
    (4, 'Chest', 999, false, 'ann', 2), (5, 'Stool', 20, false, 'bob', 2);
CREATE TYPE spot AS (x int, y int);

CREATE FUNCTION add_them(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
COMMENT ON FUNCTION add_them IS 'The sum.';
CREATE FUNCTION greet(name text DEFAULT 'world') RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'Hello, ' || name $$;
CREATE FUNCTION nothing_known() RETURNS text STABLE LANGUAGE sql AS 'SELECT NULL::text';
CREATE FUNCTION count_to(top int) RETURNS SETOF int STABLE LANGUAGE sql AS 'SELECT generate_series(1, top)';
CREATE FUNCTION join_them(VARIADIC words text[] DEFAULT '{}') RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT array_to_string(words, '+') $$;
CREATE FUNCTION all_works() RETURNS SETOF works STABLE LANGUAGE sql AS 'SELECT * FROM works';
CREATE FUNCTION one_work(id int) RETURNS works STABLE LANGUAGE sql AS 'SELECT * FROM works w WHERE w.id = one_work.id';
CREATE FUNCTION prices(above numeric) RETURNS TABLE (title text, price numeric) STABLE LANGUAGE sql
    AS 'SELECT w.title, w.price FROM works w WHERE w.price > above ORDER BY w.price';
CREATE FUNCTION split(whole int, OUT half int, INOUT rest text) IMMUTABLE LANGUAGE sql AS 'SELECT whole / 2, rest';
CREATE FUNCTION a_record() RETURNS record STABLE LANGUAGE sql AS $$ SELECT 1 AS id, 'x'::text AS name $$;
CREATE FUNCTION write_note(note text) RETURNS void LANGUAGE sql AS 'INSERT INTO calls VALUES (note)';
CREATE FUNCTION write_notes(howmany int) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO calls SELECT 'many ' || n FROM generate_series(1, howmany) n;
    RETURN QUERY SELECT generate_series(1, howmany);
END $$;
CREATE FUNCTION sell(id int) RETURNS SETOF works LANGUAGE sql
    AS 'UPDATE works w SET price = w.price + 1 WHERE w.id = sell.id RETURNING *';
CREATE FUNCTION any_number() RETURNS double precision VOLATILE LANGUAGE sql AS 'SELECT random()';
CREATE FUNCTION whole_json(json) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT json_typeof($1)';
CREATE FUNCTION whole_text(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $1 || '!' $$;
CREATE FUNCTION whole_bytes(bytea) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$ SELECT $1 || '\\x00'::bytea $$;
CREATE FUNCTION whole_xml(xml) RETURNS xml IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION pick() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'none' $$;
CREATE FUNCTION pick(a int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'int' $$;
CREATE FUNCTION pick(a int, b int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'ints' $$;
CREATE FUNCTION pick(json) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'whole' $$;
CREATE FUNCTION torn(a int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'int' $$;
CREATE FUNCTION torn(a text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'text' $$;
CREATE FUNCTION "Odd ""name""_"("The Arg" int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT "The Arg"';
CREATE FUNCTION typed(j jsonb, days date[], p spot) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT concat_ws('/', j ->> 'k', days[2], (p).y) $$;
CREATE FUNCTION keywords("time" int, "values" int, "left" int) RETURNS int STABLE LANGUAGE sql
    AS 'SELECT "time" + "values" + "left"';
CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$
BEGIN RAISE SQLSTATE 'PT402' USING MESSAGE = 'Pay first', DETAIL = 'Quota', HINT = 'Upgrade'; END $$;
CREATE FUNCTION not_for_all(secret text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT secret';
CREATE TABLE tools (id int PRIMARY KEY, name text);
INSERT INTO tools VALUES (1, 'Saw'), (2, 'Plane');
CREATE FUNCTION works_of(who text, above numeric DEFAULT 0) RETURNS TABLE (title text) STABLE LANGUAGE sql
    AS 'SELECT w.title FROM works w WHERE w.owner = who AND w.price > above ORDER BY w.id';
CREATE FUNCTION works_of(above numeric) RETURNS TABLE (title text) STABLE LANGUAGE sql AS $$ SELECT 'all' $$;
CREATE FUNCTION rename(tag text, tool int, names text[]) RETURNS text LANGUAGE sql
    AS $$ SELECT tag || tool || names::text $$;
CREATE FUNCTION label(tools) RETURNS text STABLE LANGUAGE sql AS $$ SELECT $1.name || '?' $$;
CREATE FUNCTION all_tools() RETURNS SETOF tools STABLE LANGUAGE sql AS 'SELECT * FROM tools';
CREATE FUNCTION sharpen() RETURNS SETOF tools LANGUAGE sql AS 'UPDATE tools SET id = id RETURNING *';
"""


class Base(DeclarativeBase):
    pass


class Maker(Base):
    __tablename__ = "makers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Work(Base):
    __tablename__ = "works"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[float | None]
    shown: Mapped[bool]
    owner: Mapped[str | None]
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("makers.id"))
    maker: Mapped[Maker | None] = relationship()


NAMES = re.findall(r"CREATE FUNCTION (\w+)", SQL)
PRIVATE = ("not_for_all", "label", "works_of", "rename")


def workshop(url: str, **settings: Any) -> Mainstay:
    """Anonymous sees what is shown, without owners; a member its own works, too; an owner everything."""
    app = Mainstay(
        Base,
        reflect=url,
        jwt_secret=SECRET,
        transaction_end="commit-allow-override",
        plan_enabled=True,
        server_timing=False,
        **settings,
    )
    anonymous = app.role("anonymous")
    anonymous.may("read", Maker, columns="*")
    anonymous.may("read", Work, rows=Work.shown, columns=excluding("owner"))
    anonymous.may("read", "tools", columns="*")
    anonymous.may_call(*(name for name in dict.fromkeys(NAMES) if name not in PRIVATE), 'Odd "name"_')
    member = app.role("member", inherits=[anonymous])
    member.may("read", Work, rows=Work.owner == claim.sub, columns="*")
    member.may_call("public.not_for_all")
    member.may_call("works_of", presets={"who": claim.sub})
    member.may_call("rename", presets={"tag": "it's ", "names": claim.names})
    app.role("stranger").may_call("all_works", "add_them")
    app.role("nobody").may("read", Maker, columns="*")
    return app
