"""Tests of the renderer in assets/street_scenes, a development tool that the program itself never imports."""
