"""CloudFormation, one stack at a time: what would change, shown before it does, and what happens, as it happens."""

import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

_POLL_S: Final = 5.0
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed")
_NEW: Final = "REVIEW_IN_PROGRESS"


class Failed(Exception):
    """A stack did not become what it was to be."""


class Stack:
    """One stack of an account and a region, by its name."""

    def __init__(self, client: Any, name: str, *, poll_s: float = _POLL_S) -> None:  # noqa: ANN401 - boto3 ships no types
        self._client, self.name, self._poll_s = client, name, poll_s

    def propose(self, template: str, parameters: dict[str, str]) -> list[str]:
        """Make a change set, and return what it would change, a line each; none where it is so already. Raises Failed."""
        status = self._status()
        change_set = self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=_name(),
            ChangeSetType="CREATE" if status in ("", _NEW) else "UPDATE",
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )["Id"]
        told = self._client.describe_change_set(ChangeSetName=change_set)
        while told["Status"].endswith(("PENDING", "PROGRESS")):
            time.sleep(self._poll_s)
            told = self._client.describe_change_set(ChangeSetName=change_set)
        if told["Status"] == "FAILED":
            self._client.delete_change_set(ChangeSetName=change_set)
            if any(said in told.get("StatusReason", "") for said in _NOTHING):
                return []
            raise Failed(f"{self.name}: {told.get('StatusReason', 'the change set failed')}")
        self._proposed = change_set
        return [_line(change["ResourceChange"]) for change in self._changes(change_set)]

    def execute(self) -> Iterator[str]:
        """Do what was proposed, and yield what happens, a line each; raises Failed where it was undone."""
        seen = {event["EventId"] for event in self._events()}
        self._client.execute_change_set(ChangeSetName=self._proposed)
        while True:
            status = self._status()
            for event in reversed([event for event in self._events() if event["EventId"] not in seen]):
                seen.add(event["EventId"])
                if not event["ResourceStatus"].endswith("IN_PROGRESS"):
                    yield _happened(event)
            if not status.endswith(("PROGRESS", _NEW)):
                break
            time.sleep(self._poll_s)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise Failed(f"{self.name} is {status}: look above for what failed first.")

    def decline(self) -> None:
        """Forget what was proposed."""
        self._client.delete_change_set(ChangeSetName=self._proposed)

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; none where there is no stack."""
        found = self._found().get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def _status(self) -> str:
        return str(self._found().get("StackStatus", ""))

    def _found(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
                return {}
            raise
        return found

    def _changes(self, change_set: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set):
            yield from page.get("Changes", [])

    def _events(self) -> list[dict[str, Any]]:
        if not self._found():
            return []
        found: list[dict[str, Any]] = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        return found


def _name() -> str:
    return f"{time.strftime('deploy-%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def _line(change: dict[str, Any]) -> str:
    replaced = ", REPLACED" if change.get("Replacement") in ("True", "Conditional") else ""
    return f"{change['Action'].lower():7} {change['ResourceType']} {change['LogicalResourceId']}{replaced}"


def _happened(event: dict[str, Any]) -> str:
    reason = f": {event['ResourceStatusReason']}" if event.get("ResourceStatusReason") else ""
    return f"{event['ResourceStatus']:20} {event['LogicalResourceId']}{reason}"
