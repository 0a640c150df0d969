"""The API for reading: one page of calls, one page for each kind of problem, drawn from the route tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from noughts.kit.edge import Limit, Route, Who
from noughts.kit.errors import Problem
from noughts.kit.openapi import known_problems

STYLE: Final = """
:root { color-scheme: light dark; --ground: #FBFAF7; --ink: #1F2430; --quiet: #5A6072; --x: #2B5FD9; --line: #0002 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161B; --ink: #ECE9E2; --quiet: #A2A7B4; --x: #8FB0FF; --line: #fff2 }
}
body { max-width: 48rem; margin: 0 auto; padding: 2rem 1rem 6rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1, h2 { font-weight: 650; line-height: 1.2 } h2 { margin-top: 3rem }
a { color: var(--x) } code { font-family: ui-monospace, monospace; font-size: .9em }
details { border-top: 1px solid var(--line) } details[open] { padding-bottom: 1rem }
summary { cursor: pointer; padding: .75rem 0; min-height: 1.5rem }
summary b { display: inline-block; min-width: 4.5rem; font-weight: 650; color: var(--x) }
summary span { display: block; color: var(--quiet) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .75rem .25rem 0;
  vertical-align: top; border-top: 1px solid var(--line) } pre { overflow-x: auto } .quiet { color: var(--quiet) }
"""


def calls(tables: Mapping[str, Sequence[Route]], document: dict[str, Any]) -> str:
    """Return the page of all public calls."""
    parts = [
        "<h1>The Noughts API</h1>",
        "<p>JSON over HTTP. Sign in with <code>POST /login</code>, send the access token as <code>Authorization: Bearer"
        ' …</code>. Errors are problem documents (RFC 9457). The machine-readable form is <a href="/openapi.json">'
        "openapi.json</a>.</p>",
    ]
    for service, table in tables.items():
        public = [route for route in table if route.who is not Who.SERVICE]
        parts.append(f"<h2>{escape(service)}</h2>")
        parts += [_call(route, document) for route in public]
    parts.append("<h2>Problems</h2><table>")
    parts += [
        _problem_row(problem) for problem in known_problems(route for table in tables.values() for route in table)
    ]
    return _page("API", "".join(parts) + "</table>")


def problems(tables: Mapping[str, Sequence[Route]]) -> dict[str, str]:
    """Return a page for every kind of problem, by its slug."""
    known = known_problems(route for table in tables.values() for route in table)
    return {
        problem.slug(): _page(
            problem.title(),
            f"<h1>{escape(problem.title())}</h1><p>Status {problem.status}, type <code>/problems/{problem.slug()}</code>."
            '</p><p>The <code>detail</code> of the answer says more. <a href="/docs">All calls and problems</a></p>',
        )
        for problem in known
    }


def _call(route: Route, document: dict[str, Any]) -> str:
    operation = document["paths"][route.path][route.method.lower()]
    rows = [("Token", route.who.value), ("Limit", _limit(route.limit)), ("Answers", str(route.status))]
    rows += [(f"Also {status}", found["description"].replace("`", "")) for status, found in _others(route, operation)]
    members = _members(operation, document)
    if members:
        rows.insert(0, ("Body", members))
    for parameter in operation["parameters"]:
        rows.append((f"In {parameter['in']}", parameter["name"]))
    table = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return (
        f"<details><summary><b>{route.method}</b> <code>{escape(route.path)}</code>"
        f"<span>{escape(route.summary)}</span></summary><table>{table}</table></details>"
    )


def _others(route: Route, operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    shown = {str(problem.status) for problem in route.errors} | {str(status) for status in route.also}
    return [
        (status, found) for status, found in operation["responses"].items() if status in shown and "$ref" not in found
    ]


def _members(operation: dict[str, Any], document: dict[str, Any]) -> str:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        required = schema.get("required", ())
        return ", ".join(name if name in required else f"{name}?" for name in schema["properties"])
    return ""


def _limit(limit: Limit) -> str:
    whom = "person" if limit.per_user else "address"
    return f"{limit.calls} in {limit.window_s} s for each {whom}"


def _problem_row(problem: type[Problem]) -> str:
    slug = problem.slug()
    return f'<tr><td>{problem.status}</td><td><a href="/problems/{slug}">{slug}</a></td><td>{escape(problem.title())}</td></tr>'


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)} · Noughts</title>'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/docs/style.css">'
        f"{body}</html>"
    )
