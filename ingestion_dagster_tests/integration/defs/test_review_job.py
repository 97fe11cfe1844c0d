"""A decision in Dagster: the job `review_batch`, and what the supplier's asset shows afterwards."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.services import review as reviewing
from ingestion_dagster_tests.integration.shop import Shop, rows_of

# Dagster 1.13 reads pydantic's old attribute names, and checks per partition are a preview.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::dagster.PreviewWarning")

ITEMS = dg.AssetKey("supplier_items")
CALM = [10.0 + n for n in range(20)]


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    return Shop(database_url, tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("suppliers", ["acme"])
        yield made


def built(deployment: Deployment | None = None) -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ingestion_dagster.definitions import build_definitions
        from ingestion_dagster.defs.resources import IngestionResource

        if deployment is None:
            return build_definitions()
        opened = dg.ResourceDefinition.hardcoded_resource(IngestionResource.at(deployment))
        return build_definitions({"ingestion": opened, "io_manager": dg.mem_io_manager})


def run(shop: Shop, instance: dg.DagsterInstance, job: str, **more: Any) -> dg.ExecuteInProcessResult:
    wanted = built(shop.deployment).resolve_job_def(job)
    return wanted.execute_in_process(instance=instance, raise_on_error=False, **more)


def load(shop: Shop, instance: dg.DagsterInstance, prices: list[float]) -> dg.ExecuteInProcessResult:
    shop.write(rows_of(prices))
    return run(shop, instance, "ingest_supplier", partition_key="acme")


def review(
    shop: Shop, instance: dg.DagsterInstance, batch_id: int, decision: str, **more: Any
) -> dg.ExecuteInProcessResult:
    more.setdefault("token", asyncio.run(reviewing.decision_token(shop.deployment, batch_id)))
    config = {"batch_id": batch_id, "decision": decision, "note": "looked at it", "by": "ann", **more}
    return run(shop, instance, "review_batch", run_config={"ops": {"decide_batch": {"config": config}}})


def materialized(instance: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    found = instance.fetch_materializations(dg.AssetRecordsFilter(ITEMS, asset_partitions=["acme"]), limit=10)
    return [record.asset_materialization for record in found.records if record.asset_materialization]


def checks(done: dg.ExecuteInProcessResult) -> dict[str, bool]:
    found = done.filter_events(lambda event: event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return {event.event_specific_data.check_name: event.event_specific_data.passed for event in found}


def test_a_held_list_is_a_run_that_succeeds_with_a_red_check(shop: Shop, instance: dg.DagsterInstance) -> None:
    assert load(shop, instance, CALM).success
    held = load(shop, instance, [100.0, *CALM[1:]])
    assert held.success
    assert checks(held) == {
        "price_jumps": False, "reject_rate": True, "row_count_stable": True, "mapping_confirmed": True,
    }  # fmt: skip
    newest = materialized(instance)[0]
    assert newest.metadata["status"].value == "held"
    assert "about 10 times higher" in str(newest.metadata["held_because"].value)


def test_an_approval_shows_on_the_supplier_as_a_materialization_and_green_checks(
    shop: Shop, instance: dg.DagsterInstance
) -> None:
    load(shop, instance, CALM)
    load(shop, instance, [100.0, *CALM[1:]])
    done = review(shop, instance, 2, "approve")
    assert done.success
    assert shop.prices()["A001"] == "100"
    assert set(checks(done).values()) == {True}
    newest = materialized(instance)[0]
    assert (newest.metadata["batch_id"].value, newest.metadata["updated"].value) == (2, 1)
    assert (newest.metadata["approved_by"].value, newest.metadata["note"].value) == ("ann", "looked at it")
    tags = instance.get_run_by_id(done.run_id).tags
    assert (tags["ingestion/supplier"], tags["ingestion/batch_id"]) == ("acme", "2")


@pytest.mark.parametrize("token", ["2", "00000000-0000-0000-0000-000000000000", "\ud800", " "])
def test_a_decision_without_the_token_is_refused_and_told_where_it_is(
    shop: Shop, instance: dg.DagsterInstance, token: str
) -> None:
    load(shop, instance, CALM)
    load(shop, instance, [100.0, *CALM[1:]])
    for decision in ("approve", "reject"):
        done = review(shop, instance, 2, decision, token=token)
        (failure,) = [event for event in done.all_events if event.is_step_failure]
        assert "`how_to_decide`" in str(failure.step_failure_data.user_failure_data.description)
        assert "ingestion batch show 2" in str(failure.step_failure_data.user_failure_data.description)
    assert shop.prices()["A001"] == "10"


def test_a_decision_needs_a_token_and_one_of_another_batch_is_none(shop: Shop, instance: dg.DagsterInstance) -> None:
    load(shop, instance, CALM)
    load(shop, instance, [100.0, *CALM[1:]])
    foreign = asyncio.run(reviewing.decision_token(shop.deployment, 1))
    assert not review(shop, instance, 2, "approve", token=foreign).success
    config = {"ops": {"decide_batch": {"config": {"batch_id": 2, "decision": "approve"}}}}
    with pytest.raises(dg.DagsterInvalidConfigError, match="token"):
        run(shop, instance, "review_batch", run_config=config)


def test_a_held_list_and_its_check_show_what_to_paste_for_a_decision(shop: Shop, instance: dg.DagsterInstance) -> None:
    load(shop, instance, CALM)
    held = load(shop, instance, [100.0, *CALM[1:]])
    shown = materialized(instance)[0].metadata["how_to_decide"].value
    (jumps,) = [
        event.event_specific_data
        for event in held.filter_events(lambda event: event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if event.event_specific_data.check_name == "price_jumps"
    ]
    assert jumps.metadata["how_to_decide"].value == shown
    config = yaml.safe_load(str(shown).split("```yaml\n")[1].split("```")[0])
    done = run(shop, instance, "review_batch", run_config=config)
    assert done.success
    assert shop.prices()["A001"] == "100"
    assert "how_to_decide" not in materialized(instance)[0].metadata


def test_a_rejection_is_an_observation_and_changes_nothing(shop: Shop, instance: dg.DagsterInstance) -> None:
    load(shop, instance, CALM)
    load(shop, instance, [100.0, *CALM[1:]])
    assert review(shop, instance, 2, "reject").success
    assert shop.prices()["A001"] == "10"
    (seen,) = instance.fetch_observations(ITEMS, limit=5).records
    assert seen.asset_observation.metadata["rejected_by"].value == "ann"
    assert len(materialized(instance)) == 2


def shown(instance: dg.DagsterInstance) -> dict[str, set[tuple[str, str]]]:
    """Supplier -> statuses and descriptions of its checks, the newest of each."""
    names = ("price_jumps", "reject_rate", "row_count_stable", "mapping_confirmed")
    told: dict[str, set[tuple[str, str]]] = {}
    for name in names:
        key = dg.AssetCheckKey(dg.AssetKey("supplier_items"), name)
        for record in reversed(instance.event_log_storage.get_asset_check_execution_history(key, limit=50)):
            known = told.setdefault(str(record.partition), set())
            known -= {(n, d) for n, d in known if n == name}
            evaluation = record.evaluation
            told[str(record.partition)] = known | {
                (name, f"{record.status.value}: {evaluation.description if evaluation else ''}")
            }
    return told


@pytest.mark.parametrize(
    ("content", "reason"), [("hello;you\nthere;again\n", "no column looks like a price"), (None, "no file 'bad.csv'")]
)
def test_a_load_that_fails_turns_its_own_supplier_s_checks_red_with_the_reason_and_no_other(
    shop: Shop, instance: dg.DagsterInstance, content: str | None, reason: str
) -> None:
    other = Shop(shop.url, shop.inbox.parent, key="bad")
    instance.add_dynamic_partitions("suppliers", ["bad"])
    load(shop, instance, CALM)
    if content is not None:
        (other.inbox / "bad.csv").write_text(content)
    assert not run(other, instance, "ingest_supplier", partition_key="bad").success
    told = shown(instance)
    assert set(told) == {"acme", "bad"}
    assert {status.partition(":")[0] for _, status in told["acme"]} == {"SUCCEEDED"}
    assert len(told["bad"]) == 4
    for _, status in told["bad"]:
        assert status.startswith("FAILED: bad: the list was not loaded")
        assert reason in status


def test_a_list_that_could_not_be_fetched_alone_says_nothing_of_items(shop: Shop, instance: dg.DagsterInstance) -> None:
    load(shop, instance, CALM)
    (shop.inbox / "acme.csv").unlink()
    run(shop, instance, "ingest_supplier", partition_key="acme", asset_selection=[dg.AssetKey("supplier_sheet")])
    assert {status.partition(":")[0] for _, status in shown(instance)["acme"]} == {"SUCCEEDED"}


def test_a_decision_that_comes_too_late_fails_with_one_sentence(shop: Shop, instance: dg.DagsterInstance) -> None:
    load(shop, instance, CALM)
    load(shop, instance, [100.0, *CALM[1:]])
    load(shop, instance, [11.0, *CALM[1:]])
    done = review(shop, instance, 2, "approve")
    assert not done.success
    (failure,) = [event for event in done.all_events if event.is_step_failure]
    assert "overtaken by batch 3" in str(failure.step_failure_data.user_failure_data.description)
    assert shop.prices()["A001"] == "11"


def test_a_list_that_lost_most_items_needs_their_number_in_the_run_s_configuration(
    shop: Shop, instance: dg.DagsterInstance
) -> None:
    load(shop, instance, CALM)
    load(shop, instance, CALM[:2])
    refused = review(shop, instance, 2, "approve")
    (failure,) = [event for event in refused.all_events if event.is_step_failure]
    assert "`force: 18`" in str(failure.step_failure_data.user_failure_data.description)
    assert review(shop, instance, 2, "approve", force=18).success
    assert materialized(instance)[0].metadata["missing"].value == 18


def test_the_sweep_runs_every_night_unless_somebody_stops_it(shop: Shop, instance: dg.DagsterInstance) -> None:
    schedule = built().resolve_schedule_def("sweep_every_night")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert run(shop, instance, "sweep_old_lists").success
