"""Settings: read once from the environment, every name known, no secret with a default."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from noughts.kit.errors import Refusal

PREFIX: Final = "NOUGHTS_"
Settings = TypeVar("Settings", bound=msgspec.Struct)
Switch = Literal["on", "off"]


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to know, whichever services run in it."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on.", ge=0, le=65535)] = 8000
    admin_host: Annotated[str, Meta(description="Address of /metrics, which is for operators alone.")] = "127.0.0.1"
    admin_port: Annotated[int, Meta(description="Port of /metrics; 0: none.", ge=0, le=65535)] = 0
    internal_port: Annotated[
        int,
        Meta(
            description="Port of what services ask each other, where the gateway runs beside some of them.",
            ge=0,
            le=65535,
        ),
    ] = 0
    data: Annotated[str, Meta(description="Directory of the database file and the generated secret.")] = "noughts-data"
    database: Annotated[
        str,
        Meta(
            description="postgresql:// address; empty: SQLite in the data directory.", pattern="^(postgres(ql)?://|$)"
        ),
    ] = ""
    wait_s: Annotated[
        float,
        Meta(description="Seconds to wait at the start for a given database and its schema; 0: none.", ge=0, le=3600),
    ] = 0.0
    secret: Annotated[
        str,
        Meta(
            description="64 hex digits, the same in every process; empty: made in the data directory.",
            pattern="^([0-9a-fA-F]{64}|)$",
        ),
    ] = ""
    drain_s: Annotated[
        float, Meta(description="Seconds to go on answering after SIGTERM while /readyz says no.", ge=0, le=600)
    ] = 0.0
    base_url: Annotated[str, Meta(description="Where people reach it; empty: http://localhost:<port>.")] = ""
    traces: Annotated[
        str, Meta(description="OTLP/HTTP address traces are sent to; empty: there are none.", pattern="^(https?://|$)")
    ] = ""
    log: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least level that is logged: debug, info, warning or error."),
    ] = "info"

    @property
    def origin(self) -> str:
        """The address in links, and the issuer of tokens, without a slash at its end."""
        return (self.base_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def database_address(self) -> str:
        """The database as an address."""
        return self.database or f"sqlite:///{self.directory.absolute() / 'noughts.db'}"

    @property
    def directory(self) -> Path:
        """The data directory."""
        return Path(self.data)


class Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """Where the services are that run in other processes: each replica's address, or one that leads to all of them."""

    users_url: Annotated[str, Meta(description="http:// addresses of the User Service, comma-separated.")] = ""
    auth_url: Annotated[str, Meta(description="The same of the Authentication Service.")] = ""
    games_url: Annotated[str, Meta(description="The same of the Game Service.")] = ""


def read(environ: Mapping[str, str], *structs: type[Settings]) -> tuple[Any, ...]:
    """Return the structs filled from `NOUGHTS_…` variables, or from the file that `NOUGHTS_…_FILE` names.

    Raises Refusal, in one line, for a name nobody knows, a value that does not fit, a file that cannot be read or a
    setting that is given both ways.
    """
    given = dict(_given(environ))
    known = {field for struct in structs for field in struct.__struct_fields__}
    if strangers := sorted(given.keys() - known):
        raise Refusal(f"{PREFIX}{strangers[0].upper()} is no setting; `noughts settings` lists them all.")
    return tuple(
        _filled(struct, {name: value for name, value in given.items() if name in struct.__struct_fields__})
        for struct in structs
    )


def _given(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    for name, value in environ.items():
        if not name.startswith(PREFIX):
            continue
        setting = name.removeprefix(PREFIX).lower()
        if setting.endswith("_file"):
            if name.removesuffix("_FILE") in environ:  # which of them is meant would be chance
                raise Refusal(f"{name.removesuffix('_FILE')} and {name} are both set: unset one.")
            found.append((setting.removesuffix("_file"), _contents(name, Path(value))))
        else:
            found.append((setting, value))
    return found


def _contents(name: str, file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Refusal(f"{name}: {error.strerror}: {file}") from None
    except UnicodeDecodeError:
        raise Refusal(f"{name}: {file} is no text.") from None


def _filled(struct: type[Settings], values: Mapping[str, str]) -> Settings:
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        detail, _, name = str(error).partition(" - at `$.")
        meant = {variable: meaning for variable, _, meaning in described(struct)}
        variable = PREFIX + name.rstrip("`").upper()
        raise Refusal(f"{variable}: {detail}. {meant[variable]}") from None


def described(struct: type[Settings]) -> list[tuple[str, str, str]]:
    """Return each setting's variable, default and meaning."""
    hints = get_type_hints(struct, include_extras=True)
    return [
        (PREFIX + field.name.upper(), str(field.default), get_args(hints[field.name])[1].description or "")
        for field in msgspec.structs.fields(struct)
    ]
