"""The faults that are set: asked at every moment, written through, so that a restart goes on counting."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localazure.arm.interference import Interference
from localazure.arm.operations import Operation
from localazure.arm.world import World, on_start
from localazure.faults.fault import GUEST, Fault, refused
from localazure.faults.kind import kind_of
from localazure.faults.machines import START, check_possible
from localazure.faults.operations import operation_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from localazure.arm.calls import Call
    from localazure.arm.ids import ResourceId
    from localazure.arm.operations import Job, Output
    from localazure.arm.routing import Match
    from localazure.arm.store import Document

_KEPT = "faults"


class Faults(Interference):
    """All faults of a world, in the order in which they were set."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all = {one["id"]: Fault.from_record(one) for one in world.store.fact(_KEPT, [])}

    # setting and clearing

    def add(self, body: dict[str, Any]) -> Fault:
        """Set a fault."""
        fault = Fault.from_body(uuid.uuid4().hex[:8], body)
        self._check(fault)
        self._all[fault.id] = fault
        self.save()
        return fault

    def _check(self, fault: Fault) -> None:
        kind = kind_of(fault)
        if (kind.machine is not None) != fault.operation.startswith(GUEST):
            raise refused(f"a fault of machines is set on {START!r}, and no other is")
        if kind.effect is not None:
            check_possible(self._world, kind.effect)

    def all(self) -> list[Fault]:
        """Every fault that is set."""
        return list(self._all.values())

    def clear(self, fault_id: str | None = None) -> int:
        """Take a fault back, or all of them; how many there were."""
        gone = [one for one in self._all if fault_id in (None, one)]
        for one in gone:
            fault = self._all.pop(one)
            if (tidy := kind_of(fault).cleared) is not None:
                tidy(fault, self._world)
        self.save()
        return len(gone)

    def is_set(self, fault_id: str) -> bool:
        """Whether a fault is still there."""
        return fault_id in self._all

    def save(self) -> None:
        """Write all faults through."""
        self._world.store.set_fact(_KEPT, [fault.record() for fault in self._all.values()])

    def meet(self, operation: str, resource: str) -> list[Fault]:
        """Count a call (or what a machine does) at every fault that means it; those that hit it."""
        meant = [fault for fault in self._all.values() if fault.concerns(operation, resource)]
        hit = [fault for fault in meant if fault.meet()]
        if meant:
            self.save()
        return hit

    # the moments

    def before(self, call: Call, match: Match | None) -> Response | None:
        """Refuse the call, answer it, or let it pass."""
        for fault in self._all.values():
            if fault.hits and (look := kind_of(fault).watch):
                look(fault, call)
        call.faults = self.meet(operation_of(call.method, call.url_path, match), call.url_path)
        try:
            return self._first_answer(call)
        finally:
            if call.faults:
                self.save()  # what their kinds remember

    @staticmethod
    def _first_answer(call: Call) -> Response | None:
        for fault in call.faults:
            interfere = kind_of(fault).before
            if interfere is not None and (answer := interfere(fault, call)) is not None:
                return answer
        return None

    def after(self, call: Call, response: Response) -> Response:
        """Send something else than what was answered."""
        for fault in call.faults:
            if (interfere := kind_of(fault).after) is not None:
                response = interfere(fault, call, response)
        return response

    def plant(self, call: Call | None) -> list[dict[str, Any]]:
        """Give the operation that a call begins the faults that are meant for it."""
        faults: list[Fault] = [] if call is None else call.faults
        return [fault.record() for fault in faults if kind_of(fault).plants]

    async def work(self, world: World, op: Operation, work: Job) -> Output:
        """Do the work, or what the operation's faults make of it."""
        for fault in _planted(op):
            if (interfere := kind_of(fault).around) is not None:
                return await interfere(fault, world, op, work)
        return await work(world, op)

    async def started(self, vm: Document) -> None:
        """Have a machine that was powered on befallen by what is meant for it."""
        for fault in self.meet(START, vm["id"]):
            if (interfere := kind_of(fault).machine) is not None:
                await interfere(fault, self._world, vm)

    async def point(self, name: str, rid: ResourceId) -> None:
        """Let the faults of the operation on this resource come in."""
        op = self._world.operations.busy(rid)
        for fault in _planted(op) if op else ():
            if (interfere := kind_of(fault).points.get(name)) is not None:
                await interfere(fault, self._world, rid)


def _planted(op: Operation) -> list[Fault]:
    return [Fault.from_record(one) for one in op.faults]


@on_start
async def come_between(world: World) -> None:
    """Put the faults into the world, before operations are taken up again."""
    world.interference = world.part(Faults)
