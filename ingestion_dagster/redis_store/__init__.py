"""Redis: the mailbox that producers write to, and the read quota that all processes share. What a message means is not
known here.
"""
