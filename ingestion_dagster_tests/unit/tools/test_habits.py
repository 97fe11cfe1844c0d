"""What runs before a commit, on each push, and when a dependency moves: against what there is."""

import json
import re
import tomllib

import yaml

from ingestion_dagster.settings import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((CHECKOUT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
RENOVATE = json.loads((CHECKOUT / "renovate.json").read_text(encoding="utf-8"))


def test_the_workflow_runs_what_continuous_integration_runs_on_every_supported_python() -> None:
    (job,) = WORKFLOW["jobs"].values()
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()  # type: ignore[union-attr]
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in range(int(low), int(high))]
    assert [step["run"] for step in job["steps"] if step.get("name") == ".ci/run"] == [".ci/run"]


def test_the_workflow_may_only_read_ends_by_itself_and_runs_no_action_that_can_be_moved() -> None:
    assert WORKFLOW["permissions"] == {}
    for job in WORKFLOW["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 90
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []


def test_every_hook_is_a_tool_of_the_environment_so_that_there_is_one_set_of_versions() -> None:
    hooks = [hook for repository in HOOKS["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in HOOKS["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["entry"].split()[0] for hook in hooks} <= {f".venv/bin/{tool}" for tool in ("ruff", "mypy", "python")}
    assert {hook["id"] for hook in hooks} == {"ruff", "ruff-format", "mypy", "lock-check"}


def test_the_packages_of_dagster_move_together_and_the_lock_files_are_made_by_make() -> None:
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    pinned = {requirement.split("==")[0] for requirement in asked if requirement.startswith("dagster")}
    rules = {rule.get("groupName"): rule for rule in RENOVATE["packageRules"]}
    assert set(rules["dagster"]["matchPackageNames"]) == pinned
    (upgrade,) = [rule["postUpgradeTasks"] for rule in RENOVATE["packageRules"] if "postUpgradeTasks" in rule]
    assert upgrade["commands"] == ["make lock"]
