"""What the pages share: cached resources, widgets, figures, colours."""
