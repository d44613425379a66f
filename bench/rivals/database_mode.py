"""Mainstay in database security mode: the same tables without a model, and PostgreSQL's own grants and policies."""

import sys
from collections.abc import Sequence

from bench.cases import Case
from bench.process import Process
from bench.rivals.mainstay import Mainstay
from bench.tokens import SECRET

ROLES = """
DO $$ BEGIN
    CREATE ROLE bench_anonymous;
    CREATE ROLE carrier;
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT SELECT ON flights TO bench_anonymous, carrier;
GRANT INSERT ON flights TO carrier;
ALTER TABLE flights ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS all_of_them ON flights;
DROP POLICY IF EXISTS own ON flights;
DROP POLICY IF EXISTS new ON flights;
CREATE POLICY all_of_them ON flights FOR SELECT TO bench_anonymous USING (true);
CREATE POLICY own ON flights FOR SELECT TO carrier
    USING (carrier = (SELECT current_setting('request.jwt.claims', true)::json ->> 'carrier'));
CREATE POLICY new ON flights FOR INSERT TO carrier WITH CHECK (true)
"""


class DatabaseMode(Mainstay):
    """No foreign key can hold in the flights, so nothing relates them here: it is not asked to embed."""

    name = "database_mode"
    cases: Sequence[Case] = (Case.KEY, Case.PAGE, Case.CLAIM, Case.INSERT)

    def start(self) -> None:
        self.database.run(ROLES)
        serve = [sys.executable, "-m", "mainstay", "serve", "--anonymous-role", "bench_anonymous", "--workers", "1"]
        options = ["--database", self.database.url, "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = Process(self.name, [*serve, *options], {"MAINSTAY_JWT_SECRET": SECRET})
        self.process.wait(self.port, "/health/ready")
