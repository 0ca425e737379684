"""The visitor's selections, kept in Streamlit's session and in the link."""
