"""What a person, the clock or the queue asks for, one file per thing: adapters and core put together. Knows no Dagster
and prints nothing: whoever asks shows the answer.
"""
