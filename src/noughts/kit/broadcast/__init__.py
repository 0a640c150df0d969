"""Telling the other rooms of this process, and the other processes, what changed.

A message may come twice, late, or not at all; the store is the truth. Who listens is told when something may have been missed.
"""

from noughts.kit.broadcast.memory import Memory
from noughts.kit.broadcast.settings import EventSettings, chosen
from noughts.kit.broadcast.topics import USERS, AccountChanged, Broadcast, Topic

__all__ = ["USERS", "AccountChanged", "Broadcast", "EventSettings", "Memory", "Topic", "chosen"]
