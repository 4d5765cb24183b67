"""Frames to figures, pure: style, colours, time in bins that people think in, and figures made safe to stand in a page."""
