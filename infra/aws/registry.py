"""Where images are: each version once, looked over as it comes."""

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from deployment import Deployment


class Registry(Stack):
    """One repository, for the one image."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(scope, "Registry", **deployment.stack("registry"))
        self.images = ecr.Repository(
            self,
            "Images",
            repository_name=deployment.name,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.AES_256,
            lifecycle_rules=[ecr.LifecycleRule(description="The last fifty", max_image_count=50)],
            removal_policy=RemovalPolicy.RETAIN,
        )
        CfnOutput(self, "Address", value=self.images.repository_uri)
