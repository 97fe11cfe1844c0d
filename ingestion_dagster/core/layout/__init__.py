"""Where the table is in a tab: header, body, further headers, tables beside it. Not what its columns mean."""
