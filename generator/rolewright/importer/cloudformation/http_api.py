"""The routes of HTTP APIs that SAM makes for a function, and who may call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.function_fields import DATA
from rolewright.importer.cloudformation.globals import merged, shared_properties
from rolewright.importer.field_table import format_data
from rolewright.importer.shapes import listed, mapping, several, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_HEADER = "$request.header.Authorization"


def carry_api(template: StackTemplate, logical: str, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the routes of HTTP APIs, if one kind of authorization holds for all of them."""
    routes: dict[str, PathInTree] = {}
    settings: list[tuple[Any, ...]] = []
    raw_events = mapping(template.properties(logical).get("Events"))
    for name, event in mapping(ledger.tree.data.get("Events")).items():
        if text(mapping(event).get("Type")) != format_data(DATA).facts["http_api"]:
            continue
        path: PathInTree = ("Events", name)
        properties = mapping(mapping(event).get("Properties"))
        api = _api(template, mapping(mapping(raw_events.get(name)).get("Properties")).get("ApiId"))
        authorization = _authorization(properties, api)
        if isinstance(authorization, str):
            ledger.left(path, f"{authorization}: the route is left out, so that nobody may call it who may not today")
            continue
        if settings and authorization != settings[0]:
            ledger.left(path, "its authorization is another than that of the first route, and `api` has one for all")
            continue
        settings.append(authorization)
        routes.setdefault(_route(properties), path)
        ledger.derived((*path, "Type"), "compute.api", format_data(DATA).facts["own_api"])
        for field in ("Path", "Method"):
            ledger.carried((*path, "Properties", field), "compute.api.routes")
        for field in ("Auth", "ApiId"):
            ledger.derived((*path, "Properties", field), "compute.api", "read for its authorization")
        if text(properties.get("PayloadFormatVersion"), "2.0") != "2.0":
            note = "the module's API sends events of the format 2.0, and the code reads another"
            ledger.left((*path, "Properties", "PayloadFormatVersion"), note)
        if not workload.compute.get("api"):
            workload.compute["api"] = {"routes": [], **dict(authorization), **_cors(api)}
    if routes:
        workload.compute["api"]["routes"] = list(routes)


def _route(properties: Mapping[str, Any]) -> str:
    where = text(properties.get("Path"))
    if not where or where == "$default":
        return "$default"
    method = text(properties.get("Method"), "ANY").upper()
    return f"{'ANY' if method in ('X-AMAZON-APIGATEWAY-ANY-METHOD', '*') else method} {where}"


def _api(template: StackTemplate, given: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - YAML
    """Return the settings of the API of a route, with those of `Globals`; None for one that is not in the template."""
    facts = format_data(DATA).facts
    named = facts["implicit_http_api"] if given is None else given
    if isinstance(given, dict):
        named = given.get("Ref")
    if not isinstance(named, str) or (
        given is not None and text(template.resources.get(named, {}).get("Type")) != facts["http_api_type"]
    ):
        return None
    own = mapping(template.value(template.properties(named)))
    both: Mapping[str, Any] = merged(shared_properties(template, named, facts["http_api"]), own)
    return both


def _authorization(properties: Mapping[str, Any], api: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...] | str:
    """Return the settings for who may call, or why a manifest has none for it."""
    if api is None:
        return "its API is none that the template makes"
    if "DefinitionBody" in api or "DefinitionUri" in api:
        return "its API is described by an OpenAPI document, which is not read for who may call"
    auth, own = api.get("Auth", {}), properties.get("Auth", {})
    if not isinstance(auth, dict) or not isinstance(own, dict):
        return "its authorization is not known"
    named = own.get("Authorizer", auth.get("DefaultAuthorizer", "NONE"))
    plain = {"AWS_IAM": "iam", "NONE": "none"}.get(text(named))
    if plain is not None:
        return (("authorization", plain),)
    return _token(text(named), auth, own)


def _token(name: str, auth: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[tuple[str, Any], ...] | str:
    """Return the settings for the tokens that an authorizer takes, or why a manifest has none for it."""
    authorizer = mapping(mapping(auth.get("Authorizers")).get(name))
    jwt = mapping(authorizer.get("JwtConfiguration"))
    issuer, audience = jwt.get("issuer"), jwt.get("audience")
    if not issuer or not audience:
        return "its authorizer is none that a manifest has (iam, jwt, none)"
    if own.get("AuthorizationScopes", authorizer.get("AuthorizationScopes")):
        return "it asks for scopes of a token, which a manifest cannot say"
    if authorizer.get("IdentitySource", _HEADER) != _HEADER:
        return f"its token is not in {_HEADER.removeprefix('$request.')}, where the module's API reads it"
    return (("authorization", "jwt"), ("issuer", issuer), ("audience", several(audience)))


def _cors(api: Mapping[str, Any] | None) -> dict[str, Any]:
    origins = listed(mapping(mapping(api).get("CorsConfiguration")).get("AllowOrigins"))
    return {"cors_origins": origins} if origins else {}
