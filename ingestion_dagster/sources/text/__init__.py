"""Text files as rows: their encoding, separator and quotation marks, proved by the bytes."""
