"""The app that a configuration of the corpus describes: PostgREST's settings in ours.

`CONFORMANCE_CONFIG` names the JSON file of the settings, `CONFORMANCE_DATABASE` the database.
"""

import json
import os
from pathlib import Path
from typing import Any

from mainstay import Mainstay
from mainstay.core.limits import Limits

MANY = 1_000_000


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """Keywords of `Mainstay(...)`; what is missing here has no counterpart, or needs none."""
    secret = config["jwt-secret"]
    keys = {"jwt_jwks": secret} if secret and secret.startswith("{") else {"jwt_secret": secret}
    ends = config["db-tx-end"]
    return {
        **keys,
        "jwt_secret_is_base64": config["jwt-secret-is-base64"],
        "jwt_audience": config["jwt-aud"] or (),
        "jwt_audience_required": False,
        "jwt_role_claim": config["jwt-role-claim-key"].removeprefix("."),
        "anonymous_role": config["db-anon-role"],
        "schemas": config["db-schemas"],
        "extra_search_path": config["db-extra-search-path"],
        "database_settings": [f"{name}={value}" for name, value in config.items() if name.startswith("app.settings.")],
        "pre_request": config["db-pre-request"],
        "aggregates_enabled": config["db-aggregates-enabled"],
        "plan_enabled": config["db-plan-enabled"],
        "cors_origins": tuple(config["server-cors-allowed-origins"]) or ("*",),
        "server_timing": config["server-timing-enabled"],
        "transaction_end": ends,
        "unfiltered_allowed": True,
        "trace_header": config["server-trace-header"],
        "openapi_enabled": config["openapi-mode"] != "disabled",
        "root_function": config["db-root-spec"],
        "error_details": config["client-error-verbosity"] != "minimal",
        "rest_prefix": "",
        "docs_path": None,
        "limits": Limits(rows_max=config["db-max-rows"] or MANY, insert_rows_max=MANY),
    }


def load() -> Mainstay:
    config = json.loads(Path(os.environ["CONFORMANCE_CONFIG"]).read_text())
    return Mainstay(reflect=os.environ["CONFORMANCE_DATABASE"], security="database", **settings(config))


app = load() if "CONFORMANCE_CONFIG" in os.environ else None
