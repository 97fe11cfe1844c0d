"""`ingestion why`: where a price comes from, from the catalogue back to a cell."""

import asyncio
from decimal import Decimal
from typing import Annotated

import typer

from ingestion_dagster.cli.show.output import AsJson, print_facts, print_json, print_table, progress, say
from ingestion_dagster.core.reports.provenance import Batch, Origin, PastPrice, PriceStep, Provenance, Reading
from ingestion_dagster.deployment import open_deployment
from ingestion_dagster.settings import settings
from ingestion_dagster.sources.installed import source_types

Line = tuple[str, object]


def why(
    key: Annotated[str, typer.Argument(help="The supplier's key, as `supplier list` shows it.")],
    sku: Annotated[str, typer.Argument(help="The item's key in the supplier's list.")],
    as_json: AsJson = False,
) -> None:
    """Where a price comes from: list, tab, cell, how it was read, who approved it, what it was before."""
    from ingestion_dagster.services import provenance

    with open_deployment(settings()) as deployment, progress(f"reading the lists of {key} …"):
        told = asyncio.run(provenance.why(deployment, key, sku))
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        _tell(told)


def _tell(told: Provenance) -> None:
    lines: list[Line] = [
        ("item", f"{told.supplier_sku}: {told.name}"),
        ("price", f"{told.price.normalize():f} {told.currency or '(no currency)'}"),
        *_printed(told.printed_price, told.price_basis),
        ("state", _state(told)),
        *[
            ("known before as", f"{past.supplier_sku}, until {past.until:%Y-%m-%d %H:%M} UTC (batch {past.batch_id})")
            for past in told.earlier_keys
        ],
        *_origin(told.origin, "stood in"),
        *_reading(told.reading),
        *_batch(told.batch),
    ]
    if told.latest:
        lines += _origin(told.latest, "in the list in force")
    lines += [("not taken since", reason) for reason in told.rejected]
    print_facts(f"Why {told.supplier} {told.supplier_sku} has this price", lines)
    print_table(
        "Price history",
        ("price", "from", "until", "batch", "snapshot", "cell"),
        (
            (
                f"{past.price.normalize():f} {past.currency or ''}" + _from_printed(past),
                past.valid_from,
                past.valid_to or "now",
                str(past.batch_id),
                str(past.snapshot_id),
                past.cell,
            )
            for past in told.history
        ),
    )
    if told.steps:
        print_table(
            "Prices by quantity",
            ("quantity", "price", "from", "until", "batch", "snapshot", "cell"),
            (
                (
                    str(step.from_quantity),
                    f"{step.price.normalize():f} {step.currency or ''}" + _from_printed(step),
                    step.valid_from,
                    step.valid_to or "now",
                    str(step.batch_id),
                    str(step.snapshot_id),
                    step.cell,
                )
                for step in told.steps
            ),
        )
    if told.absences:
        print_table(
            "Not in the list",
            ("from", "until", "first missed in batch"),
            ((gone.missing_since, gone.returned_at or "now", str(gone.batch_id)) for gone in told.absences),
        )
    if told.origin.note:
        say("note: ", told.origin.note)


def _printed(printed: Decimal | None, basis: int | None) -> list[Line]:
    """What the list prints, where that is not the price of one piece."""
    return [("  printed", f"{printed.normalize():f} for {basis}")] if printed is not None else []


def _from_printed(past: PastPrice | PriceStep) -> str:
    return f" ({past.printed_price.normalize():f} for {past.price_basis})" if past.printed_price is not None else ""


def _state(told: Provenance) -> str:
    if told.missing_since is None:
        return "in the list"
    return f"missing since {told.missing_since:%Y-%m-%d %H:%M} UTC" + ("" if told.active else ", inactive")


def _origin(origin: Origin, title: str) -> list[Line]:
    lines: list[Line] = [
        (title, f"cell {origin.cell} of tab {origin.tab}, column “{origin.header}”"),
        ("  list", f"{origin.filename} of {origin.received_at:%Y-%m-%d %H:%M} UTC (snapshot {origin.snapshot_id})"),
        ("  from", source_types().address_in(origin.source)),
        ("  sha256", origin.sha256),
    ]
    if origin.raw is not None:
        shown = f", shown as {origin.number_format}" if origin.number_format else ""
        lines.append(("  it says", f"{origin.raw!r} ({origin.kind}{shown})"))
    if origin.agrees is not None:
        reads = "nothing" if origin.reads_as is None else f"{origin.reads_as.normalize():f}"
        lines.append(("  read again", f"{reads}, {'as stored' if origin.agrees else 'NOT as stored'}"))
    return lines


def _reading(reading: Reading) -> list[Line]:
    version = "worked out from the sheet itself"
    if reading.mapping_id is not None:
        when = f" on {reading.confirmed_at:%Y-%m-%d}" if reading.confirmed_at else ""
        version = f"mapping {reading.mapping_id}, confirmed by {reading.confirmed_by or 'nobody'}{when}"
    lines: list[Line] = [
        ("mapping", f"{version} (headers {reading.signature[:12]})"),
        ("  why this column", (f"confidence {reading.confidence:.2f}", *reading.evidence)),
        ("  numbers", reading.number_evidence),
        ("  currency", reading.currency_evidence),
    ]
    lines += [("  price of one", told) for told in reading.price_terms]
    if reading.qualifiers:
        lines.append(("  meaning", ", ".join(f"{name}: {value}" for name, value in reading.qualifiers.items())))
    return lines


def _batch(batch: Batch) -> list[Line]:
    lines: list[Line] = [("batch", f"{batch.id}, {batch.state}")]
    if batch.run_id:
        lines.append(("  run", batch.run_id))
    lines += [
        ("  " + step.to_state, f"{step.at:%Y-%m-%d %H:%M:%S} UTC by {step.actor}" + _because(step.reason))
        for step in batch.steps
    ]
    return lines


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
