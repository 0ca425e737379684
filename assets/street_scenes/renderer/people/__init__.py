"""People: a skeleton in a pose, a head, and clothes over both."""
