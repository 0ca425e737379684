"""The Detection page: surviving boxes, missed annotations, and the details of one box."""
