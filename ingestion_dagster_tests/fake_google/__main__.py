"""`python -m ingestion_dagster_tests.fake_google`: serves the sample documents on this machine until Ctrl-C."""

import argparse
import signal
import threading
from pathlib import Path

from ingestion_dagster_tests.fake_google.samples import samples
from ingestion_dagster_tests.fake_google.server import serve


def main() -> None:
    """Starts the server, writes the robot's key file and prints the environment that points at both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--key-file", type=Path, help="where to write the robot's key file")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serve(samples(), options.port, options.key_file) as google:
        print(f"export INGESTION_GOOGLE_SHEETS_URL={google.url}")
        print(f"export INGESTION_GOOGLE_DRIVE_URL={google.url}")
        print(f"export GOOGLE_APPLICATION_CREDENTIALS={google.key_file}")
        for document in google.documents.values():
            print(f"# {document.title}: https://docs.google.com/spreadsheets/d/{document.key}/edit", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
