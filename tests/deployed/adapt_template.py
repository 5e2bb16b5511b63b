"""Rewrite a packaged SAM template for the emulator, with the SAM CLI's own transform.

    python adapt_template.py PACKAGED.yaml ADAPTED.json

Runs in the SAM CLI's environment. It translates the template as CloudFormation would and rewrites
only what the emulator lacks; it prints each rewriting. Tests of the translated template check what
the emulator drops or never sees: see docs/adr/0015.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

_CORS = {
    "allowOrigins": "AllowOrigins",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
}
_MISSING_TYPES = frozenset(
    {"AWS::Events::Archive", "AWS::EventSchemas::Registry", "AWS::EventSchemas::Schema"}
)
_ANY_METHOD = "x-amazon-apigateway-any-method"


class _NoManagedPolicies:
    @staticmethod
    def load() -> dict[str, str]:
        return {}


def main() -> None:
    packaged, adapted = (Path(argument) for argument in sys.argv[1:3])
    source = yaml_parse(packaged.read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(source, default=str))
    template = transform(plain, {}, _NoManagedPolicies())
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] in _MISSING_TYPES:
            del resources[name]
            _remove_outputs(template["Outputs"], name)
            print(f"{name}: left out")
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
            _replace_metric_math(properties)
            print(f"{name}: alarm without metric math")
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and "ScalingConfig" in properties:
            _use_number(properties["ScalingConfig"], "MaximumConcurrency", template["Parameters"])
            print(f"{name}: maximum concurrency as a number")
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in properties:
            routes = list(_routes_of(name, properties))
            for number, (integration, route) in enumerate(routes, 1):
                resources[f"Integration{number}"] = integration
                resources[f"Route{number}"] = route
            print(f"{name}: OpenAPI body as {len(routes)} routes and integrations")
    template.pop("Transform", None)
    adapted.write_text(json.dumps(template, indent=1, default=str), encoding="utf-8")


def _remove_outputs(outputs: dict[str, Any], resource: str) -> None:
    """Remove the outputs that refer to a resource."""
    for name, output in list(outputs.items()):
        if resource in json.dumps(output["Value"]):
            del outputs[name]


def _use_number(properties: dict[str, Any], name: str, parameters: dict[str, Any]) -> None:
    """Replace a reference to a parameter by its default: the emulator keeps numbers as text."""
    value = properties[name]
    if isinstance(value, dict):
        properties[name] = int(parameters[value["Ref"]]["Default"])


def _replace_metric_math(properties: dict[str, Any]) -> None:
    """Keep the first metric of an alarm that computes with several."""
    metrics = properties.pop("Metrics")
    first = next(metric["MetricStat"] for metric in metrics if "MetricStat" in metric)
    properties.update(
        Namespace=first["Metric"]["Namespace"],
        MetricName=first["Metric"]["MetricName"],
        Dimensions=first["Metric"]["Dimensions"],
        Statistic=first["Stat"],
        Period=first["Period"],
    )


def _routes_of(
    api: str, properties: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Move an HTTP API's OpenAPI body into resources: yield an integration and a route for each."""
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)
    properties.update(Name={"Ref": "AWS::StackName"}, ProtocolType="HTTP")
    cors = body.get("x-amazon-apigateway-cors")
    if cors:
        properties["CorsConfiguration"] = {_CORS[key]: value for key, value in cors.items()}
    number = 0
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            integration = operation.get("x-amazon-apigateway-integration")
            if integration is None:
                continue
            number += 1
            yield _integration(api, integration), _route(api, number, path, method)


def _integration(api: str, integration: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": integration["uri"],
        "PayloadFormatVersion": str(integration.get("payloadFormatVersion", "2.0")),
    }
    if "timeoutInMillis" in integration:
        properties["TimeoutInMillis"] = integration["timeoutInMillis"]
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties}


def _route(api: str, number: int, path: str, method: str) -> dict[str, Any]:
    key = f"{'ANY' if method == _ANY_METHOD else method.upper()} {path}"
    properties = {
        "ApiId": {"Ref": api},
        "RouteKey": "$default" if path.lstrip("/") == "$default" else key,
        "Target": {"Fn::Sub": f"integrations/${{Integration{number}}}"},
    }
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}


if __name__ == "__main__":
    main()
