"""Carrying a deployment out: each resource is put when what it needs is there, side by side with the others.

The run is an operation and can begin again after the server died: what was put is written down beside the
deployment, together with the operation that each PUT began, so that a second run waits for it instead.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from localazure.arm.errors import ArmError, internal_error
from localazure.arm.ids import ResourceId
from localazure.arm.operations import FAILED as OPERATION_FAILED
from localazure.arm.operations import Operation, Output, job
from localazure.arm.store import Document
from localazure.arm.world import World

from . import documents, errors
from .language.errors import MissingReferenceError, TemplateError
from .language.evaluate import value_of
from .language.registry import Value
from .outputs import evaluate_outputs
from .planning import Plan, Planned, make_plan
from .requests import perform
from .surroundings import Known
from .template import read_template

log = logging.getLogger("localazure.deployments")

RUN = "deployment.run"


class _FailedError(Exception):
    """A resource could not be deployed; what `details` says of it."""

    def __init__(self, detail: dict[str, Any], code: str) -> None:
        super().__init__(detail["code"])
        self.detail, self.code = detail, code


@job(RUN)
async def run(world: World, op: Operation) -> Output:
    """Deploy; the deployment's document says how it went, and so does the operation."""
    doc = world.store.get(op.rid)
    if doc is None:
        raise errors.not_deployed(op.rid.name)
    if doc["properties"]["provisioningState"] not in documents.ENDED:
        try:
            await _Run(world, op, doc).to_the_end()
        except Exception as error:
            _break_off(world, op, error)
    return _outcome(world, op)


def _break_off(world: World, op: Operation, error: Exception) -> None:
    """A run that breaks must not leave a deployment that is active for ever."""
    doc = world.store.get(op.rid)
    if doc is None:
        return
    if not isinstance(error, ArmError):
        log.error("deployment %s broke", op.target, exc_info=error)
        error = internal_error()
    doc["properties"] |= {"provisioningState": documents.FAILED, "error": error.error()}
    doc.pop("_values", None)
    world.store.put(doc)


def _outcome(world: World, op: Operation) -> Output:
    doc = world.store.get(op.rid)
    if doc is None:
        raise errors.not_deployed(op.rid.name)
    error = doc["properties"].get("error")
    if error is not None:
        raise ArmError(
            409, error["code"], error["message"], target=error.get("target"), details=error.get("details")
        )
    return None


