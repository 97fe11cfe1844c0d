"""Whether a staged batch may go into the catalogue by itself: facts, and one function per guard."""
