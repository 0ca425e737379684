"""Caches that all visitors share: bounded, keyed by content, never by what a visitor selected."""
