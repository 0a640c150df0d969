"""Where requests become typed questions and answers become bytes: the only room of the kit that knows the web."""

from noughts.kit.edge.answers import Answer, not_modified, page
from noughts.kit.edge.asks import Ask
from noughts.kit.edge.resource import Admit, ServiceApp
from noughts.kit.edge.routes import Limit, NoQuery, Route, Who
from noughts.kit.edge.threshold import Threshold

__all__ = [
    "Admit",
    "Answer",
    "Ask",
    "Limit",
    "NoQuery",
    "Route",
    "ServiceApp",
    "Threshold",
    "Who",
    "not_modified",
    "page",
]
