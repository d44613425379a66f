"""The corridor, one screen: an operation and a principal in, a result out.

Every request of every wire goes through `run`. A statement is made once per shape and role; while it is made, nothing
of the request's values or the principal's claims is in sight.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mainstay.core.catalog import Catalog, Table
from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.environment import NONE, Environment
from mainstay.core.limits import Limits
from mainstay.core.operation import Ending, FunctionRef, Operation, Read, Shape, TableRef, Value, schema_of
from mainstay.core.plan import Plan
from mainstay.core.ports import Store, Transaction
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem, Refusal
from mainstay.core.result import Result
from mainstay.core.rule import Action
from mainstay.core.statement import Bind, Column, Statement
from mainstay.core.verify import require_claims, verify
from mainstay.plan import Policy, View, decide
from mainstay.plan.call import may_read
from mainstay.plan.disclose import disclosed
from mainstay.plan.possible import possible
from mainstay.plan.touched import ANYTHING, Touched, touched
from mainstay.policy.environment import Impersonation, Settings, plain_environment
from mainstay.sql import compile_plan
from mainstay.sql.binds import array_literal
from mainstay.sql.dialect import POSTGRESQL, Dialect

NOTHING = Statement(text="SELECT 1 AS rows", binds=(), columns=(Column.ROWS,))

StatementKey = tuple[Shape, str, int, int]


class Bound(msgspec.Struct, frozen=True):
    """A read and all that is sent for it."""

    key: StatementKey
    statement: Statement
    binds: tuple[str | None, ...]
    environment: Environment


class Statements(Protocol):
    """A bounded memory of what was prepared; `cache.bounded.Bounded` is one."""

    def get(self, key: StatementKey, /) -> Statement | None: ...
    def put(self, key: StatementKey, value: Statement, /) -> None: ...


class Pipeline:
    def __init__(  # noqa: PLR0913, PLR0917 - the rooms that it joins
        self,
        catalog: Catalog,
        policy: Policy,
        store: Store,
        limits: Limits,
        statements: Statements,
        impersonation: Impersonation | None = None,
        speaking: Callable[[str], Awaitable[Policy]] | None = None,
        bounds: Mapping[str, Limits] = {},
        dialect: Dialect = POSTGRESQL,
    ) -> None:
        self.catalog = catalog
        self.policy = policy
        self.store = store
        self.limits = limits
        self.bounds = bounds
        """Of roles that have limits of their own."""
        self.statements = statements
        self.dialect = dialect
        self.impersonation = impersonation
        self.speaking = speaking
        """Gives, where the database decides, what a role may be told of; None where the policy itself says so."""

    async def run(self, operation: Operation, principal: Principal, within: Transaction | None = None) -> Result:
        """The operation's result, by itself or as a part of a transaction. Raises Problem."""
        shape = operation.shape
        key = (shape, principal.role, self.catalog.version, self.policy.version)
        try:
            statement = self.statements.get(key) or self.prepare(key)
        except Problem as problem:
            raise await self._withheld(problem, shape, principal.role) from None
        require_claims(statement, principal)
        binds = [bind_value(bind, operation.values, principal) for bind in statement.binds]
        environment = NONE
        if self.impersonation is not None or operation.settings or statement.alone or statement.settings:
            environment = self._environment(operation, principal, statement)
        try:
            if operation.explain:
                return await self.store.explain(statement, binds, operation.explain_options, environment)
            if within is not None:
                result = await within.execute(statement, binds, environment)
            else:
                result = await self.store.execute(statement, binds, operation.ending, environment)
        except Refusal as refusal:
            raise disclosed(refusal, self.catalog, self.policy, principal.role) from None
        if statement.media is not None:
            result = msgspec.structs.replace(result, media=statement.media)
        if statement.estimate is None:
            return result
        return await self._estimated(statement, operation.values, principal, result, environment)

    async def bound(self, operation: Operation, principal: Principal) -> Bound:
        """What `run` would send for a read, for who means to send it again and again. Raises Problem."""
        key = (operation.shape, principal.role, self.catalog.version, self.policy.version)
        try:
            statement = self.statements.get(key) or self.prepare(key)
        except Problem as problem:
            raise await self._withheld(problem, operation.shape, principal.role) from None
        require_claims(statement, principal)
        binds = tuple(bind_value(bind, operation.values, principal) for bind in statement.binds)
        return Bound(key, statement, binds, self._environment(operation, principal, statement))

    async def answers(self, bounds: Sequence[Bound]) -> list[Result]:
        """The results of reads that differ in what may vary, in as few statements as it takes. Raises Problem."""
        first = bounds[0]
        statement, environment = first.statement, first.environment
        try:
            if environment.transaction or (statement.batch is None and statement.calls):
                each = (self.store.execute(statement, bound.binds, Ending.COMMIT, environment) for bound in bounds)
                results = [await result for result in each]
            else:
                results = await self.store.execute_many(statement, [bound.binds for bound in bounds], environment)
        except Refusal as refusal:
            raise disclosed(refusal, self.catalog, self.policy, first.key[1]) from None
        for result in results:
            verify(statement, result)
        return results

    def touched(self, bound: Bound) -> Touched:
        """What the answer depends on. Where the database decides, its own rules may read anything."""
        shape, role, *_ = bound.key
        found = touched(self.plan(shape, role), self.catalog)
        if self.impersonation is None:
            return found
        return msgspec.structs.replace(found, touches=(*found.touches, ANYTHING))

    async def admit(self, principal: Principal, asked: Settings) -> None:
        """Let the database say whether it serves the caller at all, before he is told what is there. Raises Problem.

        It may not have his role, or code that runs before each request may turn him away.
        """
        if self.impersonation is not None:
            environment = self.impersonation.environment(principal, asked)
            await self.store.execute(NOTHING, (), Ending.COMMIT, environment)

    def prepare(self, key: StatementKey) -> Statement:
        """Plan and compile, once per shape and role."""
        shape, role, *_ = key
        statement = compile_plan(self.plan(shape, role), self.catalog, answers=self._answers, dialect=self.dialect)
        statement_ms = self.limits_of(role).statement_ms_max
        if statement_ms != self.limits.statement_ms_max:
            own = (("statement_timeout", str(statement_ms)),)
            statement = msgspec.structs.replace(statement, settings=(*own, *statement.settings))
        self.statements.put(key, statement)
        return statement

    def plan(self, shape: Shape, role: str) -> Plan:
        return decide(shape, role, self.catalog, self.policy, self.limits_of(role))

    def limits_of(self, role: str) -> Limits:
        """The role's own, else everyone's."""
        return self.bounds.get(role, self.limits)

    def may_read(self, function: FunctionRef, role: str) -> bool:
        """Whether some form of the function changes nothing. Raises PGRST202 for one that the role may not call."""
        return may_read(View(self.catalog, self.policy, role, self.limits_of(role)), function)

    async def possible(self, ref: TableRef, role: str) -> tuple[Table, frozenset[Action]]:
        """The table, and what the role may try there. Raises PGRST205 for one that is not there for the role."""
        try:
            return possible(View(self.catalog, self.policy, role, self.limits_of(role)), ref)
        except Problem as problem:
            raise await self._withheld(problem, Read(ref), role) from None

    async def _withheld(self, problem: Problem, shape: Shape, role: str) -> Problem:
        """The problem without names that the role is not granted: it may be told what is like a name, not what is."""
        if self.speaking is None or problem.hint is None:
            return problem
        try:
            decide(shape, role, self.catalog, await self.speaking(role), self.limits_of(role))
        except Problem as other:
            if other.code == problem.code:
                return other
        return Problem(problem.code, problem.message, where=problem.where)

    @property
    def _answers(self) -> bool:
        return self.impersonation is not None and self.impersonation.answers

    def _environment(self, operation: Operation, principal: Principal, statement: Statement) -> Environment:
        if self.impersonation is None:
            environment = plain_environment(operation, statement.settings)
        else:
            schema = schema_of(operation.shape)
            environment = self.impersonation.environment(principal, operation.settings, schema, statement.settings)
        return msgspec.structs.replace(environment, transaction=True) if statement.alone else environment

    async def _estimated(
        self,
        statement: Statement,
        values: Sequence[Value],
        principal: Principal,
        result: Result,
        environment: Environment,
    ) -> Result:
        """The planner's number in place of the total, where it was not counted to the end."""
        estimate = statement.estimate
        if estimate is None or (result.total is not None and result.total <= statement.estimate_from):
            return result
        binds = [bind_value(bind, values, principal) for bind in estimate.binds]
        planned = await self.store.estimate(estimate, binds, environment)
        return msgspec.structs.replace(result, total=max(planned, result.total or 0))


def bind_value(bind: Bind, values: Sequence[Value], principal: Principal) -> str | None:
    """The text that a bind sends."""
    source = bind.source
    if type(source) is Slot:
        value = values[source.index]
        return _list_text(bind, value) if isinstance(value, tuple) else value
    if type(source) is Claim:
        claim = principal.claim(source.path)
        if claim is None or not source.many:
            return _claim_text(claim)
        items = claim if isinstance(claim, list) else [claim]
        return _list_text(bind, [text for item in items if (text := _claim_text(item)) is not None])
    if type(source) is Literal:
        return _list_text(bind, source.value) if isinstance(source.value, tuple) else source.value
    return None


def _list_text(bind: Bind, items: Sequence[str]) -> str:
    """As PostgreSQL reads an array; where the store makes values of it, as JSON."""
    return array_literal(items) if bind.kind is None else msgspec.json.encode(items).decode()


def _claim_text(value: Any) -> str | None:
    """A claim as PostgreSQL reads it: JSON's true as `true`, an object as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
