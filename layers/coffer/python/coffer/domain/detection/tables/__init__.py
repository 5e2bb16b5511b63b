"""What the detector knows, as data: each module is one table, readable down a column."""
