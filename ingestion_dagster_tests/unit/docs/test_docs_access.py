"""The Redis users of docs/how-to/send-a-request.md, made on a real server exactly as the page says."""

import re
import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from redis.exceptions import NoPermissionError

from ingestion_dagster.redis_store.mailbox import Mailbox
from ingestion_dagster.settings import CHECKOUT

PAGE = CHECKOUT / "docs/how-to/send-a-request.md"
COMMANDS = re.findall(r"^ACL SETUSER .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def as_user(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}"))


@pytest.fixture
def users(redis_url: str) -> Iterator[dict[str, str]]:
    """Address by user, for every user the page makes."""
    found = {}
    with redis.Redis.from_url(redis_url) as owner:
        for command in COMMANDS:
            words = shlex.split(command)
            owner.execute_command(*words)
            password = next(word[1:] for word in words if word.startswith(">"))
            found[words[2]] = as_user(redis_url, words[2], password)
        yield found
        for name in found:
            owner.execute_command("ACL", "DELUSER", name)


def test_the_producer_pushes_and_reads_results_and_can_do_nothing_else(users: dict[str, str], redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as owner, redis.Redis.from_url(users["producer"]) as producer:
        owner.set("ingestion:result:1", b"{}")
        owner.set("other", b"secret")
        producer.lpush("ingestion:queue", b"{}")
        producer.lpush("ingestion:queue:high", b"{}")
        assert producer.get("ingestion:result:1") == b"{}"
        for forbidden in (
            lambda: producer.get("other"),
            lambda: producer.lpush("other", b"x"),
            lambda: producer.rpop("ingestion:queue"),
            lambda: producer.lrange("ingestion:queue", 0, -1),
            lambda: producer.get("ingestion:payload"),
            lambda: producer.delete("ingestion:result:1"),
            lambda: producer.config_get("*"),
            lambda: producer.flushdb(),
        ):
            with pytest.raises(NoPermissionError):
                forbidden()


def test_the_system_can_do_all_its_work_as_the_second_user(users: dict[str, str]) -> None:
    mailbox = Mailbox(users["ingestion"])
    try:
        mailbox.send(b'{"supplier": "acme"}')
        assert mailbox.has_work()
        claimed = mailbox.claim(10, 65536)
        mailbox.confirm([one.id for one in claimed])
        mailbox.publish([("1", b"{}")], 60)
        assert mailbox.result("1") == b"{}"
        assert mailbox.unsafe_settings() == []
        with pytest.raises(NoPermissionError):
            mailbox.client.flushall()
    finally:
        mailbox.close()


def test_the_shared_quota_works_as_the_second_user(users: dict[str, str]) -> None:
    from ingestion_dagster.redis_store.quota import SheetsQuota

    with redis.Redis.from_url(users["ingestion"]) as client:
        quota = SheetsQuota(client, user="docs", project="docs")
        quota.acquire("acme")
        quota.throttled(0.01)
        assert quota.budget_left().used_user == 1
