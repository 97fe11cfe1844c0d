"""What a queue message may say, and what becomes of a request in time: leases, waits, deferrals."""
