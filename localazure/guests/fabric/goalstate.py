"""The documents in which the fabric tells an agent what it wants of the machine.

Shapes as the agent's own parsers read them (WALinuxAgent, `common/protocol/goal_state.py` and
`extensions_goal_state_from_extensions_config.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric.facts import HOST_PLUGIN_PORT, WIRE_SERVER, Facts

VERSIONS = """<?xml version="1.0" encoding="utf-8"?>
<Versions><Preferred><Version>2015-04-05</Version></Preferred><Supported><Version>2015-04-05</Version>\
<Version>2012-11-30</Version><Version>2012-09-15</Version></Supported></Versions>"""

STATUS_BLOB = f"http://{WIRE_SERVER}:{HOST_PLUGIN_PORT}/blob/status"
PACKAGES = f"http://{WIRE_SERVER}:{HOST_PLUGIN_PORT}/package"


def quoted(text: str) -> str:
    """Write an attribute's value."""
    return f'"{escape(text)}"'


@dataclass(frozen=True)
class SealedGoal:
    """A goal whose protected settings, if any, are encrypted to the certificate with this thumbprint."""

    goal: ExtensionGoal
    protected: str | None = None
    thumbprint: str | None = None


def goal_state(facts: Facts, incarnation: int, *, certificates: bool = False) -> str:
    """Point to everything else; a new incarnation makes the agent read it all again."""

    def link(kind: str) -> str:
        path = f"/machine/{facts.container_id}/{facts.role_instance_id}"
        return escape(f"http://{WIRE_SERVER}:80{path}?comp=config&type={kind}&incarnation={incarnation}")

    sealed = ""
    if certificates:
        path = f"/machine/{facts.container_id}/{facts.role_instance_id}?comp=certificates"
        sealed = f"<Certificates>{escape(f'http://{WIRE_SERVER}:80{path}&incarnation={incarnation}')}</Certificates>"
    return f"""<?xml version="1.0" encoding="utf-8"?>
<GoalState xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="goalstate10.xsd">
  <Version>2012-11-30</Version><Incarnation>{incarnation}</Incarnation>
  <Machine><ExpectedState>Started</ExpectedState><StopRolesDeadlineHint>300000</StopRolesDeadlineHint>
    <LBProbePorts><Port>16001</Port></LBProbePorts><ExpectHealthReport>FALSE</ExpectHealthReport></Machine>
  <Container><ContainerId>{facts.container_id}</ContainerId>
    <RoleInstanceList><RoleInstance><InstanceId>{escape(facts.role_instance_id)}</InstanceId><State>Started</State>
      <Configuration>
        <HostingEnvironmentConfig>{link("hostingEnvironmentConfig")}</HostingEnvironmentConfig>
        <SharedConfig>{link("sharedConfig")}</SharedConfig>
        {sealed}<ExtensionsConfig>{link("extensionsConfig")}</ExtensionsConfig>
        <FullConfig>{link("fullConfig")}</FullConfig>
        <ConfigName>{escape(f"{facts.container_id}.0.{facts.container_id}.0._{facts.name}.1.xml")}</ConfigName>
      </Configuration></RoleInstance></RoleInstanceList></Container>
</GoalState>"""


def hosting_environment(facts: Facts, incarnation: int) -> str:
    """Name the deployment and the role: the agent's telemetry quotes them."""
    deployment, name = facts.container_id, quoted(facts.name)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<HostingEnvironmentConfig version="1.0.0.0" goalStateIncarnation="{incarnation}">
  <StoredCertificates/>
  <Deployment name="{deployment}" guid="{{{deployment}}}" incarnation="0">
    <Service name="IaaS" guid="{{00000000-0000-0000-0000-000000000000}}"/>
    <ServiceInstance name="{deployment}.0" guid="{{{deployment}}}"/></Deployment>
  <Incarnation number="1" instance={name} guid="{{{deployment}}}"/>
  <Role guid="{{{deployment}}}" name={name} hostingEnvironmentVersion="1" software="" settleTimeSeconds="10"/>
  <HostingEnvironmentSettings name="full" Runtime="rd_fabric_stable"/>
  <ApplicationSettings/><ResourceReferences/>
</HostingEnvironmentConfig>"""


def shared_configuration(facts: Facts, incarnation: int) -> str:
    """List the deployment's instances: this machine alone."""
    deployment, name = facts.container_id, quoted(facts.name)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<SharedConfig version="1.0.0.0" goalStateIncarnation="{incarnation}">
  <Deployment name="{deployment}" guid="{{{deployment}}}" incarnation="1"/>
  <Incarnation number="1" instance={name} guid="{{{deployment}}}"/>
  <Role guid="{{{deployment}}}" name={name} settleTimeSeconds="0"/>
  <LoadBalancerSettings timeoutSeconds="0" waitLoadBalancerProbeCount="8"><Probes/></LoadBalancerSettings>
  <OutputEndpoints/><Instances><Instance id={name} address="{facts.address}"/></Instances>
</SharedConfig>"""


def extensions_configuration(goals: Sequence[SealedGoal], incarnation: int) -> str:
    """Ask for extensions, and say where the agent's status goes.

    Goals of one handler become one plugin with several named settings: Azure's multi-config form, by which
    run commands travel.
    """
    plugins, settings = "", ""
    by_handler = sorted(goals, key=lambda g: (g.goal.handler, g.goal.version))
    for (handler, version), group in groupby(by_handler, key=lambda g: (g.goal.handler, g.goal.version)):
        manifest = quoted(f"{PACKAGES}/{handler}/manifest.xml")
        plugins += (
            f"<Plugin name={quoted(handler)} version={quoted(version)} location={manifest}"
            f' state="enabled" autoUpgrade="false" failoverlocation={manifest}'
            ' runAsStartupTask="false" isJson="true" useExactVersion="true"/>'
        )
        each = "".join(_settings(sealed) for sealed in group)
        settings += f"<Plugin name={quoted(handler)} version={quoted(version)}>{each}</Plugin>"
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Extensions version="1.0.0.0" goalStateIncarnation="{incarnation}">
  <GuestAgentExtension xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><GAFamilies/></GuestAgentExtension>
  <Plugins>{plugins}</Plugins>
  <PluginSettings>{settings}</PluginSettings>
  <StatusUploadBlob statusBlobType="BlockBlob">{STATUS_BLOB}</StatusUploadBlob>
</Extensions>"""


def _settings(sealed: SealedGoal) -> str:
    goal = sealed.goal
    handler_settings: dict[str, Any] = {"publicSettings": dict(goal.public)}
    if sealed.protected is not None:
        handler_settings["protectedSettings"] = sealed.protected
        handler_settings["protectedSettingsCertThumbprint"] = sealed.thumbprint
    document = json.dumps({"runtimeSettings": [{"handlerSettings": handler_settings}]})
    return (
        f'<ExtensionRuntimeSettings seqNo="{goal.sequence}" name={quoted(goal.name)}'
        f" state={quoted(goal.state)}>{escape(document)}</ExtensionRuntimeSettings>"
    )


def extension_manifest(handler: str, version: str) -> str:
    """List the versions of a handler's package: the one that the goal names."""
    uri = escape(f"{PACKAGES}/{handler}/{version}.zip")
    return f"""<?xml version="1.0" encoding="utf-8"?>
<PluginVersionManifest><Plugins><Plugin><Version>{escape(version)}</Version><Uris><Uri>{uri}</Uri></Uris></Plugin>\
</Plugins><InternalPlugins/></PluginVersionManifest>"""
