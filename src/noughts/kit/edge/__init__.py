"""Where requests become typed questions and answers become bytes: the only room of the kit that knows the web."""

from noughts.kit.edge.answers import BODILESS, Answer, Door, Entrance, Reply, not_modified, of_the_page, page
from noughts.kit.edge.asks import Ask
from noughts.kit.edge.requests import Request
from noughts.kit.edge.resource import Admit, ServiceApp, templates
from noughts.kit.edge.routes import Limit, NoQuery, Route, Who
from noughts.kit.edge.spans import traced_door
from noughts.kit.edge.threshold import Threshold

__all__ = [
    "BODILESS",
    "Admit",
    "Answer",
    "Ask",
    "Door",
    "Entrance",
    "Limit",
    "NoQuery",
    "Reply",
    "Request",
    "Route",
    "ServiceApp",
    "Threshold",
    "Who",
    "not_modified",
    "of_the_page",
    "page",
    "templates",
    "traced_door",
]
