"""What is on record, looked up and changed as a person at the command line asks: suppliers, products, batches, the
queue, the schema. Each function is one transaction. Loading and judging lists is beside this room.
"""
