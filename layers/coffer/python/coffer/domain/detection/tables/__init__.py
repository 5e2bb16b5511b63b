"""The data of the detector, one table in each file."""
