"""The Streamlit interface: one package per page, and what the pages share.

A module imports only from packages before its own: cache, jobs, state, components, shell, then the pages' packages,
which never import each other. Streamlit's caches and session are used in cache, jobs and state alone.
"""
