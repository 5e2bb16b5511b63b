"""DynamoDB, SQS and EventBridge by moto, with what is corrected in moto."""
