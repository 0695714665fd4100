"""The addresses of bulk exports and imports below an organisation's FHIR base."""

from __future__ import annotations

from starlette.routing import BaseRoute

from gateway.bulk.kickoff import FOLDER, export_group, export_patients, export_system, import_lines
from gateway.bulk.status import cancel, download, status
from gateway.interactions.exchange import Interaction, endpoint
from gateway.routing import Handler, at


def open_to_any_format(interaction: Interaction) -> Handler:
    return endpoint(interaction, negotiated=False)


def bulk_routes(base: str) -> list[BaseRoute]:
    job = f"{base}/{FOLDER}/{{job}}"
    kickoffs = {"": export_system, "/Patient": export_patients, "/Group/{id:id}": export_group}
    begin = {place: open_to_any_format(kickoff) for place, kickoff in kickoffs.items()}
    return [
        *(at(f"{base}{place}/$export", GET=kickoff, POST=kickoff) for place, kickoff in begin.items()),
        at(f"{base}/$import", POST=open_to_any_format(import_lines)),
        at(job, GET=open_to_any_format(status), DELETE=open_to_any_format(cancel)),
        at(f"{job}/{{number:int}}.ndjson", GET=open_to_any_format(download)),
    ]
