"""The API for reading: one page of calls, one page for each kind of problem, drawn from the route tables."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from noughts.kit.edge import Limit, Route, Who
from noughts.kit.errors import Problem
from noughts.kit.openapi import known_problems

_WINDOWS: Final = {1: "a second", 60: "a minute", 3_600: "an hour"}
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
table { border-collapse: collapse; width: 100%; table-layout: fixed } th { width: 7rem } td, th { text-align: left; padding: .25rem .75rem .25rem 0;
  vertical-align: top; border-top: 1px solid var(--line) } pre { overflow-x: auto; margin: 0; font: .9em/1.4 ui-monospace, monospace } th { font-weight: 400; color: var(--quiet) } .quiet { color: var(--quiet) }
"""


def calls(tables: Mapping[str, Sequence[Route]], document: dict[str, Any]) -> str:
    """Return the page of all public calls."""
    parts = [
        "<h1>The Noughts API</h1>",
        "<p>JSON over HTTP. Sign in with <code>POST /login</code>, send the access token as <code>Authorization: Bearer"
        " …</code>. Errors are problem documents (RFC 9457): the last part of <code>type</code> says which,"
        " <code>errors</code> points at members (<code>#/email</code>) and parameters (<code>?limit</code>)."
        ' The machine-readable form is <a href="/openapi.json">'
        "openapi.json</a>.</p>",
        "<p>Lists are <code>{items, next}</code>: send <code>next</code> as <code>cursor</code> until it is null. A creation sent twice"
        " with one <code>Idempotency-Key</code> happens once; a change with <code>If-Match</code> only to the state you saw. With"
        " <code>cookie</code> the refresh token is a cookie for pages of this site, and <code>Origin</code> must say so.</p>",
    ]
    parts.append(
        "<nav>" + " · ".join(f'<a href="#{name}">{name}</a>' for name in (*map(escape, tables), "Problems")) + "</nav>"
    )
    for service, table in tables.items():
        public = [route for route in table if route.who is not Who.SERVICE]
        parts.append(f'<h2 id="{escape(service)}">{escape(service)}</h2>')
        parts += [_call(route, document) for route in public]
    parts.append('<h2 id="Problems">Problems</h2><table>')
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
    parts = [("Token", escape(route.who.value)), ("Limit", escape(_limit(route.limit)))]
    parts += [("In " + parameter["in"], f"<code>{parameter['name']}</code>") for parameter in operation["parameters"]]
    parts += [("Body", shape) for shape in _shapes(operation.get("requestBody", {}), document)]
    for status, found in operation["responses"].items():
        if "$ref" not in found:
            shapes = [] if int(status) >= 400 else _shapes(found, document)
            parts += [(f"Answers {status}", text) for text in shapes or [_text(found["description"])]]
    table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in parts)
    return (
        f"<details><summary><b>{route.method}</b> <code>{escape(route.path)}</code>"
        f"<span>{_text(route.summary)}</span></summary><table>{table}</table></details>"
    )


def _shapes(holder: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return what a body may look like, once for each alternative, as text one can read."""
    content = next(iter(holder.get("content", {}).values()), None)
    if content is None:
        return []
    schema = content["schema"]
    return [
        _meaning(found, document) + f"<pre>{escape(_shape(found, document))}</pre>"
        for found in schema.get("anyOf", [schema])
    ]


def _meaning(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """Return what a body means, in a sentence."""
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return _text(named.get("description", ""))


def _shape(schema: dict[str, Any], document: dict[str, Any], indent: str = "") -> str:
    if "$ref" in schema:
        return _shape(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, indent)
    if "anyOf" in schema:
        return " or ".join(_shape(found, document, indent) for found in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"[{_shape(schema['items'], document, indent)}, …]"
    if "properties" not in schema:
        return str(schema.get("type", "anything"))
    required = schema.get("required", ())
    deeper = indent + "  "
    members = [
        f'{deeper}"{name}"{"" if name in required else "?"}: {_shape(found, document, deeper)}'
        for name, found in schema["properties"].items()
    ]
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def _text(text: str) -> str:
    """Return a sentence as HTML, what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _limit(limit: Limit) -> str:
    whom = "person" if limit.per_user else "address"
    return f"{limit.calls} {_WINDOWS[limit.window_s]} for each {whom}"


def _problem_row(problem: type[Problem]) -> str:
    slug = problem.slug()
    return f'<tr><td>{problem.status}</td><td><a href="/problems/{slug}">{slug}</a></td><td>{escape(problem.title())}</td></tr>'


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)} · Noughts</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/style.css">'
        f"{body}</html>"
    )