class _Run:
    """One run of one deployment."""

    def __init__(self, world: World, op: Operation, doc: Document) -> None:
        self._world, self._op, self._rid = world, op, op.rid
        self._around = Known(world, op.rid, doc["_template"])
        template = read_template(doc["_template"])
        group = ResourceId(op.rid.subscription, op.rid.group)
        self._plan: Plan = make_plan(template, doc["_values"], self._around, group)
        self._by_name = {one.key: one for one in self._plan.resources}
        self._by_name |= {"/".join(one.rid.names).lower(): one for one in self._plan.wanted}
        loop = asyncio.get_running_loop()
        self._ends = {one.key: loop.create_future() for one in self._plan.wanted}

    async def to_the_end(self) -> None:
        """All resources, then the outputs."""
        self._change(lambda doc: doc["properties"].update(provisioningState=documents.RUNNING))
        ended = await asyncio.gather(
            *(self._resource(one) for one in self._plan.wanted), return_exceptions=True
        )
        doc = self._document()
        if broken := [one for one in ended if isinstance(one, BaseException)]:
            raise broken[0]
        if doc["properties"]["provisioningState"] == documents.CANCELED:
            return
        details = [step["error"] for step in documents.steps_of(doc).values() if step.get("error")]
        if details:
            self._end(errors.failed(self._rid, details))
            return
        try:
            outputs = await self._fetching(lambda: evaluate_outputs(self._plan))
        except TemplateError as error:
            self._end(errors.invalid_output("*", error))
        except ArmError as error:
            self._end(error)
        else:
            self._change(lambda doc: doc["properties"].update(outputs=outputs))
            self._end(None)

    def _document(self) -> Document:
        doc = self._world.store.get(self._rid)
        if doc is None:  # the group was deleted under us
            raise errors.not_deployed(self._rid.name)
        return doc

    def _change(self, change: Callable[[Document], object]) -> None:
        doc = self._document()
        change(doc)
        now = documents.moment(self._world)
        doc["properties"] |= {"timestamp": now, "duration": documents.duration(doc["_begun"], now)}
        self._world.store.put(doc)

    def _end(self, error: ArmError | None) -> None:
        def end(doc: Document) -> None:
            doc.pop("_values", None)  # nothing needs them any more, and there are secrets among them
            if error is None:
                doc["properties"]["provisioningState"] = documents.SUCCEEDED
                doc["properties"]["outputResources"] = documents.output_resources(self._plan)
            else:
                doc["properties"] |= {"provisioningState": documents.FAILED, "error": error.error()}

        self._change(end)

    async def _resource(self, planned: Planned) -> None:
        """One resource; tells those that wait whether it is there."""
        there = False
        try:
            needs = [self._ends[need.key] for need in planned.needs if need.key in self._ends]
            if all(await asyncio.gather(*needs)):
                there = await self._deploy(planned)
        finally:
            if not self._ends[planned.key].done():
                self._ends[planned.key].set_result(there)

    async def _deploy(self, planned: Planned) -> bool:
        doc = self._document()
        if doc["properties"]["provisioningState"] == documents.CANCELED:
            return False
        step = documents.steps_of(doc).get(planned.key)
        if step is None:
            number = uuid.uuid4().hex[:16].upper()
            self._note(planned, **documents.new_step(self._world, planned, number))
        elif step["state"] != documents.RUNNING:
            return bool(step["state"] == documents.SUCCEEDED)
        try:
            code = await self._put(planned, step)
        except _FailedError as failure:
            self._finish(planned, documents.FAILED, failure.code, failure.detail)
            return False
        self._finish(planned, documents.SUCCEEDED, code, None)
        return True

    def _finish(self, planned: Planned, state: str, code: str, error: dict[str, Any] | None) -> None:
        self._note(planned, state=state, code=code, error=error, ended=documents.moment(self._world))

    def _note(self, planned: Planned, **facts: Any) -> None:
        self._change(lambda doc: documents.steps_of(doc).setdefault(planned.key, {}).update(facts))

    async def _put(self, planned: Planned, step: dict[str, Any] | None) -> str:
        """PUT and wait; the name of the status that the PUT was answered with."""
        if step is not None:  # a second run: take up what the first began, whether or not it could note it
            begun = self._world.operations.get(step["operation"]) if step["operation"] else None
            begun = begun or self._world.operations.busy(planned.rid)
            if begun is not None:
                return await self._wait(begun, step.get("code") or "Created")
        try:
            body = await self._body(planned)
            answer = await perform(
                self._world,
                "PUT",
                planned.rid.text,
                body=body,
                api_version=planned.api_version,
                base=self._op.base,
            )
        except ArmError as error:
            name = errors.CODES.get(error.status, "BadRequest" if error.status < 500 else error.code)
            raise _FailedError(errors.refused(error), name) from None
        code = {200: "OK", 201: "Created", 202: "Accepted"}.get(answer.status, str(answer.status))
        if answer.operation is None:
            return code
        self._note(planned, operation=answer.operation.id, code=code)
        return await self._wait(answer.operation, code)

    async def _wait(self, op: Operation, code: str) -> str:
        while op.running:
            await self._world.operations.wait(op)
            await asyncio.sleep(0)  # a server that stops cancels us here and not the operation's waiters only
        if op.status == OPERATION_FAILED:
            raise _FailedError(errors.ended_badly(op.error or {}), "Conflict")
        return code

    async def _body(self, planned: Planned) -> Value:
        try:
            return await self._fetching(lambda: value_of(planned.body, planned.scope))
        except TemplateError as error:
            raise errors.invalid_resource(planned.rid.text, error) from None

    async def _fetching(self, evaluate: Callable[[], Value]) -> Value:
        """Evaluate, fetching each resource that a `reference` asks for."""
        while True:
            try:
                return evaluate()
            except MissingReferenceError as missing:
                rid, version = self._target(missing)
                answer = await perform(self._world, "GET", rid, api_version=version, base=self._op.base)
                self._around.fetched[missing.target] = answer.body

    def _target(self, missing: MissingReferenceError) -> tuple[str, str]:
        """The id and api-version of what `reference` names: of this template, or by full id and version."""
        known = self._by_name.get(missing.target.lower())
        if known is not None:
            return known.rid.text, missing.api_version or known.api_version
        if missing.api_version is None or not missing.target.startswith("/"):
            raise TemplateError(
                f"The template reference '{missing.target}' is not valid: could not find template resource "
                "or "
                "resource copy with this name. Please see https://aka.ms/arm-function-reference for usage "
                "details."
            )
        return missing.target, missing.api_version
