"""The gateway of a cluster: Envoy's configuration, drawn from the services' route tables."""

from noughts.gateway.envoy.bootstrap import bootstrap
from noughts.gateway.envoy.plan import Plan
from noughts.gateway.envoy.program import command, program

__all__ = ["Plan", "bootstrap", "command", "program"]
