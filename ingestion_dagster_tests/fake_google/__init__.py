"""A stand-in for Google's token, Sheets, Drive and export servers: real HTTP on this machine, strict, no network.

    prices = FakeTab("Prices", [["SKU", "Price"], ["00123", 12.5]])
    with serve([FakeDocument("1a…key…", "Price list", [prices])]) as google:
        client = GoogleClient.from_settings(str(google.key_file), google.url, google.url)

Requests and answers are checked against the discovery documents that google-api-python-client carries. What Google
does beyond them (quotas, token checks, error bodies) is written down here from its documentation.
"""

from ingestion_dagster_tests.fake_google.documents import FakeCell, FakeDocument, FakeTab
from ingestion_dagster_tests.fake_google.faults import Fault
from ingestion_dagster_tests.fake_google.samples import samples
from ingestion_dagster_tests.fake_google.server import FakeGoogle, serve

__all__ = ["FakeCell", "FakeDocument", "FakeGoogle", "FakeTab", "Fault", "samples", "serve"]
