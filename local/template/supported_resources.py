"""Which resource types and properties of a template the local stack knows.

A shape is read down the table: `ANY` takes whatever is there, a mapping names the keys that may
be there, a list holds the shape of its items. What isn't listed stops the stack, because a
property that is silently ignored here is a difference that shows first in production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

ANY: Final = "any"

Shape = str | list[Any] | Mapping[str, Any]

_DESTINATION: Shape = {"OnFailure": {"Destination": ANY}}
_RETRIES: Shape = {"MaximumRetryAttempts": ANY, "MaximumEventAgeInSeconds": ANY}
_TARGET: Shape = {
    "Arn": ANY,
    "Id": ANY,
    "RoleArn": ANY,
    "RetryPolicy": _RETRIES,
    "DeadLetterConfig": {"Arn": ANY},
}
_KEY_SCHEMA: Shape = [{"AttributeName": ANY, "KeyType": ANY}]

CREATED_TYPES: Mapping[str, Shape] = {
    "AWS::DynamoDB::Table": {
        "TableName": ANY,
        "BillingMode": ANY,
        "AttributeDefinitions": [{"AttributeName": ANY, "AttributeType": ANY}],
        "KeySchema": _KEY_SCHEMA,
        "GlobalSecondaryIndexes": [
            {
                "IndexName": ANY,
                "KeySchema": _KEY_SCHEMA,
                "Projection": {"ProjectionType": ANY, "NonKeyAttributes": ANY},
            }
        ],
        "StreamSpecification": {"StreamViewType": ANY},
        "TimeToLiveSpecification": {"AttributeName": ANY, "Enabled": ANY},
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": ANY,
            "RecoveryPeriodInDays": ANY,
        },
        "DeletionProtectionEnabled": ANY,
        "SSESpecification": ANY,
        "Tags": ANY,
    },
    "AWS::SQS::Queue": {
        "QueueName": ANY,
        "VisibilityTimeout": ANY,
        "MessageRetentionPeriod": ANY,
        "ReceiveMessageWaitTimeSeconds": ANY,
        "DelaySeconds": ANY,
        "RedrivePolicy": {"deadLetterTargetArn": ANY, "maxReceiveCount": ANY},
        "RedriveAllowPolicy": ANY,
        "SqsManagedSseEnabled": ANY,
        "Tags": ANY,
    },
    "AWS::S3::Bucket": {
        "BucketName": ANY,
        "AccessControl": ANY,
        "BucketEncryption": ANY,
        "CorsConfiguration": {
            "CorsRules": [
                {
                    "Id": ANY,
                    "AllowedHeaders": ANY,
                    "AllowedMethods": ANY,
                    "AllowedOrigins": ANY,
                    "ExposedHeaders": ANY,
                    "MaxAge": ANY,
                }
            ]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": ANY,
                    "Status": ANY,
                    "Prefix": ANY,
                    "ExpirationInDays": ANY,
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ANY},
                }
            ]
        },
        "NotificationConfiguration": {
            "EventBridgeConfiguration": {"EventBridgeEnabled": ANY},
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": ANY}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": ANY,
            "BlockPublicPolicy": ANY,
            "IgnorePublicAcls": ANY,
            "RestrictPublicBuckets": ANY,
        },
        "VersioningConfiguration": {"Status": ANY},
        "Tags": ANY,
    },
    "AWS::Events::EventBus": {"Name": ANY, "Description": ANY, "Policy": ANY, "Tags": ANY},
    "AWS::Events::Rule": {
        "Name": ANY,
        "Description": ANY,
        "EventBusName": ANY,
        "EventPattern": ANY,
        "State": ANY,
        "Targets": [_TARGET],
    },
}
"""Made in moto and the S3 gate by API calls. The shapes are what the makers carry over, or what
makes no difference on one machine (encryption, tags, retention)."""

READ_TYPES: Mapping[str, Shape] = {
    "AWS::Lambda::Function": {
        "FunctionName": ANY,
        "Description": ANY,
        "Code": ANY,
        "Handler": ANY,
        "Runtime": ANY,
        "Architectures": ANY,
        "MemorySize": ANY,
        "EphemeralStorage": ANY,
        "Timeout": ANY,
        "Environment": {"Variables": ANY},
        "Layers": ANY,
        "Role": ANY,
        "Tags": ANY,
        "TracingConfig": ANY,
        "LoggingConfig": ANY,
        "ReservedConcurrentExecutions": ANY,
        "DeadLetterConfig": {"TargetArn": ANY},
    },
    "AWS::Lambda::LayerVersion": {
        "Content": ANY,
        "LayerName": ANY,
        "Description": ANY,
        "CompatibleRuntimes": ANY,
        "CompatibleArchitectures": ANY,
        "LicenseInfo": ANY,
    },
    "AWS::Lambda::EventInvokeConfig": {
        "FunctionName": ANY,
        "Qualifier": ANY,
        "MaximumRetryAttempts": ANY,
        "MaximumEventAgeInSeconds": ANY,
        "DestinationConfig": _DESTINATION,
    },
    "AWS::Lambda::EventSourceMapping": {
        "FunctionName": ANY,
        "EventSourceArn": ANY,
        "Enabled": ANY,
        "BatchSize": ANY,
        "MaximumBatchingWindowInSeconds": ANY,
        "MaximumRetryAttempts": ANY,
        "MaximumRecordAgeInSeconds": ANY,
        "BisectBatchOnFunctionError": ANY,
        "ParallelizationFactor": ANY,
        "StartingPosition": ANY,
        "FunctionResponseTypes": ANY,
        "DestinationConfig": _DESTINATION,
        "FilterCriteria": {"Filters": [{"Pattern": ANY}]},
        "ScalingConfig": {"MaximumConcurrency": ANY},
        "Tags": ANY,
    },
    "AWS::ApiGatewayV2::Api": {
        "Body": {
            "openapi": ANY,
            "info": ANY,
            "tags": ANY,
            "paths": ANY,
            "x-amazon-apigateway-cors": {
                "allowOrigins": ANY,
                "allowMethods": ANY,
                "allowHeaders": ANY,
                "exposeHeaders": ANY,
                "allowCredentials": ANY,
                "maxAge": ANY,
            },
        },
        "FailOnWarnings": ANY,
        "DisableExecuteApiEndpoint": ANY,
    },
    "AWS::ApiGatewayV2::Stage": {
        "ApiId": ANY,
        "StageName": ANY,
        "AutoDeploy": ANY,
        "AccessLogSettings": ANY,
        "DefaultRouteSettings": ANY,
        "RouteSettings": ANY,
        "Tags": ANY,
    },
    "AWS::Scheduler::Schedule": {
        "Name": ANY,
        "Description": ANY,
        "FlexibleTimeWindow": ANY,
        "ScheduleExpression": ANY,
        "ScheduleExpressionTimezone": ANY,
        "State": ANY,
        "Target": {
            "Arn": ANY,
            "RoleArn": ANY,
            "Input": ANY,
            "RetryPolicy": _RETRIES,
            "DeadLetterConfig": {"Arn": ANY},
        },
    },
    "AWS::CloudWatch::Alarm": ANY,
    "AWS::CloudWatch::CompositeAlarm": ANY,
    "AWS::CloudWatch::Dashboard": ANY,
    "AWS::IAM::ManagedPolicy": ANY,
    "AWS::IAM::Policy": ANY,
    "AWS::IAM::Role": ANY,
    "AWS::Lambda::Permission": ANY,
    "AWS::Logs::LogGroup": ANY,
    "AWS::Logs::MetricFilter": ANY,
    "AWS::S3::BucketPolicy": ANY,
    "AWS::SNS::Subscription": {"Endpoint": ANY, "Protocol": ANY, "TopicArn": ANY},
    "AWS::SNS::Topic": ANY,
    "AWS::SNS::TopicPolicy": ANY,
    "AWS::SQS::QueuePolicy": ANY,
}
"""Read and acted upon, or known to make no difference on one machine; never created."""

SUPPORTED_TYPES: Mapping[str, Shape] = {**CREATED_TYPES, **READ_TYPES}

OPERATION: Shape = {
    "isDefaultRoute": ANY,
    "parameters": ANY,
    "responses": ANY,
    "x-amazon-apigateway-integration": {
        "httpMethod": ANY,
        "payloadFormatVersion": ANY,
        "timeoutInMillis": ANY,
        "type": ANY,
        "uri": ANY,
    },
}
"""What the description of an HTTP API may say of one route."""


def unsupported_parts(
    shape: Shape, value: Any, where: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """The places in `value` that `shape` doesn't list."""
    if isinstance(shape, list):
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from unsupported_parts(shape[0], item, (*where, index))
    elif isinstance(shape, Mapping):
        if not isinstance(value, dict):
            yield where
            return
        for name, item in value.items():
            if name in shape:
                yield from unsupported_parts(shape[name], item, (*where, name))
            else:
                yield (*where, name)
