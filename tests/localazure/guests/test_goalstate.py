"""The fabric's documents, read as the agent reads them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric import goalstate
from localazure.guests.fabric.facts import Facts

FACTS = Facts("a2cde5aa-ecc6-45c2-b22c-76aa757837e5", "build&01", "127.16.0.4")


def text(root: ElementTree.Element, tag: str) -> str:
    found = root.find(f".//{tag}")
    assert found is not None and found.text
    return found.text


def test_a_goal_state_links_to_the_documents_of_its_incarnation() -> None:
    root = ElementTree.fromstring(goalstate.goal_state(FACTS, 7))
    assert text(root, "Incarnation") == "7"
    for tag, kind in (("ExtensionsConfig", "extensionsConfig"), ("SharedConfig", "sharedConfig")):
        link = text(root, tag)
        assert link.startswith("http://168.63.129.16:80/machine/")
        assert f"type={kind}" in link and link.endswith("incarnation=7")
    assert text(root, "InstanceId") == f"{FACTS.container_id}._build&01"


def test_certificates_are_offered_only_when_something_is_sealed() -> None:
    assert "<Certificates>" not in goalstate.goal_state(FACTS, 1)
    assert "<Certificates>" in goalstate.goal_state(FACTS, 1, certificates=True)


def test_an_incarnation_without_goals_still_says_where_the_status_goes() -> None:
    root = ElementTree.fromstring(goalstate.extensions_configuration((), 1))
    blob = root.find("StatusUploadBlob")
    assert blob is not None and blob.get("statusBlobType") == "BlockBlob" and blob.text
    assert root.findall(".//Plugin") == []


def test_commands_of_one_handler_are_one_plugin_with_named_settings() -> None:
    goals = [
        goalstate.SealedGoal(ExtensionGoal("one", 4, {"source": {"script": "echo '<&\">'"}})),
        goalstate.SealedGoal(ExtensionGoal("two", 1, {"a": 1}), "c2VhbGVk", "AB12"),
    ]
    root = ElementTree.fromstring(goalstate.extensions_configuration(goals, 3))

    (plugin,) = root.findall("Plugins/Plugin")
    assert plugin.get("location", "").endswith(
        "/package/Microsoft.CPlat.Core.RunCommandHandlerLinux/manifest.xml"
    )
    one, two = root.findall("PluginSettings/Plugin/ExtensionRuntimeSettings")
    assert (one.get("name"), one.get("seqNo"), one.get("state")) == ("one", "4", "enabled")
    settings = json.loads(one.text or "")["runtimeSettings"][0]["handlerSettings"]
    assert settings == {"publicSettings": {"source": {"script": "echo '<&\">'"}}}
    sealed = json.loads(two.text or "")["runtimeSettings"][0]["handlerSettings"]
    assert (sealed["protectedSettings"], sealed["protectedSettingsCertThumbprint"]) == ("c2VhbGVk", "AB12")


def test_every_document_is_well_formed_whatever_the_machine_is_called() -> None:
    for make in (goalstate.goal_state, goalstate.hosting_environment, goalstate.shared_configuration):
        ElementTree.fromstring(make(FACTS, 1))
    ElementTree.fromstring(goalstate.extension_manifest("a<b", "1.0.0"))
    ElementTree.fromstring(goalstate.VERSIONS)


def test_a_machine_keeps_its_container_and_card_from_boot_to_boot_and_shares_them_with_none() -> None:
    again, other = Facts(FACTS.machine_id, "x", "127.16.0.9"), Facts("other", "x", "127.16.0.9")
    assert (again.container_id, again.mac) == (FACTS.container_id, FACTS.mac)
    assert again.container_id != other.container_id and again.mac != other.mac
    assert len(FACTS.mac) == 12 and FACTS.mac.startswith("000D3A")
