"""The command `crosswalk`: all of its commands on one screen."""

from __future__ import annotations

import os

import typer

from gateway.commands import client, keys, mapping, org, question, user
from gateway.commands.capability import capability
from gateway.commands.demo import demo
from gateway.commands.imports import imports
from gateway.commands.sandbox import sandbox
from gateway.commands.serve import migrate, serve

app = typer.Typer(
    name="crosswalk",
    help="A FHIR R4 gateway between behavioral-health CRMs and the EMRs that treat their patients.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(migrate)
app.command()(serve)
app.command()(demo)
app.add_typer(org.app, name="org")
app.add_typer(client.app, name="client")
app.add_typer(user.app, name="user")
app.add_typer(question.app, name="connection")
app.add_typer(mapping.app, name="mapping")
app.add_typer(keys.app, name="keys")
app.command("import")(imports)
app.command()(capability)
app.command()(sandbox)


def main() -> None:
    os.umask(0o077)  # databases, keys and state files hold what nobody else on the machine may read
    app()
