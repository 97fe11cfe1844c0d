"""`make demo`: three days in the life of ten suppliers, shown in a terminal. Not part of the product."""
