"""`twin status`."""

from twin.cli.opened import opened
from twin.cli.output import JsonFlag, Outcome, command
from twin.queries import status_document

__all__ = ["status"]


@command
def status(as_json: JsonFlag = False) -> Outcome:
    """What is in the store: sites, models with their revision and verdict, tiles built and stale."""
    with opened() as (settings, store):
        document = status_document(store, settings)
    lines = []
    for site in document["sites"]:
        lines.append(f"{site['code']} {site['name']}: {len(site['models'])} models, tiles {site['tiles']}")
        lines += [f"  {model['revision']:<24} {model['kind']:<8} {model['verdict']:<18} {model['file']}" for model in site["models"]]
    return Outcome(document=document, words="\n".join(lines) or f"no site yet in {document['home']}: twin site add, or twin demo")
