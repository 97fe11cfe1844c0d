"""A supplier's mistakes brought back: the list read again, as a file with marks, as a mail. What is marked is decided
in `core/corrections`.
"""
