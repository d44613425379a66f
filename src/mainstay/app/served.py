"""What one catalog makes of an app: its policy, its wire, and how callers reach the database.

All of it is made at once and never changes, so that a request that began with it ends with it, whatever is read anew.
"""

from collections.abc import Collection, Mapping

import msgspec

from mainstay.core.catalog import Catalog
from mainstay.core.exposure import Exposure
from mainstay.core.limits import Limits
from mainstay.core.nesting import Nesting
from mainstay.core.operation import Ending
from mainstay.core.problem import DeclarationError
from mainstay.plan.view import Policy
from mainstay.policy.bounds import bounds_of
from mainstay.policy.calls import tracked_of
from mainstay.policy.declare import Policies
from mainstay.policy.defer import Deferred
from mainstay.policy.environment import Impersonation, is_mentioned
from mainstay.policy.environment import Settings as RoleSettings
from mainstay.policy.select import Policy as Rules
from mainstay.reflect.declared import Said, names_of, with_said
from mainstay.settings import Settings
from mainstay.sql.names import call_text, search_path_text
from mainstay.wires.rest import TOLD, RestWire


class Served(msgspec.Struct, frozen=True):
    """One catalog, and all that was made for it. `impersonation` None: policy mode."""

    catalog: Catalog
    policy: Policy
    wire: RestWire
    impersonation: Impersonation | None = None
    exposure: Exposure = Exposure()
    bounds: Mapping[str, Limits] = {}
    """Of roles that have limits of their own, and the wires that hold them."""
    wires: Mapping[str, RestWire] = {}


def serve_catalog(
    settings: Settings,
    policies: Policies,
    catalog: Catalog,
    *,
    role_settings: Mapping[str, RoleSettings] = {},
    said: Said | None = None,
) -> Served:
    """Raises DeclarationError for what is said and does not fit the catalog, or where nobody decides."""
    said = said or Said()
    catalog = with_said(catalog, said)
    impersonation = None
    if settings.security != "policy":
        impersonation = Impersonation(
            search_paths={
                schema: search_path_text(schema or catalog.schemas[0], settings.extra_search_path)
                for schema in (None, *catalog.schemas)
            },
            mentioned=catalog.mentioned,
            role_settings=role_settings,
            before=None if settings.pre_request is None else call_text(settings.pre_request),
            answers=any(is_mentioned(name, catalog.mentioned) for name in ("response.status", "response.headers")),
        )
    told = [name for name in TOLD if impersonation is not None and is_mentioned(name, catalog.mentioned)]
    nesting = Nesting(catalog)
    wire = rest_wire(settings, catalog.schemas, told, catalog.written, nesting)
    bounds = bounds_of(policies.roles, settings.limits)
    wires = {
        role: rest_wire(settings.replace(limits=own), catalog.schemas, told, catalog.written, nesting)
        for role, own in bounds.items()
    }
    exposure = Exposure(names_of(said, catalog), tracked_of(policies.tracked, catalog))
    return Served(catalog, _policy(settings, policies, catalog), wire, impersonation, exposure, bounds, wires)


def _policy(settings: Settings, policies: Policies, catalog: Catalog) -> Policy:
    if settings.security != "database":
        return Rules(catalog, policies)
    if policies.roles:
        raise DeclarationError(
            "roles are declared, and the database alone decides",
            where="setting security",
            hint="Say security='both' to hold rules and the database's own, or leave the roles out.",
        )
    return Deferred(catalog, unfiltered=settings.unfiltered_allowed)


def rest_wire(
    settings: Settings,
    schemas: tuple[str, ...],
    told: Collection[str],
    written: Collection[str] = (),
    nesting: Nesting | None = None,
) -> RestWire:
    """The REST wire as the settings have it."""
    ending, _, chosen = settings.transaction_end.partition("-")
    return RestWire(
        prefix=settings.rest_prefix,
        limits=settings.limits,
        cors_origins=settings.cors_origins,
        plan_enabled=settings.plan_enabled,
        aggregates_enabled=settings.aggregates_enabled,
        written=written,
        ending=Ending(ending),
        ending_chosen=bool(chosen),
        why_told=settings.dev,
        told=told,
        nesting=nesting,
        schemas=schemas,
        server_timing=settings.server_timing,
        etags=settings.etags,
        error_details=settings.error_details,
        root_function=settings.root_function,
    )
