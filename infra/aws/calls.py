"""The routes of the HTTP API and who checks their tokens, drawn from the services' route tables. Deployed last."""

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as api
from constructs import Construct

from deployment import Deployment
from edge import Edge
from exemptions import exempt
from noughts.kit.tokens import AUDIENCE
from paths import calls


class Calls(Stack):
    """A route for each call, and one for the page and everything else. The authorizer reads our keys where everybody does.

    AWS asks the issuer as it makes the authorizer, so people's domain has to lead to CloudFront, and the services must run.
    """

    def __init__(self, scope: Construct, deployment: Deployment, edge: Edge) -> None:
        super().__init__(scope, "Calls", **deployment.stack("calls"))
        authorizer = api.CfnAuthorizer(
            self,
            "Authorizer",
            api_id=edge.api.ref,
            authorizer_type="JWT",
            name="noughts",
            identity_source=["$request.header.Authorization"],
            jwt_configuration=api.CfnAuthorizer.JWTConfigurationProperty(
                issuer=deployment.base_url, audience=[AUDIENCE]
            ),
        )
        for key, needs_token in [*calls(), ("$default", False)]:
            route = api.CfnRoute(
                self,
                key,
                api_id=edge.api.ref,
                route_key=key,
                target=f"integrations/{edge.integration.ref}",
                authorization_type="JWT" if needs_token else "NONE",
                authorizer_id=authorizer.ref if needs_token else None,
            )
            if not needs_token:
                exempt(
                    route,
                    "AwsSolutions-APIG4",
                    "The route table says that anyone may ask, or the service looks itself.",
                )
