"""The vocabulary that metadata uses: managed attributes and object subtypes."""
