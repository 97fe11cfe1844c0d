"""Commands that have lists loaded, and decide about what was loaded: now, by the queue, by batch."""
