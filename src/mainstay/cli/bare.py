"""An app without a line of Python: the database of the settings, whose own grants and row-level security decide."""

from mainstay.app import Mainstay

app = Mainstay(reflect=True, security="database")
