"""What the resource manager says before any service is asked: tokens, versions, scopes, bodies."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.localazure.conftest import LocalCloud, Wire


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def nsg(group: str, name: str = "nsg") -> str:
    return f"{group}/providers/Microsoft.Network/networkSecurityGroups/{name}"


def bare(cloud: LocalCloud, path: str, **headers: str) -> requests.Response:
    return requests.get(cloud.endpoint + path, headers=headers, verify=cloud.ca, timeout=30)


def test_without_a_token_it_is_401_with_a_challenge(cloud: LocalCloud) -> None:
    refused = bare(cloud, f"/subscriptions/{cloud.subscription}?api-version=2022-12-01")
    assert error(refused) == (401, "AuthenticationFailed")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_a_forged_token_is_refused(cloud: LocalCloud) -> None:
    head, body, _ = cloud.token().split(".")
    refused = bare(cloud, "/subscriptions?api-version=2022-12-01", Authorization=f"Bearer {head}.{body}.AAAA")
    assert error(refused) == (401, "InvalidAuthenticationToken")


def test_a_scheme_that_is_not_bearer_is_refused(cloud: LocalCloud) -> None:
    refused = bare(cloud, "/subscriptions?api-version=2022-12-01", Authorization="Basic eDp5")
    assert error(refused) == (401, "AuthenticationFailedInvalidHeader")


def test_a_token_for_another_audience_is_refused(cloud: LocalCloud) -> None:
    with cloud.credential() as credential:
        other = credential.get_token("https://vault.azure.net/.default").token
    refused = bare(cloud, "/subscriptions?api-version=2022-12-01", Authorization=f"Bearer {other}")
    assert error(refused) == (401, "InvalidAuthenticationTokenAudience")


def test_an_expired_token_is_refused(own_cloud: LocalCloud) -> None:
    own_cloud.options = ("--token-seconds", "1")
    token = own_cloud.start().token()
    time.sleep(1.2)
    refused = bare(own_cloud, "/subscriptions?api-version=2022-12-01", Authorization=f"Bearer {token}")
    assert error(refused) == (401, "ExpiredAuthenticationToken")


def test_the_api_version_must_be_there_and_a_date(wire: Wire) -> None:
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups"
    assert error(wire("GET", path, **{"api-version": ""})) == (400, "MissingApiVersionParameter")
    for bad in ("latest", "2026-13-01", "2026-4-1", "20260401"):
        assert error(wire("GET", path, **{"api-version": bad})) == (400, "InvalidApiVersionParameter")
    for good in ("2015-01-01", "2026-04-01", "2024-10-01-preview"):
        assert wire("GET", path, **{"api-version": good}).status_code == 200


def test_subscriptions_that_are_not_ours_and_that_are_none(wire: Wire) -> None:
    assert error(wire("GET", f"/subscriptions/{uuid4()}/resourceGroups")) == (404, "SubscriptionNotFound")
    assert error(wire("GET", "/subscriptions/nonsense/resourceGroups")) == (400, "InvalidSubscriptionId")


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_a_resource_in_a_group_that_is_missing_is_group_not_found(wire: Wire, verb: str) -> None:
    path = nsg(f"/subscriptions/{wire.cloud.subscription}/resourceGroups/nowhere")
    assert error(wire(verb, path, {"location": "westeurope"})) == (404, "ResourceGroupNotFound")


def test_a_resource_that_is_missing_is_named_as_azure_names_it(wire: Wire, group: str) -> None:
    refused = wire("GET", nsg(group))
    assert error(refused) == (404, "ResourceNotFound")
    assert refused.json()["error"]["message"] == (
        "The Resource 'Microsoft.Network/networkSecurityGroups/nsg' under resource group "
        f"'{group.rsplit('/', 1)[1]}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    )


def test_case_of_literals_group_and_name_does_not_matter_and_the_first_spelling_stays(
    wire: Wire, group: str
) -> None:
    wire.finish(wire("PUT", nsg(group, "First"), {"location": "westeurope"}))
    shouted = nsg(group, "FIRST").replace("resourceGroups", "resourcegroups").replace("/g-", "/G-")

    found = wire("GET", shouted.replace("networkSecurityGroups", "NETWORKSECURITYGROUPS") + "/")
    again = wire("PUT", shouted, {"location": "westeurope"})

    assert found.json()["id"] == nsg(group, "First")
    assert (again.status_code, again.json()["id"]) == (200, nsg(group, "First"))


def test_bodies_that_cannot_be_read_are_invalid_request_content(wire: Wire, group: str) -> None:
    url = f"{wire.cloud.endpoint}{nsg(group)}?api-version=2026-03-01"
    for body in ("{", "[]", '"text"', ""):
        assert error(wire.session.put(url, data=body, timeout=30)) == (400, "InvalidRequestContent")
    assert error(wire("PUT", nsg(group), {"location": "westeurope", "propertys": {}})) == (
        400,
        "InvalidRequestContent",
    )


def test_location_is_required_known_and_never_changes(wire: Wire, group: str) -> None:
    assert error(wire("PUT", nsg(group), {})) == (400, "LocationRequired")
    assert error(wire("PUT", nsg(group), {"location": "atlantis"})) == (
        400,
        "LocationNotAvailableForResourceType",
    )
    wire.finish(wire("PUT", nsg(group), {"location": "West Europe"}))
    assert error(wire("PUT", nsg(group), {"location": "eastus"})) == (409, "InvalidResourceLocation")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({f"t{index}": "" for index in range(51)}, "TooManyTags"),
        ({"a/b": "1"}, "InvalidTagNameCharacters"),
        ({"a": "x" * 257}, "InvalidTagValueLength"),
        ({"a" * 513: "x"}, "InvalidTagName"),
        ({"a": 1}, "InvalidRequestContent"),
        ({"a": "1", "A": "2"}, "InvalidRequestContent"),
    ],
)
def test_tags_have_limits(wire: Wire, group: str, tags: dict[str, Any], code: str) -> None:
    assert error(wire("PUT", nsg(group), {"location": "westeurope", "tags": tags})) == (400, code)


def test_names_have_rules(wire: Wire, group: str) -> None:
    for name in ("-a", "a-", "a b", "a" * 81):
        assert error(wire("PUT", nsg(group, name), {"location": "westeurope"})) == (
            400,
            "InvalidResourceName",
        )


def test_every_answer_carries_the_ids_of_the_request(wire: Wire, group: str) -> None:
    mine = str(uuid4())
    wire.session.headers.update({"x-ms-client-request-id": mine, "x-ms-return-client-request-id": "true"})
    answer = wire("GET", group)
    assert answer.headers["x-ms-client-request-id"] == mine
    for name in ("x-ms-request-id", "x-ms-correlation-request-id"):
        assert len(answer.headers[name]) == 36
    assert answer.headers["x-ms-routing-request-id"].count(":") == 2
    assert int(answer.headers["x-ms-ratelimit-remaining-subscription-reads"]) < 12000
    del wire.session.headers["x-ms-return-client-request-id"]
    assert "x-ms-client-request-id" not in wire("GET", group).headers


def test_rate_limit_headers_count_down(wire: Wire, group: str) -> None:
    name = "x-ms-ratelimit-remaining-subscription-writes"
    first = int(wire("PATCH", group, {"tags": {}}).headers[name])
    assert int(wire("PATCH", group, {"tags": {}}).headers[name]) < first


def test_what_azure_has_and_this_has_not_is_501_and_counted(wire: Wire, group: str) -> None:
    path = f"{group}/providers/Microsoft.Network/bastionHosts/b"
    before = wire("GET", "/_local/status").json()["not_implemented"]
    refused = wire("PUT", path, {"location": "westeurope"})
    after = wire("GET", "/_local/status").json()["not_implemented"]

    assert error(refused) == (501, "NotImplemented")
    shape = "PUT Microsoft.Network/bastionHosts"
    assert after[shape] == before.get(shape, 0) + 1


def test_an_action_that_nobody_wrote_is_501(wire: Wire, group: str) -> None:
    assert error(wire("POST", f"{group}/exportTemplate", {})) == (501, "NotImplemented")
    balancer = f"{group}/providers/Microsoft.Network/loadBalancers/l"
    assert error(wire("PUT", balancer, {})) == (501, "NotImplemented")


def test_what_azure_does_not_know_either_is_azures_own_404(wire: Wire, group: str) -> None:
    assert error(wire("GET", f"{group}/providers/Contoso.Things/things/t")) == (
        404,
        "InvalidResourceNamespace",
    )
    assert error(wire("GET", f"{group}/providers/Microsoft.Compute/toasters/t")) == (
        404,
        "InvalidResourceType",
    )


def test_an_unknown_expand_is_501_and_not_ignored(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", nsg(group), {"location": "westeurope"}))
    assert error(wire("GET", nsg(group), **{"$expand": "networkInterfaces"})) == (501, "NotImplemented")


def test_an_etag_that_does_not_match_is_412(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", nsg(group), {"location": "westeurope"}))
    etag = wire("GET", nsg(group)).headers["ETag"]
    assert etag.startswith('W/"')
    wire.session.headers["If-Match"] = 'W/"other"'
    assert error(wire("PUT", nsg(group), {"location": "westeurope"})) == (412, "PreconditionFailed")
    wire.session.headers["If-Match"] = etag
    changed = wire("PUT", nsg(group), {"location": "westeurope"})
    assert changed.status_code == 200
    del wire.session.headers["If-Match"]
    wire.session.headers["If-None-Match"] = "*"
    assert error(wire("PUT", nsg(group), {"location": "westeurope"})) == (412, "PreconditionFailed")


def test_lists_come_in_pages_with_a_next_link_that_works(wire: Wire) -> None:
    marker, base = uuid4().hex, f"/subscriptions/{wire.cloud.subscription}/resourceGroups"
    names = {f"p-{marker}-{index}" for index in range(5)}
    for name in names:
        wire("PUT", f"{base}/{name}", {"location": "westeurope", "tags": {"page": marker}})
    query = {"$top": "2", "$filter": f"tagName eq 'page' and tagValue eq '{marker}'"}

    page, sizes, found = wire("GET", base, **query).json(), [], set()
    while True:
        sizes.append(len(page["value"]))
        found |= {group["name"] for group in page["value"]}
        if "nextLink" not in page:
            break
        page = wire("GET", page["nextLink"]).json()

    assert sizes == [2, 2, 1]
    assert found == names


def test_the_request_log_has_one_line_for_each_request_and_no_secret(wire: Wire, group: str) -> None:
    mine = str(uuid4())
    wire.session.headers["x-ms-client-request-id"] = mine
    wire("GET", nsg(group, "nobody"))

    text = (wire.cloud.state / "requests.jsonl").read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if line["client_request_id"] == mine]

    assert len(lines) == 1
    line = lines[0]
    assert (line["method"], line["path"]) == ("GET", nsg(group, "nobody"))
    assert (line["status"], line["code"]) == (404, "ResourceNotFound")
    assert line["operation"] == "network:get_networkSecurityGroups"
    assert line["user_agent"].startswith("python-requests")
    assert 0 <= line["seconds"] < 30
    assert wire.cloud.secret not in text
    assert wire.cloud.token() not in text
    assert wire("GET", "/_local/log", last="1").json()["requests"][0]["client_request_id"] == mine
