"""Everything that Dagster sees, one file per noun, and the ops by what they belong to. Says what a step did and hands a
reference on; the work is in `pipeline` and `services`.
"""
