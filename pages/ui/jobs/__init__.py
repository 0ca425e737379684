"""Background jobs that all visitors share: one thread each, which pages start, watch and stop."""
