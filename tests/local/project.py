"""A small application for tests of the local stack: a template and handlers in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.functions.in_process import InProcessInvoker
from local.stack import LocalStack

RECORDING_HANDLER = """
SEEN = []
PLAN = []  # for the next events: an exception to raise, or a payload to return


def lambda_handler(event, context):
    SEEN.append(event)
    response = PLAN.pop(0) if PLAN else None
    if isinstance(response, BaseException):
        raise response
    return response(event) if callable(response) else response
"""

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour: { Type: String, Default: green }
Globals:
  Function:
    Runtime: python3.13
    Handler: app.lambda_handler
    Timeout: 2
    MemorySize: 256
    Environment: { Variables: { THINGS_TABLE: !Ref ThingsTable, COLOUR: !Ref Colour } }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: { AllowOrigins: ["https://*.example.org"], AllowMethods: [GET] }
  WebFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/web
      Events:
        Thing:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: POST, Path: "/things/{id}" }
  WorkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work
      Events:
        Work:
          Type: SQS
          Properties:
            Queue: !GetAtt WorkQueue.Arn
            BatchSize: 3
            FunctionResponseTypes: [ReportBatchItemFailures]
  PublishFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/publish
      Events:
        Things:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt ThingsTable.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 4
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig: { OnFailure: { Type: S3, Destination: !GetAtt KeepBucket.Arn } }
  ListenFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/listen
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt DeadQueue.Arn } }
      Events:
        Heard:
          Type: EventBridgeRule
          Properties: { EventBusName: !Ref Bus, Pattern: { detail-type: [Called] } }
        Hourly:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 hour) }
        Never:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 minute), State: DISABLED }
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: !Sub "${AWS::StackName}-bus" } }
  ArrivalRule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.s3]
        detail: { bucket: { name: [!Ref KeepBucket] }, object: { key: [{ prefix: in/ }] } }
      Targets: [{ Id: Work, Arn: !GetAtt WorkQueue.Arn }]
  ThingsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
      TimeToLiveSpecification: { AttributeName: expiresAt, Enabled: true }
  KeepBucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } }
      LifecycleConfiguration:
        Rules: [{ Id: short, Status: Enabled, Prefix: short/, ExpirationInDays: 3 }]
  DeadQueue: { Type: AWS::SQS::Queue }
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 12
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadQueue.Arn, maxReceiveCount: 3 }
"""


def write_project(folder: Path, template: str = TEMPLATE, **handlers: str) -> Path:
    """Write the template and a handler for each function, and return the template's path.

    `handlers` replace the recording handler, by the name of their folder.
    """
    for name in ("web", "work", "publish", "listen"):
        code = folder / "functions" / name
        code.mkdir(parents=True, exist_ok=True)
        (code / "app.py").write_text(handlers.get(name, RECORDING_HANDLER))
    path = folder / "template.yaml"
    path.write_text(template)
    return path


def remembered(stack: LocalStack, function: str, name: str) -> list[Any]:
    """Return SEEN or PLAN of a recording handler in this process."""
    assert isinstance(stack.invoker, InProcessInvoker)
    handler = stack.invoker.handler(stack.resources.function(function))
    found: list[Any] = handler.__globals__[name]
    return found
