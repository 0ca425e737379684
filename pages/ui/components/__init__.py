"""Parts that several pages are made of: figures, charts, palette, knob widgets, formulas, source listings."""
