"""The limited process that opens spreadsheet containers, and the way to it. Containers are read in `workbooks`."""
