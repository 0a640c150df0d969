"""`noughts`: run it, look after it."""

import os
import sys

from cyclopts import App, CycloptsError, Parameter

from noughts import VERSION
from noughts.cli import cluster, db, envoy, facts, keys, mail, people, play, pool, serving, users
from noughts.kit.errors import Problem, Refusal

app = App(
    name="noughts",
    version=VERSION,
    help="Tic-tac-toe online, around a user management service.",
    default_parameter=Parameter(negative=""),
)
app.command(serving.serve)
app.command(cluster.cluster)
app.command(play.play)
app.command(facts.list_settings, name="settings")
app.command(facts.print_openapi, name="openapi")
app.command(envoy.print_envoy, name="envoy")
users.app.command(people.import_users, name="import")
users.app.command(people.export_users, name="export")
users.app.command(pool.to_cognito, name="to-cognito")
users.app.command(pool.from_cognito, name="from-cognito")
app.command(users.app)
app.command(db.app)
app.command(keys.app)
app.command(mail.send, name="mail")


def main() -> None:
    """Run the command line; what cannot be done is one line and status 1, never a traceback; 2 where the words are wrong."""
    try:
        app(print_error=False, exit_on_error=False)
    except CycloptsError as error:
        print(f"noughts: {' '.join(str(error).split())} --help says more.", file=sys.stderr)
        sys.exit(2)
    except (Refusal, Problem) as error:
        sys.exit(f"noughts: {_sentence(error)}")
    except BrokenPipeError:  # whoever read has seen enough: nothing more is written, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(error: Refusal | Problem) -> str:
    if isinstance(error, Refusal):
        return str(error)
    return " ".join(field.detail for field in error.errors) or error.detail or error.title()
