"""The rights on Redis that the documentation gives to producers and to this system: enough, and no more."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from ingestion_dagster.deployment import Deployment
from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.settings import CHECKOUT, Settings
from ingestion_dagster_tests.integration.post_office import Post

PAGE = (CHECKOUT / "docs/how-to/send-a-request.md").read_text(encoding="utf-8")
RULES = dict(re.findall(r"^ACL SETUSER (\S+) (.+)$", PAGE, re.MULTILINE))

FORBIDDEN = (("FLUSHALL",), ("RPOP", "ingestion:queue"), ("HGETALL", "ingestion:payload"), ("CONFIG", "GET", "*"))


def as_user(url: str, name: str) -> str:
    """The same Redis with the account of the documentation."""
    password = next(word[1:] for word in RULES[name].split() if word.startswith(">"))
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}"))


@pytest.fixture
def accounts(redis_url: str) -> Iterator[str]:
    with redis.Redis.from_url(redis_url) as client:
        for name, rules in RULES.items():
            client.execute_command("ACL", "SETUSER", name, *rules.split())
        yield redis_url
        client.execute_command("ACL", "DELUSER", *RULES)


def test_a_producer_can_send_and_read_results_and_nothing_else(accounts: str) -> None:
    with redis.Redis.from_url(as_user(accounts, "producer")) as producer:
        producer.lpush("ingestion:queue", "{}")
        assert producer.get("ingestion:result:t1") is None
        for command in (
            ("FLUSHALL",),
            ("RPOP", "ingestion:queue"),
            ("HGETALL", "ingestion:payload"),
            ("CONFIG", "GET", "*"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                producer.execute_command(*command)


def test_the_rights_of_the_system_are_enough_for_a_whole_tick(accounts: str, database_url: str, tmp_path: Path) -> None:
    deployment = Deployment(Settings(local_root=tmp_path), database_url, as_user(accounts, "ingestion"))
    with deployment.mailbox() as mailbox:
        post = Post(deployment, mailbox)
        config = {"file_path": "a.csv"}
        message = {"task_id": "t1", "supplier_name": "A", "parser_type": "csv", "source_config": config}
        with redis.Redis.from_url(as_user(accounts, "producer")) as producer:
            producer.lpush("ingestion:queue", json.dumps(message))
        (lease,) = post.tick().to_start
        post.acknowledge(lease)
        done = post.tick()
        assert done.troubles == []
        assert mailbox.result("t1") is not None
        assert isinstance(Mailbox.unsafe_settings(mailbox), list)
