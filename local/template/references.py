"""The names of a template's resources, and the values of Ref and GetAtt for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.resources import ACCOUNT, DEFAULT_REGION, arn_of
from local.template.intrinsics import Resolver
from local.template.source import Template, TemplateError
from local.template.supported_resources import SUPPORTED_TYPES


class References:
    """The resources of one template whose conditions hold, by logical id, and their names.

    `queue_endpoint` is the URL of SQS, because a Ref to a queue is the queue's URL. `bucket_name`
    returns a bucket's name by logical id, or None for the template's name. A type that is not
    supported raises `TemplateError` with the line.
    """

    def __init__(
        self,
        template: Template,
        stack_name: str,
        queue_endpoint: str,
        bucket_name: Callable[[str], str | None],
    ) -> None:
        self._template = template
        self._stack_name = stack_name
        self._queue_endpoint = queue_endpoint
        self._bucket_name = bucket_name
        self._resolver = Resolver(
            template, self._pseudo_parameters(), self.reference, self._attribute
        )
        self.active = {
            logical_id: resource
            for logical_id, resource in template.resources.items()
            if self._is_active(logical_id, resource)
        }
        self._known_names: dict[str, str] = {}

    def _pseudo_parameters(self) -> dict[str, str]:
        return {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": DEFAULT_REGION,
            "AWS::StackId": arn_of("cloudformation", f"stack/{self._stack_name}/local"),
            "AWS::StackName": self._stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _is_active(self, logical_id: str, resource: Mapping[str, Any]) -> bool:
        type_name = resource["Type"]
        if type_name not in SUPPORTED_TYPES:
            raise self.error(logical_id, f"the local stack does not support the type {type_name}")
        name = resource.get("Condition")
        return name is None or self._with_line(logical_id, lambda: self._resolver.condition(name))

    def error(self, logical_id: str, message: str, *inside: str | int) -> TemplateError:
        """Return an error with the line of a resource, or of a part of it."""
        return self._template.source.error(logical_id, message, *inside)

    def _with_line(self, logical_id: str, resolve: Callable[[], Any], *inside: str | int) -> Any:
        """Call `resolve`, and add the line of the resource to a `TemplateError`."""
        try:
            return resolve()
        except TemplateError as error:
            if str(error).startswith(self._template.source.path.name):
                raise
            raise self.error(logical_id, str(error), *inside) from error

    def name(self, logical_id: str) -> str:
        """Return the physical name: the template's, or the stack's name and the logical id."""
        if logical_id not in self._known_names:
            self._known_names[logical_id] = self._find_name(logical_id)
        return self._known_names[logical_id]

    def _find_name(self, logical_id: str) -> str:
        resource = self.active[logical_id]
        is_bucket = resource["Type"] == "AWS::S3::Bucket"
        bucket_name = self._bucket_name(logical_id) if is_bucket else None
        if bucket_name is not None:
            return bucket_name
        properties = resource.get("Properties", {})
        key = _NAME_PROPERTIES.get(resource["Type"])
        if key in properties:
            return str(self._with_line(logical_id, lambda: self._resolver.resolve(properties[key])))
        name = f"{self._stack_name}-{logical_id}"
        return name.lower() if is_bucket else name

    def reference(self, logical_id: str) -> str:
        """Return the value of a Ref to a resource."""
        if logical_id not in self.active:
            raise TemplateError(f"there is no resource or parameter {logical_id}")
        name = self.name(logical_id)
        type_name = self.active[logical_id]["Type"]
        if type_name == "AWS::SQS::Queue":
            return f"{self._queue_endpoint}/{ACCOUNT}/{name}"
        if type_name == "AWS::Lambda::LayerVersion":
            return arn_of("lambda", f"layer:{name}:1")
        if type_name == "AWS::SNS::Topic":
            return arn_of("sns", name)
        return name

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if logical_id not in self.active:
            raise TemplateError(f"there is no resource {logical_id}")
        type_name = self.active[logical_id]["Type"]
        name = self.name(logical_id)
        value_of = _ATTRIBUTES.get((type_name, attribute))
        if value_of is None:
            raise TemplateError(f"the local stack does not support {attribute} of a {type_name}")
        return value_of(name)

    def resolved(self, logical_id: str, name: str, value: Any) -> Any:
        """Return a property's value without intrinsics; an error has the property's line."""
        return self._with_line(
            logical_id, lambda: self._resolver.resolve(value), "Properties", name
        )


_NAME_PROPERTIES: Mapping[str, str] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
}

_ATTRIBUTES: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("AWS::DynamoDB::Table", "Arn"): lambda name: arn_of("dynamodb", f"table/{name}"),
    ("AWS::DynamoDB::Table", "StreamArn"): lambda name: arn_of(
        "dynamodb", f"table/{name}/stream/local"
    ),
    ("AWS::SQS::Queue", "Arn"): lambda name: arn_of("sqs", name),
    ("AWS::SQS::Queue", "QueueName"): lambda name: name,
    ("AWS::S3::Bucket", "Arn"): lambda name: f"arn:aws:s3:::{name}",
    ("AWS::S3::Bucket", "DomainName"): lambda name: f"{name}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "RegionalDomainName"): lambda name: (
        f"{name}.s3.{DEFAULT_REGION}.amazonaws.com"
    ),
    ("AWS::Events::EventBus", "Arn"): lambda name: arn_of("events", f"event-bus/{name}"),
    ("AWS::Events::EventBus", "Name"): lambda name: name,
    ("AWS::Events::Rule", "Arn"): lambda name: arn_of("events", f"rule/{name}"),
    ("AWS::Lambda::Function", "Arn"): lambda name: arn_of("lambda", f"function:{name}"),
    ("AWS::IAM::Role", "Arn"): lambda name: f"arn:aws:iam::{ACCOUNT}:role/{name}",
    ("AWS::Logs::LogGroup", "Arn"): lambda name: arn_of("logs", f"log-group:{name}:*"),
    ("AWS::Scheduler::Schedule", "Arn"): lambda name: arn_of(
        "scheduler", f"schedule/default/{name}"
    ),
    ("AWS::SNS::Topic", "TopicName"): lambda name: name,
    ("AWS::SNS::Topic", "TopicArn"): lambda name: arn_of("sns", name),
    ("AWS::CloudWatch::Alarm", "Arn"): lambda name: arn_of("cloudwatch", f"alarm:{name}"),
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): lambda name: f"https://{name}.local",
    ("AWS::ApiGatewayV2::Api", "ApiId"): lambda name: name,
}
"""The value of a GetAtt by resource name. The label in a stream's ARN is always `local`."""
