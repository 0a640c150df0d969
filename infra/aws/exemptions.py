"""Rules of cdk-nag that do not hold here, each with its reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def exempt(what: IConstruct, rule: str, reason: str) -> None:
    """Note that a rule does not hold for a construct and what is in it."""
    Validations.of(what).acknowledge(Acknowledgment(id=rule, reason=reason))
