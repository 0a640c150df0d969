"""Bytes into structs: strict JSON, every broken rule named at once."""

import json
from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import Any, Final, Literal, NoReturn, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from noughts.kit.errors import BadRequest, DuplicateKey, FieldError, Invalid, Malformed, SecretInQuery

Struct = TypeVar("Struct", bound=msgspec.Struct)
UNKNOWN: Final = "unknown-or-read-only-field"
_SECRETS: Final = {"token", "access_token", "refresh_token", "password", "email", "secret", "code", "invite"}
_ONLY_CLEARED: Final = msgspec.UnsetType | None
_LONGEST_NUMBER: Final = 64
_MOST_COMPLAINTS: Final = 100


class _Repeated(Exception):
    """A key stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Repeated
    return members


def _number(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return float(text) if set(text) & set(".eE") else int(text)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_strict: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=_number, parse_float=_number, parse_constant=_constant
).decode


def decode(raw: bytes, struct: type[Struct]) -> Struct:
    """Return a body as its struct.

    Raises Malformed when it is no JSON (NaN and lone surrogates included), DuplicateKey when a member stands twice,
    Invalid naming the members, at most 100, that are unknown, missing or of the wrong type. Nothing is coerced.
    """
    try:
        members = msgspec.json.decode(raw)
        if not _is_plain(members, raw):
            members = _strict(raw.decode("utf-8"))
    except _Repeated:
        raise DuplicateKey("Each member may stand once.") from None
    except (ValueError, RecursionError):
        raise Malformed("Send well-formed JSON in UTF-8.") from None
    try:
        return msgspec.json.decode(raw, type=struct)
    except msgspec.ValidationError:
        raise Invalid(
            "Some members are not as they should be.",
            errors=tuple(islice(_complaints(members, struct), _MOST_COMPLAINTS)),
        ) from None


def _is_plain(members: object, raw: bytes) -> bool:
    """Return whether there is nothing a second, strict look could find.

    With one colon for each member none can stand twice or lie deeper, and small whole numbers are never beyond reason.
    """
    if not isinstance(members, dict) or len(members) != raw.count(b":"):
        return False
    return not any(type(value) is float or (type(value) is int and value >> 53) for value in members.values())


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(struct, include_extras=True)
    return {field.encode_name: (hints[field.name], field.required) for field in msgspec.structs.fields(struct)}


def _complaints(members: object, struct: type[msgspec.Struct]) -> Iterable[FieldError]:
    """Yield everything that is wrong with the members, in their order, then what is missing."""
    if not isinstance(members, dict):
        yield FieldError("#", "type", "Send a JSON object.")
        return
    fields = _fields(struct)
    for name, value in members.items():
        pointer = "#/" + name.replace("~", "~0").replace("/", "~1")[:100]
        if name not in fields or (fields[name][0] == _ONLY_CLEARED and value is not None):
            yield FieldError(pointer, UNKNOWN, "There is no such member, or it cannot be set.")
            continue
        try:
            msgspec.convert(value, fields[name][0])
        except msgspec.ValidationError as error:
            yield FieldError(pointer + _inside(str(error)), "type", _detail(error, fields[name][0]))
    for name, (_, required) in fields.items():
        if required and name not in members:
            yield FieldError(f"#/{name}", "required", "This member is needed.")


def _detail(error: msgspec.ValidationError, expected: object) -> str:
    """Return what is wrong, and what would be right where that is one of a few words."""
    if get_origin(expected) is Literal:
        return f"This is none of: {', '.join(map(str, get_args(expected)))}."
    return str(error).partition(" - at")[0] + "."


def _inside(message: str) -> str:
    """Return the JSON pointer below a member that msgspec's `$.a.b` names."""
    _, found, path = message.partition("`$")
    return path.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "") if found else ""


def decode_query(raw: bytes, struct: type[Struct]) -> Struct:
    """Return a query string as its struct; raises SecretInQuery, BadRequest for a repeated name, Invalid."""
    if not raw:
        return msgspec.convert({}, struct)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise BadRequest("The query cannot be read.") from None
    members = dict(pairs)
    if any(name.lower() in _SECRETS for name in members):
        raise SecretInQuery("Send it in the body, and take this one for known to others.")
    if len(members) != len(pairs):
        raise BadRequest("A query parameter stands twice.")
    if unknown := [name for name in members if name not in _fields(struct)]:
        raise Invalid(
            "There is no such query parameter.",
            errors=tuple(FieldError(f"?{name[:100]}", UNKNOWN, "There is no such parameter.") for name in unknown),
        )
    try:
        return msgspec.convert(members, struct, strict=False)
    except msgspec.ValidationError as error:
        detail, _, where = str(error).partition(" - at `$.")
        raise Invalid.field(f"?{where.rstrip('`')}", "value", detail + ".") from None
