"""Where requests become typed questions and answers become bytes: the only room of the kit that knows the web."""

from noughts.kit.edge.answers import BODILESS, Answer, Door, Entrance, Reply, not_modified, of_the_page, page
from noughts.kit.edge.asks import Ask
from noughts.kit.edge.feeds import Fed, Feed, events, lines
from noughts.kit.edge.requests import Request
from noughts.kit.edge.resource import Admit, ServiceApp, templates
from noughts.kit.edge.routes import Limit, NoQuery, Route, Who
from noughts.kit.edge.sockets import Pace, Socket
from noughts.kit.edge.spans import traced_door
from noughts.kit.edge.speakers import Leave, Speaker, Switch, tell_end
from noughts.kit.edge.threshold import Threshold
from noughts.kit.edge.upgrades import Live, Upgrade, accepted, required

__all__ = [
    "BODILESS",
    "Admit",
    "Answer",
    "Ask",
    "Door",
    "Entrance",
    "Fed",
    "Feed",
    "Leave",
    "Limit",
    "Live",
    "NoQuery",
    "Pace",
    "Reply",
    "Request",
    "Route",
    "ServiceApp",
    "Socket",
    "Speaker",
    "Switch",
    "Threshold",
    "Upgrade",
    "Who",
    "accepted",
    "events",
    "lines",
    "not_modified",
    "of_the_page",
    "page",
    "required",
    "tell_end",
    "templates",
    "traced_door",
]
