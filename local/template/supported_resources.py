"""The resource types and properties that the local stack supports.

In a schema, `ANY` allows every value, a mapping lists the allowed keys, and a list has the schema
of its items. Anything that is not listed stops the stack: a property that is silently ignored here
would show its effect in production only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

ANY: Final = "any"

Schema = str | list[Any] | Mapping[str, Any]

_DESTINATION: Schema = {"OnFailure": {"Destination": ANY}}
_RETRIES: Schema = {"MaximumRetryAttempts": ANY, "MaximumEventAgeInSeconds": ANY}
_TARGET: Schema = {
    "Arn": ANY,
    "Id": ANY,
    "RoleArn": ANY,
    "RetryPolicy": _RETRIES,
    "DeadLetterConfig": {"Arn": ANY},
}
_KEY_SCHEMA: Schema = [{"AttributeName": ANY, "KeyType": ANY}]

CREATED_TYPES: Mapping[str, Schema] = {
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
"""Types that are created in moto and the S3 gate by API calls. The properties are passed on, or
make no difference on one machine (encryption, tags, retention)."""

READ_TYPES: Mapping[str, Schema] = {
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
    "AWS::EventSchemas::Registry": ANY,
    "AWS::EventSchemas::Schema": ANY,
    "AWS::Events::Archive": ANY,
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
"""Types that are only read, or that make no difference on one machine."""

SUPPORTED_TYPES: Mapping[str, Schema] = {**CREATED_TYPES, **READ_TYPES}

OPERATION: Schema = {
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
"""The schema of one route in the description of an HTTP API."""


def unsupported_parts(
    schema: Schema, value: Any, where: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Yield the location of each part of `value` that the schema does not allow."""
    if isinstance(schema, list):
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from unsupported_parts(schema[0], item, (*where, index))
    elif isinstance(schema, Mapping):
        if not isinstance(value, dict):
            yield where
            return
        for name, item in value.items():
            if name in schema:
                yield from unsupported_parts(schema[name], item, (*where, name))
            else:
                yield (*where, name)
