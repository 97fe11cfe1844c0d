"""What a whole sheet means: layout, columns, prices and questions put together as one `MappedSheet`."""
