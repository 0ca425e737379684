"""The frame around every page: side bar, header, browser history, on-screen errors, and what guards the entry."""
