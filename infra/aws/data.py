"""The database, the proxy before it, and everything that is secret."""

from typing import Final

from aws_cdk import CfnDeletionPolicy, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from deployment import Deployment
from exemptions import exempt
from network import WITH_DATABASE, Network

OWNER: Final = "noughts"
_NO_HEX: Final = "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
_BY_HAND: Final = "It changes with the tasks that hold it: docs/aws.md, Rotate. Changed behind their back, they stop."


class Data(Stack):
    """PostgreSQL in two zones. Its owner's password is made, kept and changed by RDS; the services' roles have their own."""

    def __init__(self, scope: Construct, deployment: Deployment, network: Network) -> None:
        super().__init__(scope, "Data", **deployment.stack("data"))
        self._name = deployment.name
        self.roles = {name: self._role_secret(name) for name in WITH_DATABASE}
        self.installation = self._secret(
            "Installation",
            "installation",
            secrets.SecretStringGenerator(password_length=64, exclude_characters=_NO_HEX, exclude_punctuation=True),
            "Seals signing keys and second factors; 64 hex digits",
        )
        self.origin = self._secret(
            "Origin",
            "origin",
            secrets.SecretStringGenerator(password_length=48, exclude_punctuation=True),
            "What CloudFront shows to be believed",
        )
        # Resolved by CloudFormation as it reads the template; another version is another template, or nothing would change.
        self.shown = SecretValue.secrets_manager(
            self.origin.secret_arn, version_id=deployment.origin_version or None
        ).unsafe_unwrap()
        self.mail = self._secret(
            "Mail",
            "mail",
            secrets.SecretStringGenerator(
                secret_string_template='{"username":"unset"}', generate_string_key="password", exclude_punctuation=True
            ),
            "SMTP credentials of SES, put in by hand",
        )
        self.database = self._database(deployment, network)
        self.proxy = self._proxy(network)
        self.address = f"{self.database.attr_endpoint_address}:5432/noughts"
        self.owner_secret = self.database.attr_master_user_secret_secret_arn

    def _role_secret(self, name: str) -> secrets.Secret:
        made = secrets.SecretStringGenerator(
            secret_string_template=f'{{"username":"noughts_{name}"}}',
            generate_string_key="password",
            password_length=40,
            exclude_punctuation=True,
        )
        return self._secret(f"{name.capitalize()}Role", f"database/{name}", made, f"The database role of {name}")

    def _secret(self, id_: str, name: str, made: secrets.SecretStringGenerator, description: str) -> secrets.Secret:
        secret = secrets.Secret(
            self,
            id_,
            secret_name=f"{self._name}/{name}",
            description=description,
            generate_secret_string=made,
            removal_policy=RemovalPolicy.RETAIN,
        )
        exempt(secret, "AwsSolutions-SMG4", _BY_HAND)
        return secret

    def _database(self, deployment: Deployment, network: Network) -> rds.CfnDBInstance:
        subnets = rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="The isolated subnets",
            subnet_ids=network.isolated,
        )
        parameters = rds.CfnDBParameterGroup(
            self,
            "Parameters",
            description="Noughts",
            family="postgres17",
            parameters={"rds.force_ssl": "1", "log_min_duration_statement": "1000", "log_lock_waits": "1"},
        )
        database = rds.CfnDBInstance(
            self,
            "Database",
            engine="postgres",
            engine_version="17.9",  # the least: newer minor versions come by themselves
            db_name="noughts",
            db_instance_class=deployment.database_class,
            allocated_storage=str(deployment.database_gib),
            max_allocated_storage=deployment.database_most_gib,
            storage_type="gp3",
            storage_encrypted=True,
            multi_az=True,
            publicly_accessible=False,
            master_username=OWNER,
            manage_master_user_password=True,
            db_subnet_group_name=subnets.ref,
            db_parameter_group_name=parameters.ref,
            vpc_security_groups=[network.groups["database"].security_group_id],
            ca_certificate_identifier="rds-ca-rsa2048-g1",
            backup_retention_period=deployment.backup_days,
            preferred_backup_window="02:00-03:00",
            preferred_maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            auto_minor_version_upgrade=True,
            enable_cloudwatch_logs_exports=["postgresql", "upgrade"],
        )
        database.cfn_options.deletion_policy = CfnDeletionPolicy.SNAPSHOT
        database.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT
        exempt(
            database, "AwsSolutions-RDS11", "Who may connect is said by groups and certificates; a port hides nothing."
        )
        return database

    def _proxy(self, network: Network) -> rds.CfnDBProxy:
        role = iam.Role(self, "ProxyRole", assumed_by=iam.ServicePrincipal("rds.amazonaws.com"))
        for secret in self.roles.values():
            secret.grant_read(role)
        proxy = rds.CfnDBProxy(
            self,
            "Proxy",
            db_proxy_name=f"{self.stack_name}-proxy",
            engine_family="POSTGRESQL",
            role_arn=role.role_arn,
            require_tls=True,
            idle_client_timeout=1_800,
            vpc_subnet_ids=network.isolated,
            vpc_security_group_ids=[network.groups["proxy"].security_group_id],
            auth=[
                rds.CfnDBProxy.AuthFormatProperty(
                    auth_scheme="SECRETS",
                    client_password_auth_type="POSTGRES_SCRAM_SHA_256",
                    iam_auth="DISABLED",
                    secret_arn=secret.secret_arn,
                )
                for secret in self.roles.values()
            ],
        )
        rds.CfnDBProxyTargetGroup(
            self,
            "ProxyTargets",
            db_proxy_name=proxy.ref,
            target_group_name="default",
            db_instance_identifiers=[self.database.ref],
            connection_pool_configuration_info=rds.CfnDBProxyTargetGroup.ConnectionPoolConfigurationInfoFormatProperty(
                # The rest is for the services' news, for migrations and for who looks something up.
                max_connections_percent=60,
                max_idle_connections_percent=20,
                connection_borrow_timeout=5,
            ),
        )
        return proxy
