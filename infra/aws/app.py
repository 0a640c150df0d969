"""Synthesises the deployment: `python infra/aws/app.py`, without the CDK command line. Templates come into CDK_OUTDIR, or cdk.out."""

import node  # noqa: F401 - before what starts it

# isort: split

import os

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from balancer import Balancer
from calls import Calls
from cluster import Cluster
from data import Data
from deployment import Deployment
from edge import Edge
from firewall import Firewall
from identity import Identity
from network import Network
from registry import Registry
from services import Services
from watch import Watch


def build(app: App, deployment: Deployment) -> None:
    """Put all stacks into an app, in the order in which they are deployed."""
    registry = Registry(app, deployment)
    network = Network(app, deployment)
    data = Data(app, deployment, network)
    identity = Identity(app, deployment)
    cluster = Cluster(app, deployment, data, registry)
    balancer = Balancer(app, deployment, network, data)
    services = Services(
        app,
        deployment,
        network=network,
        data=data,
        identity=identity,
        registry=registry,
        cluster=cluster,
        balancer=balancer,
    )
    Firewall(app, deployment)
    edge = Edge(app, deployment, network, data, balancer)
    Calls(app, deployment, edge)
    Watch(app, deployment, data, cluster, balancer, services, edge)
    Tags.of(app).add("application", deployment.name, exclude_resource_types=["AWS::RDS::DBProxyTargetGroup"])
    Validations.of(app).add_plugins(AwsSolutionsChecks())


if __name__ == "__main__":
    app = App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"), analytics_reporting=False, tree_metadata=False)
    build(app, Deployment.read())
    app.synth()
