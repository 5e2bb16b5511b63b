"""What a template's resources are called, and what Ref, GetAtt and Sub say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.resources import ACCOUNT, DEFAULT_REGION, arn_of
from local.template.intrinsics import Resolver
from local.template.source import Template, TemplateError
from local.template.supported_resources import SUPPORTED_TYPES


class References:
    """The resources of one template that are made, by logical id, and their names.

    `queue_endpoint` is where SQS answers, because a Ref to a queue is its URL. `bucket_name` may
    know another name for a bucket, by its logical id. TemplateError, with the line, for a type or a
    condition that isn't understood.
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
            if self._is_wanted(logical_id, resource)
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

    def _is_wanted(self, logical_id: str, resource: Mapping[str, Any]) -> bool:
        type_name = resource["Type"]
        if type_name not in SUPPORTED_TYPES:
            raise self.error(logical_id, f"the local stack doesn't know the type {type_name}")
        name = resource.get("Condition")
        return name is None or self._guarded(logical_id, lambda: self._resolver.condition(name))

    def error(self, logical_id: str, message: str, *inside: str | int) -> TemplateError:
        """An error that names the line of a resource, or of what is inside it."""
        return self._template.source.error(logical_id, message, *inside)

    def _guarded(self, logical_id: str, work: Callable[[], Any], *inside: str | int) -> Any:
        try:
            return work()
        except TemplateError as error:
            if str(error).startswith(self._template.source.path.name):
                raise
            raise self.error(logical_id, str(error), *inside) from error

    def name(self, logical_id: str) -> str:
        """The physical name: the given one, else made from the stack's name and the id."""
        if logical_id not in self._known_names:
            self._known_names[logical_id] = self._find_name(logical_id)
        return self._known_names[logical_id]

    def _find_name(self, logical_id: str) -> str:
        resource = self.active[logical_id]
        is_bucket = resource["Type"] == "AWS::S3::Bucket"
        given = self._bucket_name(logical_id) if is_bucket else None
        if given is not None:
            return given
        properties = resource.get("Properties", {})
        key = _NAME_PROPERTIES.get(resource["Type"])
        if key in properties:
            return str(self._guarded(logical_id, lambda: self._resolver.resolve(properties[key])))
        name = f"{self._stack_name}-{logical_id}"
        return name.lower() if is_bucket else name

    def reference(self, logical_id: str) -> str:
        """What a Ref to a resource is."""
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
        maker = _ATTRIBUTES.get((type_name, attribute))
        if maker is None:
            raise TemplateError(f"the local stack doesn't know {attribute} of a {type_name}")
        return maker(name)

    def resolved(self, logical_id: str, name: str, value: Any) -> Any:
        """A property's value without intrinsics; TemplateError names the property's line."""
        return self._guarded(logical_id, lambda: self._resolver.resolve(value), "Properties", name)


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
"""How a GetAtt is answered. A stream's label is only known to moto; ours is found by table."""
