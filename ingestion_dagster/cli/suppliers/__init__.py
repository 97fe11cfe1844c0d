"""Commands about suppliers: who they are, how their lists are read, what their columns mean."""
