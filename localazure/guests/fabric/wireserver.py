"""The wire server: the goal state for the agent, and the agent's reports in return."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric import goalstate
from localazure.guests.fabric.certificates import Seal
from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.http import Request, Response, json_response
from localazure.guests.fabric.journal import Journal


class Wanted:
    """The goal state as it stands. A new one replaces it whole, and its incarnation tells the agent so."""

    def __init__(self, seal: Seal | None = None) -> None:
        self.incarnation = 1
        self.goals: tuple[goalstate.SealedGoal, ...] = ()
        self.seal = seal or Seal()

    @property
    def sealed(self) -> bool:
        """Some goal has protected settings: the agent needs the certificate to open them."""
        return any(g.protected is not None for g in self.goals)

    def set(self, goals: Sequence[ExtensionGoal]) -> int:
        """Replace the goals."""
        sealed = tuple(
            goalstate.SealedGoal(goal)
            if goal.protected is None
            else goalstate.SealedGoal(
                goal, self.seal.encrypt(json.dumps(dict(goal.protected))), self.seal.thumbprint
            )
            for goal in goals
        )
        self.goals, self.incarnation = sealed, self.incarnation + 1
        return self.incarnation


class WireServer:
    """Answers on 168.63.129.16:80."""

    def __init__(self, facts: Facts, wanted: Wanted, journal: Journal) -> None:
        self._facts, self._wanted, self._journal = facts, wanted, journal

    def __call__(self, request: Request) -> Response:
        """Answer one request and record it."""
        response = self._answer(request)
        self._journal.request("wire", request.method, request.target, response.status)
        return response

    def _answer(self, request: Request) -> Response:
        kind = request.query.get("comp", "").lower()
        if request.method == "GET":
            return self._document(kind, request)
        if request.path.lower() == "/healthservice":
            return json_response(200, "")
        if kind == "health":
            return self._health(request)
        if kind in ("telemetrydata", "roleproperties"):
            return Response()
        return Response(404)

    def _document(self, kind: str, request: Request) -> Response:
        facts, wanted = self._facts, self._wanted
        incarnation = wanted.incarnation
        if kind == "versions":
            return Response(body=goalstate.VERSIONS.encode())
        if kind == "goalstate":
            return Response(
                body=goalstate.goal_state(facts, incarnation, certificates=wanted.sealed).encode()
            )
        if kind == "certificates":
            return self._certificates(request)
        if kind == "config":
            documents = {
                "hostingenvironmentconfig": lambda: goalstate.hosting_environment(facts, incarnation),
                "sharedconfig": lambda: goalstate.shared_configuration(facts, incarnation),
                "extensionsconfig": lambda: goalstate.extensions_configuration(wanted.goals, incarnation),
            }
            make = documents.get(request.query.get("type", "").lower())
            if make is not None:
                return Response(body=make().encode())
        return Response(404)

    def _certificates(self, request: Request) -> Response:
        transport = request.headers.get("x-ms-guest-agent-public-x509-cert")
        if not transport:
            return Response(400)
        return Response(body=self._wanted.seal.certificates_for(transport).encode())

    def _health(self, request: Request) -> Response:
        try:
            report = _health_report(request.body)
        except ElementTree.ParseError:
            return Response(400)
        self._journal.health(**report, agent=request.headers.get("user-agent", ""))
        return Response()


def _health_report(body: bytes) -> dict[str, Any]:
    root = ElementTree.fromstring(body)  # noqa: S314 - expat refuses entity bombs, and the guest is ours

    def text(tag: str) -> str:
        found = root.find(f".//{tag}")
        return (found.text or "") if found is not None else ""

    return {"state": text("State"), "substatus": text("SubStatus"), "description": text("Description")}
