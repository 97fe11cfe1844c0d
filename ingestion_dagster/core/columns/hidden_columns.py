"""Columns that a supplier hid: offered to a person, never chosen without one.

Their own purchase price or an old article number often stands in a hidden column; what is hidden was not meant for us.
"""

from typing import Final

from ingestion_dagster.core.columns.mapping_evidence import Mapping

_CORE: Final = ("price", "supplier_sku", "name")
_HIDDEN: Final = 0.5
"""Confidence of a hidden column: a person is asked."""
_BESIDE: Final = 0.6
"""Confidence of a visible price where a hidden one would go before it."""
_SAID: Final = 0.5


def with_hidden(visible: Mapping, everything: Mapping, hidden: frozenset[int]) -> Mapping:
    """`visible`, the mapping without the `hidden` columns, completed from `everything`: what a list cannot do without
    and no visible column says is taken, to be asked about; a hidden price that goes before the visible one is asked
    about beside it."""
    mapping = visible
    for field in _CORE:
        column = everything.columns.get(field)
        if column in hidden and (field not in visible.columns or (field == "price" and _unsaid(visible, everything))):
            mapping = _taken(mapping, everything, field)
    prices = [c for c in sorted(hidden) if everything.all_columns[c].words.scores.get("price", 0.0) >= _SAID]
    rivals = tuple(c for c in prices if c != mapping.columns.get("price"))
    if "price" in visible.columns and rivals:
        offered = (*mapping.alternatives.get("price", ()), *rivals)
        mapping = mapping._replace(alternatives=mapping.alternatives | {"price": offered})
        mapping = _contested(mapping, everything.columns["price"])
    return mapping


def _unsaid(visible: Mapping, everything: Mapping) -> bool:
    """No visible header says price, a hidden one does."""
    seen, whole = visible.price, everything.price
    return seen is not None and whole is not None and seen.chosen.said < _SAID <= whole.chosen.said


def _contested(mapping: Mapping, best: int) -> Mapping:
    """The visible price with the hidden one that would go before it as a rival."""
    choice = mapping.price
    if choice is None or best == choice.chosen.column:
        return mapping
    evidence = (*choice.evidence, "a hidden column would go before it")
    choice = choice._replace(
        contested=(*choice.contested, best), confidence=min(choice.confidence, _BESIDE), evidence=evidence
    )
    confidence = mapping.confidence | {"price": choice.confidence}
    return mapping._replace(price=choice, confidence=confidence, evidence=mapping.evidence | {"price": evidence})


def _taken(mapping: Mapping, everything: Mapping, field: str) -> Mapping:
    confidence = min(_HIDDEN, everything.confidence[field])
    reasons = (*everything.evidence[field], "the column is hidden")
    others = {field: everything.alternatives[field]} if field in everything.alternatives else {}
    price = everything.price
    if field == "price" and price is not None:
        evidence = (*price.evidence, "the column is hidden")
        mapping = mapping._replace(price=price._replace(confidence=confidence, evidence=evidence))
    return mapping._replace(
        columns=mapping.columns | {field: everything.columns[field]},
        confidence=mapping.confidence | {field: confidence},
        evidence=mapping.evidence | {field: reasons},
        alternatives=mapping.alternatives | others,
    )


def hidden_note(mapping: Mapping, headers: tuple[str, ...], hidden: frozenset[int]) -> tuple[str, ...]:
    """A sentence about hidden columns that hold something and became no field; empty without any."""
    left = [c for c in sorted(hidden) if c in mapping.all_columns and c not in mapping.columns.values()]
    named = [f"“{headers[c]}”" for c in left if c < len(headers) and headers[c]]
    return (f"hidden columns were not taken for a field: {', '.join(named)}",) if named else ()
