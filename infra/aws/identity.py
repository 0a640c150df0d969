"""The pool in which Amazon Cognito keeps credentials, where it is the identity provider (docs/cognito.md)."""

from typing import Final

from aws_cdk import CfnOutput, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from deployment import Deployment
from exemptions import exempt

_ASKED: Final = {
    "users": ("DeleteUser", "DisableUser", "EnableUser", "GetUser", "SetUserPassword", "UpdateUserAttributes"),
    "auth": ("GetUser", "SetUserMFAPreference", "UserGlobalSignOut"),
}
"""What each service asks as an administrator; whoever has the client's secret may make the rest of their calls."""


class Identity(Stack):
    """A pool whose usernames are our `users.id` and whose alias is the email address. No attribute is required: that could never be changed."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(scope, "Identity", **deployment.stack("identity"))
        self.pool = cognito.CfnUserPool(
            self,
            "Pool",
            user_pool_name=deployment.name,
            user_pool_tier="ESSENTIALS",
            deletion_protection="ACTIVE",
            alias_attributes=["email"],
            auto_verified_attributes=["email"],
            username_configuration=cognito.CfnUserPool.UsernameConfigurationProperty(case_sensitive=False),
            # Length alone, as NIST has it; what is weak or known to be stolen is refused before it comes here.
            policies=cognito.CfnUserPool.PoliciesProperty(
                password_policy=cognito.CfnUserPool.PasswordPolicyProperty(
                    minimum_length=8,
                    require_lowercase=False,
                    require_uppercase=False,
                    require_numbers=False,
                    require_symbols=False,
                    temporary_password_validity_days=7,
                )
            ),
            mfa_configuration="OPTIONAL",
            enabled_mfas=["SOFTWARE_TOKEN_MFA"],
            admin_create_user_config=cognito.CfnUserPool.AdminCreateUserConfigProperty(
                allow_admin_create_user_only=False
            ),
            account_recovery_setting=cognito.CfnUserPool.AccountRecoverySettingProperty(
                recovery_mechanisms=[cognito.CfnUserPool.RecoveryOptionProperty(name="verified_email", priority=1)]
            ),
            # The old address goes on until the new one is proved.
            user_attribute_update_settings=cognito.CfnUserPool.UserAttributeUpdateSettingsProperty(
                attributes_require_verification_before_update=["email"]
            ),
            verification_message_template=cognito.CfnUserPool.VerificationMessageTemplateProperty(
                default_email_option="CONFIRM_WITH_CODE"
            ),
            email_configuration=cognito.CfnUserPool.EmailConfigurationProperty(
                email_sending_account="DEVELOPER",
                from_=f"Noughts <{deployment.mail_from}>",
                source_arn=self.format_arn(service="ses", resource="identity", resource_name=deployment.mail_domain),
            ),
        )
        self.pool.apply_removal_policy(RemovalPolicy.RETAIN)
        exempt(
            self.pool, "AwsSolutions-COG1", "Length and a list of stolen passwords, no composition (NIST SP 800-63B)."
        )
        exempt(self.pool, "AwsSolutions-COG2", "A second factor is everybody's choice, as with the local provider.")
        exempt(self.pool, "AwsSolutions-COG8", "What the plan Plus adds, threat protection, is throttled here before.")
        self.client = cognito.CfnUserPoolClient(
            self,
            "Client",
            user_pool_id=self.pool.ref,
            client_name="auth",
            generate_secret=True,
            explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            # We issue tokens of our own and use none of these; where one gets out, it is of use once.
            refresh_token_rotation=cognito.CfnUserPoolClient.RefreshTokenRotationProperty(
                feature="ENABLED", retry_grace_period_seconds=20
            ),
            access_token_validity=5,
            id_token_validity=5,
            refresh_token_validity=30,
            token_validity_units=cognito.CfnUserPoolClient.TokenValidityUnitsProperty(
                access_token="minutes", id_token="minutes", refresh_token="days"
            ),
            read_attributes=["email", "email_verified"],
            write_attributes=["email"],
        )
        self.client_secret = secrets.Secret(
            self,
            "ClientSecret",
            secret_name=f"{deployment.name}/cognito-client",
            description="Without it nobody signs up or in at the pool directly",
            secret_string_value=SecretValue.resource_attribute(self.client.attr_client_secret),
        )
        exempt(self.client_secret, "AwsSolutions-SMG4", "It is the app client's, and changes with it.")
        CfnOutput(self, "PoolId", value=self.pool.ref)
        CfnOutput(self, "ClientId", value=self.client.ref)

    def administering(self, service: str) -> iam.PolicyStatement:
        """Return a service's rights at this pool, and at no other."""
        actions = [f"cognito-idp:Admin{operation}" for operation in _ASKED[service]]
        return iam.PolicyStatement(actions=actions, resources=[self.pool.attr_arn])
