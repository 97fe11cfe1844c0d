"""Suppliers, products, prices by quantity and keys as tables: what stays when a batch is forgotten."""
