"""The tests of others, as data, run against us: `python -m tests.conformance postgrest`."""
