"""A Hasura v2 project as a Mainstay one: its metadata is read, and written as Python for its team to go on with."""

from mainstay.evolve.hasura.metadata import MetadataError, read_metadata
from mainstay.evolve.hasura.program import Program, write_program

__all__ = ["MetadataError", "Program", "read_metadata", "write_program"]
