"""SQL is laid out for reading, and stays the same SQL."""

import pytest

from mainstay.cli.layout import layout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT a FROM t \nWHERE b = 1 \n LIMIT 2", "SELECT a\nFROM t\nWHERE b = 1\nLIMIT 2"),
        ("SELECT (SELECT a FROM t) AS x", "SELECT (\n  SELECT a\n  FROM t\n) AS x"),
        ("SELECT 'a FROM  b', \"GROUP  BY\" FROM t", "SELECT 'a FROM  b', \"GROUP  BY\"\nFROM t"),
        ("SELECT extract(year FROM a) FROM t", "SELECT extract(year FROM a)\nFROM t"),
        ("SELECT a IS DISTINCT FROM b FROM t", "SELECT a IS DISTINCT FROM b\nFROM t"),
        ("SELECT a FROM t LEFT OUTER JOIN u ON true", "SELECT a\nFROM t\nLEFT OUTER JOIN u ON true"),
        ('SELECT left(a, 1) FROM s."T" ORDER BY a', 'SELECT left(a, 1)\nFROM s."T"\nORDER BY a'),
        ("INSERT INTO t (a) VALUES (1) RETURNING a", "INSERT INTO t (a)\nVALUES (1)\nRETURNING a"),
        ("SELECT 'it''s ('", "SELECT 'it''s ('"),
    ],
)
def test_each_clause_has_a_line(text: str, expected: str) -> None:
    assert layout(text) == expected
