"""Google Sheets and Drive over HTTP: credentials, requests, retries, answers as snapshots. Which sheet is whose is not
known here.
"""
