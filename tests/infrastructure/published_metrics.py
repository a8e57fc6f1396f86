"""What AWS publishes, as far as this stack looks at it: namespace, metric, dimensions, with its page in the documentation."""

from __future__ import annotations

AWS_METRICS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "AWS/States": (
        ("StateMachineArn",),
        ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionsSucceeded", "ExecutionsStarted", "ExecutionTime"),
        "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html",
    ),
    "AWS/Lambda": (
        ("FunctionName",),
        ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"),
        "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    ),
    "AWS/SQS": (
        ("QueueName",),
        ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"),
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    ),
    "AWS/DynamoDB": (
        ("TableName",),
        ("ReadThrottleEvents", "WriteThrottleEvents"),
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html",
    ),
    "AWS/Events": (
        ("RuleName",),
        ("Invocations", "FailedInvocations"),
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html",
    ),
}
