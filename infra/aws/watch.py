"""Who is told when something is wrong, what there is to look at, and what it may cost."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from balancer import Balancer
from cluster import Cluster
from data import Data
from deployment import Deployment
from edge import Edge
from network import SERVICES
from services import Services

_MINUTE: Final = Duration.minutes(1)
_SUM, _MEAN, _LEAST, _P99 = "Sum", "Average", "Minimum", "p99"
_OVER: Final = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_UNDER: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_GIB: Final = 1024**3
Metric = cloudwatch.Metric | cloudwatch.MathExpression
Metrics = dict[str, Sequence[Metric]]


class Watch(Stack):
    """Alarms by mail, a dashboard, and a budget."""

    def __init__(
        self,
        scope: Construct,
        deployment: Deployment,
        data: Data,
        cluster: Cluster,
        balancer: Balancer,
        services: Services,
        edge: Edge,
    ) -> None:
        super().__init__(scope, "Watch", **deployment.stack("watch"))
        self._topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        self._topic.add_subscription(subscriptions.EmailSubscription(deployment.alarm_mail))
        self._name = deployment.name
        seen = {
            **self._of_the_balancer(balancer),
            **self._of_the_api(edge),
            **self._of_the_database(data),
            **self._of_services(cluster, services),
        }
        self._dashboard(seen)
        self._budget(deployment)

    def _of_the_balancer(self, balancer: Balancer) -> Metrics:
        """Watch how many answers are errors, how long they take, and whether each service has a task that is well."""
        whole = {"LoadBalancer": balancer.balancer.attr_load_balancer_full_name}
        asked = _metric("AWS/ApplicationELB", "RequestCount", whole, _SUM)
        slow = _metric("AWS/ApplicationELB", "TargetResponseTime", whole, _P99)
        failed = cloudwatch.MathExpression(
            label="errors, %",
            expression="100 * (FILL(ours, 0) + FILL(its, 0)) / asked",
            using_metrics={
                "ours": _metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", whole, _SUM),
                "its": _metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", whole, _SUM),
                "asked": asked,
            },
            period=_MINUTE,
        )
        self._alarm("Errors", failed, _OVER, 1, minutes=5, why="More than 1 % of the answers are errors.")
        self._alarm("Slow", slow, _OVER, 1, minutes=10, why="One in a hundred answers takes over a second.")
        well = {
            name: _metric(
                "AWS/ApplicationELB",
                "HealthyHostCount",
                whole | {"TargetGroup": balancer.targets[name].attr_target_group_full_name},
                _LEAST,
                label=name,
            )
            for name in SERVICES
        }
        for name, metric in well.items():
            self._alarm(
                f"{name.capitalize()}Gone",
                metric,
                _UNDER,
                1,
                minutes=2,
                missing=True,
                why=f"No task of {name} is well.",
            )
        return {
            "Requests": [asked],
            "Errors": [failed],
            "Time to answer": [slow],
            "Tasks that are well": [*well.values()],
        }

    def _of_the_api(self, edge: Edge) -> Metrics:
        one = {"ApiId": edge.api.ref}
        failed = _metric("AWS/ApiGateway", "5xx", one, _SUM)
        self._alarm("Api", failed, _OVER, 50, minutes=5, why="The HTTP API does not reach the balancer.")
        return {"HTTP API: refused and failed": [_metric("AWS/ApiGateway", "4xx", one, _SUM), failed]}

    def _of_the_database(self, data: Data) -> Metrics:
        one = {"DBInstanceIdentifier": data.database.ref}
        cpu = _metric("AWS/RDS", "CPUUtilization", one, _MEAN)
        free = _metric("AWS/RDS", "FreeStorageSpace", one, _LEAST)
        open_ = _metric("AWS/RDS", "DatabaseConnections", one, "Maximum")
        self._alarm("DatabaseBusy", cpu, _OVER, 80, minutes=15, why="The database's processor is nearly used up.")
        self._alarm(
            "DatabaseFull", free, _UNDER, 2 * _GIB, minutes=5, why="Less than 2 GiB are free, and it grows by itself."
        )
        return {"Database: processor": [cpu], "Database: connections": [open_], "Database: free": [free]}

    def _of_services(self, cluster: Cluster, services: Services) -> Metrics:
        broken = []
        for name in SERVICES:
            counted = logs.MetricFilter(
                self,
                f"{name.capitalize()}Errors",
                log_group=cluster.logs[name],
                filter_pattern=logs.FilterPattern.string_value("$.level", "=", "error"),
                metric_namespace="Noughts",
                metric_name="errors_told",
                dimensions=None,
                metric_value="1",
            )
            broken = [counted.metric(statistic=_SUM, period=_MINUTE, label="errors told in logs")]
        self._alarm("ErrorsTold", broken[0], _OVER, 5, minutes=5, why="A service tells of errors in its log.")
        queue = _metric("Noughts", "hash_queue", {"service": "auth"}, "Maximum", label="hash queue, %")
        self._alarm(
            "SignInsWait", queue, _OVER, 80, minutes=3, why="Sign-ins wait for a hash, and will soon be sent away."
        )
        cpu = [
            _metric(
                "AWS/ECS",
                "CPUUtilization",
                {"ClusterName": cluster.cluster.ref, "ServiceName": services.services[name].attr_name},
                _MEAN,
                label=name,
            )
            for name in SERVICES
        ]
        return {"Services: processor": cpu, "Sign-ins that wait": [queue], "Errors in logs": broken}

    def _alarm(
        self,
        name: str,
        metric: Metric,
        is_: cloudwatch.ComparisonOperator,
        threshold: float,
        *,
        minutes: int,
        why: str,
        missing: bool = False,
    ) -> None:
        """Tell by mail when it has been so for as many minutes; `missing` says that no numbers are a bad sign."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._name}-{name.lower()}",
            alarm_description=f"{why} docs/aws.md, Alarms.",
            metric=metric,
            comparison_operator=is_,
            threshold=threshold,
            evaluation_periods=minutes,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if missing
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        alarm.add_ok_action(actions.SnsAction(self._topic))

    def _dashboard(self, seen: Metrics) -> None:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._name)
        dashboard.add_widgets(
            *(cloudwatch.GraphWidget(title=title, left=metrics, width=8, height=5) for title, metrics in seen.items())
        )

    def _budget(self, deployment: Deployment) -> None:
        told = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=deployment.alarm_mail)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=deployment.name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=deployment.budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind, comparison_operator="GREATER_THAN", threshold=threshold
                    ),
                    subscribers=[told],
                )
                for kind, threshold in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )


def _metric(
    namespace: str, name: str, of: dict[str, str], statistic: str, label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=of, statistic=statistic, period=_MINUTE, label=label
    )
