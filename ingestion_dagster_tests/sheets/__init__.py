"""Makers of real sheet files for tests: everything here returns bytes and reads nothing."""

from ingestion_dagster_tests.sheets.making import make_csv, make_html_xls, make_ods, make_xls, make_xlsx

__all__ = ["make_csv", "make_html_xls", "make_ods", "make_xls", "make_xlsx"]
