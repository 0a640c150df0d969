"""What the program tells about itself: `noughts settings`, `noughts openapi`."""

import sys

import msgspec

from noughts import VERSION, compose
from noughts.kit import openapi, settings


def list_settings() -> None:
    """List every setting: its environment variable, its default, what it means."""
    from rich.console import Console
    from rich.table import Table

    table = Table("Variable", "Default", "Meaning", box=None, pad_edge=False)
    for field in msgspec.structs.fields(compose.Settings):
        for row in settings.described(field.type):
            table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    print("\nEach can also be read from a file: NOUGHTS_DATABASE_FILE=/run/secrets/database")


def print_openapi() -> None:
    """Print the OpenAPI document of this version."""
    document = openapi.document(compose.TABLES, VERSION)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
